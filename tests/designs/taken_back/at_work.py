# SPDX-License-Identifier: GPL-2.0-only
"""What is at work when it is given back: a transfer, a poll, a file, a child.

6pack let its users arm the timer again that it had deleted (CVE-2022-1198); switchtec wrote to its
registers when the last file was closed (CVE-2023-52617); uio_open() looked a device up and used it
without the lock (CVE-2023-52439); rspi released its DMA channel under transfers (CVE-2026-46225);
spi-imx read what goes with its controller (CVE-2026-45996); i40e read the client that it had
deleted (CVE-2021-46991); smsusb cancelled work that was not set up yet (CVE-2023-4132); wave5
destroyed its worker under the timer that feeds it (5a0c122e834b). An URB's buffer is freed behind
the URB, and an URB that was given back is not killed by its name; an id is given back too. Who has
begun to queue something is let finish before the system sleeps.
"""

from generator.context import Context, calls, file, hrtimer, timer, urb, work
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import CLOCK_ON, DMA_CHANNEL, MEMORY
from generator.operation import IGNORE, RETURN, Guard, Operation, fault, ok, sets
from generator.ops.buffers import (
    ALLOC_WORKQUEUE,
    DESTROY_WORKQUEUE,
    DMA_RELEASE_CHANNEL,
    DMA_REQUEST_CHAN,
)
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.mapping import PCIM_IOMAP_REGIONS, access
from generator.ops.netdev import ALLOC_ETHERDEV, FREE_NETDEV, REGISTER_NETDEV, UNREGISTER_NETDEV
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCIM_ENABLE_DEVICE
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.registered import CDEV_ADD, CDEV_DEL, CDEV_DEVICE_ADD, CDEV_DEVICE_DEL
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.spi import (
    DEVM_SPI_ALLOC_HOST,
    DEVM_SPI_REGISTER_CONTROLLER,
    SPI_ALLOC_HOST,
    SPI_CONTROLLER_GET,
    SPI_CONTROLLER_PUT,
    SPI_REGISTER_CONTROLLER,
    SPI_UNREGISTER_CONTROLLER,
)
from generator.ops.usb import (
    USB_ALLOC_COHERENT,
    USB_ALLOC_URB,
    USB_FILL_INT_URB,
    USB_FREE_COHERENT,
    USB_FREE_URB,
    USB_KILL_URB,
    USB_SUBMIT_URB,
)
from generator.ops.work import (
    CANCEL_WORK_SYNC,
    HRTIMER_CANCEL,
    HRTIMER_INIT,
    HRTIMER_START,
    INIT_WORK,
    MOD_TIMER,
    QUEUE_WORK,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
)
from generator.program import Block, If, Node, Return

CHIP, CARD, DONGLE = Device("chip", "platform"), Device("card", "pci"), Device("dongle", "usb")
DEV, ERROR = Role("dev"), Return(ok=False)
DATA = DEVM_KZALLOC(CHIP, CHIP)
USE = Operation("idev->info->open()", ("dev",), (ok(),), source="", needs=(MEMORY,))
RESET = Operation("smscore_register", ("dev",), (ok(), fault("-EIO")), source="")
MINOR = Fact("minor", 1, "it is found by its minor")
SHOW, HIDE = (Operation(f"minor {value}", ("dev",), (ok(sets(MINOR(DEV), value)),), source="")
              for value in (1, 0))
FOUND = Guard("it is found", MINOR(CHIP).eq(1), ())
LOCK, UNLOCK = MUTEX_LOCK(CHIP, lock="minor_lock"), MUTEX_UNLOCK(CHIP, lock="minor_lock")
CLIENT = Fact("client instance", 1, "pf->cinst")
ADD, DELETE = (Operation(f"cinst {value}", ("dev",), (ok(sets(CLIENT(DEV), value)),), source="")
               for value in (1, 0))
READ = Operation("cinst->lan_info", ("dev",), (ok(),), source="", needs=(CLIENT,))
THERE, CLOSED = Guard("client", CLIENT(CARD).eq(1), ()), Guard("it fails to open", None, ())
MOVE = Operation("rspi_dma_transfer", ("dev",), (ok(),), source="", needs=(DMA_CHANNEL,))
SWITCH_OFF = Operation("spi_imx->clk_ipg", ("dev",), (ok(),), source="", needs=(MEMORY,))


def _of(device: Device, probe: Block, remove: Block, *contexts: Context, others: bool = False,
        **callbacks: Block) -> Design:
    driver = Driver("drv", device, probe, remove, contexts=contexts, others_queue=others,
                    **callbacks)  # type: ignore[arg-type]
    return Design(device.name, "what is at work still", (device,), (driver,))


def _radio(*leave: Node) -> Design:
    probe = (ALLOC_ETHERDEV(CHIP), TIMER_SETUP(CHIP), REGISTER_NETDEV(CHIP))
    return _of(CHIP, probe, (*leave, FREE_NETDEV(CHIP)), timer("timer"),
               calls("netdev", (MOD_TIMER(CHIP),)))


def _switch(close: Block, *remove: Node) -> Design:
    probe = (PCIM_ENABLE_DEVICE(CARD), PCIM_IOMAP_REGIONS(CARD), CDEV_DEVICE_ADD(CARD))
    return _of(CARD, probe, (CDEV_DEVICE_DEL(CARD), *remove), file("cdev", close, static=True))


def _uio(*opened: Node) -> Design:
    remove = (CDEV_DEL(CHIP), LOCK, HIDE(CHIP), UNLOCK, KFREE_DATA(CHIP))
    return _of(CHIP, (KZALLOC_DATA(CHIP), SHOW(CHIP), CDEV_ADD(CHIP)), remove,
               file("cdev", opened, static=True))


