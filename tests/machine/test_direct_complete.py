# SPDX-License-Identifier: GPL-2.0-only
"""A suspended device that the PM core leaves alone all through a system sleep: direct_complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from beside_oracle import compare
from broken.parts import AWAKE, DELETE, KID, MAKE, PORT, SLEEP, design, kid, port

from checks.finding import Verdict
from checks.machine.episode import episodes_of
from checks.machine.instances import Inst, View
from checks.machine.machine import build
from checks.machine.step import STAYS, Kind, Step
from checks.rules.rule import state_rule, step_rule
from checks.search.explore import explore
from checks.verdict.judge import judge
from generator.design import Design, Device, Driver
from generator.designs import today
from generator.expr import Expr
from generator.facts import ABSENT, BLOCK, LIFE, MSG
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    MSI,
    PCI_IRQ_VECTOR,
    PCIM_ALLOC_IRQ_VECTORS,
)
from generator.ops.pci import PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.ops.pm import (
    DEV_PM_SET_NO_DIRECT_COMPLETE,
    DEV_PM_SET_SMART_SUSPEND,
    DEV_PM_SET_SMART_SUSPEND_NO_DIRECT_COMPLETE,
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_PUT_NOIDLE,
)
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block

NIC = Device("nic", "pci", answers=((MSG, ("0",)), (BLOCK, ("in an assigned BAR",))))
HERE = Inst(NIC, 0)
ON, OFF = ENABLE_SOURCE(NIC), DISABLE_SOURCE(NIC)
FLAGS = {
    "": (), "none": (DEV_PM_SET_NO_DIRECT_COMPLETE(NIC),),
    "smart": (DEV_PM_SET_SMART_SUSPEND(NIC),),
    "both": (DEV_PM_SET_SMART_SUSPEND_NO_DIRECT_COMPLETE(NIC),),
}


def nic(flags: str = "", down: Block = (), up: Block = ()) -> Design:
    """Return a device whose interrupt suspend turns off and resume on, and runtime PM maybe."""
    probe = (
        PCIM_ENABLE_DEVICE(NIC), PCIM_ALLOC_IRQ_VECTORS(NIC, min=1, max=1, types=MSI),
        PCI_IRQ_VECTOR(NIC, NIC, nr=0), DEVM_REQUEST_IRQ(NIC, NIC), PCI_SET_MASTER(NIC), ON,
        *FLAGS[flags], PM_RUNTIME_ALLOW(NIC), PM_RUNTIME_PUT_NOIDLE(NIC, NIC),
    )
    remove = (PM_RUNTIME_FORBID(NIC), PM_RUNTIME_GET_NORESUME(NIC), OFF)
    copes = flags in ("smart", "both")  # its suspend may be called while it is in D3
    return Design("nic", "a device that may sleep at run time", (NIC,), (
        Driver("nicdrv", NIC, probe, remove, suspend=() if copes else (OFF,), resume=(ON,),
               runtime_suspend=down, runtime_resume=up),
    ))


@pytest.mark.parametrize(("flags", "down", "up", "rules"), [
    ("", (), (), {"N13"}),  # power goes, and only resume would have turned it on
    ("smart", (), (), {"N13"}),
    ("none", (), (), set()), ("both", (), (), set()),
    ("", (OFF,), (ON,), set()), ("smart", (OFF,), (ON,), set()),
])
def test_what_runtime_resume_does_not_restore_is_lost(
    flags: str, down: Block, up: Block, rules: set[str]
) -> None:
    made = nic(flags, down, up)

    for episode in episodes_of(made):
        compare(made, episode=episode)
    assert {one.rule for one in judge(made, sought=()).counterexamples} == rules


@step_rule("X1", evidence=("drivers/base/power/main.c device_suspend()",), symptom="none")
def nobody_is_called(step: Step, _view: View) -> Expr | None:
    """No callback is called of a device that is left alone, and nobody resumes it."""
    return STAYS(HERE).eq(1) if step.kind is Kind.CALL and step.inst == HERE else None


@state_rule("X2", evidence=("drivers/base/power/main.c device_suspend()",), symptom="none")
def left_alone(_view: View) -> Iterator[tuple[str, Expr]]:
    """No device is left alone."""
    yield "it is", STAYS(HERE).eq(1)


@pytest.mark.parametrize("flags", FLAGS)
def test_no_callback_is_called_of_it_unless_its_driver_forbids_that(flags: str) -> None:
    made = nic(flags, (OFF,), (ON,))
    allowed = flags in ("", "smart")

    assert explore(made, (nobody_is_called,), episode="sleep").verdict is Verdict.HOLDS
    found = explore(made, (left_alone,), episode="sleep").verdict
    assert found is (Verdict.VIOLATED if allowed else Verdict.HOLDS)
    fact = STAYS(HERE)
    assert (fact in build(made, "sleep").variables) is allowed
    assert fact not in build(made).variables


def test_a_device_with_a_device_below_is_called() -> None:
    """drivers/base/power/main.c dpm_clear_superiors_direct_complete()."""
    above = Inst(PORT, 0)

    @state_rule("X3", evidence=("drivers/base/power/main.c device_suspend()",), symptom="none")
    def childless(_view: View) -> Iterator[tuple[str, Expr]]:
        """A device that is left alone has nothing below it."""
        yield "it has", STAYS(above).eq(1) & LIFE(Inst(KID, 0)).ne(ABSENT)

    @state_rule("X4", evidence=("drivers/base/power/main.c device_suspend()",), symptom="none")
    def called(_view: View) -> Iterator[tuple[str, Expr]]:
        """No device is left alone."""
        yield "it is", STAYS(above).eq(1)

    bridge = port((*MAKE, *SLEEP), (*DELETE, *AWAKE))
    made = design(replace(bridge, runtime_suspend=(), runtime_resume=()), kid(()))
    assert explore(made, (childless,), episode="sleep").verdict is Verdict.HOLDS
    alone = design(replace(port(SLEEP, AWAKE), runtime_suspend=(), runtime_resume=()))
    assert explore(alone, (called,), episode="sleep").verdict is Verdict.VIOLATED


def test_the_port_driver_forbids_it() -> None:
    """drivers/pci/pcie/portdrv.c pcie_portdrv_probe() sets DPM_FLAG_NO_DIRECT_COMPLETE."""
    assert not any(read.fact == STAYS for read in build(today.DESIGN, "sleep").variables)
