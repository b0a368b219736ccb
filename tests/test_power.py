# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM and sleep as drivers/base/power/ has them: what can meet, and who holds what."""

from collections.abc import Iterator

from checks.finding import Verdict
from checks.machine.instances import SYSTEM, TURN, Inst, View
from checks.machine.schedule import BEFORE
from checks.machine.step import IN_RUNTIME_PM
from checks.rules.rule import state_rule
from checks.search.explore import explore
from checks.verdict.judge import judge
from generator.design import Design, Device, Driver
from generator.expr import Expr, all_of
from generator.ops.irq import MSI, MSIX, PCI_ALLOC_IRQ_VECTORS, PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.ops.pm import (
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_PUT_AUTOSUSPEND,
)
from generator.program import Block

NIC = Device("nic", "pci")
VECTORS = PCI_ALLOC_IRQ_VECTORS(NIC, min=1, max=1, types=MSIX | MSI)
FREE = PCI_FREE_IRQ_VECTORS(NIC)
MAY_SLEEP: Block = (PM_RUNTIME_PUT_AUTOSUSPEND(NIC), PM_RUNTIME_ALLOW(NIC))
STAYS: Block = (PM_RUNTIME_FORBID(NIC), PM_RUNTIME_GET_NORESUME(NIC))


def nic(probe: Block = (), remove: Block = (), **callbacks: Block) -> Design:
    """Return a device with vectors that may sleep at run time."""
    driver = Driver(
        "nicdrv", NIC, (PCI_ENABLE_DEVICE(NIC), VECTORS, *probe, *MAY_SLEEP),
        (*STAYS, *remove, FREE, PCI_DISABLE_DEVICE(NIC)),
        **callbacks,  # type: ignore[arg-type]
    )
    return Design("nic", "a device that may sleep at run time", (NIC,), (driver,))


def test_system_does_not_sleep_in_the_middle_of_a_runtime_pm_callback() -> None:
    """drivers/base/power/main.c __device_suspend() has pm_runtime_barrier() wait for it."""

    @state_rule("X1", evidence=("drivers/base/power/main.c __device_suspend()",), symptom="none")
    def no_sleep_in_runtime_pm(view: View) -> Iterator[tuple[str, Expr]]:
        """Nothing of a system sleep happens while a runtime PM callback runs."""
        runs = IN_RUNTIME_PM(Inst(NIC, 0)).eq(1)
        yield "in both", all_of(runs, TURN(SYSTEM).ne(BEFORE), ~view.during("after"))

    frees = nic(runtime_suspend=(FREE,), runtime_resume=(VECTORS,))
    assert explore(frees, (no_sleep_in_runtime_pm,), episode="sleep").verdict is Verdict.HOLDS
    assert judge(frees).verdict is Verdict.HOLDS
