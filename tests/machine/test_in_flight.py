# SPDX-License-Identifier: GPL-2.0-only
"""A handler that has begun goes on until somebody waits for it, whatever is off meanwhile."""

from __future__ import annotations

import pytest
from beside_all import broken_anywhere, broken_in_all
from beside_oracle import ALL

from checks.machine.machine import build
from checks.verdict.judge import judge
from checks.verdict.notes import notes
from generator.context import IN_FLIGHT
from generator.design import Design, Device, Driver
from generator.expr import Fact
from generator.facts import BLOCK, CLOCK_ON, LEFT_ON, MAPPED, MEMORY
from generator.load import load
from generator.operation import Do, Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KFREE, DEVM_KZALLOC
from generator.ops.handling import CLAIM_IRQ, READ_STATUS, all_ones
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    DISABLE_IRQ,
    DISABLE_IRQ_NOSYNC,
    ENABLE_IRQ,
    FREE_IRQ,
    INTX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
    REQUEST_IRQ_NO_SUSPEND,
    SYNCHRONIZE_IRQ,
)
from generator.ops.memdev import READL
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.ops.perf import DEVM_IOREMAP, DEVM_IOUNMAP
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block, If, Return

THERE = ((BLOCK, ("in an assigned BAR",)),)
UART, CARD = Device("uart", "platform", answers=THERE), Device("card", "pci", answers=THERE)
OFF, ON, WAIT = DISABLE_SOURCE(UART), ENABLE_SOURCE(UART), SYNCHRONIZE_IRQ(UART)
REQUEST, FREE = REQUEST_IRQ(UART, shared=0), FREE_IRQ(UART)
CLOCK: Block = (DEVM_CLK_GET(UART), CLK_PREPARE_ENABLE(UART))
STOP = CLK_DISABLE_UNPREPARE(UART)
GIVE_UP = Return(ok=False)
RULES = [one for one in ALL if one.key in ("N3", "N12", "R34", "R36")]


def uart(
    probe: Block, remove: Block, needs: tuple[Fact, ...], *, atomic: Block = (),
    suspend: Block | None = None, resume: Block | None = None, noirq: bool = False,
) -> Design:
    """Return the design of a device on an irq of its own."""
    callbacks = {} if suspend is None else {
        "suspend_noirq" if noirq else "suspend": suspend,
        "resume_noirq" if noirq else "resume": resume,
    }
    driver = Driver("uart", UART, (PLATFORM_GET_IRQ(UART, UART), *probe), remove, atomic=atomic,
                    handler_needs=needs, **callbacks)
    return Design("uart", "a serial port", (UART,), (driver,))


TAKES = {
    "driver data": ((DEVM_KZALLOC(UART, UART),), (DEVM_KFREE(UART, UART),), (MEMORY,)),
    "clock": (CLOCK, (STOP,), (CLOCK_ON,)),
    "registers": ((DEVM_IOREMAP(UART, UART),), (DEVM_IOUNMAP(UART, UART),), (MAPPED,)),
}


@pytest.mark.parametrize("what", TAKES)
def test_nothing_a_handler_uses_is_given_back_between_source_off_and_free_irq(what: str) -> None:
    take, back, needs = TAKES[what]
    probe = (*take, REQUEST, ON)

    assert broken_in_all(uart(probe, (OFF, FREE, *back), needs)) == set()
    assert broken_in_all(uart(probe, (OFF, *back, FREE), needs)) == {"N3"}
    assert broken_in_all(uart(probe, (OFF, WAIT, *back, FREE), needs)) == set()


def test_disable_irq_waits_and_its_twin_does_not() -> None:
    probe = (*CLOCK, REQUEST, ON)
    masked, later = DISABLE_IRQ(UART), DISABLE_IRQ_NOSYNC(UART)
    on = ENABLE_IRQ(UART)

    def rules(*remove: object) -> set[str]:
        return broken_in_all(uart(probe, (*remove, FREE), (CLOCK_ON,)))  # type: ignore[arg-type]

    assert rules(masked, STOP, OFF) == set()
    assert rules(later, STOP, OFF) == {"N3"}
    assert rules(later, WAIT, STOP, OFF) == set()
    assert rules(masked, on, OFF, STOP) == {"N3"}


