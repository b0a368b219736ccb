# SPDX-License-Identifier: GPL-2.0-only
"""The drivers that are written by hand, beside what is read of their C.

What both know of a function, calls and how they end, comes in the same order in every run.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from other_drivers import DRIVERS

from generator.design import Driver
from generator.designs.today import DESIGN
from generator.extraction import source
from generator.extraction.extract import drivers, extract
from generator.graphs.design_lts import project
from generator.graphs.lts import Label, Lts, difference, minimise
from generator.kernel.tree import Tree
from generator.program import Block

pytestmark = pytest.mark.kernel

OURS = (*DESIGN.drivers, *DRIVERS.values())
# Calls that only what is read has -> why.
MORE = {
    "INIT_WORK": "by hand it is the function that the macro calls",
    "INIT_DELAYED_WORK": "by hand it is the function that the macro calls",
    "irq_set_affinity": "by hand nobody says what callbacks of CPU hotplug do",
}
# Where the runs differ -> why.
APART = {
    ("cxl_pmu on the CXL bus", "probe"): "its registers are read by what is no operation to the "
    "reader, and of what fails there it does not know that nothing follows",
}
# How many calls of an entry point by hand the reader has no operation for, in a driver alone: what
# rests on a parent, a list or a number that C computes. It may only shrink.
LEFT_OUT = {"pcieport": 43, "pcie_pme": 31, "aer": 21, "dpc": 10, "pciehp": 62, "cxl_pci": 21,
            "cxl_pmu on the CXL bus": 5}


def _runs(driver: Driver, block: Block, c: bool) -> Lts:
    alone = replace(driver, probe=block, contexts=())
    return project(alone if c else replace(alone, c={}), "probe")


def _calls(lts: Lts) -> set[str]:
    return {label.name for _, label, _ in lts.edges if label is not None
            and label.outcome not in ("true", "false") and label.name not in ("return", "set")}


def _only(lts: Lts, names: set[str]) -> Lts:
    def kept(label: Label | None) -> Label | None:
        known = label is not None and label.name in names
        return Label(label.name, "", label.outcome) if label is not None and known else None

    edges = tuple((one, kept(label), other) for one, label, other in lts.edges)
    return minimise(Lts(lts.start, edges, lts.final))


def _read(tree: Tree, hand: Driver) -> Driver:
    for path in hand.sources:
        unit = source.parsed(tree, path, exact=False).unit
        for named in drivers(unit):
            if named.name == hand.variable:
                design = extract((unit,), named).design
                return next(one for one in design.drivers if one.variable == named.name)
    raise AssertionError(f"no file of {hand.name} has {hand.variable}")


@pytest.mark.parametrize("hand", OURS, ids=[one.name for one in OURS])
def test_what_is_read_does_what_is_written_by_hand(pinned: Tree, hand: Driver) -> None:
    read = _read(pinned, hand)
    mine, theirs = hand.blocks(), read.blocks()
    left = 0
    for entry in [one for one in mine if one in theirs and not one.startswith("context")]:
        if entry == "atomic":  # handlers are read in any order
            continue
        one, other = _runs(hand, mine[entry], True), _runs(read, theirs[entry], False)
        ours, known = _calls(one), _calls(other)
        assert known - ours <= set(MORE), entry
        left += len(ours - known)
        apart = difference(_only(one, ours & known), _only(other, ours & known))
        assert (apart is not None) == ((hand.name, entry) in APART), f"{entry}:\n{apart}"
    assert {one for one in theirs if one not in mine and not one.startswith("context")} == set()
    assert left <= LEFT_OUT[hand.name]
