# SPDX-License-Identifier: GPL-2.0-only
"""Register blocks of PCI and platform devices: claimed and mapped, by hand or by devres.

All blocks of one device count as one, as its clocks do: what is claimed or mapped twice is given
back with the last.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Fact, Role
from generator.facts import CLAIMED, MAPPED
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, Set, fault, ok, sets
from generator.ops.memdev import WRITEL
from generator.ops.perf import UNMAP
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE

USER = Role("user")


def access(name: str, *needs: Fact | tuple[Fact, ...]) -> Operation:
    """Return what the driver calls `name`: it touches the mapped registers of its device.

    needs: what must be on beside for that, CLOCK_ON for one.
    """
    also = (fact for one in needs for fact in (one if isinstance(one, tuple) else (one,)))
    return replace(WRITEL, name=name, fingerprint=Fingerprint((name,)), needs=(MAPPED, *also),
                   source="the driver's own access to its registers")

_PCI, _DEVRES, _MAP = ("user", ("pci", "part")), "drivers/pci/devres.c", "drivers/pci/iomap.c"


def _gives(
    name: str, source: str, undo: Operation, *gives: Set, error: str = "-ENOMEM",
    fails: Fails = Fails.NULL, managed: bool = False,
) -> Operation:
    return Operation(
        name, ("user",), (ok(*gives), fault(error)), source=f"{source} {name}()", undo=undo,
        fingerprint=Fingerprint((name,), on=0, fails=fails), managed=managed,
        on_devres="user" if managed else "", kinds=(_PCI,),
    )


def _takes_back(name: str, source: str, *gives: Set) -> Operation:
    return Operation(
        name, ("user",), (ok(*gives),), source=f"{source} {name}()",
        fingerprint=Fingerprint((name,), on=0), kinds=(_PCI,),
    )


_MAPPED, _UNMAPPED = sets(MAPPED(USER), 1), sets(MAPPED(USER), 0)
_CLAIMED, _RELEASED = sets(CLAIMED(USER), 1), sets(CLAIMED(USER), 0)

# What is mapped for a moment, and by whom, perf.py has: PEEK.
IOUNMAP = Operation(
    "iounmap", ("user",), (ok(_UNMAPPED),), source="arch/x86/mm/ioremap.c iounmap()",
    fingerprint=Fingerprint(("iounmap",)),
)
IOREMAP = Operation(
    "ioremap", ("user",), (ok(_MAPPED), fault("-ENOMEM")), undo=IOUNMAP,
    source="include/asm-generic/io.h ioremap()",
    fingerprint=Fingerprint(("ioremap",), fails=Fails.NULL),
)
PCI_IOREMAP_BAR = _gives("pci_ioremap_bar", "drivers/pci/pci.c", IOUNMAP, _MAPPED)
PCI_IOUNMAP = _takes_back("pci_iounmap", _MAP, _UNMAPPED)
PCI_IOMAP = _gives("pci_iomap", _MAP, PCI_IOUNMAP, _MAPPED)
PCI_RELEASE_REGION = _takes_back("pci_release_region", "drivers/pci/pci.c", _RELEASED)
PCI_REQUEST_REGION = _gives("pci_request_region", "drivers/pci/pci.c", PCI_RELEASE_REGION,
                            _CLAIMED, error="-EBUSY", fails=Fails.NEGATIVE)

PCIM_IOMAP = _gives("pcim_iomap", _DEVRES, UNMAP, _MAPPED, managed=True)
_BOTH = replace(UNMAP, name="unmap and release regions", outcomes=(ok(_UNMAPPED, _RELEASED),),
                source=f"{_DEVRES} pcim_addr_resource_release()")
PCIM_IOMAP_REGIONS = _gives("pcim_iomap_regions", _DEVRES, _BOTH, _CLAIMED, _MAPPED,
                            error="-EBUSY", fails=Fails.NEGATIVE, managed=True)

DEVM_PLATFORM_GET_AND_IOREMAP_RESOURCE = replace(
    DEVM_PLATFORM_IOREMAP_RESOURCE, name="devm_platform_get_and_ioremap_resource",
    source="drivers/base/platform.c devm_platform_get_and_ioremap_resource()",
    fingerprint=Fingerprint(("devm_platform_get_and_ioremap_resource",), on=0, fails=Fails.ERRPTR),
)
