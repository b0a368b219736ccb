# SPDX-License-Identifier: GPL-2.0-only
"""What the reader's own tests look for in the pinned portdrv.c, stated without the operations."""

from __future__ import annotations

from generator.fingerprint import CGuard, Fails, Fingerprint

NEVER, PORT = Fails.NEVER, "PCIE_PORT_SERVICE_"
QUIET = (
    "pci_disable_device pci_set_master pci_clear_master pci_free_irq_vectors pcie_link_rcec"
    " pci_save_state pm_runtime_use_autosuspend pm_runtime_mark_last_busy"
    " pm_runtime_put_autosuspend pm_runtime_allow pm_runtime_forbid pm_runtime_get_noresume"
    " pm_runtime_dont_use_autosuspend pm_runtime_no_callbacks device_unregister put_device"
    " dev_set_name device_enable_async_suspend pci_read_config_word pci_read_config_dword"
)
PRINTS = (
    *(Fingerprint((name,), 0) for name in QUIET.split()),
    Fingerprint(("pci_enable_device",), 0, Fails.NEGATIVE),
    Fingerprint(("pci_alloc_irq_vectors",), 0, Fails.POSITIVE, args=(1, 2, 3)),
    Fingerprint(("pci_irq_vector",), 0, NEVER, args=(1,)),
    Fingerprint(("dev_pm_set_driver_flags",), 0, NEVER, args=(1,)),
    Fingerprint(("pm_runtime_set_autosuspend_delay",), 0, NEVER, args=(1,)),
    Fingerprint(("device_for_each_child",), 0, callback=2),
    Fingerprint(("device_register",), 0, Fails.NEGATIVE),
    Fingerprint(("kzalloc", "kzalloc_noprof"), fails=Fails.NULL),
    Fingerprint(("pcie_capability_read_word",), 0, NEVER, args=(1,)),
    Fingerprint(("pcie_capability_read_dword",), 0, NEVER, args=(1,)),
    Fingerprint(
        ("pcie_capability_clear_word", "pcie_capability_clear_and_set_word_unlocked"), 0, NEVER
    ),
    Fingerprint(("pcie_pme_interrupt_enable",), 0, NEVER, args=(1,)),
)
_TYPE = "pci_pcie_type(dev) == PCI_EXP_TYPE_"
_ROOT = f"({_TYPE}ROOT_PORT || {_TYPE}RC_EC)"
GUARDS = (
    CGuard(
        "no_port",
        (
            "!pci_is_pcie(dev) || ((type != PCI_EXP_TYPE_ROOT_PORT) &&"
            "(type != PCI_EXP_TYPE_UPSTREAM) && (type != PCI_EXP_TYPE_DOWNSTREAM) &&"
            "(type != PCI_EXP_TYPE_RC_EC))",
        ),
    ),
    CGuard("rcec", ("type == PCI_EXP_TYPE_RC_EC",)),
    CGuard("d3_possible", ("pci_bridge_d3_possible(dev)",)),
    CGuard(
        "has_hotplug",
        (
            f"dev->is_pciehp && ({_TYPE}ROOT_PORT || {_TYPE}DOWNSTREAM) &&"
            "(pcie_ports_native || host->native_pcie_hotplug)",
        ),
    ),
    CGuard(
        "has_aer",
        (
            f"{_ROOT} && dev->aer_cap && pci_aer_available() &&"
            "(pcie_ports_native || host->native_aer)",
        ),
    ),
    CGuard("has_pme", (f"{_ROOT} && (pcie_ports_native || host->native_pme)",)),
    CGuard(
        "has_dpc",
        (
            "pci_find_ext_capability(dev, PCI_EXT_CAP_ID_DPC) && pci_aer_available() &&"
            f"(pcie_ports_dpc_native || (services & {PORT}AER))",
        ),
    ),
    CGuard("has_link", (f"{_TYPE}DOWNSTREAM || {_TYPE}ROOT_PORT",)),
    CGuard("notifies_bandwidth", ("linkcap & PCI_EXP_LNKCAP_LBNC",)),
    CGuard("uses_flags_number", (f"mask & ({PORT}PME | {PORT}HP | {PORT}BWNOTIF)",)),
    CGuard("uses_aer", (f"mask & {PORT}AER",)),
    CGuard("uses_dpc", (f"mask & {PORT}DPC",)),
    CGuard("capability_found", ("pos",), function="pcie_message_numbers"),
    CGuard("pme_without_msi", (f"(mask & {PORT}PME) && pcie_pme_no_msi()",)),
    CGuard("too_few_vectors", ("nvec > nr_entries",)),
    CGuard("other_count", ("nvec != nr_entries",)),
    CGuard("any_service", ("capabilities",), function="pcie_port_device_register"),
    CGuard("this_service", ("capabilities & service",)),
    CGuard("pci_express_child", ("dev->bus == &pcie_port_bus_type",)),
)
SETS = ("pcie_device.*", "int[*", "&*")
FUNCTIONS = (
    "pcie_portdrv_probe",
    "pcie_port_device_register",
    "get_port_device_capability",
    "pcie_init_service_irqs",
    "pcie_port_enable_irq_vec",
    "pcie_message_numbers",
    "pcie_device_init",
    "pcie_portdrv_remove",
    "pcie_port_device_remove",
    "remove_iter",
    "pcie_portdrv_shutdown",
)
_SUM = "nvec is a local number; only its comparison with nr_entries is behaviour"
_FIND = "where a capability stands is no operation and no guard"
_OTHER = "dead code in this configuration: HOTPLUG_PCI_PCIE=y"
# beginnings of mutants that are not seen -> why
UNSEEN = {
    "pcie_message_numbers: swap: *pme = FIELD_GET": _SUM,
    "pcie_message_numbers: swap: *aer = FIELD_GET": _SUM,
    "pcie_message_numbers: swap: *dpc = FIELD_GET": _SUM,
    "pcie_message_numbers: delete: pos = dev->aer_cap": _FIND,
    "pcie_message_numbers: swap: pos = dev->aer_cap": _FIND,
    "pcie_message_numbers: device: pci_find_ext_capability": _FIND,
    "get_port_device_capability: delete: if (!IS_ENABLED(CONFIG_HOTPLUG_PCI_PCIE))": _OTHER,
    "get_port_device_capability: delete: pcie_capability_clear_word": _OTHER,
    "get_port_device_capability: device: pcie_capability_clear_word": _OTHER,
    "get_port_device_capability: swap: services |= PCIE_PORT_SERVICE_HP;": _OTHER,
    "get_port_device_capability: swap: services |= PCIE_PORT_SERVICE_PME;": "the same either way:"
    " the bit is only read behind the call",
    "pcie_device_init: swap: pcie->service = service; <> device =": "the same either way:"
    " an alias is taken earlier",
    "pcie_port_device_register: delete: goto out": "the same either way: without any bit left"
    " the loop does nothing",
}
