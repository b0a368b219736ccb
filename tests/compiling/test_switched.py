# SPDX-License-Identifier: GPL-2.0-only
"""What no configuration builds is switched on for the commits that touch it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from snippet import CLANG, Snippet, laid, run

from checks.finding import Severity
from generator.errors import TreeError
from generator.kernel.unbuildable import Complaint
from generator.parsing.job import Job

pytestmark = pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return laid(tmp_path)


def test_what_is_off_is_switched_on_for_the_commit_that_touches_it(root: Path) -> None:
    off = Snippet(root, unbuilt=("drivers/perf/pmu.c",))
    (root / "src/drivers/perf/Makefile").write_text("obj-$(CONFIG_PMU) += pmu.o\n")
    (found,) = [
        one for one in run([off], {"drivers/perf/pmu.c": "int broken(void) { return nothing; }\n"})
        if one.severity is Severity.ERROR
    ]
    assert (found.path, found.config) == ("drivers/perf/pmu.c", "y+PMU")


def test_what_is_switched_on_for_a_commit_asks_make_of_its_directory_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, set[str]] = {}
    units = Snippet.units

    def told(self: Snippet, dirs: Sequence[str]) -> tuple[str, ...]:
        asked.setdefault(self.name, set()).update(dirs)
        return units(self, dirs)

    monkeypatch.setattr(Snippet, "units", told)
    path = "drivers/leds/lamp.c"
    (root / "src/drivers/leds").mkdir()
    (root / "src/drivers/leds/Makefile").write_text("obj-$(CONFIG_LAMP) += lamp.o\n")
    (root / "src" / path).write_text("extern int a;\n")
    run([Snippet(root, unbuilt=(path,))], {path: "extern int b;\n"})

    assert asked["y"] > {"drivers/leds", "drivers/pci"}
    assert asked["y+LAMP"] == {"drivers/leds"}


def test_what_is_off_is_switched_on_for_every_commit_that_touches_it(root: Path) -> None:
    path, header = "drivers/perf/pmu.c", "drivers/perf/pmu.h"
    off = Snippet(root, unbuilt=(path,))
    (root / "src/drivers/perf/Makefile").write_text("obj-$(CONFIG_PMU) += pmu.o\n")
    sound = '#include "pmu.h"\nextern int a;\n'
    found = run([off], {path: sound, header: "\n"},
                {path: sound + "int broken(void) { return nothing; }\n", header: "extern int b;\n"},
                {path: sound})

    (error,) = [one for one in found if one.severity is Severity.ERROR]
    assert (error.path, error.commit, error.config) == (path, "2/3", "y+PMU")
    assert not [one for one in found if one.rule == "compile:not-built"
                and one.severity is Severity.WARNING]


def test_what_cannot_be_switched_on_is_named_with_its_reason(root: Path) -> None:
    off = Snippet(root, unbuilt=("drivers/perf/pmu.c",))
    (root / "src/drivers/perf/Makefile").write_text("obj-y += other.o\n")
    (found,) = run([off], {"drivers/perf/pmu.c": "int broken(void);\n"})
    assert found.rule == "compile:not-built"
    assert found.message.endswith("; no line of drivers/perf/Makefile names pmu.o")


def test_what_only_symbols_that_were_switched_on_build_is_said_to_be_compiled(root: Path) -> None:
    path = "drivers/perf/pmu.c"
    off = Snippet(root, unbuilt=(path,))
    (root / "src/drivers/perf/Makefile").write_text("obj-$(CONFIG_PMU) += pmu.o\n")
    (found,) = run([off], {path: "extern int a;\n"})
    assert (found.severity, found.config) == (Severity.NOTE, "y")
    assert found.message == "not compiled but as y+PMU: no object is made from it"


@dataclass(frozen=True)
class AsKbuild(Snippet):
    """One that has no flags for a directory in which there is nothing."""

    def job(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        if path not in overlay and not (self.root / "src" / path).parent.is_dir():
            raise TreeError(f"{path}: kbuild builds nothing there")
        return super().job(path, overlay)


def test_a_warning_of_a_unit_in_a_new_directory_is_a_finding(root: Path) -> None:
    path = "drivers/lamp/lamp.c"
    text = "static int idle(void)\n{\n\treturn 0;\n}\n"
    found = run([AsKbuild(root)], {"drivers/lamp/Makefile": path, path: text})

    assert [one.rule for one in found if one.path == path] == ["compile:-Wunused-function"]


def test_a_makefile_that_comes_before_what_it_builds_is_tried(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Complaint("drivers/leds/lamp-core.o", 0, "there is nothing to make it of")
    monkeypatch.setattr(Snippet, "complaints",
                        lambda self, _dirs: (said,) if "+" in self.name else ())
    lines = "obj-$(CONFIG_LAMP) += lamp.o\nlamp-y := lamp-core.o\n"
    found = run([Unread(root)], {"drivers/leds/Makefile": lines})

    assert [(one.rule, one.config) for one in found] == [("kbuild", "y+LAMP")]


class Unread(Snippet):
    """One that builds nothing of a commit's Makefiles by itself."""

    def at(self, overlay: Mapping[str, bytes | None]) -> Snippet:
        return self
