# SPDX-License-Identifier: GPL-2.0-only
"""What an error path or remove left, took back though it was not there, or freed twice.

wt-sdmmc did not look at what mmc_add_host() returned (CVE-2022-50267); ad5504 left its regulator on
and saa7164 its device enabled where the next call failed; usb-ljca freed again what
auxiliary_device_uninit() frees; mcba_usb kept the coherent buffers of its URBs (CVE-2021-47231);
ec_bhf read its data behind free_netdev() (CVE-2021-47235); a node of the device tree was put only
where all went well. Of a reset that remove asserts a probe that fails must do so too; one that
nobody asserts may stay released.
"""

from generator.context import Context, calls, urb
from generator.design import Design, Device, Driver
from generator.facts import MEMORY
from generator.operation import IGNORE, RETURN, Block, OnFail, Operation, ok
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.buffers import OF_NODE_PUT, OF_PARSE_PHANDLE
from generator.ops.clk import DEVM_CLK_GET, DEVM_CLK_GET_ENABLED
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KFREE, KZALLOC
from generator.ops.mapping import PCI_IOMAP, PCI_IOUNMAP
from generator.ops.netdev import ALLOC_ETHERDEV, FREE_NETDEV, REGISTER_NETDEV, UNREGISTER_NETDEV
from generator.ops.paired import MMC_ALLOC_HOST, MMC_FREE_HOST
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.ops.registered import (
    IIO_DEVICE_REGISTER,
    IIO_DEVICE_UNREGISTER,
    MMC_ADD_HOST,
    MMC_REMOVE_HOST,
)
from generator.ops.regulator import DEVM_REGULATOR_GET, REGULATOR_DISABLE, REGULATOR_ENABLE
from generator.ops.reset import (
    DEVM_RESET_CONTROL_GET_EXCLUSIVE,
    RESET_CONTROL_ASSERT,
    RESET_CONTROL_DEASSERT,
)
from generator.ops.usb import (
    USB_ALLOC_COHERENT,
    USB_ALLOC_URB,
    USB_FILL_BULK_URB,
    USB_FREE_COHERENT,
    USB_FREE_URB,
    USB_KILL_URB,
    USB_SUBMIT_URB,
)
from generator.program import Node, Return

CHIP, SENSOR = Device("chip", "platform"), Device("sensor", "spi")
CARD, DONGLE = Device("card", "pci"), Device("dongle", "usb")
CLIENT = Device("client", "aux", DONGLE)
ERROR = Return(ok=False)
READ_DATA = Operation("priv->dma_io", ("dev",), (ok(),), source="", needs=(MEMORY,), sleeps=False)


def _of(device: Device, probe: Block, remove: Block, *contexts: Context) -> Design:
    children = (CLIENT,) if device == DONGLE and not contexts else ()
    driver = Driver("drv", device, probe, remove, contexts=contexts)
    return Design(device.name, "what is left", (device, *children), (driver,))


def _mmc(fail: OnFail | Block) -> Design:
    clock = DEVM_CLK_GET_ENABLED(CHIP, fail=(MMC_FREE_HOST(CHIP), ERROR))
    return _of(CHIP, (MMC_ALLOC_HOST(CHIP), clock, MMC_ADD_HOST(CHIP, fail=fail)),
               (MMC_REMOVE_HOST(CHIP), MMC_FREE_HOST(CHIP)), calls("mmc"))


def _dac(fail: OnFail | Block) -> Design:
    probe = (DEVM_KZALLOC(SENSOR, SENSOR), DEVM_REGULATOR_GET(SENSOR), REGULATOR_ENABLE(SENSOR),
             IIO_DEVICE_REGISTER(SENSOR, fail=fail))
    remove = (IIO_DEVICE_UNREGISTER(SENSOR), REGULATOR_DISABLE(SENSOR))
    return _of(SENSOR, probe, remove, calls("iio"))


