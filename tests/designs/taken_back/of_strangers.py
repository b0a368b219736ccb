# SPDX-License-Identifier: GPL-2.0-only
"""What a stranger wrote as C has it: locks in handlers, URBs that were never filled, no BAR at all.

oxu210hp deleted its watchdog timer under the lock that the timer takes, as its handler does
(4d378f2ae581); ems_usb unlinked an URB behind the memory that it lies in ("net: can: ems_usb: fix
use-after-free in ems_usb_disconnect()"), and in an interface that nobody has opened that URB was
never filled; pata_octeon_cf kept the device whose
registers it maps, which lie in no BAR (10d6bdf53290); tpci200 took back twice what its error path
takes back (57a1681095f9); lis3lv02d_i2c switched its supply off for the system's sleep where
runtime PM had it off already (ac3e0384073b): by its remove() the driver core has let it sleep.
"""

from generator.context import Context, timer, urb
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import BLOCK, MEMORY
from generator.operation import Operation, fault, ok, sets
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import SPIN_LOCK, SPIN_UNLOCK
from generator.ops.mapping import IOREMAP, IOUNMAP
from generator.ops.netdev import ALLOC_ETHERDEV, FREE_NETDEV
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.pm import PM_RUNTIME_SET_ACTIVE, PM_RUNTIME_SET_SUSPENDED
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE, suspended
from generator.ops.regulator import (
    REGULATOR_DISABLE,
    REGULATOR_ENABLE,
    REGULATOR_GET,
    REGULATOR_PUT,
)
from generator.ops.usb import USB_ALLOC_URB, USB_FREE_URB, USB_KILL_URB
from generator.ops.work import MOD_TIMER, TIMER_DELETE_SYNC, TIMER_SETUP
from generator.program import Block, If, Node, Return

HCD, CAN, CF = Device("hcd", "platform"), Device("can", "usb"), Device("cf", "platform")
DMA = Device("dma", "part", CF)
IN_BAR = ((BLOCK, ("in an assigned BAR",)),)
CARD = Device("card", "pci", answers=IN_BAR)
CFG = Device("cfg", "part", CARD)
LIS = Device("lis", "i2c")
ON, OFF, ASLEEP = REGULATOR_ENABLE(LIS), REGULATOR_DISABLE(LIS), suspended(LIS)
LOCK, UNLOCK = SPIN_LOCK(HCD), SPIN_UNLOCK(HCD)
DEV = Role("dev")
FOUND = Fact("engine found", 1, "a reference on the DMA engine", held=True)
PUT = Operation("put_device", ("dev",), (ok(sets(FOUND(DEV), 0)),), source="")
FIND = Operation("of_find_device_by_node", ("dev",), (ok(sets(FOUND(DEV), 1)), fault("-ENODEV")),
                 source="", undo=PUT)
LOOK = Operation("dev->intr_urb", ("dev",), (ok(),), source="", needs=(MEMORY,))
REGISTER = Operation("ipack_bus_register", ("dev",), (ok(), fault("-EFAULT")), source="")


def _sensor(suspend: Block, resume: Block) -> Design:
    probe = (REGULATOR_GET(LIS), ON, PM_RUNTIME_SET_ACTIVE(LIS), PM_RUNTIME_ENABLE(LIS))
    remove = (If(ASLEEP, (), (OFF,)), PM_RUNTIME_DISABLE(LIS), PM_RUNTIME_SET_SUSPENDED(LIS),
              REGULATOR_PUT(LIS))
    return Design("sensor", "two kinds of sleep", (LIS,), (Driver(
        "drv", LIS, probe, remove, suspend=suspend, resume=resume,
        runtime_suspend=(OFF,), runtime_resume=(ON,)),))


def _hcd(suspend: Block, handler: Block) -> Design:
    probe = (KZALLOC_OWN(HCD), TIMER_SETUP(HCD), PLATFORM_GET_IRQ(HCD, HCD), REQUEST_IRQ(HCD))
    watchdog: Context = timer("timer", (LOCK, UNLOCK))
    return Design("hcd", "a watchdog under a lock", (HCD,), (Driver(
        "drv", HCD, probe, (FREE_IRQ(HCD), TIMER_DELETE_SYNC(HCD), KFREE_OWN(HCD)),
        suspend=suspend, resume=(), atomic=handler, contexts=(watchdog,)),))


def _can(*remove: Node) -> Design:
    probe = (ALLOC_ETHERDEV(CAN), USB_ALLOC_URB(CAN))
    return Design("can", "an URB that was never filled", (CAN,), (
        Driver("drv", CAN, probe, remove, contexts=(urb("urb"),)),))


def _cf(*put: Node) -> Design:
    probe = (FIND(DMA), DEVM_IOREMAP(DMA, CF, fail=(*put, Return(ok=False))), *put)
    return Design("cf", "registers of no PCI device", (CF, DMA), (Driver("drv", CF, probe),))


def _card(*twice: Node) -> Design:
    undo = (IOUNMAP(CARD), *twice)
    last = (IOUNMAP(CFG), KFREE_OWN(CARD))
    probe = (KZALLOC_OWN(CARD), IOREMAP(CFG), IOREMAP(CARD, fail=(*last, Return(ok=False))),
             REGISTER(CARD, fail=(*undo, *last, Return(ok=False))))
    remove = (*undo, *(() if twice else last[:1]), last[1])
    return Design("card", "two mappings", (CARD, CFG), (Driver("drv", CARD, probe, remove),))


STOP = (TIMER_DELETE_SYNC(HCD),)
HANDLER = (LOCK, MOD_TIMER(HCD), UNLOCK)
END = (LOOK(CAN), USB_KILL_URB(CAN), USB_FREE_URB(CAN))
DESIGN = _hcd((LOCK, UNLOCK, *STOP, LOCK, UNLOCK), HANDLER)
SLEEPS = (If(ASLEEP, (), (OFF,)),), (If(ASLEEP, (), (ON,)),)
SOUND = (_sensor(*SLEEPS), _can(*END, FREE_NETDEV(CAN)), _cf(PUT(DMA)), _card())
BUGGY = (
    (_hcd((LOCK, *STOP, UNLOCK), HANDLER), "N18"),
    (_hcd((), (LOCK, MOD_TIMER(HCD))), "N18"),
    (_hcd((), (LOCK, LOCK, UNLOCK, UNLOCK)), "N18"),
    (_can(FREE_NETDEV(CAN), *END), "N12"),
    (_cf(), "R40"),
    (_card(IOUNMAP(CFG)), "N20"),
    (_sensor((OFF,), (ON,)), "R40"),
)
