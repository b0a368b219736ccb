# SPDX-License-Identifier: GPL-2.0-only
"""Changes of a function that are not derived from two designs, and what is said of them."""

from __future__ import annotations

import pytest
from smallc import parsed

from generator.ctext import Loop
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT
from generator.editing.block_diff import splices
from generator.errors import ModelError, TreeError
from generator.operation import IGNORE
from generator.ops.pci import PCI_CLEAR_MASTER, PCI_SET_MASTER
from generator.program import Block, Function, Ifdef, call
from generator.rendering.templates import Names

SET, CLEAR = PCI_SET_MASTER(PORT), PCI_CLEAR_MASTER(PORT)


def derived(before: Block, after: Block) -> object:
    unit = parsed("int probe(struct pci_dev *dev)\n{\n\tmaster(dev);\n\treturn 0;\n}\n")
    lines = unit.text.decode().split("\n")
    return splices(unit, lines, "probe", before, after, Names({PORT: "dev"}))


INSIDE = {
    "inside of an #ifdef": lambda inner: (Ifdef("CONFIG_A", inner),),
    "inside of a loop": lambda inner: (Loop(CPMU, inner, head="for (;;)"),),
    "fails has changed": lambda inner: (call(Function("f", ()), fail=inner),),
}


@pytest.mark.parametrize("told", INSIDE)
def test_a_change_where_nothing_is_derived_is_refused(told: str) -> None:
    old, new = INSIDE[told]((SET,)), INSIDE[told]((CLEAR,))

    assert derived(old, old) == []
    with pytest.raises(ModelError, match=f"test_derived.py:.*{told}"):
        derived(old, new)


def test_another_symbol_is_another_ifdef() -> None:
    old, new = (Ifdef("CONFIG_A", (SET,)),), (Ifdef("CONFIG_B", (SET,)),)

    with pytest.raises((ModelError, TreeError), match="#ifdef CONFIG_A"):
        derived(old, new)


def test_how_a_failure_is_handled_is_part_of_an_operation() -> None:
    helper = Function("f", (SET,))

    assert derived((call(helper),), (call(helper),)) == []
    with pytest.raises(ModelError, match="has changed"):
        derived((call(helper),), (call(helper, fail=IGNORE),))
