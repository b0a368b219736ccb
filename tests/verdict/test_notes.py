# SPDX-License-Identifier: GPL-2.0-only
"""What is odd and breaks no rule: a probe that undoes and goes on, a resume that may fail."""

import pytest

from checks.verdict.judge import judge
from checks.verdict.notes import never_reached, notes
from generator.context import timer
from generator.design import Design, Device, Driver
from generator.facts import HANDLER
from generator.operation import Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.mapping import IOREMAP, IOUNMAP
from generator.ops.member import USE_DRVDATA
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.power import DEVM_PM_RUNTIME_ENABLE
from generator.ops.registered import I2C_ADD_ADAPTER, I2C_DEL_ADAPTER
from generator.ops.work import (
    MOD_TIMER,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
    TIMER_SHUTDOWN_SYNC,
)
from generator.program import Block, Function, If, Node, Return, call
from generator.vocabulary.entries import Entry, makers

CHIP = Device("chip", "platform")
UNMAP, OFF = IOUNMAP(CHIP), CLK_DISABLE_UNPREPARE(CHIP)


def _said(*fail: Node) -> list[str]:
    probe: Block = (DEVM_KZALLOC(CHIP, CHIP), IOREMAP(CHIP), DEVM_CLK_GET(CHIP),
                    CLK_PREPARE_ENABLE(CHIP), PLATFORM_GET_IRQ(CHIP, CHIP, fail=fail))
    design = Design("d", "", (CHIP,), (Driver("drv", CHIP, probe, (OFF, UNMAP)),))
    return [one.message for one in notes(design) if "goes on" in one.message]


def test_a_probe_that_undoes_everything_and_goes_on_is_noted() -> None:
    (message,) = _said(OFF, UNMAP)

    assert message == (
        "where platform_get_irq(chip, chip) fails, drv does clk_disable_unprepare(chip) and the "
        "like, and its probe goes on: where C returns an error there, fail= ends with "
        "Return(ok=False)"
    )


@pytest.mark.parametrize("fail", [(OFF, UNMAP, Return(ok=False)), (OFF,), ()])
def test_one_that_returns_or_does_without_is_not(fail: Block) -> None:
    assert _said(*fail) == []


@pytest.mark.parametrize(("remove", "said"), [
    ((FREE_IRQ(CHIP),), 1),
    ((If(Guard("has it", HANDLER(CHIP).ge(1), ()), (FREE_IRQ(CHIP),)),), 0),
])  # fmt: skip
def test_an_irq_that_resume_may_not_have_again_is_noted(remove: Block, said: int) -> None:
    driver = Driver("drv", CHIP, (PLATFORM_GET_IRQ(CHIP, CHIP), REQUEST_IRQ(CHIP)), remove,
                    suspend=(FREE_IRQ(CHIP),), resume=(REQUEST_IRQ(CHIP),))
    messages = [one.message for one in notes(Design("d", "", (CHIP,), (driver,)))]

    assert [one for one in messages if one.startswith("request_irq(chip) in resume of drv")] == [
        "request_irq(chip) in resume of drv may fail, and what is left then is not explored: "
        "free_irq(chip) in remove frees what is not there, unless the driver notes that"
    ][:said]


def test_what_undoes_what_was_never_done_and_does_nothing_is_noted() -> None:
    """As i2c-qcom-cci deleted the adapter that could not be added: i2c_del_adapter() says so."""
    gone, end = I2C_DEL_ADAPTER(CHIP), Return(ok=False)
    design = Design("d", "", (CHIP,), (Driver("drv", CHIP, (
        DEVM_KZALLOC(CHIP, CHIP), I2C_ADD_ADAPTER(CHIP, fail=(gone, end))), (gone,)),))

    assert [one.message for one in notes(design) if "undoes" in one.message] == [
        "i2c_del_adapter(chip) where i2c_add_adapter(chip) fails undoes what was not done: the "
        "kernel takes that as nothing, so it breaks no rule"]
    (said,) = [one for one in makers() if one.name == "I2C_DEL_ADAPTER"]
    assert said.op is not None
    assert "never done" in str(Entry("", "", said.op).record()["nothing_to_undo"])


@pytest.mark.parametrize(("more", "said"), [
    ((), "runtime PM must be enabled"),
    ((DEVM_PM_RUNTIME_ENABLE(CHIP),), "nobody gets a reference while it is suspended"),
])
def test_why_runtime_pm_never_calls_is_said_of_what_is_there(more: Block, said: str) -> None:
    body = (USE_DRVDATA(CHIP),)
    design = Design("d", "", (CHIP,), (Driver("drv", CHIP, (DEVM_KZALLOC(CHIP, CHIP), *more), (),
                                              runtime_suspend=body, runtime_resume=body),))

    assert said in "".join(one.message for one in never_reached(design, judge(design, sought=()))
                           if "runtime_resume" in one.message)


DOG = Device("dog", "i2c")
ARM, SHUT = MOD_TIMER(DOG, timer="wd"), TIMER_SHUTDOWN_SYNC(DOG, timer="wd")


@pytest.mark.parametrize(("stop", "again", "said"), [
    (SHUT, (), True), (call(Function("stop_wd", (SHUT,))), (), True),
    (TIMER_DELETE_SYNC(DOG, timer="wd"), (), False), (SHUT, (TIMER_SETUP(DOG, timer="wd"),), False),
    (If(Guard("it fails", None, ()), (SHUT, Return(ok=False))), (), False),
])
def test_what_is_armed_behind_its_shutdown_is_noted(stop: Node, again: Block, said: bool) -> None:
    """cyttsp4_core: with timer_shutdown_sync() in its start-up its watchdog never ran again."""
    driver = Driver("dog", DOG, (DEVM_KZALLOC(DOG, DOG), TIMER_SETUP(DOG, timer="wd")),
                    suspend=(stop, *again, ARM), contexts=(timer("wd", ()),))
    found = [one.message for one in notes(Design("dog", "", (DOG,), (driver,)))]

    assert ["mod_timer[wd](dog) in suspend of dog does nothing" in one
            for one in found if "does nothing" in one] == ([True] if said else [])
