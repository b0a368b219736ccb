# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM and sleep as drivers/base/power/ has them: what can meet, and who holds what."""

from collections.abc import Iterator
from dataclasses import replace

from broken.parts import AWAKE, DELETE, KID, MAKE, PORT, SLEEP, design, kid, port

from checks.finding import Verdict
from checks.machine.instances import SYSTEM, TURN, Inst, View
from checks.machine.schedule import BEFORE
from checks.machine.step import Kind, Step
from checks.rules.rule import state_rule, step_rule
from checks.search.explore import explore
from checks.verdict.judge import judge
from generator.design import Design, Device, Driver
from generator.expr import Expr, Fact, all_of
from generator.facts import BOUND, D3, IN_RUNTIME_PM, MASTER, PHASE, POWER, PROBING
from generator.operation import IGNORE, RETURN, Guard, Node, sets
from generator.ops.assign import note
from generator.ops.irq import MSI, MSIX, PCI_ALLOC_IRQ_VECTORS, PCI_FREE_IRQ_VECTORS
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.ops.perf import READQ
from generator.ops.pm import (
    DEV_PM_SET_DRIVER_FLAGS,
    DEV_PM_SET_NO_DIRECT_COMPLETE,
    DEV_PM_SET_SMART_SUSPEND,
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET,
    PM_RUNTIME_GET_IF_ACTIVE,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_PUT_NOIDLE,
    PM_RUNTIME_RESUME_AND_GET,
)
from generator.program import Block, If, Return

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


@state_rule("X2", evidence=("drivers/base/power/runtime.c rpm_suspend()",), symptom="none")
def SUSPENDED(_view: View) -> Iterator[tuple[str, Expr]]:
    """The device never sleeps."""
    yield "it sleeps", D3(Inst(NIC, 0)).eq(1)


def test_system_does_not_sleep_in_the_middle_of_a_runtime_pm_callback() -> None:
    """drivers/base/power/main.c __device_suspend() has pm_runtime_barrier() wait for it."""

    @state_rule("X1", evidence=("drivers/base/power/main.c __device_suspend()",), symptom="none")
    def no_sleep_in_runtime_pm(view: View) -> Iterator[tuple[str, Expr]]:
        """Nothing of a system sleep happens while a runtime PM callback runs."""
        runs = IN_RUNTIME_PM(Inst(NIC, 0)).eq(1)
        apart = TURN(SYSTEM).eq(BEFORE) | view.during("suspend", "after")  # woken for its suspend
        yield "in both", all_of(runs, ~apart)

    frees = nic(runtime_suspend=(FREE,), runtime_resume=(VECTORS,))
    assert explore(frees, (no_sleep_in_runtime_pm,), episode="sleep").verdict is Verdict.HOLDS
    assert judge(frees).verdict is Verdict.HOLDS


def test_a_failed_resume_owes_one_disable_and_no_more() -> None:
    """drivers/base/power/main.c device_resume() only logs it: remove disables what is disabled.

    That pci_disable_device() finds it disabled once more is a mistake all the same.
    """
    failed = Fact("failed", 1, "its resume has failed", local=True)
    noted = note("failed = true", sets(failed(NIC), 1))()
    off = PCI_DISABLE_DEVICE(NIC)

    def leaves(*remove: Node) -> Design:
        driver = Driver(
            "nicdrv", NIC, (PCI_ENABLE_DEVICE(NIC),), (*remove, off), suspend=(off,),
            resume=(PCI_ENABLE_DEVICE(NIC, fail=(noted, Return(ok=False))),),
        )
        return Design("nic", "a device that is disabled in its sleep", (NIC,), (driver,))

    assert broken(leaves()) == set()
    assert broken(leaves(If(Guard("failed", failed(NIC).eq(1), ()), (off,)))) == {"R36"}


def test_who_may_be_suspended_may_be_so_when_its_driver_is_gone() -> None:
    """drivers/base/power/runtime.c pm_runtime_allow() says what user space says, and may take back.

    Most drivers do not forbid it in remove: drivers/i2c/busses/i2c-i801.c i801_remove().
    """
    driver = Driver("nicdrv", NIC, MAY_SLEEP, (PM_RUNTIME_GET_NORESUME(NIC),))
    design = Design("nic", "a device that may sleep", (NIC,), (driver,))

    assert broken(design) == set()
    assert broken(replace(design, drivers=(replace(driver, remove=()),))) == {"R36"}