def _host(allocate: Node, register: Node, *remove: Node) -> Design:
    probe = (allocate, DMA_REQUEST_CHAN(CHIP), register)
    return _of(CHIP, probe, (*remove, DMA_RELEASE_CHANNEL(CHIP)), calls("spi", (MOVE(CHIP),)))


def _imx(before: Block, after: Block) -> Design:
    remove = (*before, SPI_UNREGISTER_CONTROLLER(CHIP), SWITCH_OFF(CHIP), *after)
    return _of(CHIP, (SPI_ALLOC_HOST(CHIP), SPI_REGISTER_CONTROLLER(CHIP)), remove, calls("spi"))


def _nic(*failed: Node) -> Design:
    task = If(THERE, (If(CLOSED, (DELETE(CARD), *failed)), READ(CARD)))
    probe = (KZALLOC_DATA(CARD), PCI_ENABLE_DEVICE(CARD), ADD(CARD), INIT_WORK(CARD))
    remove = (CANCEL_WORK_SYNC(CARD), If(THERE, (DELETE(CARD),)), PCI_DISABLE_DEVICE(CARD),
              KFREE_DATA(CARD))
    return _of(CARD, probe, remove, work("work", (task,)), others=True)


def _tuner(first: Block, then: Block) -> Design:
    fails = RESET(DONGLE, fail=(CANCEL_WORK_SYNC(DONGLE), KFREE_DATA(DONGLE), ERROR))
    return _of(DONGLE, (KZALLOC_DATA(DONGLE), *first, fails, *then),
               (CANCEL_WORK_SYNC(DONGLE), KFREE_DATA(DONGLE)), work("work"))


def _codec(*stop: Node) -> Design:
    probe = (DATA, ALLOC_WORKQUEUE(CHIP), INIT_WORK(CHIP), HRTIMER_INIT(CHIP), HRTIMER_START(CHIP))
    again = (QUEUE_WORK(CHIP), HRTIMER_START(CHIP))
    return _of(CHIP, probe, stop, hrtimer("timer", again), work("work"))


def _mouse(*stop: Node) -> Design:
    probe = (KZALLOC_DATA(DONGLE), USB_ALLOC_URB(DONGLE), USB_ALLOC_COHERENT(DONGLE),
             USB_FILL_INT_URB(DONGLE), USB_SUBMIT_URB(DONGLE))
    return _of(DONGLE, probe, (*stop, KFREE_DATA(DONGLE)),
               urb("urb", (USB_SUBMIT_URB(DONGLE, fail=IGNORE),)))


def _id(*remove: Node) -> Design:
    return _of(CARD, (PCI_ENABLE_DEVICE(CARD), IDA_ALLOC(CARD)),
               (*remove, PCI_DISABLE_DEVICE(CARD)))


def _asleep(*down: Node) -> Design:
    probe = (DATA, DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), DEVM_CLK_GET(CHIP),
             CLK_PREPARE_ENABLE(CHIP), INIT_WORK(CHIP))
    off = CLK_DISABLE_UNPREPARE(CHIP)
    return _of(CHIP, probe, (CANCEL_WORK_SYNC(CHIP), off),
               work("work", (access("sensor_read", CLOCK_ON)(CHIP),)), others=True,
               suspend=(*down, off), resume=(CLK_PREPARE_ENABLE(CHIP, fail=RETURN),))


CLOSE = access("stdev_release")(CARD)
GONE, TIMER = UNREGISTER_NETDEV(CHIP), TIMER_DELETE_SYNC(CHIP)
PLAIN = (SPI_ALLOC_HOST(CHIP), SPI_REGISTER_CONTROLLER(CHIP))
MANAGED = (DEVM_SPI_ALLOC_HOST(CHIP), DEVM_SPI_REGISTER_CONTROLLER(CHIP))
KILL, FREE, BUFFER = USB_KILL_URB(DONGLE), USB_FREE_URB(DONGLE), USB_FREE_COHERENT(DONGLE)
END, LATER = DESTROY_WORKQUEUE(CHIP), HRTIMER_CANCEL(CHIP)
DESIGN = _radio(GONE, TIMER)
SOUND = (
    _switch((), CLOSE), _uio(LOCK, If(FOUND, (USE(CHIP),)), UNLOCK),
    _host(*PLAIN, SPI_UNREGISTER_CONTROLLER(CHIP)),
    _imx((SPI_CONTROLLER_GET(CHIP),), (SPI_CONTROLLER_PUT(CHIP),)), _nic(Return()),
    _tuner((INIT_WORK(DONGLE),), ()), _codec(LATER, CANCEL_WORK_SYNC(CHIP), END),
    _mouse(KILL, BUFFER, FREE), _id(IDA_FREE(CARD)), _asleep(CANCEL_WORK_SYNC(CHIP)),
)
BUGGY = (
    (_radio(TIMER, GONE), "N17"),
    (_switch((CLOSE,)), "N12"),
    (_uio(LOCK, If(FOUND, (UNLOCK, USE(CHIP)), (UNLOCK,))), "N12"),
    (_host(*MANAGED), "N12"),
    (_imx((), ()), "N12"),
    (_nic(), "N12"),
    (_tuner((), (INIT_WORK(DONGLE),)), "N12"),
    (_codec(END, LATER), "N17"),
    (_mouse(BUFFER, KILL, FREE), "N17"),
    (_mouse(FREE, KILL, BUFFER), "N17"),
    (_id(), "R36"),
    (_asleep(), "N12"),
)
