# SPDX-License-Identifier: GPL-2.0-only
"""What is known of the port driver's C in any tree: its entry points, and mutants not seen."""

PORTDRV = "drivers/pci/pcie/portdrv.c"
ENTRIES = (
    "pcie_portdrv_probe", "pcie_portdrv_remove", "pcie_portdrv_shutdown",
    "pcie_port_device_suspend", "pcie_port_device_resume_noirq", "pcie_port_device_resume",
    "pcie_port_runtime_suspend", "pcie_port_device_runtime_resume",
    "pcie_portdrv_error_detected", "pcie_portdrv_slot_reset",
)
_OTHER = "dead code in this configuration: HOTPLUG_PCI_PCIE=y"
_FIND = "where a capability stands is no operation; that it stands somewhere is the guard `pos`"
_RESULT = "which recovery is asked for is no operation: no pci_ers_result_t is 0"
# beginnings of mutants that the design does not tell from the kernel -> why
UNSEEN = {
    "pcie_message_numbers: device: pci_find_ext_capability": _FIND,
    "get_port_device_capability: delete: if (!IS_ENABLED(CONFIG_HOTPLUG_PCI_PCIE))": _OTHER,
    "get_port_device_capability: delete: pcie_capability_clear_word": _OTHER,
    "get_port_device_capability: device: pcie_capability_clear_word": _OTHER,
    "get_port_device_capability: swap: services |= PCIE_PORT_SERVICE_HP;": _OTHER,
    "pcie_device_init: swap: pcie->service = service; <> device =": "the same either way:"
    " an alias is taken earlier",
    "pcie_portdrv_error_detected: delete: if (error == pci_channel_io_frozen)": _RESULT,
    "pcie_portdrv_error_detected: swap: if (error == pci_channel_io_frozen)": _RESULT,
    "pcie_portdrv_error_detected: delete: return PCI_ERS_RESULT_NEED_RESET": _RESULT,
    "pcie_portdrv_error_detected: negate: error == pci_channel_io_frozen": _RESULT,
}
