# SPDX-License-Identifier: GPL-2.0-only
"""Rules about allocating and freeing interrupt vectors."""

from __future__ import annotations

from checks.machine.instances import View
from checks.machine.step import Step
from checks.rules.rule import is_done, step_rule
from generator.expr import Expr, all_of
from generator.facts import (
    CAN_DYN,
    CAP,
    CAP_MSI,
    CAP_MSIX,
    D3,
    MODE,
    MODE_MSI,
    MODE_MSIX,
    allocated,
    msi_on,
)


@step_rule(
    "R04",
    mend="allocate at once as many MSI vectors as are needed; add only to MSI-X",
    evidence=("drivers/pci/msi/api.c pci_msix_alloc_irq_at()",
              "drivers/pci/msi/msi.c msi_setup_msi_desc()", "<87plpsbbe5.ffs@tglx>"),
    symptom="map.index is -ENOTSUPP: the child gets no interrupt",
    implies=("N6",),
)
def msi_count_fixed_at_enable(step: Step, _view: View) -> Expr | None:
    """The number of MSI vectors is fixed when MSI is enabled: none can be added."""
    if not is_done(step, "pci_msix_alloc_irq_at"):
        return None
    return MODE(step.role("dev")).eq(MODE_MSI)


@step_rule(
    "R07",
    mend="free the vectors before others are allocated",
    evidence=("drivers/pci/msi/msi.c __pci_enable_msix_range()",
              "drivers/pci/msi/msi.c __pci_enable_msi_range()",
              "drivers/pci/msi/api.c pci_alloc_irq_vectors_affinity()"),
    symptom="WARN at drivers/pci/msi/msi.c, -EINVAL; with PCI_IRQ_INTX a false success",
)
def second_alloc_while_enabled(step: Step, _view: View) -> Expr | None:
    """Vectors are allocated once: no second allocation while MSI or MSI-X is on."""
    if not is_done(step, "pci_alloc_irq_vectors"):
        return None
    return msi_on(step.role("dev"))


@step_rule(
    "R10",
    mend="ask for one vector at least, and accept less than was hoped for",
    evidence=("drivers/pci/msi/msi.c pci_msi_supported()",
              "drivers/pci/msi/msi.c __pci_enable_msix_range()", "<87plpsbbe5.ffs@tglx>"),
    symptom="pci_alloc_irq_vectors() returns -EINVAL",
)
def first_enable_needs_a_vector(step: Step, _view: View) -> Expr | None:
    """The first enable of MSI-X asks for one vector or more; that of MSI accepts no less."""
    if not is_done(step, "pci_alloc_irq_vectors"):
        return None
    dev, types = step.role("dev"), step.params["types"]
    msix = all_of(CAP(dev).eq(CAP_MSIX), types.has(2), step.params["max"].lt(1))
    msi = all_of(CAP(dev).eq(CAP_MSI), types.has(1), step.params["min"].lt(1))
    return ~msi_on(dev) & (msix | msi)


@step_rule(
    "R11",
    mend="ask whether there is a vector of this index before one is added",
    evidence=("drivers/pci/msi/api.c pci_msix_alloc_irq_at()",
              "kernel/irq/msi.c msi_insert_desc()"),
    symptom="map.index is -EBUSY: the index is in the device's own store already",
)
def alloc_at_wants_a_free_index(step: Step, _view: View) -> Expr | None:
    """A vector is added at an index that the device does not have yet."""
    if not is_done(step, "pci_msix_alloc_irq_at"):
        return None
    dev = step.role("dev")
    return MODE(dev).eq(MODE_MSIX) & CAN_DYN(dev).eq(1) & allocated(dev, step.params["nr"])


@step_rule(
    "R12",
    mend="ask pci_msix_can_alloc_dyn() first, and allocate statically where it says no",
    evidence=("arch/x86/include/asm/msi.h X86_VECTOR_MSI_FLAGS_SUPPORTED",
              "drivers/pci/msi/irqdomain.c pci_msi_domain_supports()"),
    symptom="map.index is -ENOTSUPP on every platform but x86",
)
def dynamic_needs_the_domain(step: Step, _view: View) -> Expr | None:
    """Vectors are added to MSI-X only where the interrupt domain can do it."""
    if not is_done(step, "pci_msix_alloc_irq_at"):
        return None
    dev = step.role("dev")
    return MODE(dev).eq(MODE_MSIX) & CAN_DYN(dev).eq(0)


@step_rule(
    "N5",
    mend="resume the device, and hold it, before its vectors are allocated or freed",
    evidence=("drivers/pci/msi/msi.c msix_prepare_msi_desc()",
              "drivers/pci/msi/msi.c __pci_enable_msi_range()",
              "drivers/pci/msi/msi.c __pci_enable_msix_range()"),
    symptom="-EINVAL from a static allocation; a dynamic one caches an all-ones vector control",
)
def vectors_need_d0(step: Step, _view: View) -> Expr | None:
    """Vectors are allocated and freed while the device is in D0."""
    if is_done(step, "pci_free_irq_vectors"):
        return D3(step.role("dev")).eq(1) & msi_on(step.role("dev"))
    if is_done(step, "pci_msix_alloc_irq_at"):
        return D3(step.role("dev")).eq(1)
    if is_done(step, "pci_alloc_irq_vectors"):
        types = step.params["types"]
        return (types.has(1) | types.has(2)) & D3(step.role("dev")).eq(1)
    return None


@step_rule(
    "N6",
    mend="ask for msix_enabled beside pci_msix_can_alloc_dyn()",
    evidence=("drivers/pci/msi/api.c pci_msix_can_alloc_dyn()",
              "drivers/pci/msi/api.c pci_msix_alloc_irq_at()"),
    symptom="map.index is -ENOTSUPP on a port that runs on MSI or INTx",
)
def mode_before_dynamic(step: Step, _view: View) -> Expr | None:
    """That dynamic allocation is possible says nothing about MSI-X being on now."""
    if not is_done(step, "pci_msix_alloc_irq_at"):
        return None
    return MODE(step.role("dev")).ne(MODE_MSIX)
