# SPDX-License-Identifier: GPL-2.0-only
"""Who holds an interface, a remote control device or a reference of runtime PM, and until when.

chaoskey looked into its interface behind its disconnect, from a file that was open. Calls of
runtime PM may say whose reference it is, as their siblings do.
"""

from generator.context import calls, file, netdev
from generator.design import Design, Device, Driver
from generator.operation import Guard, Node
from generator.ops.allocated import (
    KFREE_OWN,
    KZALLOC_OWN,
    RC_ALLOCATE_DEVICE,
    RC_FREE_DEVICE,
    SCSI_HOST_ALLOC,
    SCSI_HOST_PUT,
)
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.netdev import ALLOC_CANDEV, FREE_CANDEV, REGISTER_CANDEV, UNREGISTER_CANDEV
from generator.ops.own import counted
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.pm import (
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_PUT_NOIDLE,
)
from generator.ops.registered import (
    CRYPTO_REGISTER_SKCIPHER,
    CRYPTO_UNREGISTER_SKCIPHER,
    HWMON_DEVICE_REGISTER_WITH_INFO,
    HWMON_DEVICE_UNREGISTER,
    RC_REGISTER_DEVICE,
    RC_UNREGISTER_DEVICE,
    SCSI_ADD_HOST,
    SCSI_REMOVE_HOST,
    USB_DEREGISTER_DEV,
    USB_REGISTER_DEV,
)
from generator.ops.usb import USB_GET_INTF, USB_PUT_INTF, use_interface
from generator.ops.uses import IR_RAW_EVENT_HANDLE
from generator.program import Block, If, Return

KEY, CHIP = Device("key", "usb"), Device("chip", "platform")
USE = use_interface(KEY)


def _key(get: Block, *put: Node) -> Design:
    ref = counted("key->kref", release=(*put, KFREE_OWN(KEY)), file="node")
    closed = Guard("it is closed", None, ())
    return Design("key", "its interface", (KEY,), (Driver(
        "key", KEY,
        (KZALLOC_OWN(KEY), *get, ref.init(KEY),
         USB_REGISTER_DEV(KEY, fail=(ref.put(KEY), Return(ok=False)))),
        (USB_DEREGISTER_DEV(KEY), ref.put(KEY)),
        contexts=(file("node", (If(closed, (USE, ref.close(KEY)), (USE,)),)),)),))


def _chip(probe: Block, *remove: Node, atomic: Block = ()) -> Design:
    return Design("chip", "taken and given back", (CHIP,), (Driver(
        "chip", CHIP, probe, remove, atomic=atomic),))


def _called(probe: Block, *remove: Node) -> Design:
    return Design("chip", "registered", (CHIP,), (Driver(
        "chip", CHIP, (KZALLOC_OWN(CHIP), *probe), (*remove, KFREE_OWN(CHIP)),
        contexts=(calls("hwmon"), calls("algorithm"), netdev("netdev"), calls("scsi"))),))


GET, AUTO = PM_RUNTIME_GET_NORESUME(CHIP, CHIP), PM_RUNTIME_PUT_AUTOSUSPEND(CHIP, CHIP)
RC: Block = (RC_ALLOCATE_DEVICE(CHIP), PLATFORM_GET_IRQ(CHIP, CHIP), REQUEST_IRQ(CHIP),
             RC_REGISTER_DEVICE(CHIP))
GONE, FREE, NO_IRQ = RC_UNREGISTER_DEVICE(CHIP), RC_FREE_DEVICE(CHIP), FREE_IRQ(CHIP)
REPORT: Block = (IR_RAW_EVENT_HANDLE(CHIP),)

DESIGN = _key((USB_GET_INTF(KEY),), USB_PUT_INTF(KEY))
SOUND = (
    _chip((GET, AUTO)), _chip((GET,), PM_RUNTIME_PUT_NOIDLE(CHIP, CHIP)),
    _chip((PM_RUNTIME_GET_NORESUME(CHIP),), PM_RUNTIME_PUT_AUTOSUSPEND(CHIP)),
    _chip(RC, NO_IRQ, GONE, FREE, atomic=REPORT),
    _called((HWMON_DEVICE_REGISTER_WITH_INFO(CHIP),), HWMON_DEVICE_UNREGISTER(CHIP)),
    _called((CRYPTO_REGISTER_SKCIPHER(CHIP),), CRYPTO_UNREGISTER_SKCIPHER(CHIP)),
    _chip((ALLOC_CANDEV(CHIP), REGISTER_CANDEV(CHIP)), UNREGISTER_CANDEV(CHIP), FREE_CANDEV(CHIP)),
    _chip((SCSI_HOST_ALLOC(CHIP), SCSI_ADD_HOST(CHIP)), SCSI_REMOVE_HOST(CHIP),
          SCSI_HOST_PUT(CHIP)),
)
BUGGY = (
    (_key(()), "N12"),
    (_key((USB_GET_INTF(KEY),)), "R40"),
    (_chip((GET,)), "R36"),
    (_chip(RC, GONE, FREE, NO_IRQ, atomic=REPORT), "N3"),
    (_called((HWMON_DEVICE_REGISTER_WITH_INFO(CHIP),)), "N17"),
)