def _tuner(*error: Node) -> Design:
    probe = (PCI_ENABLE_DEVICE(CARD), PCI_SET_MASTER(CARD), PCI_IOMAP(CARD, fail=(*error, ERROR)))
    return _of(CARD, probe, (PCI_IOUNMAP(CARD), *OFF))


def _bus(*freed: Node) -> Design:
    no_id = IDA_FREE(CLIENT)
    probe = (
        IDA_ALLOC(CLIENT), KZALLOC(CLIENT, fail=(no_id, ERROR)),
        AUXILIARY_DEVICE_INIT(CLIENT, fail=(KFREE(CLIENT), no_id, ERROR)),
        AUXILIARY_DEVICE_ADD(CLIENT, fail=(AUXILIARY_DEVICE_UNINIT(CLIENT), *freed, no_id, ERROR)),
    )
    return _of(DONGLE, probe, (
        AUXILIARY_DEVICE_DELETE(CLIENT), AUXILIARY_DEVICE_UNINIT(CLIENT), no_id))


def _can(*freed: Node) -> Design:
    again = USB_SUBMIT_URB(DONGLE, urb="rx", fail=IGNORE)
    probe = (DEVM_KZALLOC(DONGLE, DONGLE), USB_ALLOC_URB(DONGLE), USB_ALLOC_COHERENT(DONGLE),
             USB_FILL_BULK_URB(DONGLE, urb="rx"), USB_SUBMIT_URB(DONGLE, urb="rx"))
    return _of(DONGLE, probe, (USB_KILL_URB(DONGLE, urb="rx"), *freed, USB_FREE_URB(DONGLE)),
               urb("rx", (again,)))


def _net(*last: Node) -> Design:
    probe = (PCI_ENABLE_DEVICE(CARD), PCI_SET_MASTER(CARD), PCI_IOMAP(CARD), ALLOC_ETHERDEV(CARD),
             REGISTER_NETDEV(CARD))
    return _of(CARD, probe, (UNREGISTER_NETDEV(CARD), *last, *OFF), calls("netdev"))


def _node(*error: Node) -> Design:
    found = (OF_PARSE_PHANDLE(CHIP, fail=RETURN), DEVM_CLK_GET(CHIP, fail=(*error, ERROR)))
    return _of(CHIP, (*found, OF_NODE_PUT(CHIP)), ())


def _reset(*error: Node, remove: Block) -> Design:
    clock = DEVM_CLK_GET_ENABLED(CHIP, fail=(*error, ERROR))
    return _of(CHIP, (DEVM_RESET_CONTROL_GET_EXCLUSIVE(CHIP), RESET_CONTROL_DEASSERT(CHIP), clock),
               remove)


ASSERT = RESET_CONTROL_ASSERT(CHIP)
OFF = (PCI_CLEAR_MASTER(CARD), PCI_DISABLE_DEVICE(CARD))
UNMAP: Block = (READ_DATA(CARD), PCI_IOUNMAP(CARD))
DESIGN = _mmc((MMC_FREE_HOST(CHIP), ERROR))
SOUND = (
    _dac((REGULATOR_DISABLE(SENSOR), ERROR)), _tuner(*OFF), _bus(), _can(USB_FREE_COHERENT(DONGLE)),
    _net(*UNMAP, FREE_NETDEV(CARD)), _node(OF_NODE_PUT(CHIP)),
    _reset(ASSERT, remove=(ASSERT,)), _reset(remove=()),
)
BUGGY = (
    (_mmc(IGNORE), "N20"),
    (_dac(RETURN), "R40"),
    (_tuner(), "R36"),
    (_bus(KFREE(CLIENT)), "R24"),
    (_can(), "R40"),
    (_net(FREE_NETDEV(CARD), *UNMAP), "N12"),
    (_node(), "R40"),
    (_reset(remove=(ASSERT,)), "R40"),
)
