# SPDX-License-Identifier: GPL-2.0-only
"""The pinned kernel: portdrv binds ports and serves PME, hotplug, AER and DPC. No CPMU."""

from generator.design import Design, Waiver
from generator.drivers.portdrv import portdrv
from generator.drivers.portdrv_services import PORT, SERVICE
from generator.facts import HAS, LINE_ROUTED

DESIGN = Design(
    name="today",
    drawing="portdrv binds a port, owns its vectors, and creates one device per service.",
    devices=(PORT, SERVICE),
    drivers=(portdrv(),),
    # On a routed line every service has an interrupt, whatever becomes of MSI.
    serves=((SERVICE, HAS(SERVICE).eq(1) & LINE_ROUTED(PORT).eq(1)),),
    waivers=(
        Waiver(
            "R09",
            "a bug of the pinned kernel: unbinding portdrv from a port with live devices below "
            "clears bus mastering under them",
            op="pci_disable_device",
        ),
        Waiver(
            "R09",
            "the pinned kernel clears bus mastering when no service got a device, whoever "
            "else uses it",
            op="pci_clear_master",
            inside="pcie_port_device_register",
        ),
    ),
    evidence="drivers/pci/pcie/portdrv.c",
)
