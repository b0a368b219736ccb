# SPDX-License-Identifier: GPL-2.0-only
"""Configurations that differ in nothing that a unit's files name are read once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from snippet import CLANG, laid

from checks.compiling import backend, frontend, worker
from generator.parsing.job import Directories, Job

UNIT = '#include "own.h"\nint one(void);\nint one(void)\n{\n\treturn own();\n}\n'
OWN = """#ifdef CONFIG_NAMED
static inline int own(void) { return 1; }
#else
static inline int own(void) { return nothing; }
#endif
"""
NAMED, OTHER = "#define CONFIG_NAMED 1\n", "#define CONFIG_OTHER 1\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return laid(tmp_path, {"drivers/one.c": UNIT, "drivers/own.h": OWN})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the build directories of the units that are read."""
    found: list[str] = []
    read, make = worker.read, backend._compile

    def reading(job: Job, what: str = "diagnosis") -> dict[str, Any]:
        found.append(job.place.build.name)
        return read(job, what)

    def making(*args: Any) -> dict[str, Any]:
        found.append(args[0].place.build.name)
        return make(*args)

    monkeypatch.setattr(worker, "read", reading)
    monkeypatch.setattr(backend, "_compile", making)
    return found


def job(root: Path, build: str, autoconf: str, more: Mapping[str, str] | None = None) -> Job:
    """Return a unit under a configuration, which has a build directory of its own."""
    for name, text in {"include/generated/autoconf.h": "\n", **(more or {})}.items():
        file = root / build / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    place = Directories(root / "src", root / build, root / "cache")
    flags = ("-Wall", f"-I{root / build / 'include'}", "-include",
             str(root / build / "include/generated/autoconf.h"))
    return Job(place, flags, "drivers/one.c", {},
               {"include/generated/autoconf.h": autoconf.encode()})


def test_a_symbol_that_no_file_names_makes_no_other_unit(root: Path, asked: list[str]) -> None:
    first = frontend.diagnose(job(root, "m", NAMED))
    assert frontend.diagnose(job(root, "y", NAMED + OTHER)) == first
    assert not first.diagnostics
    assert asked == ["m"]


@pytest.mark.parametrize("text", [
    OTHER,
    "#define CONFIG_NAMED_MODULE 1\n",  # which IS_ENABLED(CONFIG_NAMED) makes the name of
])
def test_a_symbol_that_a_header_names_makes_another(
    root: Path, asked: list[str], text: str
) -> None:
    assert not frontend.diagnose(job(root, "m", NAMED)).diagnostics
    assert frontend.diagnose(job(root, "y", text)).diagnostics
    assert asked == ["m", "y"]


def test_where_symbols_are_put_together_all_of_them_count(root: Path, asked: list[str]) -> None:
    pasting = OWN + "#define IS(x) CONFIG_ ## x\n"
    (root / "src/drivers/own.h").write_text(pasting)
    frontend.diagnose(job(root, "m", NAMED))
    frontend.diagnose(job(root, "y", NAMED + OTHER))
    assert asked == ["m", "y"]


def test_a_build_with_other_headers_is_another(root: Path, asked: list[str]) -> None:
    frontend.diagnose(job(root, "m", NAMED))
    frontend.diagnose(job(root, "y", NAMED, {"include/own.h": "#error another\n"}))
    assert asked == ["m", "y"]


@pytest.mark.skipif(not CLANG, reason="no clang")
def test_an_object_is_shared_as_well(root: Path, asked: list[str]) -> None:
    made = [backend.build(job(root, where, NAMED + text),
                          frozenset({"drivers/own.h", "include/generated/autoconf.h"}), CLANG)
            for where, text in (("m", ""), ("y", OTHER))]
    assert made[0] == made[1]
    assert asked == ["m"]


def test_another_libclang_reads_again(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend.diagnose(job(root, "m", NAMED))
    monkeypatch.setattr(frontend, "_libclang", lambda: "another")
    frontend.diagnose(job(root, "m", NAMED))
    assert asked == ["m", "m"]


@pytest.mark.skipif(not CLANG, reason="no clang")
def test_a_compiler_in_the_place_of_another_compiles_again(
    root: Path, asked: list[str], tmp_path: Path
) -> None:
    program = tmp_path / "cc"
    for version in ("1", "2.0"):
        program.write_text(f'#!/bin/sh\n# {version}\nexec {CLANG} "$@"\n')
        program.chmod(0o755)
        backend.build(job(root, "m", NAMED), frozenset({"drivers/own.h"}), str(program))
    assert asked == ["m", "m"]
