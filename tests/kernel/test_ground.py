# SPDX-License-Identifier: GPL-2.0-only
"""Whose prepared builds serve a tree: those of a pinned one, only where the same prepares both."""

import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from clones import WHEN, WHO
from varied import of, replaced, varied

from checks.compiling.compile import check
from checks.compiling.target import KernelTarget
from checks.finding import Severity
from generator.kernel import kbuild
from generator.kernel.clone import own, whole
from generator.kernel.configurations import CONFIGS
from generator.kernel.ground import ground
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree
from generator.series.commit import Commit
from generator.series.objects import NewCommit, commits
from generator.system.cache import cache

pytestmark = pytest.mark.kernel
PTM = "drivers/pci/pcie/ptm.c"
M = (CONFIGS["m"],)


def test_a_driver_otherwise_takes_the_builds_of_the_pin(
    pinned: Tree, base: Base, tmp_path: Path
) -> None:
    changed = replaced(pinned, PTM, ("int pci_enable_ptm(", "int pci_enable_ptm_x("))
    other = of(pinned, tmp_path, {**changed, "drivers/pci/ats.c": None, "drivers/pci/q.h": "\n",
                                  "Documentation/PCI/pci.rst": "short\n"})
    found = ground(other, M)

    assert found.bases == (base,)
    assert found.laid == {PTM: changed[PTM].encode(), "drivers/pci/ats.c": None,
                          "drivers/pci/q.h": b"\n"}


def test_the_files_of_a_pin_under_another_commit_take_its_builds(
    pinned: Tree, base: Base
) -> None:
    other = Tree(pinned.git_dir, "0" * 40, pinned.version, pinned.work, "a clone")
    found = ground(other, M)

    assert (found.bases, found.laid) == ((base,), {})


