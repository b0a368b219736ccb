# SPDX-License-Identifier: GPL-2.0-only
"""Members and macros that stay after the commit which takes away their last use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from snippet import CLANG, FILES, Snippet, laid, run

from checks.compiling import worker
from generator.parsing.job import Job

pytestmark = pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")

PORT, OTHER, HEADER = "drivers/pci/port.c", "drivers/pci/other.c", "drivers/pci/port.h"
SHARED = "struct shared { int level; int rate; };\n"
START = ('#include "service.h"\n#include "port.h"\n#define STEP 2\n'
         "struct port { int a; int b; };\n"
         "int probe(struct port *port, struct shared *shared);\n"
         "int probe(struct port *port, struct shared *shared)\n"
         "{\n\tport->a = STEP;\n\tport->b = port->a;\n\tshared->level = port->b;\n"
         "\treturn shared->level;\n}\n")
FAR = ('#include "port.h"\nint look(struct shared *shared);\nint look(struct shared *shared)\n'
       "{\n\treturn shared->level;\n}\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return laid(tmp_path, {**FILES, PORT: START, HEADER: SHARED})


def found(root: Path, *edits: str) -> list[tuple[str, int, str]]:
    said = run([Snippet(root), Snippet(root, "n", ())], *({PORT: edit} for edit in edits))
    assert {one.rule for one in said} <= {"compile:without-use"}
    return [(one.path, one.line, one.message.split(",")[0].split(" is")[0]) for one in said]


def test_a_member_and_a_macro_that_have_lost_their_last_use_are_named(root: Path) -> None:
    less = START.replace("\tport->a = STEP;\n", "").replace("port->b = port->a", "port->b = 1")
    assert sorted(found(root, less)) == [(PORT, 3, "the macro STEP"), (PORT, 4, "port.a")]


def test_what_goes_with_its_last_use_or_later_is_right(root: Path) -> None:
    less = START.replace("\tport->a = STEP;\n", "").replace("port->b = port->a", "port->b = 1")
    none = less.replace("#define STEP 2\n", "").replace("int a; ", "")
    assert found(root, none) == []
    assert found(root, less, none) == []


def test_one_use_of_several_may_go(root: Path) -> None:
    assert found(root, START.replace("\treturn shared->level;", "\treturn port->b;")) == []


def test_a_member_of_a_header_may_have_its_use_in_a_unit_that_is_not_touched(root: Path) -> None:
    less = (START.replace("\tshared->level = port->b;\n", "")
            .replace("return shared->level", "return port->b"))
    assert found(root, less) == [(HEADER, 1, "shared.level")]
    (root / "src" / OTHER).write_text(FAR)
    assert found(root, less) == []


def test_a_unit_is_only_asked_for_members_that_it_may_declare_and_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read = worker.read

    def counted(job: Job, what: str = "diagnosis") -> dict[str, Any]:
        asked.append(what)
        return read(job, what)

    monkeypatch.setattr(worker, "read", counted)
    less = START.replace("\tport->a = STEP;\n", "").replace("port->b = port->a", "port->b = 1")
    said = found(root, less)
    assert "members" in asked
    asked.clear()
    assert found(root, less) == said
    assert "members" not in asked

    # a member of a header of the whole kernel is nobody's own
    (root / "src/include/linux").mkdir(parents=True)
    (root / "src/include/linux/far.h").write_text("struct far { int reach; };\n")
    uses = ("#include <linux/far.h>\nint probe(struct far *far);\nint probe(struct far *far)\n"
            "{\n\treturn far->reach;\n}\n")
    (root / "src" / PORT).write_text(uses)
    target = Snippet(root, more=(f"-I{root}/src/include",))
    assert run([target], {PORT: uses.replace("far->reach", "far != 0")}) == ()
    assert set(asked) == {"diagnosis"}


def test_a_use_under_another_configuration_is_one(tmp_path: Path) -> None:
    start = START.replace("\treturn", "#ifndef CONFIG_SERVICE\n\tport->a++;\n#endif\n\treturn")
    laid(tmp_path, {**FILES, PORT: start, HEADER: SHARED})
    less = (start.replace("\tport->a = STEP;\n", "\tport->b = STEP;\n")
            .replace("port->b = port->a", "port->b++"))
    assert found(tmp_path, less) == []
