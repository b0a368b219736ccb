# SPDX-License-Identifier: GPL-2.0-only
"""What a design's file makes itself: registrations, pointers, network devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from beside_oracle import compare

from checks.machine.episode import episodes_of
from checks.verdict.judge import judge
from generator.context import Context, calls, file, netdev, tasklet
from generator.design import Design, Device, Driver
from generator.errors import ModelError
from generator.expr import Fact
from generator.operation import DEV, Guard, Operation, fault, ok, sets
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.netdev import (
    ALLOC_ETHERDEV,
    FREE_NETDEV,
    NAPI_DISABLE,
    NAPI_ENABLE,
    REGISTER_NETDEV,
    UNREGISTER_NETDEV,
)
from generator.ops.own import pointer, registers
from generator.ops.perf import devm_action
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.references import (
    DEVM_USB_GET_PHY,
    DEVM_USB_PUT_PHY,
    GET_FOUND_DEVICE,
    HID_HW_CLOSE,
    HID_HW_OPEN,
    IRQ_DOMAIN_ADD_LINEAR,
    IRQ_DOMAIN_REMOVE,
    OF_FIND_DEVICE_BY_NODE,
    PUT_FOUND_DEVICE,
    USB_GET_PHY,
    USB_PUT_PHY,
    V4L2_DEVICE_REGISTER,
    V4L2_DEVICE_UNREGISTER,
)
from generator.ops.registered import (
    BLOCKING_NOTIFIER_CHAIN_REGISTER,
    BLOCKING_NOTIFIER_CHAIN_UNREGISTER,
    DEVM_MDIOBUS_REGISTER,
    DEVM_SND_SOC_REGISTER_COMPONENT,
    HID_HW_START,
    HID_HW_STOP,
    IEEE80211_REGISTER_HW,
    IEEE80211_UNREGISTER_HW,
    MDIOBUS_REGISTER,
    MDIOBUS_UNREGISTER,
    SND_SOC_REGISTER_COMPONENT,
    SND_SOC_UNREGISTER_COMPONENT,
    USB_ADD_GADGET_UDC,
    USB_ADD_HCD,
    USB_DEL_GADGET_UDC,
    USB_REMOVE_HCD,
    VIDEO_REGISTER_DEVICE,
    VIDEO_UNREGISTER_DEVICE,
)
from generator.ops.work import Of
from generator.program import Block, Function, If, Return, call

CODEC = Device("codec", "platform")
START, END = "snd_soc_register_component", "snd_soc_unregister_component"
SW = pointer("role_sw")
MADE = (KZALLOC_OWN(CODEC), PLATFORM_GET_IRQ(CODEC, CODEC), REQUEST_IRQ(CODEC))
LATE = (*MADE, SW.set(CODEC))


def broken(
    probe: Block, remove: Block, *contexts: Context, atomic: Block = ()
) -> set[str]:
    design = Design("codec", "what a stranger registers", (CODEC,), (
        Driver("drv", CODEC, probe, remove, contexts=contexts, atomic=atomic),))
    for episode in episodes_of(design):
        compare(design, episode=episode)
    return {one.rule for one in judge(design, sought=()).counterexamples}


def registered(pair: tuple[Of, Of], *, by_hand: bool = True, opened: bool = False) -> set[str]:
    start, end = pair
    context = (file if opened else calls)("dai", (SW.use(CODEC),))
    return broken((KZALLOC_OWN(CODEC), SW.set(CODEC), start(CODEC)),
                  (*((end(CODEC),) if by_hand else ()), KFREE_OWN(CODEC)), context)


def test_what_a_stranger_registers_is_called_until_it_is_unregistered() -> None:
    assert registered(registers("dai", START, END)) == set()
    assert registered(registers("dai", START, END), by_hand=False) == {"N17"}
    assert registered(registers("dai", START, END, waits=False)) == {"N17"}
    assert registered(registers("dai", START, END, file=True), opened=True) == {"N17"}


def test_what_devres_unregisters_goes_behind_remove() -> None:
    pair = registers("dai", START, END, managed=True)
    free = devm_action(KFREE_OWN, "free")

    assert registered(pair, by_hand=False) == {"N17"}
    assert broken((KZALLOC_OWN(CODEC), free(CODEC, CODEC), pair[0](CODEC)), (), calls("dai")) \
        == set()


def test_what_is_registered_twice_names_its_contexts() -> None:
    start, end = registers("dai", START, END, idempotent=True, error="")

    assert not start(CODEC).op.fallible
    assert broken((start(CODEC, dai="one"), start(CODEC, dai="two")),
                  (end(CODEC, dai="two"), end(CODEC, dai="one"), end(CODEC, dai="one")),
                  calls("one"), calls("two")) == set()


@pytest.mark.parametrize(("wrong", "wanted"), [
    (lambda: registers("a dai", START, END), r'as "dai" of calls\("dai", ...\): not \'a dai\''),
    (lambda: registers("class", START, END), "the word by which the context is named"),
    (lambda: registers("fail", START, END), "the word by which the context is named"),
    (lambda: registers("dai", "a b", END), "the second is the function that registers, as a text"),
    (lambda: registers("dai", START, ""), "the third is the function that unregisters"),
    (lambda: registers("dai", START, END, waits=1), "waits= is True or False, not 1"),
    (lambda: registers("dai", START, END, error="ENOMEM"), 'error= is as "-ENOMEM", or ""'),
    (lambda: pointer(""), "its name is a text"),
])  # fmt: skip
def test_what_is_written_wrongly_is_told_with_its_line(
    wrong: Callable[[], object], wanted: str
) -> None:
    with pytest.raises(ModelError, match=wanted) as told:
        wrong()
    assert str(told.value).startswith(f"{__file__}:")


@pytest.mark.parametrize(("atomic", "late", "early"), [
    ((SW.use(CODEC),), "N3", "N3"),  # it is called before
    ((If(SW.there(CODEC), (SW.use(CODEC),)),), "", "N12"),  # cleared between the two
])  # fmt: skip
def test_a_handler_looks_whether_a_pointer_is_set(atomic: Block, late: str, early: str) -> None:
    leave = (FREE_IRQ(CODEC), SW.clear(CODEC), KFREE_OWN(CODEC))

    assert broken(LATE, leave, atomic=atomic) == ({late} if late else set())
    assert broken(LATE, (SW.clear(CODEC), *leave), atomic=atomic) == {early}


def test_a_pointer_is_null_again_when_the_driver_is_bound_again() -> None:
    used = (SW.use(CODEC),)

    assert broken((*used, KZALLOC_OWN(CODEC), SW.set(CODEC)), (KFREE_OWN(CODEC),)) == {"N12"}


def test_flags_are_set_where_nobody_may_sleep() -> None:
    removing = pointer("removing")
    set_it = (removing.set(CODEC), removing.clear(CODEC))

    assert broken(MADE, (FREE_IRQ(CODEC), KFREE_OWN(CODEC)), atomic=set_it) == set()


UP = Fact("opened by hand", 1, "somebody has opened the interface", local=True)
SET_UP, SET_DOWN = (
    Operation(f"up = {value}", ("dev",), (ok(sets(UP(DEV), value)),), source="")
    for value in (1, 0))
IS_UP = Guard("up", UP(CODEC).eq(1), ())
MADE_NET = (ALLOC_ETHERDEV(CODEC), PLATFORM_GET_IRQ(CODEC, CODEC))
FREE = FREE_NETDEV(CODEC)
HALF = (FREE_IRQ(CODEC), Return(ok=False))  # it leaves NAPI on
START_IT = Operation("chip_start", ("dev",), (ok(), fault("-EIO")), source="")
OPEN: Block = (NAPI_ENABLE(CODEC), REQUEST_IRQ(CODEC), START_IT(CODEC))
STOP: Block = (FREE_IRQ(CODEC), NAPI_DISABLE(CODEC))
WAYS: tuple[tuple[Block, Block, set[str]], ...] = (
    (OPEN, STOP, set()),
    (OPEN, STOP[1:], {"N3"}),
    (OPEN, STOP[:1], {"N17"}),
    ((*OPEN[:2], START_IT(CODEC, fail=HALF)), STOP, {"N17"}),
)


def by_hand(open_it: Block, stop: Block) -> set[str]:
    close: Block = (*stop, SET_DOWN(CODEC))
    return broken(
        (*MADE_NET, REGISTER_NETDEV(CODEC)), (UNREGISTER_NETDEV(CODEC), If(IS_UP, close), FREE),
        calls("netdev", (If(IS_UP, close, (*open_it, SET_UP(CODEC))),)), tasklet("napi"))


@pytest.mark.parametrize(("open_it", "stop", "rules"), WAYS)
def test_a_network_device_is_closed_as_one_that_is_written_by_hand(
    open_it: Block, stop: Block, rules: set[str]
) -> None:
    net = netdev("netdev", open=open_it, stop=stop)
    unregister = UNREGISTER_NETDEV(CODEC)

    assert by_hand(open_it, stop) == rules
    assert broken((*MADE_NET, REGISTER_NETDEV(CODEC)), (unregister, FREE), net,
                  tasklet("napi")) == rules


NET = netdev("net", open=OPEN, stop=STOP)
REGISTER, UNREGISTER = REGISTER_NETDEV(CODEC, netdev="net"), UNREGISTER_NETDEV(CODEC, netdev="net")


def test_a_network_device_that_is_up_is_closed_when_probe_fails_behind_it() -> None:
    late = START_IT(CODEC)
    spelled = START_IT(CODEC, fail=(UNREGISTER, FREE, Return(ok=False)))
    forgets = START_IT(CODEC, fail=(FREE, Return(ok=False)))
    leave, napi = (UNREGISTER, FREE), tasklet("napi")

    assert broken((*MADE_NET, REGISTER, late), leave, NET, napi) == set()
    assert broken((*MADE_NET, REGISTER, spelled), leave, NET, napi) == set()
    assert "N17" in broken((*MADE_NET, REGISTER, forgets), leave, NET, napi)
    registers_it = Function("register", (REGISTER, late))
    ends = Function("end", (UNREGISTER,))
    assert broken((*MADE_NET, call(registers_it)), (call(ends), FREE), NET, napi) == set()


def test_it_is_used_while_it_is_up_and_asked_when_it_is_not() -> None:
    ring = pointer("ring")
    open_it, stop = (ring.set(CODEC), *OPEN), (*STOP, ring.clear(CODEC))
    probe, remove = (*MADE_NET, REGISTER), (UNREGISTER, FREE)
    napi = tasklet("napi")

    for what, rules in (("up", set()), ("other", {"N12"})):
        net = netdev("net", open=open_it, stop=stop, **{what: (ring.use(CODEC),)})
        assert broken(probe, remove, net, napi) == rules
    asks = netdev("net", open=open_it, stop=stop,
                  other=(If(NET.is_up(CODEC), (ring.use(CODEC),)),))
    assert broken(probe, remove, asks, napi) == set()


def test_a_driver_that_is_varied_closes_it_once() -> None:
    driver = Driver("drv", CODEC, (*MADE_NET, REGISTER), (UNREGISTER, FREE),
                    contexts=(NET, tasklet("napi")))

    assert replace(driver, name="drv") == driver
    assert [str(type(one).__name__) for one in driver.remove] == ["Do", "If", "Do"]
    assert [str(type(one).__name__) for one in driver.probe] == ["Do", "Do", "Call"]
    assert replace(driver, remove=(UNREGISTER, FREE)) == driver


def test_devres_closes_no_network_device() -> None:
    start, _ = registers("net", "devm_register_netdev", "unregister_netdev", managed=True)

    with pytest.raises(ModelError, match="register it by hand, and unregister it") as told:
        Driver("drv", CODEC, (ALLOC_ETHERDEV(CODEC), start(CODEC)), (), contexts=(NET,))
    assert str(told.value).startswith(f"{__file__}:")
    with pytest.raises(ModelError, match="netdev net: open= is a tuple of operations, not"):
        netdev("net", open=SET_UP(CODEC))  # type: ignore[arg-type]


PAIRS = (
    (SND_SOC_REGISTER_COMPONENT, SND_SOC_UNREGISTER_COMPONENT),
    (IEEE80211_REGISTER_HW, IEEE80211_UNREGISTER_HW), (MDIOBUS_REGISTER, MDIOBUS_UNREGISTER),
    (USB_ADD_HCD, USB_REMOVE_HCD), (USB_ADD_GADGET_UDC, USB_DEL_GADGET_UDC),
    (BLOCKING_NOTIFIER_CHAIN_REGISTER, BLOCKING_NOTIFIER_CHAIN_UNREGISTER),
    (HID_HW_START, HID_HW_STOP),
)


@pytest.mark.parametrize(("start", "end"), PAIRS, ids=lambda one: one.callee)
def test_what_is_registered_with_a_subsystem_is_called_until_it_ends(start: Of, end: Of) -> None:
    probe, free = (KZALLOC_OWN(CODEC), start(CODEC)), (KFREE_OWN(CODEC),)
    its = calls(start.word)

    assert broken(probe, (end(CODEC), *free), its) == set()
    assert broken(probe, (*free, end(CODEC)), its) == {"N17"}
    assert broken(probe, free, its) == {"N17"}


def test_a_video_device_stays_open_when_it_is_unregistered() -> None:
    probe = (KZALLOC_OWN(CODEC), VIDEO_REGISTER_DEVICE(CODEC))
    leave, its = (VIDEO_UNREGISTER_DEVICE(CODEC), KFREE_OWN(CODEC)), file("video")

    assert broken(probe, leave, its) == {"N17"}  # it is freed in release() of the video_device
    assert broken(probe[1:], leave[:1], its) == set()


@pytest.mark.parametrize("of", [DEVM_SND_SOC_REGISTER_COMPONENT, DEVM_MDIOBUS_REGISTER])
def test_what_devres_unregisters_outlives_remove(of: Of) -> None:
    assert broken((KZALLOC_OWN(CODEC), of(CODEC)), (KFREE_OWN(CODEC),), calls(of.word)) == {"N17"}


HELD = (
    (OF_FIND_DEVICE_BY_NODE, PUT_FOUND_DEVICE), (GET_FOUND_DEVICE, PUT_FOUND_DEVICE),
    (USB_GET_PHY, USB_PUT_PHY), (IRQ_DOMAIN_ADD_LINEAR, IRQ_DOMAIN_REMOVE),
    (V4L2_DEVICE_REGISTER, V4L2_DEVICE_UNREGISTER), (HID_HW_OPEN, HID_HW_CLOSE),
)


@pytest.mark.parametrize(("take", "put"), HELD, ids=lambda one: one.name)
def test_what_is_held_of_others_is_given_back(take: Operation, put: Operation) -> None:
    took, late = take(CODEC), START_IT(CODEC)
    forgets = START_IT(CODEC, fail=(Return(ok=False),))

    assert broken((took, late), (put(CODEC),)) == set()
    assert broken((took, forgets), (put(CODEC),)) == {"R40"}
    assert broken((took,), ()) == {"R40"}
    again = (put(CODEC), put(CODEC))
    assert broken((took,), again) == (set() if put.idempotent else {"N20"})


def test_devres_puts_a_usb_phy() -> None:
    early = (DEVM_USB_PUT_PHY(CODEC),)

    assert broken((DEVM_USB_GET_PHY(CODEC),), ()) == set()
    assert broken((DEVM_USB_GET_PHY(CODEC),), early) == set()
    assert broken((DEVM_USB_GET_PHY(CODEC),), (*early, *early)) == {"N20"}