def test_a_failed_probe_waits_as_well() -> None:
    """What unwinding does by itself frees the irq first; by hand it may be the other way round."""
    def failing(unwind: Block) -> Design:
        return uart((*CLOCK, REQUEST, ON, DEVM_KZALLOC(UART, UART, fail=(*unwind, GIVE_UP))),
                    (OFF, FREE, STOP), (CLOCK_ON,))

    assert broken_in_all(failing((OFF, FREE, STOP))) == set()
    assert broken_in_all(failing((OFF, STOP, FREE))) == {"N3"}


def test_devres_frees_the_irq_behind_what_remove_stops() -> None:
    probe = (*CLOCK, DEVM_REQUEST_IRQ(UART, UART, shared=0), ON)

    assert broken_in_all(uart(probe, (OFF, STOP), (CLOCK_ON,))) == {"N3"}
    assert broken_in_all(uart(probe, (OFF, WAIT, STOP), (CLOCK_ON,))) == set()


def test_a_handler_that_says_what_it_does_is_in_flight_as_well() -> None:
    mapped, probe = DEVM_IOREMAP(UART, UART), (REQUEST, ON)
    reads, unmap = (READL(UART),), DEVM_IOUNMAP(UART, UART)

    assert "N3" in broken_in_all(uart((mapped, *probe), (OFF, unmap, FREE), (), atomic=reads))
    assert not broken_in_all(uart((mapped, *probe), (OFF, WAIT, unmap, FREE), (), atomic=reads))


@pytest.mark.parametrize(("noirq", "wait", "rules"), [
    (False, (), {"N3"}), (False, (WAIT,), set()), (True, (), set()),
])
def test_the_pm_core_waits_before_the_noirq_phases(
    noirq: bool, wait: Block, rules: set[str]
) -> None:
    start = CLK_PREPARE_ENABLE(UART)
    design = uart((*CLOCK, REQUEST, ON), (OFF, FREE, STOP), (CLOCK_ON,),
                  suspend=(OFF, *wait, STOP), resume=(start, ON), noirq=noirq)

    assert broken_anywhere(design, rules=RULES) == rules


def card(request: Block) -> Design:
    """Return the design of a card on INTx that reads its registers in its handler."""
    line = PCI_ALLOC_IRQ_VECTORS(CARD, min=1, max=1, types=INTX)
    driver = Driver(
        "card", CARD,
        (PCI_ENABLE_DEVICE(CARD), DEVM_IOREMAP(CARD, CARD), line, PCI_IRQ_VECTOR(CARD, CARD, nr=0),
         *request, ENABLE_SOURCE(CARD)),
        (DISABLE_SOURCE(CARD), FREE_IRQ(CARD), PCI_FREE_IRQ_VECTORS(CARD),
         PCI_DISABLE_DEVICE(CARD)),
        atomic=(READL(CARD),), suspend=(DISABLE_SOURCE(CARD),), resume=(ENABLE_SOURCE(CARD),),
    )
    return Design("card", "a card", (CARD,), (driver,))


def test_no_handler_runs_while_power_is_gone_unless_it_asked_for_that() -> None:
    """It may have begun in suspend: kernel/irq/pm.c suspend_device_irqs() waits for its end."""
    assert broken_in_all(card((REQUEST_IRQ(CARD),)), episode="sleep", rules=RULES) == set()
    assert broken_in_all(card((REQUEST_IRQ_NO_SUSPEND(CARD),)), episode="sleep",
                         rules=RULES) == {"R34"}


def test_a_handler_finds_what_it_uses_by_the_data_of_its_driver() -> None:
    """Unless it says what it needs: what it does is not all that it looks at."""
    probe = (DEVM_KZALLOC(UART, UART), DEVM_IOREMAP(UART, UART), REQUEST, ON)
    early, late = (OFF, DEVM_KFREE(UART, UART), FREE), (OFF, FREE, DEVM_KFREE(UART, UART))
    reads = (READL(UART),)

    assert "N3" in broken_in_all(uart(probe, early, (), atomic=reads))
    assert broken_in_all(uart(probe, late, (), atomic=reads)) == set()
    assert broken_in_all(uart(probe, early, (MAPPED,), atomic=reads)) == set()


