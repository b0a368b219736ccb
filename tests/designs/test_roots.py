# SPDX-License-Identifier: GPL-2.0-only
"""Devices that are not PCI: what their drivers hold, irqs of their own, several in one device."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from house import DESIGNS

from checks.finding import Verdict
from checks.rules.all import RULES
from checks.search import spin
from checks.search.explore import explore
from checks.search.oracle import naive
from checks.search.told import Report
from checks.show.report_text import place
from checks.verdict.judge import judge
from generator.design import Design, Device, Driver
from generator.errors import ModelError
from generator.expr import Fact, Nth
from generator.facts import HAS, MSG, PMU
from generator.load import load
from generator.operation import IGNORE, RETURN, Guard, Operation
from generator.ops import shipped
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.buffers import (
    ALLOC_WORKQUEUE,
    DMA_ALLOC_COHERENT,
    DMA_REQUEST_CHAN,
    OF_GET_CHILD_BY_NAME,
    OF_PARSE_PHANDLE,
    PHY_INIT,
    PHY_POWER_ON,
)
from generator.ops.clk import (
    CLK_DISABLE_UNPREPARE,
    CLK_ENABLE,
    CLK_GET,
    CLK_PREPARE_ENABLE,
    DEVM_CLK_GET,
    DEVM_CLK_GET_PREPARED,
)
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    FREE_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.mapping import IOREMAP, IOUNMAP, PCI_IOREMAP_BAR
from generator.ops.memdev import READL
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.perf import PERF_PMU_REGISTER, PERF_PMU_UNREGISTER
from generator.ops.platform import CLIENT_IRQ, PLATFORM_GET_IRQ
from generator.ops.power import DEV_PM_DOMAIN_ATTACH_BY_NAME, PM_RUNTIME_ENABLE
from generator.ops.reset import RESET_CONTROL_GET_EXCLUSIVE
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.usb import USB_GET_DEV
from generator.program import Block, Each, If, Return, operations

BY_KEY = {rule.key: rule for rule in RULES}
UART = Device("uart", "platform")
NAMES = ("serial_port", "light_sensor", "flash_controller")
WRONG = ("leaky_port", "eager_sensor", "clinging_dongle")
HOLDS: set[str] = set()


def uart(probe: Block, remove: Block = (), *more: Device) -> Design:
    return Design("uart", "a serial port", (UART, *more), (Driver("uart", UART, probe, remove),))


def broken(design: Design) -> set[str]:
    return {one.rule for one in explore(design, RULES).counterexamples}


@pytest.mark.parametrize("name", [*NAMES, *WRONG])
def test_oracle_and_spin_say_the_same(name: str) -> None:
    kind = "sound" if name in NAMES else "unsound"
    design = load(str(DESIGNS / kind / f"{name}.py")).design
    ours = explore(design, RULES)

    assert naive(design, RULES).verdict is ours.verdict
    theirs: Report = spin.explore(design, RULES)
    assert {one.rule for one in theirs.counterexamples} == {
        one.rule for one in ours.counterexamples
    }


@pytest.mark.parametrize("take", [
    CLK_GET(UART), RESET_CONTROL_GET_EXCLUSIVE(UART), DEV_PM_DOMAIN_ATTACH_BY_NAME(UART),
    PM_RUNTIME_ENABLE(UART), USB_GET_DEV(UART), DMA_ALLOC_COHERENT(UART), DMA_REQUEST_CHAN(UART),
    PHY_INIT(UART), PHY_POWER_ON(UART), ALLOC_WORKQUEUE(UART), OF_PARSE_PHANDLE(UART),
    OF_GET_CHILD_BY_NAME(UART),
], ids=lambda do: do.op.name)
def test_whatever_is_held_is_left_once_nobody_gives_it_back(take: Block) -> None:
    """Of any of them: taken and kept is refused, taken and undone holds."""
    op, undo = take.op, take.op.undo  # type: ignore[attr-defined]

    assert broken(uart((op(UART),))) == {"R40"}
    assert broken(uart((op(UART),), (undo(UART),))) == HOLDS


def test_what_a_driver_holds_is_a_fact_of_anybodys() -> None:
    """A fact of a design's own file that is held is minded like the shipped ones."""
    from generator.expr import Role
    from generator.operation import ok, sets

    mine, dev = Fact("phy", 1, "a reference on its PHY", held=True), Role("dev")
    put = Operation("phy_put", ("dev",), (ok(sets(mine(dev), 0)),), source="")
    get = Operation("phy_get", ("dev",), (ok(sets(mine(dev), 1)),), source="", undo=put)
    (example,) = explore(uart((get(UART),)), RULES).counterexamples

    assert example.message == "uart is unbound but phy is left: a reference on its PHY"
    assert broken(uart((get(UART),), (put(UART),))) == HOLDS


