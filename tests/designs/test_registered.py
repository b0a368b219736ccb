# SPDX-License-Identifier: GPL-2.0-only
"""What others call of a driver: interfaces until unregistered, files until closed; URBs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from beside_oracle import compare

from checks.machine.episode import episodes_of
from checks.rules.all import RULES
from checks.search.explore import explore
from checks.verdict.judge import judge
from generator.context import Context, calls, delayed_work, file, tasklet, urb, work
from generator.design import Design, Device, Driver
from generator.errors import ModelError
from generator.expr import Expr, Fact, Role
from generator.facts import CLOCK_ON, LOSES, MEMORY
from generator.kernel.tree import Tree, read
from generator.operation import IGNORE, RETURN, Block, Guard, Operation, ok, sets
from generator.ops import shipped
from generator.ops.allocated import DEVM_INPUT_ALLOCATE_DEVICE
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ, REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.netdev import (
    ALLOC_ETHERDEV,
    FREE_NETDEV,
    NAPI_DISABLE,
    NAPI_ENABLE,
    REGISTER_NETDEV,
    UNREGISTER_NETDEV,
)
from generator.ops.paired import DEVM_MMC_ALLOC_HOST, MMC_ALLOC_HOST, MMC_FREE_HOST
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.pm import (
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_PUT_NOIDLE,
)
from generator.ops.registered import (
    DEVM_GPIOCHIP_ADD_DATA,
    GPIOCHIP_ADD_DATA,
    GPIOCHIP_REMOVE,
    I2C_ADD_ADAPTER,
    I2C_DEL_ADAPTER,
    INPUT_REGISTER_DEVICE,
    MISC_DEREGISTER,
    MISC_REGISTER,
)
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.spi import DEVM_SPI_ALLOC_HOST
from generator.ops.usb import USB_FILL_INT_URB, USB_KILL_URB, USB_SUBMIT_URB
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK, Of
from generator.program import If, Return

CHIP = Device("chip", "platform")
DONGLE = Device("dongle", "usb")
READL = access("readl")
HOLDS: set[str] = set()
OPENED = Fact("interface open", 1, "somebody has opened the interface")
OPEN_IT, SHUT = (
    Operation(f"open = {value}", ("dev",), (ok(sets(OPENED(Role("dev")), value)),), source="")
    for value in (1, 0))


def driven(
    probe: Block, remove: Block = (), *contexts: Context, device: Device = CHIP, **more: Block
) -> Design:
    driver = Driver("driver", device, probe, remove, contexts=contexts, **more)
    return Design("driven", "a driver and what others call", (device,), (driver,))


def broken(design: Design) -> set[str]:
    for episode in episodes_of(design):
        compare(design, episode=episode)
    return {one.rule for one in judge(design, sought=()).counterexamples}


OWN = DEVM_KZALLOC(CHIP, CHIP)


@pytest.mark.parametrize(("probe", "remove", "rules"), [
    ((OWN, MMC_ALLOC_HOST(CHIP)), (MMC_FREE_HOST(CHIP),), HOLDS),
    ((MMC_ALLOC_HOST(CHIP), DEVM_KZALLOC(CHIP, CHIP, fail=(
        MMC_FREE_HOST(CHIP), Return(ok=False)))), (MMC_FREE_HOST(CHIP),), HOLDS),
    ((OWN, MMC_ALLOC_HOST(CHIP)), (), {"R40"}),
    ((OWN, DEVM_MMC_ALLOC_HOST(CHIP)), (), HOLDS),
    ((OWN, DEVM_SPI_ALLOC_HOST(CHIP)), (), HOLDS),
    ((DEVM_SPI_ALLOC_HOST(CHIP), OWN), (), HOLDS),
    ((OWN, MMC_ALLOC_HOST(CHIP), PLATFORM_GET_IRQ(CHIP, CHIP, fail=(
        MMC_FREE_HOST(CHIP), Return(ok=False))), DEVM_REQUEST_IRQ(CHIP, CHIP, shared=1, fail=(
            MMC_FREE_HOST(CHIP), Return(ok=False)))), (MMC_FREE_HOST(CHIP),), {"N3"}),
])
def test_a_host_is_memory_of_its_own_beside_the_data(
    probe: Block, remove: Block, rules: set[str]
) -> None:
    assert broken(driven(probe, remove)) == rules


def test_data_that_lies_in_a_host_is_there_with_it() -> None:
    looks = Operation("looks", ("dev",), (ok(),), source="", needs=(MEMORY,))(CHIP)
    sound = (MMC_ALLOC_HOST(CHIP), looks), (looks, MMC_FREE_HOST(CHIP))

    assert broken(driven(*sound)) == HOLDS
    assert broken(driven(sound[0], (MMC_FREE_HOST(CHIP), looks))) == {"N12"}


MEMORY_FIRST = (KZALLOC_DATA(CHIP), GPIOCHIP_ADD_DATA(CHIP))


@pytest.mark.parametrize(("remove", "rules"), [
    ((GPIOCHIP_REMOVE(CHIP), KFREE_DATA(CHIP)), HOLDS),
    ((KFREE_DATA(CHIP), GPIOCHIP_REMOVE(CHIP)), {"N17"}),
    ((KFREE_DATA(CHIP),), {"N17"}),
    ((GPIOCHIP_REMOVE(CHIP), GPIOCHIP_REMOVE(CHIP), KFREE_DATA(CHIP)), {"N20"}),
])
def test_an_interface_goes_once_and_before_its_memory(remove: Block, rules: set[str]) -> None:
    assert broken(driven(MEMORY_FIRST, remove, calls("gpio"))) == rules


def test_what_is_called_needs_what_it_does() -> None:
    """From its registration to the end of the last call, devres included."""
    mapped, called = DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), calls("gpio", (READL(CHIP),))
    early = (DEVM_GPIOCHIP_ADD_DATA(CHIP), mapped)

    assert broken(driven((mapped, DEVM_GPIOCHIP_ADD_DATA(CHIP)), (), called)) == HOLDS
    assert broken(driven(early, (), called)) == {"N12"}


def test_who_unregisters_waits_and_so_does_not_call_it_himself() -> None:
    own = calls("gpio", (GPIOCHIP_REMOVE(CHIP),))

    assert "N18" in broken(driven((GPIOCHIP_ADD_DATA(CHIP),), (), own))


def test_what_was_not_registered_is_left_alone_where_the_subsystem_looks() -> None:
    add, take = I2C_ADD_ADAPTER(CHIP, fail=IGNORE), I2C_DEL_ADAPTER(CHIP)

    assert broken(driven((add,), (take,), calls("i2c"))) == HOLDS
    assert broken(driven((GPIOCHIP_ADD_DATA(CHIP, fail=IGNORE),), (GPIOCHIP_REMOVE(CHIP),))) == {
        "N20"
    }


def test_an_input_device_of_devres_is_unregistered_by_it() -> None:
    by_devres = (DEVM_INPUT_ALLOCATE_DEVICE(CHIP), INPUT_REGISTER_DEVICE(CHIP))

    assert broken(driven(by_devres, (), calls("input"))) == HOLDS
    assert broken(driven(by_devres[1:], (), calls("input"))) == {"N17"}


@pytest.mark.parametrize(("static", "unbind", "rules"), [
    (False, True, {"N17"}), (True, True, HOLDS), (False, False, HOLDS),
])
def test_a_file_outlives_its_driver(static: bool, unbind: bool, rules: set[str]) -> None:
    """Memory that goes with the driver is too short for it, unless only the module can go."""
    design = driven(
        (KZALLOC_DATA(CHIP), MISC_REGISTER(CHIP)), (MISC_DEREGISTER(CHIP), KFREE_DATA(CHIP)),
        file("misc", static=static),
    )
    design = replace(design, drivers=(replace(design.drivers[0], unbind=unbind),))

    assert broken(design) == rules


def test_a_file_is_opened_only_while_it_is_registered() -> None:
    mapped, reads = DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), file("misc", (READL(CHIP),))
    probe = (mapped, MISC_REGISTER(CHIP))
    (example,) = explore(driven(probe, (MISC_DEREGISTER(CHIP),), reads), RULES).counterexamples
    texts = [step.text for step in example.trace]

    assert example.rule == "N12"
    assert texts.index("opens misc of chip") < texts.index("misc_deregister(chip)")


def test_an_urb_is_killed_before_its_memory_goes() -> None:
    probe = (KZALLOC_DATA(DONGLE), USB_FILL_INT_URB(DONGLE), USB_SUBMIT_URB(DONGLE))
    again = urb("urb", (USB_SUBMIT_URB(DONGLE, fail=IGNORE),))
    remove = (USB_KILL_URB(DONGLE), KFREE_DATA(DONGLE))

    assert broken(driven(probe, remove, again, device=DONGLE)) == HOLDS
    assert broken(driven(probe, remove[1:], again, device=DONGLE)) == {"N17"}
    sleeps = urb("urb", (KFREE_DATA(DONGLE),))
    assert "N8" in broken(driven(probe, remove, sleeps, device=DONGLE))


def test_nobody_calls_while_the_system_sleeps() -> None:
    """Freezing waits for who is inside, and for freezable work; work on other queues goes on."""
    clock, off = CLK_PREPARE_ENABLE(CHIP), CLK_DISABLE_UNPREPARE(CHIP)
    reads = access("readl", CLOCK_ON)
    probe = (DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), DEVM_CLK_GET(CHIP), clock,
             INIT_WORK(CHIP, work="poll"), GPIOCHIP_ADD_DATA(CHIP))
    remove = (GPIOCHIP_REMOVE(CHIP), off)
    asks = calls("gpio", (reads(CHIP),))
    assert broken(driven(probe, remove, asks, suspend=(off,), resume=(clock,))) == HOLDS
    for freezable in (True, False):
        polls = work("poll", (reads(CHIP),), freezable=freezable)
        queues = calls("gpio", (SCHEDULE_WORK(CHIP, work="poll"),))
        gone = (GPIOCHIP_REMOVE(CHIP), CANCEL_WORK_SYNC(CHIP, work="poll"), off)
        design = driven(probe, gone, queues, polls, suspend=(off,), resume=(clock,))
        assert broken(design) == (HOLDS if freezable else {"N12"})


def test_a_device_loses_its_registers_where_it_says_so() -> None:
    """Of PCI all do; of others the firmware of many does not take their power."""
    keeps = Device("keeps", "platform")
    loses = Device("loses", "platform", answers=((LOSES, ("yes",)),))
    for device, rules in ((keeps, HOLDS), (loses, {"N13"})):
        design = driven((
            PLATFORM_GET_IRQ(device, device, fail=RETURN), DEVM_REQUEST_IRQ(device, device),
            ENABLE_SOURCE(device),
        ), (DISABLE_SOURCE(device),), device=device, suspend=())
        assert broken(design) == rules


def test_an_irq_is_shared_on_pci_and_a_line_of_its_own_elsewhere() -> None:
    card = Device("card", "pci")
    sub = Device("sub", "aux", card)

    assert [REQUEST_IRQ(one).params[0].value for one in (CHIP, DONGLE, card, sub)] == [0, 0, 1, 1]
    assert REQUEST_IRQ(CHIP, shared=1).params[0].value == 1  # type: ignore[attr-defined]
    low = Device("low", "platform", CHIP)
    assert DEVM_REQUEST_IRQ(low, low).params[0].value == 0  # type: ignore[attr-defined]


def test_a_reference_without_resume_counts_on_every_bus() -> None:
    """That of PCI is the one that the core took before probe; elsewhere it is one more."""
    get, put = PM_RUNTIME_GET_NORESUME(CHIP), PM_RUNTIME_PUT_NOIDLE(CHIP, CHIP)

    assert broken(driven((get,), (put,))) == HOLDS
    assert broken(driven((get,))) == {"R36"}
    assert broken(driven((get,), (PM_RUNTIME_PUT_AUTOSUSPEND(CHIP),))) == HOLDS
    assert broken(driven((), (PM_RUNTIME_PUT_AUTOSUSPEND(CHIP),))) == {"N41"}
    took = PM_RUNTIME_GET_SYNC(CHIP, CHIP, fail=IGNORE)
    assert broken(driven((took,), (PM_RUNTIME_PUT_AUTOSUSPEND(CHIP),))) == HOLDS
    card = Device("card", "pci")
    assert broken(driven((), (PM_RUNTIME_GET_NORESUME(card),), device=card)) == {"N16"}


def test_a_context_is_of_one_kind() -> None:
    with pytest.raises(ModelError, match="gpio of chip is a file"):
        driven((GPIOCHIP_ADD_DATA(CHIP),), (GPIOCHIP_REMOVE(CHIP),), file("gpio"))
    assert delayed_work("poll", freezable=True).frozen
    assert not delayed_work("poll").frozen


FACILITIES = ("registered", "spi", "usb", "mapping", "allocated", "drvdata", "completion",
              "references")


@pytest.mark.kernel
@pytest.mark.parametrize("facility", FACILITIES)
def test_the_source_of_each_operation_is_in_the_tree(facility: str, pinned: Tree) -> None:
    """Each names a file, and a function that is in it."""
    found = 0
    for name, one in shipped()[facility].items():
        if not isinstance(one, Of | Operation) or name.startswith("_") or not one.source:
            continue
        for path, function in re.findall(r"([\w/.-]+\.[ch]) (\w+)\(\)", one.source):
            text = read(pinned, pinned.base, path)
            assert text is not None, (name, path)
            assert re.search(rf"\b{function}\(", text.decode()), (name, function)
            found += 1

    assert found >= 1


@pytest.mark.parametrize(("condition", "rule"), [(None, "N18"), (OPENED(CHIP).eq(1), "")])
def test_who_opens_and_closes_asks_whether_it_is_open(condition: Expr | None, rule: str) -> None:
    close: Block = (NAPI_DISABLE(CHIP), SHUT(CHIP))
    toggle = If(Guard("up", condition, ()), close, (NAPI_ENABLE(CHIP), OPEN_IT(CHIP)))
    up = If(Guard("up still", OPENED(CHIP).eq(1), ()), close)
    made = driven((ALLOC_ETHERDEV(CHIP), REGISTER_NETDEV(CHIP)),
                  (UNREGISTER_NETDEV(CHIP), up, FREE_NETDEV(CHIP)),
                  calls("netdev", (toggle,)), tasklet("napi"))

    found = {one.rule for one in judge(made, sought=()).counterexamples}
    assert rule in found if rule else not found
