# SPDX-License-Identifier: GPL-2.0-only
"""A condition's C and its meaning are one: written apart from each other they are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.designs import auxbus
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT
from generator.errors import ModelError
from generator.expr import Expr
from generator.facts import LOCAL, MSG, NVEC, TOTAL
from generator.mistakes.spoken import check_spoken
from generator.operation import IGNORE, Guard, Node
from generator.ops.irq import PCI_ALLOC_IRQ_VECTORS
from generator.program import Block, Function, If, call, mapped

FITS = MSG(CPMU).lt(NVEC(PORT))


def asks(text: str, when: Expr) -> If:
    return If(Guard(text, when, (text,)), ())


def helper(name: str, *body: If) -> Block:
    return (call(Function(name, body), fail=IGNORE),)


@pytest.mark.parametrize(("text", "when"), [
    ("msg < nr_entries", FITS),
    ("nr_entries > msg", FITS),
    ("msg >= nr_entries", MSG(CPMU).ge(NVEC(PORT))),
    ("bar > 1", LOCAL(PORT).lt(NVEC(PORT))),  # a constant: what it means is no comparison of it
    ("offset > len - SIZE", LOCAL(PORT).eq(1)),
    ("flags & IORESOURCE_MEM", FITS),
    ("a < b && c < d", FITS),
])
def test_what_is_one_condition_passes(text: str, when: Expr) -> None:
    check_spoken(((asks(text, when),),))


@pytest.mark.parametrize("text", ["msg <= nr_entries", "msg >= nr_entries", "msg == nr_entries",
                                  "msg != nr_entries"])
def test_another_comparison_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"its C asks for .*, its meaning for less"):
        check_spoken(((asks(text, FITS),),))


def test_sides_that_are_exchanged_are_refused_by_the_same_function() -> None:
    with pytest.raises(ModelError, match="`nr_entries` means something else than at"):
        check_spoken(((asks("total < nr_entries", TOTAL(PORT).lt(NVEC(PORT))),
                       asks("msg > nr_entries", FITS)),))


def test_sides_that_are_exchanged_are_refused_by_the_rest_of_the_driver() -> None:
    rest = helper("alloc", asks("nvec > nr_entries", LOCAL(PORT).gt(NVEC(PORT))))
    check_spoken((rest, helper("count", asks("msg < nr_entries", FITS))))

    with pytest.raises(ModelError, match="exchanged, by what `nr_entries` means"):
        check_spoken((rest, helper("count", asks("msg > nr_entries", FITS))))


def test_a_parameter_with_other_words_than_a_condition_is_refused() -> None:
    def alloc(most: Expr) -> Block:
        return (asks("nvec == nr_entries", TOTAL(PORT).eq(NVEC(PORT))),
                PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=most, types=3, fail=IGNORE,
                                      c={"var": "ret", "max": "nvec"}))

    check_spoken((alloc(TOTAL(PORT)),))
    with pytest.raises(ModelError, match="`nvec` means something else"):
        check_spoken((alloc(LOCAL(PORT)),))


@pytest.mark.parametrize(("text", "damaged"), [
    ("msg < nr_entries", "msg <= nr_entries"),
    ("msg < nr_entries", "msg > nr_entries"),
    ("nvec > nr_entries", "nvec >= nr_entries"),
])
def test_the_conditions_of_a_shipped_design_are_held(text: str, damaged: str) -> None:
    (port,) = [one for one in auxbus.DESIGN.drivers if one.device == PORT]

    def written(block: Block) -> Block:
        return mapped(block, other, lambda one: replace(one, body=written(one.body)))

    def other(node: Node) -> Block | None:
        if not (isinstance(node, If) and isinstance(node.guard, Guard)):
            return None
        if node.guard.c != (text,):
            return None
        return (replace(node, guard=replace(node.guard, c=(damaged,))),)

    blocks = [written(block) for block in port.functions().values()]
    assert blocks != list(port.functions().values())
    with pytest.raises(ModelError, match="the condition"):
        check_spoken(blocks)