def child(probe: Block, remove: Block = (), *, above: Block = (), below: Block = ()) -> Design:
    """Return a port and the driver of its child, which holds it or does not."""
    return design(port((*MAKE, *above), (*below, *DELETE)), kid(probe, remove))


def broken(made: Design) -> set[str]:
    """Return the rules that a design breaks."""
    return {one.rule for one in judge(made).counterexamples}


PUT = PM_RUNTIME_PUT(PORT, KID)


def test_get_sync_that_fails_keeps_its_reference() -> None:
    """drivers/base/power/runtime.c __pm_runtime_resume() counts before it resumes."""
    drop = (PM_RUNTIME_PUT_NOIDLE(PORT, KID), Return(ok=False))

    (leak,) = judge(child((PM_RUNTIME_GET_SYNC(PORT, KID),), (PUT,))).counterexamples
    assert leak.rule == "R36"
    assert "kid is unbound but power is left" in leak.message
    assert broken(child((PM_RUNTIME_GET_SYNC(PORT, KID, fail=IGNORE),), (PUT,))) == set()
    assert broken(child((PM_RUNTIME_GET_SYNC(PORT, KID, fail=drop),), (PUT,))) == set()
    assert broken(child((PM_RUNTIME_RESUME_AND_GET(PORT, KID),), (PUT,))) == set()


def test_references_are_counted() -> None:
    get = PM_RUNTIME_RESUME_AND_GET(PORT, KID)

    assert broken(child((get, get), (PUT, PUT))) == set()
    assert broken(child((get, get), (PUT,))) == {"R36"}
    assert broken(child((get,), (PUT, PUT))) == {"N41"}


def test_what_is_asleep_is_not_had_by_who_does_not_wake_it() -> None:
    """drivers/base/power/runtime.c pm_runtime_get_conditional(); pm_runtime_get() does not wait."""
    read = replace(READQ, needs=())(KID)

    def removed(*remove: Node) -> set[str]:
        return broken(child((), remove, above=SLEEP, below=AWAKE))

    assert removed(read) == {"R34"}
    assert removed(PM_RUNTIME_GET(PORT, KID), read, PUT) == {"R34"}
    assert removed(PM_RUNTIME_GET_IF_ACTIVE(PORT, KID, fail=IGNORE), read) == {"R34", "R36"}
    assert removed(PM_RUNTIME_GET_IF_ACTIVE(PORT, KID, fail=(Return(),)), read, PUT) == set()
    drop = (PM_RUNTIME_PUT_NOIDLE(PORT, KID), Return())
    assert removed(PM_RUNTIME_GET_SYNC(PORT, KID, fail=drop), read, PUT) == set()


def test_device_is_kept_awake_by_a_reference_of_its_own_driver() -> None:
    """drivers/base/power/runtime.c rpm_check_suspend_allowed() looks at one count, whoever counts.

    Of a PCI device the driver gives the reference of local_pci_probe() away by any kind of put, and
    whether it sleeps then is the user's choice: drivers/base/power/sysfs.c control_store().
    """
    give, take = PM_RUNTIME_PUT_NOIDLE(NIC, NIC), PM_RUNTIME_GET_SYNC(NIC, NIC, fail=IGNORE)

    def suspended(probe: Block, remove: Block) -> bool:
        driver = Driver("nicdrv", NIC, probe, remove)
        made = Design("nic", "a device that may sleep", (NIC,), (driver,))
        assert judge(made).verdict is Verdict.HOLDS
        taken = explore(made, (SUSPENDED,))
        return taken.verdict is Verdict.VIOLATED

    assert suspended((give,), (take,))
    assert not suspended((take, give), ())
    assert not suspended((take, take, give), (give,))
    assert suspended((take, give, give), (take,))
    assert not suspended((take, *MAY_SLEEP), (*STAYS, give))


