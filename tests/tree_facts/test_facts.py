# SPDX-License-Identifier: GPL-2.0-only
"""What trees differ in is read off their code: both pins answer, and no probe answers by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from house import HOUSE

from generator.__main__ import main
from generator.drivers.in_tree import OTHERWISE
from generator.errors import TreeError, Where
from generator.kernel.tree import Tree
from generator.tree_facts.fact import Answer, Text, TreeFact, Users, Way, of_directory, read
from generator.tree_facts.table import BY_NAME, FACTS, answer, facts

OLD = {
    "bandwidth service": "BWNOTIF, where links notify",
    "bandwidth driver": "nobody",
    "DPC service": "with the AER service",
    "slot reset": "restores and saves",
    "service bus": "each driver",
    "no service left": "well",
    "register locator": "drivers/cxl/cxlpci.h, as CXL_DVSEC_REG_LOCATOR",
    "register block types": "drivers/cxl/cxlpci.h",
    "allocation": "kzalloc",
    "symbol namespaces": "a token",
    "open events": "leaves them",
    "dynamic MSI-X": "x86",
    "auxiliary devices": "by hand",
    "MSI descriptor lock": "by two functions",
    "message number 0": "refused",
}
NEW = OLD | {
    "bandwidth service": "BWCTRL, where links notify and have more than one speed",
    "bandwidth driver": "bwctrl",
    "DPC service": "where AER is native",
    "slot reset": "restores",
    "service bus": "the bus",
    "register locator": "uapi, as PCI_DVSEC_CXL_REG_LOCATOR",
    "register block types": "include/cxl/pci.h",
    "allocation": "kzalloc_obj",
    "symbol namespaces": "a string",
    "open events": "detaches them",
    "dynamic MSI-X": "GIC ITS, Hyper-V, x86",
    "auxiliary devices": "devm_auxiliary_device_create()",
    "MSI descriptor lock": "by a guard",
}


@pytest.mark.kernel
def test_the_default_pin_answers_as_it_was_read(pinned: Tree) -> None:
    assert {name: one.text for name, one in facts(pinned).items()} == OLD


@pytest.mark.kernel
def test_the_newer_pin_answers_as_it_was_read(newer: Tree) -> None:
    assert {name: one.text for name, one in facts(newer).items()} == NEW


def _broken(fact: TreeFact, tree: Tree) -> tuple[str, str]:
    """What a tree answers, and what it does without the lines that say so: "" for nothing."""
    text, listed = of_directory(tree.work)
    said = read(fact, text, listed)
    gone: dict[str, set[int]] = {}
    for place in said.places:
        gone.setdefault(place.file, set()).add(place.line)

    def without(path: str) -> str | None:
        whole = text(path)
        if whole is None or path not in gone:
            return whole
        lines = whole.split("\n")
        return "\n".join("" if n in gone[path] else line for n, line in enumerate(lines, 1))

    try:
        return said.text, read(fact, without, listed).text
    except TreeError:
        return said.text, ""


@pytest.mark.kernel
@pytest.mark.parametrize("name", BY_NAME)
def test_a_probe_of_the_default_pin_does_not_answer_by_itself(name: str, pinned: Tree) -> None:
    before, after = _broken(BY_NAME[name], pinned)
    assert before != after


@pytest.mark.kernel
@pytest.mark.parametrize("name", BY_NAME)
def test_a_probe_of_the_newer_pin_does_not_answer_by_itself(name: str, newer: Tree) -> None:
    before, after = _broken(BY_NAME[name], newer)
    assert before != after


# As the other kernel has it, put into the file of the default pin: the probe must follow.
MUTANTS = {
    "slot reset": ("\tpci_restore_state(dev);\n\tpci_save_state(dev);\n",
                   "\tpci_restore_state(dev);\n"),
    "DPC service": ("(services & PCIE_PORT_SERVICE_AER)))", "host->native_aer))"),
    "bandwidth driver": ("\tpcie_hp_init();", "\tpcie_bwctrl_init();\n\tpcie_hp_init();"),
    "allocation": ("kzalloc(sizeof(*pcie), GFP_KERNEL)", "kzalloc_obj(*pcie)"),
    "symbol namespaces": ("MODULE_IMPORT_NS(CXL);", 'MODULE_IMPORT_NS("CXL");'),
    # Between both there was a guard that calls the functions: it is what drivers take.
    "MSI descriptor lock": (
        "void msi_unlock_descs(struct device *dev);\n",
        "void msi_unlock_descs(struct device *dev);\n\nDEFINE_LOCK_GUARD_1(msi_descs_lock, struct "
        "device, msi_lock_descs(_T->lock),\n\t\t    msi_unlock_descs(_T->lock));\n"),
}


@pytest.mark.kernel
@pytest.mark.parametrize("name", MUTANTS)
def test_a_file_changed_to_the_other_way_is_read_so(name: str, pinned: Tree) -> None:
    text, listed = of_directory(pinned.work)
    old, new = MUTANTS[name]

    def changed(path: str) -> str | None:
        whole = text(path)
        return whole and whole.replace(old, new)

    assert read(BY_NAME[name], changed, listed).text == NEW[name]


FACT = TreeFact("colour", "of the shed", (
    Way("red", "a.c", r"paint\(RED\)", "shed"), Way("blue", "a.c", r"paint\(BLUE\)", "shed"),
    Way("green", "b.h", r"^#define SHED GREEN$"),
), "never")


def _of(files: dict[str, str]) -> Answer:
    text: Text = files.get
    return read(FACT, text, lambda _: [])


def test_only_the_function_counts_and_no_comment_does() -> None:
    shed = "int shed(int a,\n\t int b)\n{\n\t/* paint(BLUE) */\n\tpaint(RED); // paint(BLUE)\n}\n"
    other = "int barn(void)\n{\n\tpaint(BLUE);\n\tshed(1);\n}\n"
    assert _of({"a.c": other + shed}) == Answer("red", (Where("a.c", 10),))
    assert _of({"a.c": shed + other}) == Answer("red", (Where("a.c", 5),))
    assert _of({"b.h": "\n#define SHED GREEN\n"}) == Answer("green", (Where("b.h", 2),))


@pytest.mark.parametrize(("files", "said"), [
    ({}, r"colour: cannot be read: a\.c shed\(\), a\.c shed\(\), b\.h: .* 'red', 'blue', 'green'"),
    ({"a.c": "int barn(void)\n{\n\tpaint(RED);\n}\n"}, "cannot be read"),
    ({"a.c": "int shed(void);\nint x(void)\n{\n\tpaint(RED);\n}\n"}, "cannot be read"),
    ({"a.c": "int shed(void)\n{\n\tpaint(RED);\n}\n", "b.h": "#define SHED GREEN\n"},
     r"says 'red' \(a\.c:3\) and 'green' \(b\.h:1\)"),
])
def test_what_no_way_or_more_than_one_says_is_an_error(files: dict[str, str], said: str) -> None:
    with pytest.raises(TreeError, match=said):
        _of(files)


def test_users_are_named_and_those_that_nobody_knows_by_their_path() -> None:
    fact = TreeFact("users", "of X", Users("X", ("*.c",), (("a.c", "A"),)), "never")
    files = {"a.c": "X;\n", "b.c": "\nX\n", "c.c": "/* X */ XY\n"}
    said = read(fact, files.get, lambda _: sorted(files))
    assert said == Answer("A, b.c", (Where("a.c", 1), Where("b.c", 2)))
    assert read(fact, files.get, lambda _: []).text == "nobody"


def test_a_tree_that_is_none_answers_nothing(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "", "1", tmp_path, "nothing")
    for fact in FACTS:
        if isinstance(fact.ways, Users):
            assert answer(fact.name, tree).text == "nobody"
            continue
        with pytest.raises(TreeError, match="cannot be read"):
            answer(fact.name, tree)


def test_names_are_of_one_fact_each_and_their_answers_different() -> None:
    assert len(BY_NAME) == len(FACTS)
    assert all(len(fact.answers) > 1 for fact in FACTS)


def test_the_first_answer_of_each_change_is_that_of_the_default_pin() -> None:
    assert {name: next(iter(ways)) for name, ways in OTHERWISE.items()} == {
        name: OLD[name] for name in OTHERWISE
    }
    assert all(set(ways) <= set(BY_NAME[name].answers) for name, ways in OTHERWISE.items())


def test_who_asks_is_looked_up(pinned: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "facts", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    asked = {row["fact"]: row["asked_by"].split(", ") for row in rows}

    assert set(asked) == set(BY_NAME)
    assert asked["service bus"] == ["readers"]
    assert {"templates/auxbus/messages/cover.txt.j2", "checks/boot/predict/board.py"} <= set(
        asked["bandwidth driver"])
    files = {file for some in asked.values() for file in some} - {"readers"}
    assert all((HOUSE / file).is_file() for file in files)