def test_what_a_devres_release_leaves_is_minded() -> None:
    """A fact that only it sets: registers that it has written when they were unmapped."""
    from generator.expr import Role
    from generator.operation import ok, sets

    wrote, dev = Fact("written unmapped", 1, "registers written unmapped", held=True), Role("dev")
    late, free = (
        Operation("free", ("dev",), (ok(*gives),), source="")
        for gives in ((sets(wrote(dev), 1),), ())
    )
    new, quiet = (Operation("new", ("dev",), (ok(),), source="", undo=undo, managed=True,
                            on_devres="dev") for undo in (late, free))
    (example,) = explore(uart((new(UART),)), RULES).counterexamples

    assert example.message.startswith("uart is unbound but written unmapped is left")
    assert broken(uart((quiet(UART),))) == HOLDS


def test_what_is_left_is_blamed_where_it_was_taken() -> None:
    """Not at the devres entry that happens to be the last operation of the life."""
    design = uart((DEVM_KZALLOC(UART, UART), DEVM_CLK_GET(UART), CLK_PREPARE_ENABLE(UART)))
    (example,) = explore(design, RULES).counterexamples
    on = next(do for do in operations(design.drivers[0].probe) if do.op == CLK_PREPARE_ENABLE)

    assert example.rule == "R40"
    assert place(example).endswith(f"test_roots.py:{on.where.line}: ")
    assert [step.entry for step in example.trace if step.where.file][-1] == "devres"


def test_registers_are_mapped_by_the_name_that_everybody_knows() -> None:
    """IOREMAP maps; what only looks for a moment is PEEK, of another name."""
    card = Device("card", "pci")
    on, off, read = PCI_ENABLE_DEVICE(card), PCI_DISABLE_DEVICE(card), READL(card)

    def mapped(probe: Block, remove: Block) -> set[str]:
        return broken(Design("card", "", (card,), (Driver("card", card, probe, remove),)))

    assert mapped((on, IOREMAP(card), read), (read, IOUNMAP(card), off)) == HOLDS
    assert mapped((on, IOREMAP(card), read), (IOUNMAP(card), read, off)) == {"N12"}
    assert mapped((on, IOREMAP(card)), (off,)) == {"R36"}
    assert mapped((on, PCI_IOREMAP_BAR(card)), (IOUNMAP(card), IOUNMAP(card), off)) == {"N20"}


def test_a_clock_is_enabled_only_when_it_is_prepared_and_had() -> None:
    off = CLK_DISABLE_UNPREPARE(UART)

    assert broken(uart((CLK_PREPARE_ENABLE(UART),), (off,))) == {"N12"}
    assert "N12" in broken(uart((DEVM_CLK_GET(UART), CLK_ENABLE(UART)), (off,)))
    assert broken(uart((DEVM_CLK_GET_PREPARED(UART), CLK_ENABLE(UART)),
                       (CLK_ENABLE.undo(UART),))) == HOLDS  # type: ignore[misc]


def test_a_clock_may_be_enabled_twice_and_is_disabled_as_often() -> None:
    on, off = CLK_PREPARE_ENABLE(UART), CLK_DISABLE_UNPREPARE(UART)

    assert broken(uart((DEVM_CLK_GET(UART), on, on), (off, off))) == HOLDS
    assert broken(uart((DEVM_CLK_GET(UART), on, on), (off,))) == {"R40"}


@pytest.mark.parametrize(("shared", "rules"), [(0, HOLDS), (1, {"N4"})])
def test_a_line_of_its_own_is_shut_down_with_its_handler(shared: int, rules: set[str]) -> None:
    """Only a shared line goes on to deliver what a device raises that nobody serves any more."""
    probe = (PLATFORM_GET_IRQ(UART, UART), DISABLE_SOURCE(UART), REQUEST_IRQ(UART, shared=shared),
             ENABLE_SOURCE(UART))

    assert broken(uart(probe, (FREE_IRQ(UART), DISABLE_SOURCE(UART)))) == rules


