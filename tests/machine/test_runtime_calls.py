# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM of devices that are not PCI: its callbacks come whenever they can, and are awaited."""

from __future__ import annotations

from dataclasses import replace

import pytest
from beside_oracle import compare

from checks.machine.episode import episodes_of
from checks.verdict.judge import judge
from checks.verdict.notes import never_reached, notes
from generator.context import CALLBACKS, Context, work
from generator.design import Design, Device, Driver
from generator.errors import ModelError
from generator.facts import CLOCK_ON
from generator.operation import IGNORE, RETURN
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.memdev import READL
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.pm import (
    PM_RUNTIME_DONT_USE_AUTOSUSPEND,
    PM_RUNTIME_GET,
    PM_RUNTIME_GET_IF_ACTIVE,
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_NOIDLE,
    PM_RUNTIME_PUT_SYNC,
    PM_RUNTIME_RESUME_AND_GET,
    PM_RUNTIME_SET_ACTIVE,
    PM_RUNTIME_USE_AUTOSUSPEND,
)
from generator.ops.power import (
    DEVM_PM_RUNTIME_ENABLE,
    PM_RUNTIME_DISABLE,
    PM_RUNTIME_ENABLE,
    PM_RUNTIME_FORCE_RESUME,
    PM_RUNTIME_FORCE_SUSPEND,
    suspended,
)
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block, If, Return

UART = Device("uart", "platform")
READ = access("readl", CLOCK_ON)
OFF, ON = CLK_DISABLE_UNPREPARE(UART), CLK_PREPARE_ENABLE(UART, fail=RETURN)
TAKE: Block = (DEVM_KZALLOC(UART, UART), DEVM_PLATFORM_IOREMAP_RESOURCE(UART), DEVM_CLK_GET(UART))
ENABLE, DISABLE = PM_RUNTIME_ENABLE(UART), PM_RUNTIME_DISABLE(UART)
ACTIVE: Block = (*TAKE, CLK_PREPARE_ENABLE(UART), PM_RUNTIME_SET_ACTIVE(UART), ENABLE)
NOIDLE, PUT = PM_RUNTIME_PUT_NOIDLE(UART, UART), PM_RUNTIME_PUT(UART, UART)
STOP: Block = (PM_RUNTIME_GET_SYNC(UART, UART, fail=IGNORE), DISABLE, NOIDLE, OFF)
GIVE_UP: Block = (DISABLE, Return(ok=False))
GET = PM_RUNTIME_RESUME_AND_GET(UART, UART, fail=GIVE_UP)
PUT_SYNC = PM_RUNTIME_PUT_SYNC(UART, UART)
CLOCK = {"runtime_suspend": (OFF,), "runtime_resume": (ON,)}
HOLDS: set[str] = set()


def uart(probe: Block, remove: Block, **more: object) -> Design:
    """Return a serial port whose clock runtime PM switches, unless it is told otherwise."""
    driver = Driver("uartdrv", UART, probe, remove, **{**CLOCK, **more})  # type: ignore[arg-type]
    return Design("uart", "a serial port", (UART,), (driver,))


def broken(design: Design) -> set[str]:
    return {one.rule for one in judge(design).counterexamples}


SLEEPS = uart(ACTIVE, STOP, suspend=(OFF,), resume=(ON,))
ASKS = uart(ACTIVE, STOP, suspend=(If(suspended(UART), (), (OFF,)),),
            resume=(If(suspended(UART), (), (ON,)),))
FORCED = uart(ACTIVE, STOP, suspend=(PM_RUNTIME_FORCE_SUSPEND(UART),),
              resume=(PM_RUNTIME_FORCE_RESUME(UART),))
JOB = work("job", (PM_RUNTIME_RESUME_AND_GET(UART, UART, fail=(Return(),)), READ(UART), PUT))
CANCEL = CANCEL_WORK_SYNC(UART, work="job")
WITH_JOB: Block = (*ACTIVE, INIT_WORK(UART, work="job"), SCHEDULE_WORK(UART, work="job"))
WAITS = uart(WITH_JOB, (CANCEL, *STOP), contexts=(JOB,), runtime_suspend=(CANCEL, OFF))


