# SPDX-License-Identifier: GPL-2.0-only
"""Rules about how many vectors there are, and what happens when that changes."""

from __future__ import annotations

from checks.machine.instances import View
from checks.machine.step import Kind, Step
from checks.rules.rule import is_done, step_rule
from generator.expr import FALSE, Expr, all_of, any_of
from generator.facts import (
    ADDED,
    CAP,
    CAP_MSI,
    HANDLER,
    IRQ,
    LEFT_ON,
    LIFE,
    MASKABLE,
    MODE,
    MODE_MSI,
    NO_MSI,
    SEEN,
    UNHEARD,
    entries,
    msi_on,
    on_vector,
)

_PME = ("pme", "hp")  # services with PME among what they are


@step_rule(
    "R02b",
    mend="pcim_enable_device() first, then what goes on the devres list",
    evidence=("drivers/pci/msi/msi.c pcim_setup_msi_release()",
              "drivers/pci/msi/msi.c pci_setup_msi_context()",
              "kernel/irq/msi.c msi_device_data_release()",
              "drivers/base/devres.c release_nodes()"),
    symptom="WARN remove_proc_entry: removing non-empty directory 'irq/NN', leaking 'NAME'",
    implies=("R13", "R14"),
)
def msi_devres_order(step: Step, view: View) -> Expr | None:
    """Managed vectors are released before whatever was on the devres list first.

    So a child or a handler that devres takes away is put on the list after the first enable.
    """
    if step.entry != "devres" or not is_done(step, "pci_free_irq_vectors"):
        return None
    dev = step.role("dev")
    used = [on_vector(HANDLER, user) for user in view.users(dev)]
    used += [LIFE(child).eq(ADDED) & on_vector(IRQ, child) for child in view.children(dev)]
    return msi_on(dev) & any_of(*used)


@step_rule(
    "R04b",
    mend="ask for a minimum of one and live with what is granted, or give min=1",
    evidence=("drivers/pci/msi/msi.c msi_capability_init()",
              "drivers/pci/msi/msi.c msi_setup_msi_desc()",
              "drivers/pci/msi/msi.c __pci_enable_msi_range()",
              "arch/x86/include/asm/msi.h X86_VECTOR_MSI_FLAGS_SUPPORTED"),
    symptom="pci_alloc_irq_vectors() returns -ENOSPC where the domain has no multi-MSI",
)
def msi_pow2_and_multi(step: Step, _view: View) -> Expr | None:
    """An MSI allocation insists on no more vectors than the device and its domain grant.

    What is granted is a power of two, and one where the domain does not support more.
    """
    if not is_done(step, "pci_alloc_irq_vectors"):
        return None
    dev, least = step.role("dev"), step.params["min"]
    return all_of(~msi_on(dev), CAP(dev).eq(CAP_MSI), step.params["types"].has(1),
                  least.ge(2), least.gt(entries(dev)))


@step_rule(
    "R06",
    mend="turn every source off before the vectors are freed, or read each status behind "
    "it",
    evidence=("drivers/pci/msi/msi.c pci_msi_shutdown()",
              "drivers/pci/msi/msi.c pci_msix_shutdown()",
              "drivers/pci/msi/msi.h pci_msi_mask()", "kernel/irq/spurious.c note_interrupt()",
              "<87plpsbbe5.ffs@tglx>"),
    symptom="an event that nobody was told of: hotplug, AER or PME stalls; at most: irq NN: nobody "
    "cared",
)
def msi_grow_needs_disable(step: Step, view: View) -> Expr | None:
    """The number of vectors changes while every source is off, or each status is read afterwards.

    It is changed by freeing them all: MSI is off then, INTx is on, and nobody handles it.
    """
    if step.kind is not Kind.PROBE_RETURNS or step.inst is None:
        return None
    port = step.inst if step.inst.device.kind == "pci" else view.parent(step.inst)
    return any_of(*(UNHEARD(user).eq(1) & msi_on(port) for user in view.users(port)))


@step_rule(
    "R08",
    mend="allocate the vector when its user comes, or only where it can be masked",
    evidence=("drivers/pci/msi/msi.c pci_msi_mask_irq()",
              "drivers/pci/msi/msi.c msi_setup_msi_desc()",
              "kernel/irq/msi.c msi_check_reservation_mode()", "<ZmG3vjD2sbCOPrM0@wunner.de>",
              "<87plpsbbe5.ffs@tglx>"),
    symptom="an interrupt from before in the handler of the driver that comes later; irq NN: "
    "nobody cared if the device goes on",
)
def msi_no_mask_overalloc(step: Step, view: View) -> Expr | None:
    """MSI vectors without per-vector masking are not kept in reserve for a driver that comes later.

    Nothing can mute them until it has a handler, and its device may have been left on.
    """
    if not is_done(step, "pci_irq_vector") or step.inst is None or step.entry != "probe":
        return None
    dev = step.role("dev")
    if dev == step.inst or dev not in (view.parent(step.inst), step.inst):
        return None
    on = LEFT_ON(step.role("user")).eq(1)
    return all_of(MODE(dev).eq(MODE_MSI), MASKABLE(dev).eq(0), on)


@step_rule(
    "R20b",
    mend="use INTx where MSI does not work for PME: leave MSI out of types= there",
    evidence=("drivers/pci/pcie/portdrv.c pcie_init_service_irqs()",
              "drivers/pci/pcie/pme.c pcie_pme_setup()",
              "drivers/pci/pcie/portdrv.h pcie_pme_no_msi()"),
    symptom="no PME: the line in /proc/interrupts never counts, on machines that need INTx for it",
)
def pme_nomsi_quirk(step: Step, view: View) -> Expr | None:
    """A port that serves PME where MSI does not work for it uses INTx for everything."""
    if not is_done(step, "pci_alloc_irq_vectors"):
        return None
    dev, types = step.role("dev"), step.params["types"]
    pme = [SEEN(child).eq(1) for child in view.children(dev)
           if child.device.kind == "service" and child.name in _PME]
    if not pme:
        return None
    refused = all_of(NO_MSI(dev).eq(1), CAP(dev).ne(0), types.has(1) | types.has(2), any_of(*pme))
    return refused if refused != FALSE else None