def test_two_irqs_of_a_device_are_two_lines() -> None:
    error = Device("error", "part", UART)
    get = (PLATFORM_GET_IRQ(UART, UART, nr=0), PLATFORM_GET_IRQ(UART, error, nr=1))
    take = (*get, REQUEST_IRQ(UART, shared=0), REQUEST_IRQ(error, shared=0))

    assert broken(uart(take, (FREE_IRQ(error), FREE_IRQ(UART)), error)) == HOLDS
    assert broken(uart(take, (FREE_IRQ(UART),), error)) == {"R36"}
    same = (get[0], PLATFORM_GET_IRQ(UART, error, nr=0), *take[2:])
    assert broken(uart(same, (FREE_IRQ(error), FREE_IRQ(UART)), error)) == {"R17"}


def test_a_device_without_an_irq_does_without_it() -> None:
    probe = (PLATFORM_GET_IRQ(UART, UART, fail=IGNORE),)
    report = explore(uart(probe), RULES)

    assert report.verdict is Verdict.HOLDS
    assert report.reached == ("platform_get_irq(uart, uart)",)
    chip = Device("chip", "spi")
    driver = Driver("chip", chip, (CLIENT_IRQ(chip, chip, fail=RETURN), REQUEST_IRQ(chip)))
    assert broken(Design("chip", "", (chip,), (driver,))) == {"R36"}


PORT = Device("port", "pci")
TELE = Device("tele", "aux", PORT)
ERROR = Device("tele_error", "part", PORT)
DELETE = (AUXILIARY_DEVICE_DELETE(TELE), AUXILIARY_DEVICE_UNINIT(TELE), IDA_FREE(TELE))
TELEMETRY = Design(
    "telemetry", "a subdevice with two message numbers", (PORT, TELE, ERROR),
    (
        Driver("port", PORT, (
            PCI_ENABLE_DEVICE(PORT), PCI_SET_MASTER(PORT),
            PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI),
            PCI_IRQ_VECTOR(PORT, TELE, nr=MSG(TELE)), PCI_IRQ_VECTOR(PORT, ERROR, nr=MSG(ERROR)),
            IDA_ALLOC(TELE), KZALLOC(TELE), AUXILIARY_DEVICE_INIT(TELE), AUXILIARY_DEVICE_ADD(TELE),
        ), (*DELETE, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT))),
        Driver("tele", TELE, (DEVM_REQUEST_IRQ(TELE, TELE), DEVM_REQUEST_IRQ(ERROR, TELE))),
    ),
    serves=((TELE, HAS(TELE).eq(1)),),
)


def test_a_subdevice_with_two_messages_holds_and_their_order_is_minded() -> None:
    assert judge(TELEMETRY).verdict is Verdict.HOLDS
    port, tele = TELEMETRY.drivers
    early = replace(port, remove=(PCI_FREE_IRQ_VECTORS(PORT), *DELETE, PCI_DISABLE_DEVICE(PORT)))

    assert broken(replace(TELEMETRY, drivers=(early, tele))) == {"R14"}
    alien = Device("alien", "aux", PORT)
    of = replace(tele, probe=(DEVM_REQUEST_IRQ(alien, TELE),))
    assert "N11" in broken(replace(TELEMETRY, devices=(*TELEMETRY.devices, alien),
                                   drivers=(port, of, Driver("alien", alien, ()))))


CHANNEL = Device("channel", "part", UART, count=2)
CHANNELS = (Nth(CHANNEL, 0), Nth(CHANNEL, 1))
REGISTERED = Guard("it was registered", PMU(CHANNEL).eq(1), ())


