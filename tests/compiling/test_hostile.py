# SPDX-License-Identifier: GPL-2.0-only
"""C that wants to read files of the machine, or to use it up: an error that quotes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checks.compiling import worker
from checks.compiling.compile import check
from checks.finding import Finding
from generator.kernel.unbuildable import Complaint
from generator.parsing.job import Directories, Job
from generator.series.commit import commits_of

CLANG = shutil.which("clang-19") or shutil.which("clang") or ""
pytestmark = pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")

UNIT = "drivers/x/a.c"
PLAIN = b"int a(void);\nint a(void)\n{\n\treturn 0;\n}\n"
TOKEN = "s3cr3t_t0ken"


@dataclass(frozen=True)
class One:
    """A target of one unit."""

    root: Path
    name: str = "y"
    identity: str = "one"
    compiler: str = CLANG
    autoconf: str = ""
    made: Mapping[str, str] = field(default_factory=dict)

    def at(self, _overlay: Mapping[str, bytes | None]) -> One:
        return self

    def units(self, _dirs: Sequence[str]) -> tuple[str, ...]:
        return (UNIT,)

    def switched(self, _symbols: Sequence[str]) -> One:
        return self

    @property
    def source(self) -> Path:
        return self.root / "src"

    def everywhere(self) -> tuple[str, ...]:
        return ()

    def far(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        return self.job(path, overlay)

    def complaints(self, _dirs: Sequence[str]) -> tuple[Complaint, ...]:
        return ()

    def ungranted(self) -> tuple[str, ...]:
        return ()

    def job(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        place = Directories(self.root / "src", self.root / "build", self.root / "cache")
        return Job(place, ("-Wall", "-O2"), path, overlay)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with one unit, and a secret beside what the sandbox is given."""
    root = tmp_path / "given"
    (root / "src/drivers/x").mkdir(parents=True)
    (root / "build").mkdir()
    (root / "src" / UNIT).write_bytes(PLAIN)
    (tmp_path / "secret.h").write_text(f'{TOKEN} is here\n#define SECRET "{TOKEN}"\n')
    return root


def judged(root: Path, head: str, more: Mapping[str, bytes] | None = None) -> tuple[Finding, ...]:
    secret = root.parent / "secret.h"
    head = head.replace("SECRET_FILE", str(secret)).replace(
        "CLIMBING", os.path.relpath(secret, root / "src/drivers/x"))
    edit = {UNIT: head.encode() + b"\n" + PLAIN, **(more or {})}
    found = check(commits_of(["1/1"], [edit]), [One(root)], progress=lambda _text: None)
    for one in found:
        assert TOKEN not in f"{one} {one.notes}"
    return found


READS = {
    "absolute": '#include "SECRET_FILE"',
    "angled": "#include <SECRET_FILE>",
    "climbing": '#include "CLIMBING"',
    "by a macro": '#define FILE "SECRET_FILE"\n#include FILE',
    "and quotes it": '#include "SECRET_FILE"\n_Static_assert(0, SECRET);',
    "climbs and quotes it": '#include "CLIMBING"\n_Static_assert(0, SECRET);',
    "for the back end only": '#if __clang_major__ >= 19\n#include "SECRET_FILE"\n'
                             "_Static_assert(0, SECRET);\n#endif",
    "embedded": "#if __clang_major__ >= 19\nconst char b[] = {\n#embed \"SECRET_FILE\"\n};\n#endif",
    "assembled": 'asm(".incbin \\"SECRET_FILE\\"");',
    "included by the assembler": 'asm(".include \\"SECRET_FILE\\"");',
    "a device": '#include "/dev/zero"',
    "a device by a macro": "#define FILE </dev/zero>\n#include FILE",
}


@pytest.mark.parametrize("how", READS)
def test_a_file_of_the_machine_is_not_read(how: str, root: Path) -> None:
    found = judged(root, READS[how])
    assert any(one.severity.value == "error" for one in found)


def test_an_include_outside_of_the_tree_is_named_with_its_line(root: Path) -> None:
    (found,) = judged(root, f'\n{READS["absolute"]}\n{TOKEN} x;'.replace(TOKEN, "y"))
    assert (found.rule, found.path, found.line) == ("compile:outside", UNIT, 2)
    assert "which is outside of the tree: the unit is not compiled" in found.message


def test_a_header_of_the_commit_may_not_include_it_either(root: Path) -> None:
    header = f'#include "{root.parent}/secret.h"\n'.encode()
    (found,) = judged(root, '#include "a.h"', {"drivers/x/a.h": header})
    assert (found.rule, found.path, found.line) == ("compile:outside", "drivers/x/a.h", 1)


def test_a_file_of_the_system_is_outside_although_the_sandbox_has_it(root: Path) -> None:
    climb = os.path.relpath("/usr/include/stdint.h", root / "src/drivers/x")
    (found,) = judged(root, f'#include "{climb}"')
    assert found.rule == "compile:outside"


def test_nothing_of_it_is_remembered(root: Path) -> None:
    judged(root, READS["climbing"])
    kept = b"".join(file.read_bytes() for file in (root / "cache").rglob("*") if file.is_file())
    assert TOKEN.encode() not in kept


# What it is made of, which limit is lowered, and to what: what a unit of the kernel may take of
# either would be waited for a minute.
BOMBS = {"memory": ("x,", "MEMORY", 1 << 29), "time": ("", "SECONDS", 3)}


@pytest.mark.slow
@pytest.mark.parametrize("what", BOMBS)
def test_a_unit_that_takes_too_much_is_an_error_and_the_next_is_read(
    what: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    least, limit, most = BOMBS[what]
    monkeypatch.setattr(worker, limit, most)
    bomb = "\n".join(f"#define A{n} " + f"A{n - 1} " * 10 for n in range(1, 12))
    (found,) = judged(root, f"#define A0 {least}\n{bomb}\nint b[] = {{ A11 }};")
    assert found.rule == "compile:limits"
    assert found.path == UNIT
    assert judged(root, "static int unused;")[0].rule == "compile:-Wunused-variable"
