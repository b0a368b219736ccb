# SPDX-License-Identifier: GPL-2.0-only
"""The driver data of a device, by the names that each bus has for it (include/linux/device.h).

The driver core clears it behind a failed probe and behind remove, whoever has set it. Where C reads
it, USE_DRVDATA of member.py says so.
"""

from __future__ import annotations

from dataclasses import replace

from generator.fingerprint import Fingerprint
from generator.operation import Operation
from generator.ops.pci import PCI_CLEAR_DRVDATA, PCI_SET_DRVDATA


def _sets(name: str, header: str, *kinds: str) -> Operation:
    return replace(
        PCI_SET_DRVDATA, name=name, source=f"include/linux/{header} {name}()",
        fingerprint=Fingerprint((name,), on=0, args=(1,)), kinds=(("dev", kinds),),
    )


def _clears(of: Operation) -> Operation:
    return replace(of, name=f"{of.name} NULL", outcomes=PCI_CLEAR_DRVDATA.outcomes)


DEV_SET_DRVDATA = replace(
    PCI_SET_DRVDATA, name="dev_set_drvdata", source="include/linux/device.h dev_set_drvdata()",
    fingerprint=Fingerprint(("dev_set_drvdata",), on=0), shown=(), kinds=(),
)
PLATFORM_SET_DRVDATA = _sets("platform_set_drvdata", "platform_device.h", "platform")
I2C_SET_CLIENTDATA = _sets("i2c_set_clientdata", "i2c.h", "i2c")
SPI_SET_DRVDATA = _sets("spi_set_drvdata", "spi/spi.h", "spi")
AUXILIARY_SET_DRVDATA = _sets("auxiliary_set_drvdata", "auxiliary_bus.h", "aux")
USB_SET_INTFDATA = _sets("usb_set_intfdata", "usb.h", "usb")
HID_SET_DRVDATA = _sets("hid_set_drvdata", "hid.h", "hid")
SDIO_SET_DRVDATA = _sets("sdio_set_drvdata", "mmc/sdio_func.h", "sdio")
PNP_SET_DRVDATA = _sets("pnp_set_drvdata", "pnp.h", "pnp")
USB_CLEAR_INTFDATA = _clears(USB_SET_INTFDATA)