def test_what_a_failed_probe_leaves_of_one_of_several_parts_is_left() -> None:
    """The first channel's PMU stays when the second one's cannot be had."""
    undo = PERF_PMU_UNREGISTER(CHANNEL)
    kept = (Each(CHANNEL, (PERF_PMU_REGISTER(CHANNEL, fail=RETURN),)),)
    freed = (Each(CHANNEL, (PERF_PMU_REGISTER(CHANNEL, fail=(
        Each(CHANNEL, (If(REGISTERED, (undo,)),)), Return(ok=False))),)),)
    remove = (Each(CHANNEL, (undo,)),)
    (example,) = explore(pinned_down(uart(kept, remove, CHANNEL)), RULES).counterexamples

    assert example.message == "uart is unbound but pmu of channel0 is left"
    # nothing is left; but the first one's event can be open by then
    assert broken(pinned_down(uart(freed, remove, CHANNEL))) == {"N1"}
    assert broken(uart((CLK_GET(CHANNELS[0]),), (), CHANNEL)) == {"R40"}


def pinned_down(design: Design) -> Design:
    """Return a design whose drivers sysfs does not unbind."""
    return replace(design, drivers=tuple(replace(one, unbind=False) for one in design.drivers))


def test_events_are_opened_on_parts_too() -> None:
    """One is open when sysfs unbinds the driver, but none when only its module can go."""
    probe = (PERF_PMU_REGISTER(CHANNELS[0]),)
    design = uart(probe, (PERF_PMU_UNREGISTER(CHANNELS[0]),), CHANNEL)
    (example,) = explore(design, RULES).counterexamples

    assert example.rule == "N1"
    assert "opens an event on channel0" in {step.text for step in example.trace}
    assert broken(pinned_down(design)) == HOLDS


@pytest.mark.parametrize(("kind", "parent", "said"), [
    ("i2c", UART, "a i2c device needs no parent"), ("usb", UART, "needs no parent"),
    ("part", None, "needs parent="), ("aux", None, "needs parent="),
])
def test_a_root_has_no_parent_and_a_part_has_one(
    kind: str, parent: Device | None, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        Device("x", kind, parent)
    assert Device("x", "platform", parent).kind == "platform"


def test_no_held_fact_is_given_by_an_operation_that_nothing_undoes() -> None:
    for facility in ("clk", "regulator", "reset", "power", "platform", "usb", "buffers"):
        undoes = {op.undo.name for op in vars_of(facility) if op.undo is not None}
        for op in vars_of(facility):
            given = {one.target.fact for way in op.outcomes for one in way.gives
                     if op.gives(one.target.fact)}
            assert op.undo is not None or not any(fact.held for fact in given) or (
                op.name in undoes or op.name.endswith(("put", "disable", "unprepare"))), op.name
            assert op.source


def vars_of(facility: str) -> list[Operation]:
    return [one for one in shipped()[facility].values() if isinstance(one, Operation)]


def test_the_designs_are_there() -> None:
    assert all(Path(DESIGNS / "sound" / f"{name}.py").is_file() for name in NAMES)


def test_a_parent_on_another_bus_serves_and_takes_back_its_children() -> None:
    """As a multifunction device does: what it promises is there, and goes with its driver."""
    cell = Device("cell", "aux", UART)
    make = (IDA_ALLOC(cell), KZALLOC(cell), AUXILIARY_DEVICE_INIT(cell), AUXILIARY_DEVICE_ADD(cell))
    take = (AUXILIARY_DEVICE_DELETE(cell), AUXILIARY_DEVICE_UNINIT(cell), IDA_FREE(cell))
    promise = ((cell, HAS(cell).eq(1)),)

    assert broken(replace(uart(make, take, cell), serves=promise)) == HOLDS
    assert broken(replace(uart((), (), cell), serves=promise)) == {"N9"}
    assert broken(uart(make, (), cell)) == {"R36"}


def test_a_clock_goes_off_for_sleep_and_comes_back() -> None:
    on, off = CLK_PREPARE_ENABLE(UART), CLK_DISABLE_UNPREPARE(UART)
    driver = Driver("uart", UART, (DEVM_CLK_GET(UART), on), (off,), suspend=(off,), resume=(on,))
    report = judge(Design("uart", "", (UART,), (driver,)))

    # a resume that fails leaves a clock off that remove disables: only the log says so
    assert report.verdict is Verdict.HOLDS
    twice = judge(Design("uart", "", (UART,), (replace(driver, resume=()),)))
    (example,) = twice.counterexamples
    assert (example.rule, example.episode) == ("R40", "sleep")
    assert "has power again" in {step.text for step in example.trace}
