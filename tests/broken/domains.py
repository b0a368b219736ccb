# SPDX-License-Identifier: GPL-2.0-only
"""Designs whose child has an MSI-X domain of its own: what the proof of concept got wrong."""

from broken.parts import DELETE, KID, PORT, Case, design, kid, port
from generator.facts import MSG
from generator.ops.aux import AUXILIARY_DEVICE_ADD, AUXILIARY_DEVICE_INIT
from generator.ops.device import IDA_ALLOC, KZALLOC
from generator.ops.domain import (
    MARK_MSI_PARENT,
    OTHER,
    PCI_ENABLE_MSI_PARENT_DOMAIN,
    PCI_INIT_SUBDEVICE,
    PCI_SUBDEV_CREATE_DOMAIN,
    PCI_SUBDEV_MSIX_ALLOC_AT,
    PCI_SUBDEV_MSIX_FREE,
    PINNED,
)
from generator.ops.irq import (
    FREE_IRQ,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    REQUEST_IRQ,
)
from generator.program import Block

FIRST = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX)
FREE = PCI_FREE_IRQ_VECTORS(PORT)
ENABLE, MARK = PCI_ENABLE_MSI_PARENT_DOMAIN(PORT), MARK_MSI_PARENT(PORT)
MAKE: Block = (
    IDA_ALLOC(KID), KZALLOC(KID), AUXILIARY_DEVICE_INIT(KID), PCI_INIT_SUBDEVICE(PORT, KID),
    AUXILIARY_DEVICE_ADD(KID),
)
DOMAIN = PCI_SUBDEV_CREATE_DOMAIN(PORT, KID)
AT, BACK = PCI_SUBDEV_MSIX_ALLOC_AT(PORT, KID, nr=MSG(KID)), PCI_SUBDEV_MSIX_FREE(PORT, KID)
PARENT = port((FIRST, ENABLE, *MAKE), (*DELETE, FREE))
SOUND = design(PARENT, kid((DOMAIN, AT), (BACK,)))

# The lines of a trace that these blocks print.
ADDED = (
    "port: ida_alloc(kid)",
    "port: kzalloc(kid)",
    "port: auxiliary_device_init(kid)",
    "port: pci_init_subdevice(port, kid)",
    "port: auxiliary_device_add(kid)",
)
ENABLED = (
    "port: bind portdrv",
    "port: pci_alloc_irq_vectors(port)",
    "port: pci_enable_msi_parent_domain(port)",
    *ADDED,
)
MARKED = (*ENABLED[:2], "port: domain->flags |= IRQ_DOMAIN_FLAG_MSI_PARENT for port", *ADDED)
CREATES = ("kid: bind kiddrv", "kid: pci_subdev_create_domain(port, kid)")
ADDS = (*CREATES, "kid: pci_subdev_msix_alloc_at(port, kid)")
ON = {"port.capability": "MSI-X", "port.dynamic": "yes"}

CASES = (
    # kernel/irq/msi.c msi_domain_alloc_irq_at() locks the descriptors of the device that allocates,
    # drivers/pci/msi/api.c pci_disable_msix(), as pci_free_irq_vectors() calls it, those of the PCI
    # device: they do not meet. msix_prepare_msi_desc() of the one reads a vector control through
    # the mapping that pci_free_msi_irqs() of the other takes away. The child can be that far before
    # or after the port's probe returns.
    Case(
        "R14b",
        broken=design(port((FIRST, ENABLE, *MAKE), (FREE, *DELETE)), kid((DOMAIN, AT), (BACK,))),
        mended=SOUND,
        trace=(
            *ENABLED,
            *ADDS,
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pci_free_irq_vectors(port)",
        ),
        hardware=ON,
        floating=("kid",),
    ),
    # kernel/irq/msi.c msi_create_device_irq_domain() looks at the parent with
    # irq_domain_is_msi_parent(), which follows the pointer, and returns false for a domain that is
    # none. To set the flag, as the proof of concept did, asks nothing of the platform.
    Case(
        "R27",
        broken=design(port((FIRST, MARK, *MAKE), (*DELETE, FREE)), kid((DOMAIN,))),
        mended=SOUND,
        trace=(*MARKED, *CREATES),
        hardware={"port.capability": "MSI-X", "port.irqdomain": "v1"},
    ),
    # kernel/irq/msi.c msi_get_device_domain() warns of a domain in the device's own slot that has
    # IRQ_DOMAIN_FLAG_MSI_PARENT, and returns NULL; with it msi_domain_free_locked() frees nothing.
    Case(
        "R28",
        broken=design(port((FIRST, MARK), (FREE,))),
        mended=design(port((FIRST, ENABLE), (FREE,))),
        trace=(
            *MARKED[:3],
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pci_free_irq_vectors(port)",
        ),
        hardware={"port.capability": "MSI-X"},
    ),
    # kernel/irq/msi.c msi_create_device_irq_domain() asks init_dev_msi_info() of the parent, which
    # asks its own parent, up to arch/x86/kernel/apic/msi.c x86_init_dev_msi_info(): a real_parent
    # whose bus token is that of a PCI device's MSI-X domain meets default: WARN_ON_ONCE(1).
    Case(
        "R29",
        broken=design(PARENT, kid((PCI_SUBDEV_CREATE_DOMAIN(PORT, KID, accepts=PINNED),))),
        mended=SOUND,
        trace=(*ENABLED, *CREATES),
        hardware=ON,
    ),
    # kernel/irq/msi.c msi_alloc_desc() sets desc->dev to the device that allocates; only
    # prepare_desc() of the domain comes between that and drivers/pci/msi/msi.c
    # __pci_write_msi_msg(), which takes it for a pci_dev.
    Case(
        "R30",
        broken=design(PARENT, kid((PCI_SUBDEV_CREATE_DOMAIN(PORT, KID, desc_dev=0), AT), (BACK,))),
        mended=SOUND,
        trace=(*ENABLED, *ADDS),
        hardware=ON,
    ),
    # kernel/irq/manage.c request_threaded_irq() refuses irq 0, or one that has no descriptor: that
    # of a vector which nobody has added to the child's own domain.
    Case(
        "R16",
        broken=design(PARENT, kid((DOMAIN, REQUEST_IRQ(KID)), (FREE_IRQ(KID),))),
        mended=design(PARENT, kid((DOMAIN, AT, REQUEST_IRQ(KID)), (FREE_IRQ(KID), BACK))),
        trace=(*ENABLED, *CREATES, "kid: request_irq(kid) -> -EINVAL"),
        hardware=ON,
    ),
    # kernel/irq/msi.c msi_domain_update_chip_ops() leaves alone an irq_mask() that is there: that
    # of the proof of concept was irq_chip_unmask_parent(), and nothing masks the vector.
    Case(
        "R30b",
        broken=design(PARENT, kid((PCI_SUBDEV_CREATE_DOMAIN(PORT, KID, irq_mask=OTHER),))),
        mended=SOUND,
        trace=(*ENABLED, *CREATES),
        hardware=ON,
    ),
)
