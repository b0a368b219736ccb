# SPDX-License-Identifier: GPL-2.0-only
"""What is odd and breaks no rule: a probe that undoes and goes on, a resume that may fail."""

import pytest

from checks.verdict.notes import notes
from generator.design import Design, Device, Driver
from generator.facts import HANDLER
from generator.operation import Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.mapping import IOREMAP, IOUNMAP
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.program import Block, If, Node, Return

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
