# SPDX-License-Identifier: GPL-2.0-only
"""What is derived into an existing function undoes, when it fails, what was done there before."""

from __future__ import annotations

import pytest

from generator.designs.series import auxbus
from generator.designs.today import DESIGN as TODAY
from generator.drivers.portdrv_services import PORT
from generator.editing.draft import Draft
from generator.editing.function_edits import Derived
from generator.errors import ModelError
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree
from generator.operation import RETURN
from generator.ops.irq import PCI_ALLOC_IRQ_VECTORS, PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Block, Function, call

pytestmark = pytest.mark.kernel

PORTDRV = "drivers/pci/pcie/portdrv.c"
REGISTER = "pcie_port_device_register"
ENABLE, MASTER = PCI_ENABLE_DEVICE(PORT, fail=RETURN), PCI_SET_MASTER(PORT)
VECTORS = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=1, fail=RETURN)
# Allocates vectors, and gives them back as a whole.
START = Function("pcie_start", (VECTORS,), Function("pcie_stop", (PCI_FREE_IRQ_VECTORS(PORT),)))
LOOK = Function("pcie_look", (PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=1),), START.undo)
LABELS = """
err_none:
	pci_disable_device(dev);
	return status;
}
"""


@pytest.fixture(scope="module")
def start(pinned: Tree, base: Base) -> Draft:
    """The pinned tree, with the vector functions of portdrv.c split as the series splits them."""
    found = Draft(pinned, base, {}, TODAY, TODAY, "auxbus")
    return found.with_text(PORTDRV, auxbus._vectors().apply(found)[PORTDRV])


def derive(start: Draft, after: Block, before: Block = (ENABLE, MASTER)) -> str:
    """Return the function with what stands between two of its statements."""
    edit = Derived(PORTDRV, {PORT: "dev"}, of={REGISTER: (before, after)})
    text = edit.apply(start)[PORTDRV]
    begin = text.index(f"static int {REGISTER}")
    return text[begin : text.index("\n}\n", begin) + 3]


def with_label(start: Draft, text: str = LABELS) -> Draft:
    """Return the tree with a label at the end of the function."""
    old = start.text(PORTDRV)
    end = old.index("\n}\n", old.index(f"static int {REGISTER}"))
    return start.with_text(PORTDRV, old[: end + 1] + text + old[end + 3 :])


def test_a_helper_that_fails_undoes_what_was_done_before_it(start: Draft) -> None:
    text = derive(start, (ENABLE, call(START), MASTER))

    assert (
        "\tstatus = pcie_start(dev);\n\tif (status < 0)\n\t\tgoto err_disable_device;\n"
    ) in text
    assert text.endswith(
        "\treturn 0;\n\nerr_disable_device:\n\tpci_disable_device(dev);\n\treturn status;\n}\n"
    )


def test_what_is_undone_is_undone_in_reverse(start: Draft) -> None:
    text = derive(start, (ENABLE, call(START), MASTER, call(LOOK)))

    assert text.count("goto err_disable_device;") == 1
    assert text.count("goto err_free_irq_vectors;") == 1
    assert text.endswith(
        "err_free_irq_vectors:\n\tpci_free_irq_vectors(dev);\nerr_disable_device:\n"
        "\tpci_disable_device(dev);\n\treturn status;\n}\n"
    )


def test_an_operation_undoes_as_a_helper_does(start: Draft) -> None:
    again = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=1, c={"var": "status"})

    text = derive(start, (ENABLE, again, MASTER))

    assert "\tif (status < 0)\n\t\tgoto err_disable_device;\n" in text


def test_what_is_returned_at_once_and_has_something_to_undo_is_refused(start: Draft) -> None:
    again = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=1)

    with pytest.raises(ModelError, match="give its result a variable"):
        derive(start, (ENABLE, again, MASTER))


def test_what_has_nothing_to_undo_returns(start: Draft) -> None:
    text = derive(start, (call(START), ENABLE, MASTER))

    assert "\tstatus = pcie_start(dev);\n\tif (status < 0)\n\t\treturn status;\n" in text
    assert "err_" not in text


def test_a_label_that_does_just_this_is_used(start: Draft) -> None:
    text = derive(with_label(start), (ENABLE, call(START), MASTER))

    assert "\t\tgoto err_none;\n" in text
    assert text.count("pci_disable_device(dev);") == 1


def test_a_label_of_the_name_that_does_something_else_is_refused(start: Draft) -> None:
    other = LABELS.replace("err_none", "err_disable_device").replace("pci_dis", "pci_clear_mas")

    with pytest.raises(ModelError, match="has a label err_disable_device already"):
        derive(with_label(start, other), (ENABLE, call(START), MASTER))


def test_a_call_that_stays_and_has_more_to_undo_now_is_refused(start: Draft) -> None:
    """Its C returns: what was put in before it would stay done."""
    services = call(Function("pcie_init_service_irqs", (
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=1),
    )))

    with pytest.raises(ModelError, match="when this fails there is something else to undo"):
        derive(start, (ENABLE, MASTER, call(START), services), (ENABLE, MASTER, services))