def _prepared(
    other: Tree, pinned: Tree, base: Base, differing: frozenset[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Tree:
    """Return the tree that builds are prepared for, when some files of one are not the pin's."""
    near = SimpleNamespace(pin=SimpleNamespace(version="x"), tree=pinned, differing=differing)
    monkeypatch.setattr("generator.kernel.ground.nearest", lambda *_: near)
    asked = []

    def prepare_all(tree: Tree, _: object) -> tuple[Base, ...]:
        asked.append(tree)
        return (base,)

    monkeypatch.setattr(kbuild, "prepare_all", prepare_all)
    assert ground(other, M).laid == {}
    return asked[-1]


@pytest.mark.parametrize("path", [
    "drivers/pci/Makefile", "drivers/pci/Kconfig", "Makefile", "Kbuild",
    "arch/x86/configs/x86_64_defconfig", "arch/x86/include/asm/Kbuild",
    "scripts/Makefile.lib", "scripts/mod/modpost.c",
    "include/linux/sched.h",  # asm-offsets.h is made of it
    "kernel/bounds.c", "arch/x86/entry/syscalls/syscall_64.tbl",
])
def test_what_prepares_a_build_makes_a_tree_prepare_its_own(
    path: str, pinned: Tree, base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pinned.work / path).stat()
    other = Tree(pinned.git_dir, "1" * 40, pinned.version, tmp_path, "a clone")
    assert _prepared(other, pinned, base, frozenset((path, PTM)), monkeypatch) == other


ENTRY = 'config LEDS_NOTES\n\ttristate "LED of notes"\n\tdepends on LEDS_CLASS\n\n'
LINE = "obj-$(CONFIG_LEDS_NOTES)\t\t+= leds-notes.o\n"


def with_driver(pinned: Tree, entry: str, line: str) -> dict[str, str]:
    """Return the files of a tree that has one more driver."""
    old, built = "config LEDS_PCA955X\n", "obj-$(CONFIG_LEDS_PCA955X)"
    return {**replaced(pinned, "drivers/leds/Kconfig", (old, entry + old)),
            **replaced(pinned, "drivers/leds/Makefile", (built, line + built)),
            "drivers/leds/leds-notes.c": "static int unused;\n"}


def test_a_base_with_one_more_driver_that_is_off_takes_the_builds_of_the_pin(
    pinned: Tree, base: Base, tmp_path: Path
) -> None:
    changed = with_driver(pinned, ENTRY, LINE)
    found = ground(of(pinned, tmp_path, changed), M)
    laid: dict[str, bytes | None] = {path: text.encode() for path, text in changed.items()}

    assert found.bases == (base,)
    assert found.laid == laid
    file = "drivers/leds/leds-notes.c"
    text = b"static int unused, more;\n"
    commit = Commit("one", {file: text}, {**laid, file: text})
    said = [one for one in check([commit], [KernelTarget(base)], laid=found.laid)
            if one.severity is not Severity.NOTE]
    assert [(one.message, one.config) for one in said] == [
        ("unused variable 'more'", "m+LEDS_CLASS+LEDS_NOTES")], "the base says the other already"


@pytest.mark.parametrize(("entry", "line"), [
    (ENTRY.replace("depends on", "default LEDS_CLASS if"), LINE),
    (ENTRY, LINE.replace("$(CONFIG_LEDS_NOTES)", "y")),
    (ENTRY, LINE + "ccflags-y += $(shell true)\n"),
])
def test_a_base_with_a_driver_that_may_be_on_prepares_its_own(
    entry: str, line: str, pinned: Tree, base: Base, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = with_driver(pinned, entry, line)
    other = of(pinned, tmp_path, changed)
    assert _prepared(other, pinned, base, frozenset(changed), monkeypatch).base == other.base


def test_the_next_commit_takes_the_builds_of_the_base_before_it(
    pinned: Tree, base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first base changes what prepares a build, so that it has prepared its own."""
    asked: list[Tree] = []

    def empty(_: Path, tree: str) -> Path:
        work = cache() / "own" / tree / "work"
        work.mkdir(exist_ok=True)
        return work

    def prepare_all(tree: Tree, _: object) -> tuple[Base, ...]:
        asked.append(tree)
        return (base,)

    monkeypatch.setattr(kbuild, "prepare_all", prepare_all)
    monkeypatch.setattr("generator.kernel.ground._read_by", lambda _: frozenset())
    monkeypatch.setattr("generator.kernel.clone._checkout", empty)
    text = f"# {uuid.uuid4()}\n"  # which no checkout in the cache has
    place, first = varied(pinned, tmp_path, {"init/Kconfig": text})
    started = own(place, first, thin=True)
    assert ground(started, M).laid == {}
    assert asked == [whole(started)], "no pin serves it"

    there = replace(pinned, git_dir=place)
    step = NewCommit("next\n", WHO, WHEN, {PTM: b"int next;\n"})
    other = own(place, commits(there, first, [step])[-1], thin=True)
    assert ground(other, M).laid == {PTM: b"int next;\n"}
    assert asked[1:] == [whole(started)], "the base before it serves it"

    record = whole(started).work.parent / "ground.json"
    record.write_text(record.read_text(encoding="utf-8").replace(first, "1" * 40),
                      encoding="utf-8")
    assert ground(other, M).laid == {}
    assert asked[2:] == [whole(other)], "what git has pruned serves nobody"
    for tree in (started, other):
        shutil.rmtree(tree.work.parent)


def _commit(text: str) -> Commit:
    changed: dict[str, bytes | None] = {PTM: text.encode()}
    return Commit("one", changed, changed)


def test_a_commit_is_held_to_the_base_that_it_is_on(pinned: Tree, base: Base) -> None:
    """The base has a warning and a function that the pinned tree has not."""
    text = (pinned.work / PTM).read_text(encoding="utf-8")
    more = text + "static void idle(void)\n{\n}\n\nint pci_new(void);\nint pci_new(void)\n{\n" \
                  "\treturn 1;\n}\n"
    laid: dict[str, bytes | None] = {PTM: more.encode()}
    users = _commit(more + "\nint pci_newer(void);\nint pci_newer(void)\n{\n"
                           "\treturn pci_new();\n}\n")
    targets = [KernelTarget(base)]

    assert check([users], targets, laid=laid) == ()
    (found,) = check([users], targets)
    assert found.rule == "compile:-Wunused-function", "of the pinned tree it would be new"
    lost = check([_commit(text + "int x = pci_new();\n")], targets, laid=laid)
    assert any("pci_new" in one.message for one in lost), "the commit takes away what the base has"