def test_nobody_resumes_a_device_before_the_system_sleeps() -> None:
    """drivers/base/power/main.c __device_suspend() only waits, as pci_pm_suspend() does not."""
    (twice,) = judge(SLEEPS).counterexamples

    assert (twice.rule, twice.episode) == ("R40", "sleep")
    said = [step.text for step in twice.trace]
    assert said.index("runtime_suspend returns") < said.index("suspend uartdrv")
    assert broken(ASKS) == HOLDS


def test_nothing_of_a_driver_without_callbacks_is_in_runtime_pm_when_the_system_sleeps() -> None:
    """drivers/base/power/main.c __device_suspend(): pm_runtime_barrier() waits of any device."""
    design = replace(ASKS, drivers=(replace(
        ASKS.drivers[0], runtime_suspend=None, runtime_resume=None),))

    assert broken(design) == HOLDS
    compare(design, episode="sleep")


def test_forced_callbacks_are_those_of_runtime_pm() -> None:
    report = judge(FORCED)

    assert broken(FORCED) == HOLDS
    assert [note.message for note in never_reached(FORCED, report)] == []
    assert broken(uart(ACTIVE, (PM_RUNTIME_FORCE_SUSPEND(UART, fail=IGNORE),))) == HOLDS
    assert broken(uart(ACTIVE, (PM_RUNTIME_FORCE_SUSPEND(UART, fail=IGNORE), OFF))) == {"R40"}
    used = uart((*ACTIVE, GET), (PUT_SYNC, DISABLE), suspend=(PM_RUNTIME_FORCE_SUSPEND(UART),),
                resume=(PM_RUNTIME_FORCE_RESUME(UART, fail=IGNORE),))
    assert broken(used) == HOLDS


def test_a_device_is_suspended_or_not_when_runtime_pm_is_disabled() -> None:
    assert broken(uart(ACTIVE, STOP)) == HOLDS
    assert broken(uart(ACTIVE, (DISABLE, OFF))) == {"R40"}
    assert broken(uart((*TAKE, ENABLE, GET), (PUT_SYNC, DISABLE))) == HOLDS
    assert broken(uart((*TAKE, ENABLE, GET), (PUT_SYNC, DISABLE, OFF))) == {"R40"}
    assert broken(uart((*TAKE, ENABLE, GET), (PUT, DISABLE))) == {"R40"}


def test_autosuspend_does_not_suspend_at_once() -> None:
    """drivers/base/power/runtime.c rpm_suspend() with RPM_AUTO starts a timer."""
    later = (*TAKE, PM_RUNTIME_USE_AUTOSUSPEND(UART), ENABLE, GET)

    assert broken(uart(later, (PUT_SYNC, DISABLE))) == {"R40"}
    now = (PM_RUNTIME_DONT_USE_AUTOSUSPEND(UART), PUT_SYNC, DISABLE)
    assert broken(uart(later, now)) == HOLDS


def test_autosuspend_that_is_never_taken_back_is_noted() -> None:
    later = (*TAKE, PM_RUNTIME_USE_AUTOSUSPEND(UART), ENABLE, GET)
    own = (*TAKE, PM_RUNTIME_USE_AUTOSUSPEND(UART), DEVM_PM_RUNTIME_ENABLE(UART))
    now = (PM_RUNTIME_DONT_USE_AUTOSUSPEND(UART), PUT_SYNC, DISABLE)

    assert [one.message.partition(":")[0] for one in notes(uart(later, (PUT_SYNC, DISABLE)))] == [
        "pm_runtime_use_autosuspend(uart) is never taken back, and stays for the next driver"]
    assert [notes(uart(later, now)), notes(uart(own, ()))] == [(), ()]


