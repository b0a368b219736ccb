# SPDX-License-Identifier: GPL-2.0-only
"""What the discussion found wrong with its own designs, and the rule that says so.

test_matrix.py has the verdicts on the designs as they are; here they have one mistake each, as in
the proof of concept of a subdevice domain, or go on behind what refuses them.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from checks.finding import Verdict
from checks.rules.all import RULES
from checks.search.explore import explore
from checks.verdict.matrix import KINDS
from generator import rewrite
from generator.designs import core_prebind, flat_library, flat_subdevice
from generator.designs.parts.subdevice import CPMU
from generator.drivers.portdrv_services import PORT
from generator.load import load, names
from generator.operation import Do
from generator.ops.domain import (
    ALL_FLAGS,
    BY_DEVICE,
    GENERIC,
    MARK_MSI_PARENT,
    NULL,
    OTHER,
    PCI_ENABLE_MSI_PARENT_DOMAIN,
    PCI_SUBDEV_CREATE_DOMAIN,
    PINNED,
)
from generator.ops.irq import DEVM_REQUEST_IRQ, PCI_FREE_IRQ_VECTORS, REQUEST_IRQ
from generator.ops.pci import RESTORE_SUBDEVICE_VECTORS
from generator.program import Block, Call, If

STATIC, DYNAMIC = KINDS[2:]


def test_core_that_is_let_on_grows_the_vectors() -> None:
    """Behind R01 and R02 the drawing goes on: the driver stops, resizes, starts, and creates."""
    others = [rule for rule in RULES if rule.key not in ("R01", "R02")]
    assert explore(replace(core_prebind.DESIGN, given=dict(STATIC.given)), others).unreached == ()


def test_every_design_of_the_discussion_says_what_became_of_it() -> None:
    drawn = [load(name).design for name in names() if name not in ("today", "auxbus")]
    assert all("@" in design.status and "@" in design.evidence for design in drawn)


Change = Callable[[object], Block | None]


def _do(name: str, then: Callable[[Do], Block]) -> Change:
    """Return the change of every use of an operation."""

    def change(node: object) -> Block | None:
        return then(node) if isinstance(node, Do) and node.op.name == name else None

    return change


def _template(**wrong: int) -> Change:
    created = PCI_SUBDEV_CREATE_DOMAIN(PORT, CPMU, **wrong)
    name = PCI_SUBDEV_CREATE_DOMAIN.name
    return _do(name, lambda node: (replace(created, on_fail=node.on_fail),))


def _unasked(node: object) -> Block | None:
    """Mark the port's domain without a question for what the platform can do."""
    if isinstance(node, If) and any(
        isinstance(one, Call) and one.function.name == "create subdevices" for one in node.then
    ):
        return rewrite.block(node.then, MARKED)
    return None


def _too_early(node: object) -> Block | None:
    """Free the vectors before the children go."""
    if isinstance(node, Call) and node.function.name == "pcie_port_device_remove":
        body = (PCI_FREE_IRQ_VECTORS(PORT), *node.function.body)
        return (replace(node, function=replace(node.function, body=body)),)
    return None


MARKED = _do(PCI_ENABLE_MSI_PARENT_DOMAIN.name, lambda _: (MARK_MSI_PARENT(PORT),))
EARLY = _do("auxiliary_device_add", lambda node: (PCI_SUBDEV_CREATE_DOMAIN(PORT, CPMU), node))
NAIVE: dict[str, tuple[Change, set[str]]] = {
    "domain marked from outside the MSI core": (MARKED, {"R28"}),
    "domain marked wherever it may be": (_unasked, {"R27", "R28"}),
    "bus token unknown to x86": (_template(accepts=PINNED), {"R29"}),
    "desc->dev is the subdevice": (_template(desc_dev=0), {"R30"}),
    "irq_mask() unmasks": (_template(irq_mask=OTHER), {"R30b"}),
    "no irq_unmask()": (_template(irq_unmask=NULL), {"R30b"}),
    "affinity not the parent's": (_template(irq_set_affinity=NULL), {"R30b"}),
    "no irq_write_msi_msg()": (_template(irq_write_msi_msg=NULL), {"R30b"}),
    "oneshot lost": (_template(oneshot_safe=0), {"R30b"}),
    "no generic flags": (_template(flags=ALL_FLAGS & ~GENERIC), {"R30b"}),
    "generic flags stripped": (_template(supported=ALL_FLAGS & ~GENERIC), {"R30b"}),
    "hwirq of the PCI device": (_template(hwirq=BY_DEVICE), {"R30b"}),
    "domain made by the parent": (EARLY, {"R02"}),
    "vectors freed too early": (_too_early, {"R14", "R14b"}),
}


@pytest.mark.parametrize("mistake", NAIVE)
def test_naive_subdevice_is_refused_for_its_mistake(mistake: str) -> None:
    change, rules = NAIVE[mistake]
    kind = STATIC if "R27" in rules else DYNAMIC
    small = replace(flat_subdevice.DESIGN, given=dict(kind.given))
    damaged = rewrite.rewritten(small, change)
    assert damaged != small
    report = explore(damaged, RULES)
    assert report.verdict is Verdict.VIOLATED
    found = {one.rule for one in report.counterexamples}
    assert found <= rules  # of two that one mistake breaks, the search need not look for both


@pytest.mark.parametrize("episode", ["sleep", "recovery"])
def test_vectors_of_subdevices_are_not_restored_by_themselves(episode: str) -> None:
    """Nobody in the thread said so: __pci_restore_msix_state() walks the port's own store."""
    small = replace(flat_subdevice.DESIGN, given=dict(DYNAMIC.given))
    forgetful = rewrite.rewritten(small, _do(RESTORE_SUBDEVICE_VECTORS.name, lambda _: ()))
    report = explore(forgetful, RULES, episode=episode)
    assert {one.rule for one in report.counterexamples} == {"R32"}


def test_library_service_cannot_leave_its_irq_to_devres() -> None:
    """aer.c and dpc.c manage it on the service's device; on the port's it outlives the vectors."""
    managed = _do(
        REQUEST_IRQ.name, lambda node: (DEVM_REQUEST_IRQ(node.places[0], PORT, shared=1),)
    )
    exits = _do("free_irq", lambda _: ())
    damaged = rewrite.rewritten(rewrite.rewritten(flat_library.DESIGN, managed), exits)
    report = explore(damaged, RULES)
    assert "N3" in {one.rule for one in report.counterexamples}  # its memory is freed before
    kept = explore(rewrite.rewritten(damaged, _do("kfree", lambda _: ())), RULES)
    assert "R13" in {one.rule for one in kept.counterexamples}
