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
from generator.operation import IGNORE, Guard
from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_CLEAR_MASTER, PCI_DISABLE_DEVICE, PCI_SET_MASTER
from generator.program import Block, Function, If, Ifdef, Not, Return, call
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


WAYS_OUT = """int able, some;
int helper(struct pci_dev *dev);
int beside(struct pci_dev *dev);
void pci_free_irq_vectors(struct pci_dev *dev);
void pci_disable_device(struct pci_dev *dev);

int probe(struct pci_dev *dev)
{
	int ret;

	ret = helper(dev);
	if (ret) {
		beside(dev);
		if (!able)
			goto err_off;
	}
	if (!some)
		goto err_free;

	return 0;

err_free:
	pci_free_irq_vectors(dev);
err_off:
	pci_disable_device(dev);
	return ret;
}
"""
OFF, FREE = PCI_DISABLE_DEVICE(PORT), PCI_FREE_IRQ_VECTORS(PORT)
ABLE, SOME = Guard("able", None, ("able",)), Guard("some", None, ("some",))


def _ways_out(first: Block, second: Block) -> Block:
    fails = Function("helper", (Return(ok=False),))
    return (
        call(fails, fail=(If(Not(ABLE), (*first, OFF, Return(ok=False))),)),
        If(Not(SOME), (FREE, *second, OFF, Return(ok=False))),
    )


def test_what_two_ways_out_do_alike_is_put_once_behind_the_label_that_both_come_to() -> None:
    unit = parsed(WAYS_OUT)
    lines = unit.text.decode().split("\n")
    at = lines.index("err_off:") + 2  # lines are counted from 1, and it is the one behind

    (splice,) = splices(
        unit, lines, "probe", _ways_out((), ()), _ways_out((CLEAR,), (CLEAR,)),
        Names({PORT: "dev"}),
    )

    assert (splice.first, splice.last, splice.lines) == (at, at - 1, ("\tpci_clear_master(dev);",))


def test_a_failure_that_the_code_does_not_look_at_next_is_refused() -> None:
    unit = parsed(WAYS_OUT.replace("\tif (ret) {", "\tbeside(dev);\n\tif (ret) {"))
    lines = unit.text.decode().split("\n")
    with pytest.raises(ModelError, match=r"when helper\(\) fails has changed"):
        splices(unit, lines, "probe", _ways_out((), ()), _ways_out((CLEAR,), ()),
                Names({PORT: "dev"}))
