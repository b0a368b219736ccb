# SPDX-License-Identifier: GPL-2.0-only
"""What later strangers wrote rightly and were refused for.

mvsas: a work that its definition, or its handler for each event, sets up before it is queued there
(CVE-2025-40001: mvs_free() did not wait for it). chaoskey: what the last close frees, behind the
unbinding, has its flags until then, and the next that is bound has pointers of its own. ste_dma40:
of a subsys_initcall with platform_driver_probe(), so that nobody unbinds it. btsdio, mcp2221 and
ite-cir: devices of buses that had no kind, a work of which is not waited for (CVE-2023-1989).
bt87x's card calls private_free in the end, which writes registers, only where probe has set it.
"""

from generator.context import delayed_work, file, opened, work
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import MAPPED, MEMORY
from generator.operation import Guard, Operation, fault, ok, sets
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import HID_SET_DRVDATA, PNP_SET_DRVDATA, SDIO_SET_DRVDATA
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.member import USE_DRVDATA
from generator.ops.own import pointer
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.registered import CLOSE_FILE, USB_DEREGISTER_DEV, USB_REGISTER_DEV
from generator.ops.usb import USB_ALLOC_URB, USB_FREE_URB
from generator.ops.work import (
    CANCEL_DELAYED_WORK,
    CANCEL_DELAYED_WORK_SYNC,
    CANCEL_WORK_SYNC,
    INIT_WORK,
    SCHEDULE_DELAYED_WORK,
    SCHEDULE_WORK,
)
from generator.program import Block, If, Node, Return

HBA, DMA, KEY = Device("hba", "platform"), Device("dma", "platform"), Device("key", "usb")
USE = Operation("mvi->", ("dev",), (ok(),), source="", needs=(MEMORY,), sleeps=False)(HBA)
QUEUE = SCHEDULE_DELAYED_WORK(HBA, work="event")
CANCEL, WAIT = CANCEL_DELAYED_WORK(HBA, work="event"), CANCEL_DELAYED_WORK_SYNC(HBA, work="event")


def _hba(cancel: Node, *handler: Node, body: Block = (USE,), static: bool = True) -> Design:
    return Design("hba", "a work for each event", (HBA,), (Driver(
        "hba", HBA, (KZALLOC_OWN(HBA), PLATFORM_GET_IRQ(HBA, HBA), REQUEST_IRQ(HBA)),
        (FREE_IRQ(HBA), cancel, KFREE_OWN(HBA)), atomic=(USE, *handler, QUEUE),
        contexts=(delayed_work("event", body, static=static),)),))


GONE = pointer("chaoskey is gone")
LOCK, UNLOCK = MUTEX_LOCK(KEY, lock="key"), MUTEX_UNLOCK(KEY, lock="key")
FREE: Block = (USB_FREE_URB(KEY), KFREE_OWN(KEY))
IS_OPEN = Guard("dev->open", opened("node")(KEY).eq(1), ())
FAILS: Block = (*FREE, Return(ok=False))


def _key(*free: Node) -> Design:
    node = file("node", (If(Guard("it is closed", None, ()), (
        LOCK, CLOSE_FILE(KEY, file="node"), If(GONE.there(KEY), free), UNLOCK)),))
    probe = (KZALLOC_OWN(KEY), GONE.clear(KEY), USB_ALLOC_URB(KEY, fail=FAILS),
             USB_REGISTER_DEV(KEY, fail=FAILS))
    remove = (USB_DEREGISTER_DEV(KEY), LOCK, If(IS_OPEN, (GONE.set(KEY),), FREE), UNLOCK)
    return Design("key", "its last close frees", (KEY,), (
        Driver("key", KEY, probe, remove, contexts=(node,)),))


def _dma(*failed: Node, unbind: bool = False) -> Design:
    last = KZALLOC_OWN(DMA, fail=(*failed, Return(ok=False)))
    return Design("dma", "never unbound", (DMA,), (Driver(
        "dma", DMA, (PM_RUNTIME_ENABLE(DMA), last), (KFREE_OWN(DMA),), builtin=True,
        unbind=unbind),))


def _beside(kind: str, *, waits: bool) -> Design:
    """Return a driver as btsdio's and mcp2221's: a work that remove has to wait for."""
    func = Device("func", kind)
    setting = {"hid": HID_SET_DRVDATA, "sdio": SDIO_SET_DRVDATA, "pnp": PNP_SET_DRVDATA}[kind]
    probe = (DEVM_KZALLOC(func, func), INIT_WORK(func, work="rx"), setting(func),
             USE_DRVDATA(func), SCHEDULE_WORK(func, work="rx"))
    remove = (CANCEL_WORK_SYNC(func, work="rx"),) if waits else ()
    return Design("func", "a bus of its own", (func,), (
        Driver("func", func, probe, remove, contexts=(work("rx"),)),))


DESIGN = _hba(WAIT)
SOUND_CARD = Fact("card of its own", 1, "a sound card", held=True)
FREES = pointer("card->private_free")
FREE_CARD = Operation("private_free", ("dev",), (ok(sets(SOUND_CARD(Role("dev")), 0)),), source="",
                      needs=(MAPPED,), needs_when=FREES.fact)
NEW_CARD = Operation("new card", ("dev",), (ok(sets(SOUND_CARD(Role("dev")), 1)), fault("-ENOMEM")),
                     source="", undo=FREE_CARD, managed=True, on_devres="dev")


def _card(*probe: Node) -> Design:
    return Design("card", "devres calls what is set, or nothing", (HBA,), (
        Driver("card", HBA, (*probe, FREES.set(HBA))),))


MAP = DEVM_PLATFORM_IOREMAP_RESOURCE(HBA)
KINDS = ("hid", "sdio", "pnp")
SOUND = (
    _card(MAP, NEW_CARD(HBA)), *(_beside(kind, waits=True) for kind in KINDS), _key(*FREE),
    _dma(PM_RUNTIME_DISABLE(DMA)),
)
BUGGY = (
    (_hba(CANCEL, body=()), "N17"), (_hba(WAIT, static=False), "N3"),
    (_card(NEW_CARD(HBA), MAP), "N12"),
    *((_beside(kind, waits=False), "N17") for kind in KINDS),
    (_key(*FREE, USB_FREE_URB(KEY)), "N20"),
    (_dma(), "R40"), (_dma(PM_RUNTIME_DISABLE(DMA), unbind=True), "R40"),
)