def test_device_is_woken_for_sleep_unless_its_driver_says_that_it_copes() -> None:
    """drivers/pci/pci-driver.c pci_pm_suspend(): DPM_FLAG_SMART_SUSPEND is the driver's to set."""
    both = {"suspend": (replace(READQ, needs=())(NIC),), "runtime_suspend": ()}

    assert broken(nic(**both)) == set()
    assert broken(nic((DEV_PM_SET_DRIVER_FLAGS(NIC),), **both)) == set()
    assert broken(nic((DEV_PM_SET_SMART_SUSPEND(NIC),), **both)) == {"R34"}
    assert broken(nic((DEV_PM_SET_SMART_SUSPEND(NIC),), runtime_resume=())) == set()


def test_driver_without_suspend_is_woken_as_well() -> None:
    @state_rule("X3", evidence=("drivers/pci/pci-driver.c pci_pm_suspend()",), symptom="none")
    def awake_in_sleep(view: View) -> Iterator[tuple[str, Expr]]:
        """A device is not runtime suspended when the noirq phase begins."""
        yield "asleep", D3(Inst(NIC, 0)).eq(1) & view.during("suspend_noirq")

    mine = {"suspend_noirq": (), "runtime_suspend": ()}
    for flags, verdict in (
        ((DEV_PM_SET_NO_DIRECT_COMPLETE(NIC),), Verdict.HOLDS),
        ((DEV_PM_SET_SMART_SUSPEND(NIC),), Verdict.VIOLATED),
    ):
        found = explore(nic(flags, **mine), (awake_in_sleep,), episode="sleep")
        assert found.verdict is verdict


def test_noirq_callback_of_a_suspended_device_is_passed_by() -> None:
    """drivers/base/power/main.c dev_pm_skip_suspend(), asked for the late and noirq phases.

    The other way dev_pm_skip_resume() asks for another flag: resume_noirq is called all the same.
    """
    frees = {"suspend_noirq": (FREE,), "resume_noirq": (VECTORS,), "runtime_suspend": ()}

    assert broken(nic(**frees)) == set()
    assert broken(nic((DEV_PM_SET_SMART_SUSPEND(NIC),), **frees)) == {"R07"}


def test_who_resumes_a_device_waits_for_its_callback() -> None:
    """drivers/base/power/runtime.c rpm_resume(); pci_device_remove() resumes before .remove.

    So a device is unbound, and its child is probed or holds it, with what runtime_resume gives it.
    """
    bridge, below = Inst(PORT, 0), Inst(KID, 0)
    mute = MASTER(bridge).eq(0)

    @state_rule("X4", evidence=("drivers/base/power/runtime.c rpm_resume()",), symptom="none")
    def in_use_it_masters(_view: View) -> Iterator[tuple[str, Expr]]:
        """Where a port is in use, it masters the bus again."""
        used = PHASE(below).eq(PROBING) | POWER(below).eq(1)
        yield "mute", all_of(mute, PHASE(bridge).eq(BOUND), IN_RUNTIME_PM(bridge).eq(0), used)

    @step_rule("X5", evidence=("drivers/pci/pci-driver.c pci_device_remove()",), symptom="none")
    def removed_as_it_was(step: Step, _view: View) -> Expr | None:
        """A driver is unbound from a port that masters the bus."""
        return mute if step.kind is Kind.UNBIND and step.inst == bridge else None

    rules = (in_use_it_masters, removed_as_it_was)
    clears = replace(
        port((PCI_SET_MASTER(PORT), *MAKE, *SLEEP), (*AWAKE, *DELETE)),
        runtime_suspend=(PCI_CLEAR_MASTER(PORT),), runtime_resume=(PCI_SET_MASTER(PORT),),
    )
    holds = replace(
        kid(()), suspend=(PM_RUNTIME_RESUME_AND_GET(PORT, KID, fail=RETURN),), resume=(PUT,),
    )
    assert explore(design(clears, holds), rules, episode="sleep").verdict is Verdict.HOLDS
    never = explore(design(replace(clears, runtime_resume=()), holds), rules, episode="sleep")
    assert {one.rule for one in never.counterexamples} == {"X4", "X5"}
