# SPDX-License-Identifier: GPL-2.0-only
"""Which services a port of the pinned kernel has: its devices, and their discovery.

The function here is that of drivers/pci/pcie/portdrv.c, under its name there.
"""

from __future__ import annotations

from generator.design import Device
from generator.expr import Nth
from generator.facts import MSG
from generator.operation import Guard
from generator.ops.assign import assign
from generator.ops.pci import PCIE_CAPABILITY_READ_DWORD, PCIE_PME_INTERRUPT_ENABLE
from generator.program import Function, If, Ifdef, both, either

PORT = Device("port", "pci", bridge=True)
# PME, hotplug and bandwidth notification share a message number, so they are one here; DPC has
# one of its own, but without AER it exists only where the command line asks for it.
SERVICE = Device("service", "service", PORT, count=2, names=("hp", "aer"),
                 answers=((MSG, ("0", "1")),), as_in="today")
HP, AER = Nth(SERVICE, 0), Nth(SERVICE, 1)


def free(name: str, *texts: str, function: str = "") -> Guard:
    """Return a condition that the model leaves open."""
    return Guard(name, None, texts or (name,), function)


def port_type(name: str) -> Guard:
    """Return the question for a port type, as both functions ask it."""
    return free(
        f"type is {name}",
        f"pci_pcie_type(dev) == PCI_EXP_TYPE_{name}",
        f"type == PCI_EXP_TYPE_{name}",
    )


ROOT, UPSTREAM, DOWNSTREAM, RCEC = map(port_type, ("ROOT_PORT", "UPSTREAM", "DOWNSTREAM", "RC_EC"))
NATIVE = free("pcie_ports_native")


def get_port_device_capability() -> Function:
    """Return the discovery of services; what it finds are the questions HAS of the services."""
    services = "get_port_device_capability:services"
    return Function(
        "get_port_device_capability",
        (
            assign(services, "0")(),
            If(
                both(
                    free("dev->is_pciehp"),
                    either(ROOT, DOWNSTREAM),
                    either(NATIVE, free("host->native_pcie_hotplug")),
                ),
                (assign(services, "|= PCIE_PORT_SERVICE_HP")(),),
            ),
            Ifdef(
                "CONFIG_PCIEAER",
                (
                    If(
                        both(
                            either(ROOT, RCEC),
                            free("dev->aer_cap"),
                            free("pci_aer_available()"),
                            either(NATIVE, free("host->native_aer")),
                        ),
                        (assign(services, "|= PCIE_PORT_SERVICE_AER")(),),
                    ),
                ),
            ),
            If(
                both(either(ROOT, RCEC), either(NATIVE, free("host->native_pme"))),
                (
                    assign(services, "|= PCIE_PORT_SERVICE_PME")(),
                    PCIE_PME_INTERRUPT_ENABLE(PORT, c={"arg": "false"}),
                ),
            ),
            If(
                both(
                    free("pci_find_ext_capability(dev, PCI_EXT_CAP_ID_DPC)"),
                    free("pci_aer_available()"),
                    either(
                        free("pcie_ports_dpc_native"), free("services & PCIE_PORT_SERVICE_AER")
                    ),
                ),
                (assign(services, "|= PCIE_PORT_SERVICE_DPC")(),),
            ),
            If(
                either(DOWNSTREAM, ROOT),
                (
                    PCIE_CAPABILITY_READ_DWORD(PORT),
                    If(
                        free("linkcap & PCI_EXP_LNKCAP_LBNC"),
                        (assign(services, "|= PCIE_PORT_SERVICE_BWNOTIF")(),),
                    ),
                ),
            ),
        ),
    )


MORE = free("i < PCIE_PORT_DEVICE_MAXSERVICES")
