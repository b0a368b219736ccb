# SPDX-License-Identifier: GPL-2.0-only
"""Rules about MSI-X domains of subdevices, which 6.12 does not have: what they would have to be.

The descriptor of such a vector is in the store of the subdevice, so whatever the PCI device does
for its own descriptors passes it by; a symptom says when it is due to that.
"""

from __future__ import annotations

from checks.machine.instances import View
from checks.machine.step import Step
from checks.rules.rule import is_done, step_rule
from generator.expr import Expr, all_of, any_of
from generator.facts import (
    CAN_DYN,
    IRQDOMAIN,
    PREPARES,
    PREPARING,
    SUBPARENT,
    SUBPARENT_MARKED,
    V2_PARENT,
    msi_on,
)
from generator.ops.domain import ALL_FLAGS, BY_INDEX, NULL, PARENT


@step_rule(
    "R14b",
    mend="delete the subdevices before the vectors are freed",
    evidence=("kernel/irq/msi.c msi_domain_alloc_irq_at()",
              "drivers/pci/msi/api.c pci_disable_msix()",
              "drivers/pci/msi/msi.c msix_prepare_msi_desc()"),
    symptom="a fault in readl() of a vector control that is unmapped; only where the subdevice "
    "owns the descriptor, for in the port's own store its mutex keeps the two apart",
)
def child_allocation_against_parent_disable(step: Step, view: View) -> Expr | None:
    """A PCI device does not free its vectors while one of its subdevices is adding one.

    The subdevice's allocation takes the mutex of its own descriptors, not that of the PCI device.
    """
    if not is_done(step, "pci_free_irq_vectors", "pci_disable_device"):
        return None
    dev = step.role("dev")
    return msi_on(dev) & any_of(*(PREPARING(child).eq(1) for child in view.children(dev)))


@step_rule(
    "R27",
    mend="ask for the kind of the MSI domain first, and make none where it is no v2 "
    "parent",
    evidence=("kernel/irq/msi.c msi_create_device_irq_domain()",
              "drivers/pci/msi/irqdomain.c pci_create_device_domain()",
              "include/linux/irqdomain.h irq_domain_is_msi_parent()", "<87jzfpdrc7.ffs@tglx>"),
    symptom="a NULL dereference where the device has no domain; else no domain is made, which a "
    "copy of pci_create_device_domain() takes for success",
)
def v2_hierarchy_required(step: Step, _view: View) -> Expr | None:
    """A subdevice's domain is made only where the device's MSI domain is a v2 parent domain."""
    if not is_done(step, "pci_subdev_create_domain"):
        return None
    return IRQDOMAIN(step.role("dev")).ne(V2_PARENT)


_MSI_CALLS = (
    "pci_alloc_irq_vectors", "pci_free_irq_vectors", "pci_msix_alloc_irq_at", "pci_msix_free_irq",
)


@step_rule(
    "R28",
    mend="let the MSI core make the parent, with pci_enable_msi_parent_domain() or its "
    "like",
    evidence=("kernel/irq/msi.c msi_get_device_domain()",
              "kernel/irq/msi.c msi_domain_free_locked()",
              "drivers/pci/msi/api.c pci_msix_alloc_irq_at()", "<87h6an9sxp.ffs@tglx>"),
    symptom="WARN at kernel/irq/msi.c msi_get_device_domain(), then -ENODEV from an allocation, "
    "and vectors of the port that nothing frees",
)
def stacked_parent_breaks_msi_core(step: Step, _view: View) -> Expr | None:
    """A device's own domain is made a parent inside the MSI core, so that the core still finds it.

    With IRQ_DOMAIN_FLAG_MSI_PARENT on it, every later call for the device itself has no domain.
    """
    if not is_done(step, *_MSI_CALLS):
        return None
    return SUBPARENT(step.role("dev")).eq(SUBPARENT_MARKED)


@step_rule(
    "R29",
    mend="teach the platform's init_dev_msi_info() the bus token, or use a parent that "
    "it knows",
    evidence=("arch/x86/kernel/apic/msi.c x86_init_dev_msi_info()",
              "arch/x86/kernel/apic/msi.c x86_msi_prepare()",
              "<20240910174743.000037c7@huawei.com>"),
    symptom="WARN at arch/x86/kernel/apic/msi.c x86_init_dev_msi_info(), and no domain",
)
def x86_bus_tokens(step: Step, _view: View) -> Expr | None:
    """The platform's init_dev_msi_info() knows the bus token of a parent that is a PCI device's."""
    if not is_done(step, "pci_subdev_create_domain"):
        return None
    return CAN_DYN(step.role("dev")).eq(1) & ~step.params["accepts"].has(3)


@step_rule(
    "R30",
    mend="set desc->dev in the prepare_desc() of the subdevice's domain",
    evidence=("kernel/irq/msi.c msi_alloc_desc()", "drivers/pci/msi/msi.c msi_desc_to_pci_dev()",
              "drivers/pci/msi/msi.c __pci_write_msi_msg()",
              "drivers/pci/msi/irqdomain.c pci_device_domain_set_desc()", "<87ed5n8qtt.ffs@tglx>"),
    symptom="container_of() of a device that is no PCI device: an oops, or memory that "
    "is overwritten, or an IOMMU with the wrong requester id; only where the subdevice owns the "
    "descriptor",
)
def desc_dev_is_hardware_device(step: Step, _view: View) -> Expr | None:
    """A descriptor names the PCI device that signals, not the subdevice that allocates.

    Nothing but the prepare_desc() of the subdevice's domain can see to that.
    """
    if not is_done(step, "pci_subdev_msix_alloc_at"):
        return None
    return PREPARES(step.role("user")).eq(0)


@step_rule(
    "R30b",
    mend="take callbacks and flags of the subdevice's template from those of the PCI "
    "device's domain",
    evidence=("drivers/pci/msi/irqdomain.c pci_msix_template",
              "kernel/irq/msi.c msi_domain_activate()",
              "kernel/irq/msi.c msi_domain_update_chip_ops()",
              "drivers/pci/msi/irqdomain.c pci_device_domain_set_desc()"),
    symptom="a call of NULL at activation, vectors that cannot be masked, descriptors that are "
    "never freed, or Flags mismatch for IRQF_ONESHOT",
)
def subdev_template_completeness(step: Step, _view: View) -> Expr | None:
    """A subdevice's domain has what the PCI device's has: chip callbacks, flags, hwirq by index.

    Masking and affinity are the parent's; irq_write_msi_msg exists, for activation calls it.
    """
    if not is_done(step, "pci_subdev_create_domain"):
        return None
    has = step.params
    whole = all_of(
        *(has[name].eq(PARENT) for name in ("irq_mask", "irq_unmask", "irq_set_affinity")),
        has["irq_write_msi_msg"].ne(NULL), has["oneshot_safe"].eq(1), has["hwirq"].eq(BY_INDEX),
        has["flags"].eq(ALL_FLAGS), has["supported"].eq(ALL_FLAGS),
    )
    return ~whole
