# SPDX-License-Identifier: GPL-2.0-only
"""The facts: what the kernels that series are made for differ in, and who asks.

Each says how it is recognised in the code. A commit is named where it is known; where none is, it
says between which releases it was read to be different.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from generator.errors import TreeError
from generator.kernel.tree import Tree
from generator.tree_facts.fact import Answer, TreeFact, Users, Way, of_directory, read

_PORTDRV, _PORTDRV_H = "drivers/pci/pcie/portdrv.c", "drivers/pci/pcie/portdrv.h"
_PERF, _CORE = "drivers/perf/cxl_pmu.c", "kernel/events/core.c"
_MSI_H = "include/linux/msi.h"
_CAPABILITY = "get_port_device_capability"
_BETWEEN = "read in 7.3.4, and not in 6.12.117"

FACTS: tuple[TreeFact, ...] = (
    TreeFact(
        "bandwidth service",
        "when a port has the service for bandwidth notifications, and what that is called",
        (
            Way("BWNOTIF, where links notify", _PORTDRV,
                r"if \(linkcap & PCI_EXP_LNKCAP_LBNC\)\s*services \|= PCIE_PORT_SERVICE_BWNOTIF;",
                _CAPABILITY),
            Way("BWCTRL, where links notify and have more than one speed", _PORTDRV,
                r"if \(linkcap & PCI_EXP_LNKCAP_LBNC &&\s*hweight8\(dev->supported_speeds\) > 1\)"
                r"\s*services \|= PCIE_PORT_SERVICE_BWCTRL;", _CAPABILITY),
        ),
        "665745f27487 and 774c71c52aa4, since 6.13",
    ),
    TreeFact(
        "bandwidth driver",
        "who is bound to that service",
        (
            Way("nobody", _PORTDRV, r"\A(?!.*bwctrl).*(?P<at>pcie_hp_init)\(\);",
                "pcie_init_services"),
            Way("bwctrl", _PORTDRV, r"pcie_bwctrl_init\(\);", "pcie_init_services"),
        ),
        "665745f27487, since 6.13",
    ),
    TreeFact(
        "DPC service",
        "when a port with DPC has the service for it, unless the command line demands it",
        (
            Way("with the AER service", _PORTDRV,
                r"pcie_ports_dpc_native \|\| \(services & PCIE_PORT_SERVICE_AER\)", _CAPABILITY),
            Way("where AER is native", _PORTDRV,
                r"pcie_ports_dpc_native \|\| host->native_aer\b", _CAPABILITY),
        ),
        _BETWEEN,
    ),
    TreeFact(
        "slot reset",
        "what portdrv does to the configuration of a port that was reset",
        (
            Way("restores and saves", _PORTDRV,
                r"pci_restore_state\(dev\);\s*pci_save_state\(dev\);", "pcie_portdrv_slot_reset"),
            Way("restores", _PORTDRV,
                r"pci_restore_state\(dev\);(?!\s*pci_save_state)", "pcie_portdrv_slot_reset"),
        ),
        "383d89699c50 (treewide), on top of a2f1e22390ac, which 6.12.y has as 58130e7ce6cb",
    ),
    TreeFact(
        "service bus",
        "who has probe and remove of the services of a port",
        (
            Way("each driver", _PORTDRV, r"new->driver\.probe = pcie_port_probe_service;",
                "pcie_port_service_register"),
            Way("the bus", _PORTDRV,
                r"^(?:const )?struct bus_type pcie_port_bus_type = \{[^}]*\.probe\s*="),
        ),
        _BETWEEN,
    ),
    TreeFact(
        "no service left",
        "how the registration of a port ends when none of its services got a device",
        (
            Way("well", _PORTDRV, r"pci_clear_master\(dev\);\s*\}\s*return 0;\s*\Z",
                "pcie_port_device_register"),
            Way("-ENODEV", _PORTDRV, r"status = -ENODEV;\s*nr_service = 0;",
                "pcie_port_device_register"),
        ),
        "-ENODEV was read in 6.12.107, 6.18.44 and 7.2.12; 6.12.117 and 7.3.4 agree",
    ),
    TreeFact(
        "register locator",
        "which header has the layout of the DVSEC by which CXL registers are found",
        (
            Way("drivers/cxl/cxlpci.h, as CXL_DVSEC_REG_LOCATOR", "drivers/cxl/cxlpci.h",
                r"^#define\s+CXL_DVSEC_REG_LOCATOR\b"),
            Way("uapi, as PCI_DVSEC_CXL_REG_LOCATOR", "include/uapi/linux/pci_regs.h",
                r"^#define\s+PCI_DVSEC_CXL_REG_LOCATOR\b"),
        ),
        "0f7afd80d81b",
    ),
    TreeFact(
        "register block types",
        "which header has enum cxl_regloc_type",
        (
            Way("drivers/cxl/cxlpci.h", "drivers/cxl/cxlpci.h", r"^enum cxl_regloc_type \{"),
            Way("include/cxl/pci.h", "include/cxl/pci.h", r"^enum cxl_regloc_type \{"),
        ),
        _BETWEEN,
    ),
    TreeFact(
        "allocation",
        "how the drivers next to ours allocate an object",
        (
            Way("kzalloc", _PORTDRV, r"\bkzalloc\(sizeof"),
            Way("kzalloc_obj", _PORTDRV, r"\bkzalloc_obj\("),
        ),
        _BETWEEN,
    ),
    TreeFact(
        "symbol namespaces",
        "how a namespace is written",
        (
            Way("a token", _PERF, r"^MODULE_IMPORT_NS\(\w+\);"),
            Way("a string", _PERF, r'^MODULE_IMPORT_NS\("\w+"\);'),
        ),
        "cdd30ebb1b9f, since 6.13",
    ),
    TreeFact(
        "open events",
        "what perf_pmu_unregister() does to events that are open",
        (
            Way("leaves them", _CORE, r"\Avoid perf_pmu_unregister\(", "perf_pmu_unregister"),
            Way("detaches them", _CORE, r"\n\tpmu_detach_events\(pmu\);", "perf_pmu_unregister"),
        ),
        "da916e96e2de",
    ),
    TreeFact(
        "dynamic MSI-X",
        "which irq domains can add vectors to MSI-X that is in use",
        Users(
            "MSI_FLAG_PCI_MSIX_ALLOC_DYN",
            ("arch/*/include/asm/msi.h", "arch/*/kernel/apic/*.c", "drivers/irqchip/*.c",
             "drivers/iommu/**/*.c", "drivers/pci/controller/**/*.c"),
            (
                ("arch/x86/include/asm/msi.h", "x86"),
                ("drivers/irqchip/irq-gic-its-msi-parent.c", "GIC ITS"),
                ("drivers/pci/controller/pci-hyperv.c", "Hyper-V"),
            ),
        ),
        "Hyper-V was read in 6.18.44; the ITS can since 1396e89e09f0 made it possible",
    ),
    TreeFact(
        "auxiliary devices",
        "whether one call makes an auxiliary device that goes with its parent's driver",
        (
            Way("by hand", "include/linux/auxiliary_bus.h",
                r"\A(?!.*devm_auxiliary_device_create).*(?P<at>\bauxiliary_device_add\()"),
            Way("devm_auxiliary_device_create()", "include/linux/auxiliary_bus.h",
                r"^#define devm_auxiliary_device_create\("),
        ),
        "eaa0d30216c1, since 6.15",
    ),
    TreeFact(
        "MSI descriptor lock",
        "how the mutex of a device's MSI descriptors is taken",
        (
            Way("by two functions", _MSI_H,
                r"\A(?!.*\bDEFINE_LOCK_GUARD_1\(msi_descs_lock\b).*(?P<at>\bmsi_lock_descs\()"),
            Way("by a guard", _MSI_H, r"\bDEFINE_LOCK_GUARD_1\(msi_descs_lock\b"),
        ),
        _BETWEEN,
    ),
    TreeFact(
        "message number 0",
        "whether the driver for CPMUs takes an interrupt message number of 0",
        (
            Way("refused", _PERF, r"\bi(?:nfo->i)?rq <= 0\b", "cxl_pmu_probe"),
            Way("taken", _PERF, r"\bi(?:nfo->i)?rq < 0\b", "cxl_pmu_probe"),
        ),
        "nobody has changed it",
    ),
)


BY_NAME: Mapping[str, TreeFact] = {fact.name: fact for fact in FACTS}


def answer(name: str, tree: Tree) -> Answer:
    """Return what a tree answers to one fact.

    Errors: TreeError when it does not answer, KeyError when there is no such fact.
    """
    text, listed = of_directory(tree.work)
    return read(BY_NAME[name], text, listed)


def answered(names: Iterable[str], tree: Tree) -> Mapping[str, str]:
    """Return what a tree answers to some facts, without those that it does not answer."""
    found: dict[str, str] = {}
    for name in names:
        with suppress(TreeError):
            found[name] = answer(name, tree).text
    return found


def facts(tree: Tree) -> Mapping[str, Answer]:
    """Return what a tree answers to every fact, by its name.

    Errors: TreeError about the first that the tree does not answer, with the names of all others.
    """
    found: dict[str, Answer] = {}
    unread: dict[str, TreeError] = {}
    for fact in FACTS:
        try:
            found[fact.name] = answer(fact.name, tree)
        except TreeError as error:
            unread[fact.name] = error
    if unread:
        name, *others = unread
        more = f"\n{tree.source} does not answer these either: {', '.join(others)}"
        raise TreeError(unread[name].text + (more if others else ""), unread[name].where)
    return found
