# SPDX-License-Identifier: GPL-2.0-only
"""Headers that kbuild makes of files of the tree are those of the commit."""

from __future__ import annotations

import pytest

from checks.compiling.compile import check
from checks.compiling.target import KernelTarget
from checks.finding import Finding
from generator.kernel.kbuild import Base
from generator.kernel.made import Recipe, made, recipes
from generator.kernel.tree import read
from generator.kernel.unbuildable import Unbuildable
from generator.series.commit import commits_of

pytestmark = pytest.mark.kernel

TABLE = "arch/x86/entry/syscalls/syscall_64.tbl"
CALLS = "arch/x86/include/generated/uapi/asm/unistd_64.h"
PTM = "drivers/pci/pcie/ptm.c"
USE = "#include <asm/unistd.h>\nstatic_assert(__NR_ptmnote == 463);\n"


def text(base: Base, path: str) -> bytes:
    return read(base.tree, base.tree.base, path) or b""


def compiled(base: Base, *edits: dict[str, bytes | None]) -> list[Finding]:
    steps = commits_of([f"{n}/{len(edits)}" for n in range(1, len(edits) + 1)], edits)
    found = check(steps, [KernelTarget(base)], lambda _text: None, everywhere=True)
    return [one for one in found if one.rule != "compile:not-built"]


def added(base: Base) -> dict[str, bytes | None]:
    return {TABLE: text(base, TABLE) + b"463\tcommon\tptmnote\tsys_ni_syscall\n"}


def test_a_header_is_made_of_the_table_that_the_commit_has(base: Base) -> None:
    found = dict(made(base, added(base)))
    assert b"#define __NR_ptmnote 463\n" in found[CALLS]
    assert made(base, {TABLE: text(base, TABLE)}) == ()
    assert made(base, {PTM: b""}) == ()


def test_what_is_made_at_the_base_is_what_kbuild_made(base: Base) -> None:
    assert CALLS in [one.header for one in recipes(base.build, base.tree.work)]
    for one in recipes(base.build, base.tree.work):
        inputs = {path: text(base, path) + b"\n" for path in one.inputs if path.endswith(".tbl")}
        assert made(base, inputs) == (), one.header  # an empty line says nothing


def test_a_unit_sees_the_new_call_and_no_other_commit_does(base: Base) -> None:
    use = {PTM: text(base, PTM) + USE.encode()}
    assert compiled(base, added(base) | use) == []
    assert compiled(base, added(base), use) == []
    assert [(one.line, one.commit) for one in compiled(base, use, added(base))] == [
        (text(base, PTM).count(b"\n") + 2, "1/2")]


def test_who_uses_a_call_that_goes_is_compiled(base: Base) -> None:
    use = text(base, PTM) + USE.encode()
    gone: dict[str, bytes | None] = {TABLE: text(base, TABLE)}
    found = compiled(base, added(base) | {PTM: use}, gone)
    assert [(one.path, one.commit) for one in found] == [(PTM, "2/2")]
    assert "__NR_ptmnote" in found[0].message


def test_a_table_that_is_deleted_is_said_of_the_commit(base: Base) -> None:
    with pytest.raises(Unbuildable, match=r"syscall_64\.tbl:0: .* is made of it"):
        made(base, {TABLE: None})
    found = compiled(base, {TABLE: None})
    assert [(one.rule, one.path) for one in found] == [("kbuild", TABLE)]


def test_a_header_that_its_command_does_not_make_is_said_of_the_commit(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Recipe(CALLS, f"echo no such call >&2; exit 3; {base.tree.work}/{TABLE}",
                   frozenset([TABLE]))
    monkeypatch.setattr("generator.kernel.made.recipes", lambda *_: (wrong,))
    table = text(base, TABLE) + b"# nobody made this before\n"
    with pytest.raises(Unbuildable, match=r"unistd_64\.h cannot be made of it: no such call"):
        made(base, {TABLE: table})
