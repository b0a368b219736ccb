# SPDX-License-Identifier: GPL-2.0-only
"""What a driver holds of others, in designs that are written: devices, PHYs, domains, HID.

They are not looked for in drivers that are read, where nobody says whose device a call is about:
the device here is the driver's own, or a part of it where it holds several.
"""

from __future__ import annotations

from dataclasses import replace

from generator.facts import FOUND_DEVICE, HID_OPEN, IRQ_DOMAIN, USB_PHY, V4L2_DEVICE
from generator.operation import DEV, Operation, Set, fault, ok, sets
from generator.ops.counted import less, more


def _gives_back(name: str, *gives: Set, source: str, idempotent: bool = False) -> Operation:
    return Operation(name, ("dev",), (ok(*gives),), source=f"{source} {name}()",
                     idempotent=idempotent)


def _takes(
    name: str, *gives: Set, undo: Operation, source: str, error: str, managed: bool = False
) -> Operation:
    return Operation(name, ("dev",), (ok(*gives), fault(error)), source=f"{source} {name}()",
                     undo=undo, managed=managed, on_devres="dev" if managed else "")


_CORE, _PHY, _DOMAIN = "drivers/base/core.c", "drivers/usb/phy/phy.c", "include/linux/irqdomain.h"
_FOUND = sets(FOUND_DEVICE(DEV), 1)

PUT_FOUND_DEVICE = _gives_back("put_device", sets(FOUND_DEVICE(DEV), 0), source=_CORE)
OF_FIND_DEVICE_BY_NODE = _takes("of_find_device_by_node", _FOUND, undo=PUT_FOUND_DEVICE,
                                source="drivers/of/platform.c", error="-ENODEV")
GET_FOUND_DEVICE = Operation(
    "get_device", ("dev",), (ok(_FOUND),), source=f"{_CORE} get_device()", undo=PUT_FOUND_DEVICE,
    sleeps=False,
)

# The same of PCI devices, which are a reference of their own; hotplug.py has what pciehp calls.
PUT_FOUND_PCI_DEVICE = replace(
    _gives_back("pci_dev_put", sets(FOUND_DEVICE(DEV), 0), source="drivers/pci/pci-driver.c"),
    takes_null=True)
PCI_GET_FOUND_SLOT, PCI_GET_FOUND_DEVICE = (
    _takes(name, _FOUND, undo=PUT_FOUND_PCI_DEVICE, source="drivers/pci/search.c", error="-ENODEV")
    for name in ("pci_get_slot", "pci_get_device"))

USB_PUT_PHY = _gives_back("usb_put_phy", sets(USB_PHY(DEV), 0), source=_PHY)
USB_GET_PHY = _takes("usb_get_phy", sets(USB_PHY(DEV), 1), undo=USB_PUT_PHY, source=_PHY,
                     error="-EPROBE_DEFER")
DEVM_USB_GET_PHY = replace(USB_GET_PHY, name="devm_usb_get_phy", managed=True, on_devres="dev",
                           source=f"{_PHY} devm_usb_get_phy()")
DEVM_USB_PUT_PHY = replace(USB_PUT_PHY, name="devm_usb_put_phy", off_devres=USB_PUT_PHY,
                           on_devres="dev", source=f"{_PHY} devm_usb_put_phy()")

IRQ_DOMAIN_REMOVE = _gives_back("irq_domain_remove", sets(IRQ_DOMAIN(DEV), 0), source=_DOMAIN)
IRQ_DOMAIN_ADD_LINEAR, IRQ_DOMAIN_CREATE_LINEAR = (
    _takes(name, sets(IRQ_DOMAIN(DEV), 1), undo=IRQ_DOMAIN_REMOVE, source=_DOMAIN, error="-ENOMEM")
    for name in ("irq_domain_add_linear", "irq_domain_create_linear"))

_V4L2 = "drivers/media/v4l2-core/v4l2-device.c"  # one that is not registered is left alone
V4L2_DEVICE_UNREGISTER = _gives_back("v4l2_device_unregister", sets(V4L2_DEVICE(DEV), 0),
                                     source=_V4L2, idempotent=True)
V4L2_DEVICE_REGISTER = _takes("v4l2_device_register", sets(V4L2_DEVICE(DEV), 1),
                              undo=V4L2_DEVICE_UNREGISTER, source=_V4L2, error="-EINVAL")

_HID = "drivers/hid/hid-core.c"
HID_HW_CLOSE = _gives_back("hid_hw_close", less(HID_OPEN), source=_HID)
HID_HW_OPEN = _takes("hid_hw_open", more(HID_OPEN), undo=HID_HW_CLOSE, source=_HID, error="-EIO")
