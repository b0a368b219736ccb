# SPDX-License-Identifier: GPL-2.0-only
"""What a driver allocates or looks up of others beside its data: by devres, or given back by hand.

No fact hangs on most of the managed ones, which only can fail.
"""

from __future__ import annotations

from dataclasses import replace

from generator.facts import (
    CLOCK_LOOKUP,
    EXTCON,
    FIRMWARE,
    FWNODE,
    INPUT,
    INPUT_MEMORY,
    MEMORY,
    NODES,
    OWN_CLOCK,
    OWN_INPUT,
    RC_DEVICE,
    ROLE_SWITCH,
    SCSI_HOST,
    SRIOV,
    TEXT,
)
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, sets
from generator.ops.counted import gets, gives_back, less, more, released, takes
from generator.ops.device import DEVM_KZALLOC
from generator.ops.managed import can_fail, lent
from generator.ops.perf import devm_memory

DEVM_KSTRDUP = devm_memory("devm_kstrdup")
DEVM_KMEMDUP = devm_memory("devm_kmemdup")
DEVM_REGMAP_INIT_MMIO = can_fail("devm_regmap_init_mmio", "include/linux/regmap.h", "-ENOMEM")
DEVM_REGMAP_INIT_I2C = can_fail("devm_regmap_init_i2c", "include/linux/regmap.h", "-ENOMEM")
DEVM_GPIOD_GET = can_fail("devm_gpiod_get", "drivers/gpio/gpiolib-devres.c", "-EPROBE_DEFER")
DEVM_GPIOD_GET_OPTIONAL = replace(
    DEVM_GPIOD_GET, name="devm_gpiod_get_optional",
    source="drivers/gpio/gpiolib-devres.c devm_gpiod_get_optional()",
    fingerprint=Fingerprint(("devm_gpiod_get_optional",), on=0, fails=Fails.ERRPTR))
DEVM_IRQ_ALLOC_DESCS = can_fail(
    "devm_irq_alloc_descs", "include/linux/irq.h", "-ENOMEM", fails=Fails.NONNEGATIVE)
DEVM_IRQ_ALLOC_GENERIC_CHIP = can_fail(
    "devm_irq_alloc_generic_chip", "kernel/irq/devres.c", "-ENOMEM", fails=Fails.NULL)
DEVM_IRQ_SETUP_GENERIC_CHIP = can_fail(
    "devm_irq_setup_generic_chip", "kernel/irq/devres.c", "-ENOMEM", fails=Fails.NEGATIVE)
DEVM_EXTCON_DEV_ALLOCATE = lent(can_fail(
    "devm_extcon_dev_allocate", "drivers/extcon/devres.c", "-ENOMEM"), EXTCON)
DMA_SET_MASK_AND_COHERENT = can_fail(
    "dma_set_mask_and_coherent", "include/linux/dma-mapping.h", "-EIO", fails=Fails.NEGATIVE)
DMA_SET_MASK = can_fail("dma_set_mask", "kernel/dma/mapping.c", "-EIO", fails=Fails.NEGATIVE)

# The driver's data lies behind the device of the subsystem.
DEVM_IIO_DEVICE_ALLOC = replace(
    DEVM_KZALLOC, name="devm_iio_device_alloc",
    source="drivers/iio/industrialio-core.c devm_iio_device_alloc()",
    fingerprint=Fingerprint(("devm_iio_device_alloc",), on=0, fails=Fails.NULL),
)
DEVM_INPUT_ALLOCATE_DEVICE = gets(
    "devm_input_allocate_device", sets(INPUT(DEV), 1), sets(INPUT_MEMORY(DEV), 1),
    error="-ENOMEM", managed=True, fails=Fails.NULL,
    source="drivers/input/input.c devm_input_allocate_device()",
    undo=released("free input device", sets(INPUT(DEV), 0), sets(INPUT_MEMORY(DEV), 0),
                  source="drivers/input/input.c devm_input_device_release()"))
# By hand: who unregisters it has freed it. Without fingerprints, for C may free NULL as well.
INPUT_FREE_DEVICE = replace(
    gives_back("input_free_device", sets(OWN_INPUT(DEV), 0), sets(INPUT_MEMORY(DEV), 0),
               source="drivers/input/input.c input_free_device()", takes_null=True),
    fingerprint=None)
INPUT_ALLOCATE_DEVICE = replace(
    takes("input_allocate_device", sets(OWN_INPUT(DEV), 1), sets(INPUT_MEMORY(DEV), 1),
          undo=INPUT_FREE_DEVICE, error="-ENOMEM",
          source="drivers/input/input.c input_allocate_device()"),
    fingerprint=None)

# Of those that follow nothing is read either.
RC_FREE_DEVICE, RELEASE_FIRMWARE, SCSI_HOST_PUT = (
    replace(gives_back(name, sets(fact(DEV), 0), source=source, takes_null=True), fingerprint=None)
    for name, fact, source in (
        ("rc_free_device", RC_DEVICE, "drivers/media/rc/rc-main.c rc_free_device()"),
        ("release_firmware", FIRMWARE, "drivers/base/firmware_loader/main.c release_firmware()"),
        ("scsi_host_put", SCSI_HOST, "drivers/scsi/hosts.c scsi_host_put()")))
