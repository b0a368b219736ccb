# SPDX-License-Identifier: GPL-2.0-only
"""Designs that allocate or free vectors wrongly."""

from broken.parts import AWAKE, KID, MANY, ONE, PORT, SLEEP, Case, design, port
from generator.facts import CAN_DYN, MODE, MODE_MSIX, MSG, allocated
from generator.operation import IGNORE, Guard
from generator.ops.irq import (
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_MSIX_ALLOC_IRQ_AT,
)
from generator.program import If, Not, both

AT = PCI_MSIX_ALLOC_IRQ_AT(PORT, KID, nr=MSG(KID))
FREE = PCI_FREE_IRQ_VECTORS(PORT)
ON_MSIX = Guard("pdev->msix_enabled", MODE(PORT).eq(MODE_MSIX), ())
CAN = Guard("pci_msix_can_alloc_dyn(pdev)", CAN_DYN(PORT).eq(1), ())
HAS_IT = Guard("the index is in use", allocated(PORT, MSG(KID)), ())
CHECKED = design(port((ONE, If(both(ON_MSIX, CAN, Not(HAS_IT)), (AT,))), (FREE,)))

CASES = (
    # drivers/pci/msi/api.c pci_alloc_irq_vectors_affinity(): MSI-X is tried first; a device
    # without it gets MSI from __pci_enable_msi_range(), and msi_setup_msi_desc() fixes nvec_used.
    # pci_msix_alloc_irq_at() then returns -ENOTSUPP at its first test, !dev->msix_enabled.
    Case(
        "R04",
        broken=design(port((ONE, AT), (FREE,))),
        mended=CHECKED,
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_msix_alloc_irq_at(port, kid) -> -ENOTSUPP",
        ),
        hardware={"port.capability": "MSI"},
    ),
    # drivers/pci/msi/msi.c __pci_enable_msix_range(): WARN_ON_ONCE(dev->msix_enabled) and -EINVAL;
    # then __pci_enable_msi_range(): -EINVAL again, and PCI_IRQ_INTX was not asked for.
    Case(
        "R07",
        broken=design(port((ONE, MANY), (FREE,))),
        mended=design(port((ONE, FREE, MANY), (FREE,))),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_alloc_irq_vectors(port) -> -EINVAL",
        ),
        hardware={},
    ),
    # drivers/pci/msi/msi.c __pci_enable_msix_range(): nvec is maxvec, and pci_msi_supported()
    # refuses nvec < 1: -EINVAL.
    Case(
        "R10",
        broken=design(port((PCI_ALLOC_IRQ_VECTORS(PORT, min=0, max=0, types=MSIX),), (FREE,))),
        mended=design(port((PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX),), (FREE,))),
        trace=("port: bind portdrv", "port: pci_alloc_irq_vectors(port) -> -EINVAL"),
        hardware={"port.capability": "MSI-X"},
    ),
    # pci_alloc_irq_vectors() with entries == NULL sets up indices 0..n-1: 0 here
    # (drivers/pci/msi/msi.c msix_setup_msi_descs()). kernel/irq/msi.c msi_insert_desc():
    # xa_insert() of index 0 finds an entry: -EBUSY.
    Case(
        "R11",
        broken=design(port((ONE, If(both(ON_MSIX, CAN), (AT,))), (FREE,))),
        mended=CHECKED,
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pdev->msix_enabled: yes",
            "port: pci_msix_can_alloc_dyn(pdev): yes",
            "port: pci_msix_alloc_irq_at(port, kid) -> -EBUSY",
        ),
        hardware={"kid.message": "0", "port.capability": "MSI-X", "port.dynamic": "yes"},
    ),
    # drivers/pci/msi/api.c pci_msix_alloc_irq_at(): its second test, pci_msix_can_alloc_dyn(), asks
    # pci_msi_domain_supports() for MSI_FLAG_PCI_MSIX_ALLOC_DYN: only x86 has it. -ENOTSUPP.
    Case(
        "R12",
        broken=design(port((ONE, If(both(ON_MSIX, Not(HAS_IT)), (AT,))), (FREE,))),
        mended=CHECKED,
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pdev->msix_enabled: yes",
            "port: the index is in use: no",
            "port: pci_msix_alloc_irq_at(port, kid) -> -ENOTSUPP",
        ),
        hardware={"port.capability": "MSI-X", "port.dynamic": "no"},
    ),
    # drivers/pci/pci-driver.c local_pci_probe() holds the device with pm_runtime_get_sync(); a
    # driver that gives this up lets it go to D3hot. __pci_enable_msix_range() and
    # __pci_enable_msi_range(): dev->current_state != PCI_D0 is -EINVAL.
    Case(
        "N5",
        broken=design(port((*SLEEP, ONE), (*AWAKE, FREE))),
        mended=design(port((ONE, *SLEEP), (*AWAKE, FREE))),
        trace=(
            "port: bind portdrv",
            "port: pm_runtime_put_autosuspend(port)",
            "port: pm_runtime_allow(port)",
            "runtime PM: suspends port",
            "port: pci_alloc_irq_vectors(port) -> -EINVAL",
        ),
        hardware={},
    ),
    # drivers/pci/msi/api.c pci_msix_can_alloc_dyn() looks at msix_cap and the domain, not at
    # what is on: after a failed allocation it is true, and pci_msix_alloc_irq_at() is -ENOTSUPP.
    Case(
        "N6",
        broken=design(
            port((PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX, fail=IGNORE),
                  If(CAN, (If(HAS_IT, (), (AT,)),))), (FREE,))
        ),
        mended=CHECKED,
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port) -> -ENOSPC",
            "port: pci_msix_can_alloc_dyn(pdev): yes",
            "port: the index is in use: no",
            "port: pci_msix_alloc_irq_at(port, kid) -> -ENOTSUPP",
        ),
        hardware={"port.capability": "MSI-X", "port.dynamic": "yes"},
    ),
)