def test_a_device_of_which_nobody_says_when_it_interrupts_may_at_any_time() -> None:
    late, early = uart((REQUEST, *CLOCK), (FREE, STOP), (CLOCK_ON,)), uart(
        (*CLOCK, REQUEST), (FREE, STOP), (CLOCK_ON,))
    told = uart((REQUEST, *CLOCK, ON), (OFF, FREE, STOP), (CLOCK_ON,))

    assert broken_in_all(late) == {"N3"}
    assert broken_in_all(early) == set()
    assert broken_in_all(told) == set()
    assert not notes(told)
    assert [one.message for one in notes(early)] == [
        "nothing says when uart raises its interrupt, so its handler is taken to be called at any "
        "time: where it is quiet before, ENABLE_SOURCE(uart) says from when"
    ]


def test_a_handler_that_reads_registers_and_names_no_clock_is_noted() -> None:
    probe = (*CLOCK, DEVM_IOREMAP(UART, UART), REQUEST, ON)
    reads, remove = (READL(UART),), (OFF, FREE, STOP)

    assert not notes(uart(probe, remove, (CLOCK_ON,), atomic=reads))
    assert not notes(uart(probe[2:], remove, (), atomic=reads))
    assert [one.message for one in notes(uart(probe, remove, (), atomic=reads))] == [
        "the handler of uart reads registers, and nothing says that it needs the clock that uart "
        "enables, clk_prepare_enable(uart): if so, handler_needs=(CLOCK_ON,)"
    ]


def test_a_shared_irq_needs_no_such_fact() -> None:
    """There a handler can be called whatever its source does: N3 asks for all of that time."""
    machine = build(load("auxbus").design)

    assert IN_FLIGHT not in {read.fact for read in machine.variables}


LEFT = Device("uart", "platform", answers=(*THERE, (LEFT_ON, ("no", "yes"))))
MAPS, ASKS, QUIETS = DEVM_IOREMAP(LEFT, LEFT), REQUEST_IRQ(LEFT, shared=0), DISABLE_SOURCE(LEFT)
CLAIM, SOURCE_ON = CLAIM_IRQ(LEFT), ENABLE_SOURCE(LEFT)


def left_on(*probe: Do, atomic: Block = ()) -> set[str]:
    """Return what breaks of a device that firmware may have left on; it needs its registers."""
    driver = Driver("uart", LEFT, (PLATFORM_GET_IRQ(LEFT, LEFT), *probe),
                    (QUIETS, FREE_IRQ(LEFT)), handler_needs=(MAPPED,), atomic=atomic)
    design = Design("uart", "a serial port that was in use", (LEFT,), (driver,))
    traces = {one.rule: [step.text for step in one.trace] for one in judge(design).counterexamples}
    assert broken_in_all(design) == traces.keys()
    for trace in traces.values():  # in the first bind, where the irq is had
        assert trace[2 + probe.index(ASKS):] == ["request_irq(uart)"]
    return set(traces)


def test_a_handler_that_claims_what_was_left_on_has_to_find_what_it_needs() -> None:
    """kernel/irq/manage.c request_threaded_irq(): it may be called from there on."""
    assert left_on(MAPS, ASKS, SOURCE_ON) == {"N4b"}
    assert left_on(QUIETS, MAPS, ASKS, SOURCE_ON) == set()
    assert left_on(MAPS, ASKS, SOURCE_ON, atomic=(CLAIM,)) == set()
    assert left_on(ASKS, MAPS, SOURCE_ON, atomic=(CLAIM,)) == {"N3"}
    assert left_on(ASKS, MAPS, SOURCE_ON) == {"N3", "N4b"}
    assert left_on(QUIETS, ASKS, MAPS, SOURCE_ON) == set()


def test_a_handler_that_claims_not_all_leaves_what_was_left_on_to_nobody() -> None:
    some = Guard("its bit is set", None, ())
    gone = (READ_STATUS(LEFT), If(all_ones(LEFT), (Return(),)), CLAIM)

    assert left_on(MAPS, ASKS, SOURCE_ON, atomic=(If(some, (), (Return(),)), CLAIM)) == {"N4b"}
    assert left_on(MAPS, ASKS, SOURCE_ON, atomic=(If(some, (CLAIM,)),)) == {"N4b"}
    assert left_on(MAPS, ASKS, SOURCE_ON, atomic=gone) == set()