RC_ALLOCATE_DEVICE, REQUEST_FIRMWARE, SCSI_HOST_ALLOC = (
    replace(takes(name, sets(fact(DEV), 1), undo=undo, error=error, source=source),
            fingerprint=None)
    for name, fact, undo, error, source in (
        ("rc_allocate_device", RC_DEVICE, RC_FREE_DEVICE, "-ENOMEM",
         "drivers/media/rc/rc-main.c rc_allocate_device()"),
        ("request_firmware", FIRMWARE, RELEASE_FIRMWARE, "-ENOENT",
         "drivers/base/firmware_loader/main.c request_firmware()"),
        ("scsi_host_alloc", SCSI_HOST, SCSI_HOST_PUT, "-ENOMEM",
         "drivers/scsi/hosts.c scsi_host_alloc()")))

# All that is known of kfree() has one fingerprint: fingerprints() takes the first of a name.
KFREE_TEXT = replace(
    gives_back("kfree", sets(TEXT(DEV), 0), source="mm/slub.c kfree()", sleeps=False,
               takes_null=True),
    fingerprint=Fingerprint(("kfree",), on=0),
)
KSTRDUP = takes("kstrdup", sets(TEXT(DEV), 1), undo=KFREE_TEXT, error="-ENOMEM",
                source="mm/util.c kstrdup()")
KMALLOC_TEXT = replace(KSTRDUP, name="kmalloc", source="include/linux/slab.h kmalloc()",
                       fingerprint=Fingerprint(("kmalloc",), fails=Fails.NULL))

# The driver's own data, of which the C that is read says that it is that.
KFREE_OWN = replace(
    gives_back("kfree own data", sets(MEMORY(DEV), 0), source="mm/slub.c kfree()", sleeps=False,
               takes_null=True),
    fingerprint=Fingerprint(("kfree",), on=0),
)
KZALLOC_OWN = replace(
    takes("kzalloc own data", sets(MEMORY(DEV), 1), undo=KFREE_OWN, error="-ENOMEM",
          source="include/linux/slab.h kzalloc()"),
    fingerprint=Fingerprint(("kzalloc", "kzalloc_noprof"), fails=Fails.NULL))

USB_ROLE_SWITCH_PUT = gives_back(
    "usb_role_switch_put", sets(ROLE_SWITCH(DEV), 0),
    source="drivers/usb/roles/class.c usb_role_switch_put()", takes_null=True, takes_error=True)
USB_ROLE_SWITCH_GET = gets(
    "usb_role_switch_get", sets(ROLE_SWITCH(DEV), 1), undo=USB_ROLE_SWITCH_PUT,
    source="drivers/usb/roles/class.c usb_role_switch_get()")
FWNODE_HANDLE_PUT = gives_back("fwnode_handle_put", less(FWNODE), sleeps=False,
                               source="include/linux/property.h fwnode_handle_put()")
DEVICE_GET_NAMED_CHILD_NODE = gets(
    "device_get_named_child_node", more(FWNODE), undo=FWNODE_HANDLE_PUT, error="NULL",
    fails=Fails.NULL, source="drivers/base/property.c device_get_named_child_node()")

CLK_UNREGISTER = gives_back("clk_unregister", sets(OWN_CLOCK(DEV), 0),
                            source="drivers/clk/clk.c clk_unregister()", takes_null=True)
CLK_REGISTER_FIXED_RATE = gets(
    "clk_register_fixed_rate", sets(OWN_CLOCK(DEV), 1), undo=CLK_UNREGISTER, error="-ENOMEM",
    source="drivers/clk/clk-fixed-rate.c clk_register_fixed_rate()")
CLKDEV_DROP = gives_back("clkdev_drop", sets(CLOCK_LOOKUP(DEV), 0),
                         source="drivers/clk/clkdev.c clkdev_drop()")
CLKDEV_CREATE = takes("clkdev_create", sets(CLOCK_LOOKUP(DEV), 1), undo=CLKDEV_DROP,
                      error="-ENOMEM", source="drivers/clk/clkdev.c clkdev_create()")
SOFTWARE_NODE_UNREGISTER_NODE_GROUP = gives_back(
    "software_node_unregister_node_group", sets(NODES(DEV), 0),
    source="drivers/base/swnode.c software_node_unregister_node_group()")
SOFTWARE_NODE_REGISTER_NODE_GROUP = takes(
    "software_node_register_node_group", sets(NODES(DEV), 1), error="-ENOMEM",
    undo=SOFTWARE_NODE_UNREGISTER_NODE_GROUP,
    source="drivers/base/swnode.c software_node_register_node_group()")
PCI_DISABLE_SRIOV = gives_back("pci_disable_sriov", sets(SRIOV(DEV), 0),
                               source="drivers/pci/iov.c pci_disable_sriov()")
PCI_ENABLE_SRIOV = takes("pci_enable_sriov", sets(SRIOV(DEV), 1), undo=PCI_DISABLE_SRIOV,
                         error="-ENOMEM", source="drivers/pci/iov.c pci_enable_sriov()")
