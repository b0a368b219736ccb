# SPDX-License-Identifier: GPL-2.0-only
"""N2: auxbus leaves the services of a port as they are; careless variations of it do not."""

from dataclasses import replace

import pytest
from variations import SMALL, Change, counted_first, fails_with, varied
from waiting import LONG

from checks.finding import Verdict
from checks.verdict.degrade import RULE, degrade
from generator.design import Design
from generator.designs import today
from generator.designs.auxbus import auxbus
from generator.drivers.pcie_cxlpmu import pcie_port_resize_irq_vec
from generator.drivers.portdrv_services import PORT
from generator.facts import CAP, COUNT
from generator.operation import RETURN
from generator.ops.device import DEVICE_REGISTER
from generator.ops.pci import PCI_CLEAR_MASTER, PCI_SET_MASTER
from generator.program import Call, operations
from generator.resize import with_children


def not_retried(node: object) -> tuple[object, ...] | None:
    """Return the error when the larger allocation fails, without another try for the services."""
    if isinstance(node, Call) and node.function.name == pcie_port_resize_irq_vec().name:
        return (replace(node, on_fail=RETURN),)
    return None


def no_master(node: object) -> tuple[object, ...] | None:
    """Give bus mastering up before the services are registered."""
    if isinstance(node, Call) and DEVICE_REGISTER in [do.op for do in operations((node,))]:
        return None if node.function.name != "pcie_device_init" else (PCI_CLEAR_MASTER(PORT), node)
    return None


def never_master(node: object) -> tuple[object, ...] | None:
    """Leave bus mastering to the services' drivers."""
    return () if getattr(node, "op", None) == PCI_SET_MASTER else None


@pytest.mark.parametrize(
    "target",
    [today.DESIGN, SMALL, pytest.param(auxbus(), marks=pytest.mark.slow)],
    ids=["today", "static", "auxbus"],
)
def test_services_are_served_as_today(target: Design) -> None:
    result = degrade(today.DESIGN, target)
    assert (result.rule, result.verdict, result.degraded) == (RULE.key, Verdict.HOLDS, ())
    assert result.compared > 100


@pytest.mark.parametrize("change", [not_retried, no_master, never_master, fails_with])
def test_variation_degrades_the_services(change: Change) -> None:
    result = degrade(today.DESIGN, varied(SMALL, change))
    assert result.verdict is Verdict.VIOLATED
    assert all(one.after not in one.before for one in result.degraded)


def test_one_vector_port_with_a_cpmu_falls_back_to_the_line() -> None:
    """drivers/pci/pcie/portdrv.c:126: nvec > nr_entries frees the vectors, -EIO, INTx for all."""
    one_message = {CAP: "MSI", COUNT: "1"}
    base = replace(today.DESIGN, given=one_message)
    result = degrade(base, varied(replace(SMALL, given=one_message), counted_first))
    assert result.verdict is Verdict.VIOLATED
    assert all(dict(one.hardware)["cpmu.message"] == "1" for one in result.degraded)
    worst = next(one for one in result.degraded if one.after.startswith("port: INTx, "))
    others = ("the probe fails after nothing", "no service")  # one that its driver refused
    served = [one for one in worst.before if one not in others]
    assert served
    assert all(one.startswith("port: MSI, ") for one in served)
    steps = [(step.text, step.outcome) for step in worst.trace]
    at = steps.index(("nvec > nr_entries: yes", ""))
    assert [text for text, _ in steps[at + 1:]][:2] == [
        "pci_free_irq_vectors(port)", "pci_alloc_irq_vectors(port)",
    ]


def test_unfinished_is_no_pass() -> None:
    assert degrade(today.DESIGN, SMALL, states=100).verdict is Verdict.UNFINISHED


def test_ways_of_a_long_probe_that_meet_are_walked_once() -> None:
    # All of a probe is taken at once, so none of it is kept: what was passed must not be forgotten.
    target = with_children(auxbus(), 2)
    assert degrade(today.DESIGN, target, seconds=LONG).verdict is Verdict.HOLDS
