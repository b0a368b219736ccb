# SPDX-License-Identifier: GPL-2.0-only
"""A macro in C and the number that the design computes with are the same."""

from __future__ import annotations

import clang.cindex as ci
import pytest

from checks.patches.numbers import differing
from generator.drivers.portdrv_irqs import BEST
from generator.drivers.portdrv_services import PORT
from generator.expr import Expr
from generator.facts import NVEC
from generator.operation import IGNORE
from generator.ops.irq import PCI_ALLOC_IRQ_VECTORS
from generator.parsing.unit import Unit

C = """\
#define MOST (FIELD + 1)
struct pci_dev;
int pci_alloc_irq_vectors(struct pci_dev *, unsigned int, unsigned int, unsigned int);
int most(struct pci_dev *dev, int max)
{
	return pci_alloc_irq_vectors(dev, 1, MOST, 6);
}
"""


def unit(field: str) -> Unit:
    whole = C.replace("FIELD", field)
    tu = ci.Index.create().parse("toy.c", ["-std=gnu11"], [("toy.c", whole)])
    assert not list(tu.diagnostics)
    return Unit("toy.c", (), frozenset(), tu, whole.encode(), 0)


def said(field: str, most: int | Expr, text: str = "MOST") -> list[tuple[str, int]]:
    alloc = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=most, types=BEST, fail=IGNORE,
                                  c={"var": "ret", "max": text})
    return [(words, place.line) for words, place in differing([(alloc,)], [unit(field)])]


@pytest.mark.parametrize(("field", "most"), [("15", 16), ("0xf", 16), ("(1 << 3) - 1", 8)])
def test_the_same_number_passes(field: str, most: int) -> None:
    assert said(field, most) == []


@pytest.mark.parametrize(("field", "most", "value"), [("14", 16, 15), ("15", 8, 16)])
def test_another_number_is_named(field: str, most: int, value: int) -> None:
    assert said(field, most) == [
        (f"pci_alloc_irq_vectors: `MOST` is {value} in C, the design computes with {most}", 6)]


def test_what_is_no_constant_on_one_side_is_not_compared() -> None:
    assert said("14", NVEC(PORT)) == []
    assert said("14", 16, "max") == []
