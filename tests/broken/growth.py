# SPDX-License-Identifier: GPL-2.0-only
"""Designs that have too many vectors, or change how many they have, at the wrong time."""

from broken.parts import DELETE, KID, MADE, MAKE, MANY, ONE, PORT, Case, design, kid, port
from generator.design import Design, Device
from generator.facts import COUNT, LEFT_ON, MSG, NO_MSI, SEEN, msi_on
from generator.operation import RETURN, Guard, sets
from generator.ops.assign import note
from generator.ops.aux import AUXILIARY_DEVICE_DELETE
from generator.ops.irq import (
    FREE_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCIM_ALLOC_IRQ_VECTORS,
    REQUEST_IRQ,
)
from generator.ops.pci import PCIM_ENABLE_DEVICE
from generator.ops.perf import devm_action
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import If, Node

FREE = PCI_FREE_IRQ_VECTORS(PORT)
VECTOR = PCI_IRQ_VECTOR(PORT, KID, nr=MSG(KID), fail=RETURN)
MANAGED = PCIM_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX | MSI, fail=RETURN)
GOES = devm_action(AUXILIARY_DEVICE_DELETE, "delete")(KID, PORT, fail=RETURN)
TWO = PCI_ALLOC_IRQ_VECTORS(PORT, min=2, max=2, types=MSI)
GRANTS_TWO = Guard("two vectors can be had", COUNT(PORT).ge(1), ())

OWN = (PCI_IRQ_VECTOR(PORT, PORT, nr=0), REQUEST_IRQ(PORT))
GROWS = (ONE, *OWN, ENABLE_SOURCE(PORT), FREE_IRQ(PORT), FREE, MANY, *OWN)
QUIET = (
    ONE, *OWN, ENABLE_SOURCE(PORT), DISABLE_SOURCE(PORT), FREE_IRQ(PORT), FREE, MANY, *OWN,
    ENABLE_SOURCE(PORT),
)
STOP = (DISABLE_SOURCE(PORT), FREE_IRQ(PORT), FREE)

RESERVE = (MANY, *MAKE)
EARLY = (MANY, PCI_IRQ_VECTOR(PORT, KID, nr=MSG(KID), fail=RETURN), *MAKE)
ON_MSI = Guard("pci_dev_msi_enabled(pdev)", msi_on(PORT), ())

HP = Device("hp", "service", PORT)
FOUND = note("services |= PCIE_PORT_SERVICE_PME", sets(SEEN(HP), 1))()
NOMSI = Guard("pcie_pme_no_msi()", NO_MSI(PORT).eq(1), ())


def pme(*probe: Node) -> Design:
    """Return a port that serves PME."""
    return Design("pme", "a port with PME", (PORT, HP), (port((FOUND, *probe), (FREE,)),))


CASES = (
    # drivers/pci/msi/msi.c pcim_setup_msi_release(): devm_add_action() at the first enable, so
    # behind what is on the list already; drivers/base/devres.c release_nodes() goes backwards.
    Case(
        "R02b",
        broken=design(port((PCIM_ENABLE_DEVICE(PORT), *MAKE, GOES, MANAGED, VECTOR))),
        mended=design(port((PCIM_ENABLE_DEVICE(PORT), MANAGED, VECTOR, *MAKE, GOES))),
        trace=(
            "port: bind portdrv",
            "port: pcim_enable_device(port)",
            *MADE,
            "port: devm_add_action_or_reset[auxiliary_device_delete](kid, port)",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, kid)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pci_free_irq_vectors(port)",
        ),
        hardware={},
    ),
    # drivers/pci/msi/msi.c msi_capability_init(): nvec > 1 without MSI_FLAG_MULTI_PCI_MSI is 1;
    # __pci_enable_msi_range(): 1 < minvec is -ENOSPC.
    Case(
        "R04b",
        broken=design(port((TWO,), (FREE,))),
        mended=design(port((If(GRANTS_TWO, (TWO,)),), (FREE,))),
        trace=("port: bind portdrv", "port: pci_alloc_irq_vectors(port) -> -ENOSPC"),
        hardware={"port.capability": "MSI", "port.count": "1"},
    ),
    # drivers/pci/msi/msi.c pci_msi_shutdown(): pci_msi_set_enable(dev, 0), then pci_intx_for_msi().
    # The source is live, so what it raises until the next enable goes to a line without handler.
    Case(
        "R06",
        broken=design(port(GROWS, STOP)),
        mended=design(port(QUIET, STOP)),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, port)",
            "port: request_irq(port)",
            "port: enable source for port",
            "port: free_irq(port)",
            "port: pci_free_irq_vectors(port)",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, port)",
            "port: request_irq(port)",
            "port: probe returns 0",
        ),
        hardware={},
    ),
    # drivers/pci/msi/msi.c pci_msi_update_mask() returns at once when !can_mask of the descriptor:
    # whatever the function raises on a spare vector before its driver comes has no handler.
    Case(
        "R08",
        broken=design(port(RESERVE, (*DELETE, FREE)), kid((VECTOR,))),
        mended=design(port(EARLY, (*DELETE, FREE)), kid(())),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            *MADE,
            "kid: bind kiddrv",
            "kid: pci_irq_vector(port, kid)",
        ),
        hardware={"port.capability": "MSI", "port.maskable": "no", "kid.left on": "yes"},
    ),
    # The same: of a device that is quiet until its driver turns it on, nothing needs muting.
    Case(
        "R08",
        broken=design(port(RESERVE, (*DELETE, FREE)), kid((VECTOR,)), given={LEFT_ON: "yes"}),
        mended=design(port(RESERVE, (*DELETE, FREE)), kid((VECTOR,)), given={LEFT_ON: "no"}),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            *MADE,
            "kid: bind kiddrv",
            "kid: pci_irq_vector(port, kid)",
        ),
        hardware={},
    ),
    # drivers/pci/pcie/portdrv.c pcie_init_service_irqs(): with PME and pcie_pme_no_msi() it goes to
    # legacy_irq at once. This one does not ask.
    Case(
        "R20b",
        broken=pme(ONE),
        mended=pme(If(NOMSI, (), (ONE,))),
        trace=("port: bind portdrv", "port: services |= PCIE_PORT_SERVICE_PME",
               "port: pci_alloc_irq_vectors(port)"),
        hardware={"port.pme_nomsi": "yes"},
    ),
)
