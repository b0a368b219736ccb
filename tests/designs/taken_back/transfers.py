# SPDX-License-Identifier: GPL-2.0-only
"""Network devices, and what drivers have for transfers.

The timeout work of an Ethernet controller was not cancelled behind unregister_netdev() (ravb,
CVE-2023-35827); registers unmapped under an interface that is up; memory behind a network device
used behind free_netdev() (qcom/emac); DMA memory, a workqueue, a PHY left behind an error; an URB
that queues work was killed behind its cancel (usbnet). An attribute of ibmveth took the interface
down and up beside whoever opens and closes it, and disabled NAPI twice (CVE-2025-22053), as the
resume of atlantic did behind its suspend (CVE-2022-49624).
"""

from generator.context import Context, calls, tasklet, urb, work
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import MEMORY, MSG
from generator.operation import Guard, Operation, ok, sets
from generator.ops.buffers import (
    ALLOC_WORKQUEUE,
    DESTROY_WORKQUEUE,
    DMA_ALLOC_COHERENT,
    DMA_FREE_COHERENT,
    PHY_EXIT,
    PHY_INIT,
    PHY_POWER_OFF,
    PHY_POWER_ON,
)
from generator.ops.irq import (
    FREE_IRQ,
    MSI,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.mapping import PCI_IOMAP, PCI_IOUNMAP
from generator.ops.memdev import READL
from generator.ops.netdev import (
    ALLOC_ETHERDEV,
    FREE_NETDEV,
    NAPI_DISABLE,
    NAPI_ENABLE,
    NAPI_SCHEDULE,
    REGISTER_NETDEV,
    UNREGISTER_NETDEV,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.platform import CLIENT_IRQ
from generator.ops.registered import SYSFS_CREATE_GROUP, SYSFS_REMOVE_GROUP
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.usb import (
    USB_ALLOC_URB,
    USB_FILL_INT_URB,
    USB_FREE_URB,
    USB_KILL_URB,
    USB_SUBMIT_URB,
)
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block, If, Node, Return

NIC = Device("nic", "pci", answers=((MSG, ("0",)),))
ETH, CHIP, DONGLE = Device("eth", "platform"), Device("chip", "spi"), Device("dongle", "usb")
GONE, FREE, UNMAP = UNREGISTER_NETDEV(NIC), FREE_NETDEV(NIC), PCI_IOUNMAP(NIC)
QUIET: Block = (FREE_IRQ(NIC), NAPI_DISABLE(NIC))
USES = Operation("emac_sgmii_uninit", ("dev",), (ok(),), source="", needs=(MEMORY,))
ERROR = Return(ok=False)


def _of(device: Device, probe: Block, remove: Block, *contexts: Context, **more: Block) -> Design:
    driver = Driver("drv", device, probe, remove, contexts=contexts,
                    **more)  # type: ignore[arg-type]
    return Design(device.name, "what a driver has for transfers", (device,), (driver,))


def _nic(*remove: Node) -> Design:
    probe = (
        PCI_ENABLE_DEVICE(NIC), PCI_SET_MASTER(NIC), ALLOC_ETHERDEV(NIC), PCI_IOMAP(NIC),
        PCI_ALLOC_IRQ_VECTORS(NIC, min=1, max=1, types=MSI), PCI_IRQ_VECTOR(NIC, NIC, nr=0),
        NAPI_ENABLE(NIC), REQUEST_IRQ(NIC), REGISTER_NETDEV(NIC),
    )
    return _of(NIC, probe, (*remove, PCI_FREE_IRQ_VECTORS(NIC), PCI_DISABLE_DEVICE(NIC)),
               calls("netdev", (READL(NIC),)), tasklet("napi", (READL(NIC),)),
               atomic=(READL(NIC), NAPI_SCHEDULE(NIC)))


def _timeout(*stop: Node) -> Design:
    probe = (ALLOC_ETHERDEV(ETH), INIT_WORK(ETH, work="timeout"), REGISTER_NETDEV(ETH))
    remove = (UNREGISTER_NETDEV(ETH), *stop, FREE_NETDEV(ETH))
    return _of(ETH, probe, remove, calls("netdev", (SCHEDULE_WORK(ETH, work="timeout"),)),
               work("timeout"))


def _emac(*last: Node) -> Design:
    return _of(ETH, (ALLOC_ETHERDEV(ETH), REGISTER_NETDEV(ETH)), (UNREGISTER_NETDEV(ETH), *last),
               calls("netdev"))


def _queue(*error: Node) -> Design:
    probe = (ALLOC_WORKQUEUE(CHIP), CLIENT_IRQ(CHIP, CHIP, fail=(*error, ERROR)))
    return _of(CHIP, probe, (DESTROY_WORKQUEUE(CHIP),))


def _buffer(*error: Node) -> Design:
    probe = (DMA_ALLOC_COHERENT(ETH), PHY_INIT(ETH, fail=(*error, ERROR)), PHY_POWER_ON(ETH))
    return _of(ETH, probe, (PHY_POWER_OFF(ETH), PHY_EXIT(ETH), DMA_FREE_COHERENT(ETH)))


def _events(*stop: Node) -> Design:
    probe = (KZALLOC_DATA(DONGLE), USB_ALLOC_URB(DONGLE), INIT_WORK(DONGLE, work="kevent"),
             USB_FILL_INT_URB(DONGLE), USB_SUBMIT_URB(DONGLE))
    return _of(DONGLE, probe, (*stop, USB_FREE_URB(DONGLE), KFREE_DATA(DONGLE)),
               urb("urb", (SCHEDULE_WORK(DONGLE, work="kevent"),)), work("kevent"))


def _pools(*store: Node) -> Design:
    probe = (ALLOC_ETHERDEV(ETH), SYSFS_CREATE_GROUP(ETH), REGISTER_NETDEV(ETH))
    close = (NAPI_DISABLE(ETH), DOWN(ETH))
    toggle = (MUTEX_LOCK(ETH), If(IS_UP, close, (NAPI_ENABLE(ETH), SET_UP(ETH))), MUTEX_UNLOCK(ETH))
    remove = (UNREGISTER_NETDEV(ETH), SYSFS_REMOVE_GROUP(ETH), If(IS_UP, close), FREE_NETDEV(ETH))
    return _of(ETH, probe, remove, calls("netdev", toggle), calls("attributes", store),
               tasklet("napi"))


def _slept(*again: Node) -> Design:
    probe = (ALLOC_ETHERDEV(ETH), NAPI_ENABLE(ETH), REGISTER_NETDEV(ETH))
    remove = (UNREGISTER_NETDEV(ETH), NAPI_DISABLE(ETH), FREE_NETDEV(ETH))
    return _of(ETH, probe, remove, calls("netdev"), tasklet("napi"),
               suspend=(NAPI_DISABLE(ETH),), resume=(*again, NAPI_ENABLE(ETH)))


UP = Fact("interface up", 1, "somebody has opened the interface")
SET_UP, DOWN = (Operation(f"up = {value}", ("dev",), (ok(sets(UP(Role("dev")), value)),), source="")
                for value in (1, 0))
IS_UP = Guard("up", UP(ETH).eq(1), ())
ANEW = If(IS_UP, (NAPI_DISABLE(ETH), NAPI_ENABLE(ETH)))
KILL, CANCEL = USB_KILL_URB(DONGLE), CANCEL_WORK_SYNC(DONGLE, work="kevent")
DESIGN = _nic(GONE, *QUIET, UNMAP, FREE)
SOUND = (
    _timeout(CANCEL_WORK_SYNC(ETH, work="timeout")), _emac(USES(ETH), FREE_NETDEV(ETH)),
    _queue(DESTROY_WORKQUEUE(CHIP)), _buffer(DMA_FREE_COHERENT(ETH)), _events(KILL, CANCEL),
    _pools(MUTEX_LOCK(ETH), ANEW, MUTEX_UNLOCK(ETH)), _slept(),
)
BUGGY = (
    (_nic(UNMAP, GONE, *QUIET, FREE), "N3"),
    (_timeout(), "N17"),
    (_emac(FREE_NETDEV(ETH), USES(ETH)), "N12"),
    (_queue(), "R40"),
    (_buffer(), "R40"),
    (_of(ETH, (PHY_INIT(ETH), PHY_POWER_ON(ETH)), (PHY_EXIT(ETH),)), "R40"),
    (_events(CANCEL, KILL), "N17"),
    (_pools(ANEW), "N18"),
    (_slept(NAPI_DISABLE(ETH)), "N18"),
)