def test_a_resume_in_remove_that_nobody_looks_at_is_noted() -> None:
    """That it fails is explored where the driver looks, and else told, as net/fec had it."""
    wakes = PM_RUNTIME_GET_SYNC(UART, UART, fail=IGNORE)
    looks = PM_RUNTIME_GET_SYNC(UART, UART, fail=(DISABLE, NOIDLE, Return()))
    said = notes(uart(ACTIVE, (wakes, DISABLE, NOIDLE, OFF)))

    assert [one.message for one in said] == [
        "pm_runtime_get_sync(uart, uart) in remove of uartdrv may fail, which it does not look at "
        "and which is not explored: clk_disable_unprepare(uart) is once too often then"]
    assert [one.message.partition("explored")[2] for remove in ((wakes, DISABLE, NOIDLE),
            (wakes, READ(UART), DISABLE, NOIDLE)) for one in notes(uart(ACTIVE, remove))] == [
        "", ": readl(uart) may find the device off then"]
    assert notes(uart(ACTIVE, (looks, DISABLE, NOIDLE, OFF))) == ()
    assert broken(uart(ACTIVE, (looks, DISABLE, NOIDLE, OFF))) == HOLDS
    # one that lets go where it fails leaves nothing to put: spi-stm32-ospi
    lets_go = PM_RUNTIME_RESUME_AND_GET(UART, UART, fail=IGNORE)
    assert notes(uart(ACTIVE, (lets_go, DISABLE, NOIDLE, OFF))) == ()
    assert "N41" in broken(uart(ACTIVE, (lets_go, DISABLE, NOIDLE, OFF)))
    early = PM_RUNTIME_GET_SYNC(UART, UART, fail=(DISABLE, Return()))
    assert broken(uart(ACTIVE, (early, DISABLE, NOIDLE, OFF))) == {"R36"}


def test_get_that_fails_keeps_its_reference_and_none_fails_of_what_is_active() -> None:
    sync = PM_RUNTIME_GET_SYNC(UART, UART, fail=GIVE_UP)
    drops = PM_RUNTIME_GET_SYNC(UART, UART, fail=(NOIDLE, *GIVE_UP))

    assert broken(uart((*TAKE, ENABLE, sync), (PUT_SYNC, DISABLE))) == {"R36"}
    assert broken(uart((*TAKE, ENABLE, drops), (PUT_SYNC, DISABLE))) == HOLDS
    kept: Block = (PM_RUNTIME_GET_SYNC(UART, UART, fail=(Return(ok=False),)),)
    # a device that is active is not resumed: rpm_resume() returns 1
    assert broken(uart((*TAKE, CLK_PREPARE_ENABLE(UART), PM_RUNTIME_SET_ACTIVE(UART), *kept),
                       (NOIDLE, OFF))) == HOLDS
    # before it is enabled it fails, and always: what is behind it is never reached
    early = (*TAKE, PM_RUNTIME_RESUME_AND_GET(UART, UART, fail=(Return(ok=False),)), ENABLE)
    assert "pm_runtime_enable(uart)" in judge(uart(early, ())).unreached


def test_who_uses_a_device_holds_it() -> None:
    reads = work("job", (READ(UART),))
    silent = work("job", (READL(UART),))  # which names no clock
    asks = work("job", (PM_RUNTIME_GET(UART, UART), READ(UART), PUT))
    looks = work("job", (PM_RUNTIME_GET_IF_ACTIVE(UART, UART, fail=(Return(),)), READ(UART), PUT))

    assert broken(uart(WITH_JOB, (CANCEL, *STOP), contexts=(JOB,))) == HOLDS
    assert broken(uart(WITH_JOB, (CANCEL, *STOP), contexts=(looks,))) == HOLDS
    assert broken(uart(WITH_JOB, (CANCEL, *STOP), contexts=(reads,))) == {"N12"}
    assert broken(uart(WITH_JOB, (CANCEL, *STOP), contexts=(asks,))) == {"N12"}
    assert broken(uart(WITH_JOB, (CANCEL, *STOP), contexts=(silent,))) == {"R34"}


def test_callbacks_that_wait_for_who_waits_for_them() -> None:
    (stuck,) = judge(WAITS).counterexamples

    assert stuck.rule == "N18"
    assert "job of uart and runtime_pm of uart wait for each other" in stuck.message
    assert broken(uart(ACTIVE, STOP, runtime_suspend=(OFF, DISABLE))) == {"N42"}


@pytest.mark.parametrize(("shared", "rules"), [(0, HOLDS), (1, {"N3"})])
def test_only_on_a_shared_line_a_suspended_device_is_called(shared: int, rules: set[str]) -> None:
    probe = (*ACTIVE, PLATFORM_GET_IRQ(UART, UART), REQUEST_IRQ(UART, shared=shared))

    assert broken(uart(probe, (FREE_IRQ(UART), *STOP), atomic=(READ(UART),))) == rules


PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT)
MAKE: Block = (
    PCI_ENABLE_DEVICE(PORT), IDA_ALLOC(KID), KZALLOC(KID), AUXILIARY_DEVICE_INIT(KID),
    AUXILIARY_DEVICE_ADD(KID))
GONE: Block = (AUXILIARY_DEVICE_DELETE(KID), AUXILIARY_DEVICE_UNINIT(KID), IDA_FREE(KID),
               PCI_DISABLE_DEVICE(PORT))


def kid(remove: Block) -> Design:
    """Return an auxiliary device whose clock runtime PM switches, below a port."""
    off, on = CLK_DISABLE_UNPREPARE(KID), CLK_PREPARE_ENABLE(KID, fail=RETURN)
    driver = Driver("kiddrv", KID, (DEVM_CLK_GET(KID), PM_RUNTIME_ENABLE(KID)), remove,
                    runtime_suspend=(off,), runtime_resume=(on,))
    return Design("kid", "a clock in an auxiliary device", (PORT, KID),
                  (Driver("portdrv", PORT, MAKE, GONE), driver))


def test_an_auxiliary_device_is_suspended_as_well() -> None:
    assert broken(kid((PM_RUNTIME_DISABLE(KID),))) == HOLDS
    get = PM_RUNTIME_GET_SYNC(KID, KID, fail=IGNORE)
    drop = PM_RUNTIME_PUT_NOIDLE(KID, KID)
    assert broken(kid((get, PM_RUNTIME_DISABLE(KID), drop))) == {"R40"}
    assert broken(kid((get, drop, PM_RUNTIME_DISABLE(KID), CLK_DISABLE_UNPREPARE(KID)))) == HOLDS


@pytest.mark.parametrize("design", [SLEEPS, ASKS, FORCED, WAITS, kid((PM_RUNTIME_DISABLE(KID),))],
                         ids=("sleeps", "asks", "forced", "waits", "kid"))
def test_oracle_agrees(design: Design) -> None:
    for episode in episodes_of(design):
        compare(design, episode=episode)


def test_callbacks_of_runtime_pm_are_written_as_such() -> None:
    with pytest.raises(ModelError, match="is written as runtime_suspend= and runtime_resume="):
        uart(ACTIVE, STOP, contexts=(Context("mine", (), CALLBACKS),))


def test_a_resume_that_fails_is_seen_to_fail() -> None:
    """It is asked for in one step and has failed in another: that other is the one that counts."""
    get = PM_RUNTIME_GET_SYNC(UART, UART, fail=GIVE_UP)

    (told,) = judge(uart((*TAKE, ENABLE, get), (PUT_SYNC, DISABLE))).counterexamples

    assert told.rule == "R36"
    assert [one.outcome for one in told.trace if one.text.endswith(" returns")] == ["-EINVAL"]


def test_who_has_no_callbacks_sleeps_all_the_same() -> None:
    """rti_wdt puts in remove what it holds there, and asks whether the device is awake for that."""
    awake = If(suspended(UART), (), (PM_RUNTIME_PUT(UART, UART),))
    probe = (ENABLE, PM_RUNTIME_RESUME_AND_GET(UART, UART, fail=GIVE_UP), PUT_SYNC)

    design = uart(probe, (awake, DISABLE), runtime_suspend=None, runtime_resume=None)

    assert broken(design) == HOLDS
    assert broken(uart(probe, (PUT, DISABLE), runtime_suspend=None, runtime_resume=None)) == {"N41"}


def test_a_resume_goes_well_behind_one_that_failed_as_in_7_3() -> None:
    """drivers/base/power/runtime.c rpm_callback() does not keep its error there."""
    again = PM_RUNTIME_GET_SYNC(UART, UART, fail=(NOIDLE, *GIVE_UP))
    tried = PM_RUNTIME_RESUME_AND_GET(UART, UART, fail=(again, PUT_SYNC, DISABLE, OFF, Return()))

    assert "R40" in broken(uart((*TAKE, ENABLE, tried), (PUT_SYNC, DISABLE)))
