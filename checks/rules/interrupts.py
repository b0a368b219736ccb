# SPDX-License-Identifier: GPL-2.0-only
"""Rules about vectors, handlers and the sources that use them."""

from __future__ import annotations

from collections.abc import Iterator

from checks.bind import View
from checks.machine import HALTED, Step
from checks.rule import state_rule, step_rule
from generator.expr import Expr, all_of, any_of
from generator.facts import (
    ADDED,
    CAN_DYN,
    HANDLER,
    IRQ,
    LIFE,
    LINE,
    MASTER,
    MODE,
    MODE_MSI,
    MODE_MSIX,
    MSG,
    NO_MESSAGE,
    PHASE,
    SOURCE,
    STALE,
    UNBOUND,
    allocated,
    interrupt_lost,
    msi_on,
    on_vector,
)

_FREES = ("pci_free_irq_vectors", "pci_msix_free_irq")


def _is(step: Step, *names: str) -> bool:
    return step.op is not None and step.op.name in names and step.outcome in ("ok", "fail")


@step_rule(
    "R04",
    evidence=("drivers/pci/msi/api.c pci_msix_alloc_irq_at()", "<87plpsbbe5.ffs@tglx>"),
    symptom="map.index is -ENOTSUPP: the child gets no interrupt",
    implies=("R11", "N6", "R12"),
)
def msi_count_fixed_at_enable(step: Step, view: View) -> Expr | None:
    """The number of MSI vectors is fixed when MSI is enabled: none can be added."""
    if not _is(step, "pci_msix_alloc_irq_at"):
        return None
    return MODE(step.role("dev")).eq(MODE_MSI)


@step_rule(
    "R07",
    evidence=("drivers/pci/msi/msi.c __pci_enable_msix_range()",
              "drivers/pci/msi/api.c pci_alloc_irq_vectors_affinity()"),
    symptom="WARN at drivers/pci/msi/msi.c, -EINVAL; with PCI_IRQ_INTX a false success",
)
def second_alloc_while_enabled(step: Step, view: View) -> Expr | None:
    """Vectors are allocated once: no second allocation while MSI or MSI-X is on."""
    if not _is(step, "pci_alloc_irq_vectors"):
        return None
    return msi_on(step.role("dev"))


@step_rule(
    "R10",
    evidence=("drivers/pci/msi/msi.c pci_msi_supported()", "<87plpsbbe5.ffs@tglx>"),
    symptom="pci_alloc_irq_vectors() returns -EINVAL",
)
def first_enable_needs_a_vector(step: Step, view: View) -> Expr | None:
    """The first enable of MSI or MSI-X sets up at least one vector."""
    if not _is(step, "pci_alloc_irq_vectors"):
        return None
    return step.params["max"].lt(1)


@state_rule(
    "R10b",
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_device_register()",),
    symptom="the handler's line in /proc/interrupts never counts: the port may not write messages",
)
def vector_user_needs_bus_master(view: View) -> Iterator[tuple[str, Expr]]:
    """A child that has a handler on a vector needs bus mastering of its port."""
    for port in _ports(view):
        for child in view.children(port):
            lost = all_of(on_vector(HANDLER, child), msi_on(port), MASTER(port).eq(0),
                          HALTED(port).eq(0))
            yield f"{child.name} waits for messages that {port.name} may not send", lost


@step_rule(
    "R11",
    evidence=("drivers/pci/msi/api.c pci_msix_alloc_irq_at()", "kernel/irq/msi.c msi_insert_desc()"),
    symptom="map.index is -EBUSY: the index is in the device's own store already",
)
def alloc_at_wants_a_free_index(step: Step, view: View) -> Expr | None:
    """An index that the device already has cannot be allocated again."""
    if not _is(step, "pci_msix_alloc_irq_at"):
        return None
    return allocated(step.role("dev"), step.params["nr"])


@step_rule(
    "R12",
    evidence=("arch/x86/include/asm/msi.h X86_VECTOR_MSI_FLAGS_SUPPORTED",
              "drivers/pci/msi/irqdomain.c pci_msi_domain_supports()"),
    symptom="map.index is -ENOTSUPP on every platform but x86",
)
def dynamic_needs_the_domain(step: Step, view: View) -> Expr | None:
    """Vectors are added to MSI-X only where the interrupt domain can do it."""
    if not _is(step, "pci_msix_alloc_irq_at"):
        return None
    dev = step.role("dev")
    return MODE(dev).eq(MODE_MSIX) & CAN_DYN(dev).eq(0)


@step_rule(
    "R13",
    evidence=("kernel/irq/irqdomain.c irq_domain_free_irqs()", "kernel/irq/proc.c unregister_irq_proc()"),
    symptom="WARN remove_proc_entry: removing non-empty directory 'irq/NN', leaking at least 'NAME'",
)
def free_irq_before_vectors(step: Step, view: View) -> Expr | None:
    """Every handler on a vector is freed before the vector is."""
    if not _is(step, *_FREES):
        return None
    dev = step.role("dev")
    users = view.users(dev)
    if step.op is not None and step.op.name == "pci_msix_free_irq":
        gone = IRQ(step.role("user"))
        return any_of(*(on_vector(HANDLER, u) & HANDLER(u).eq(gone) for u in users))
    return msi_on(dev) & any_of(*(on_vector(HANDLER, user) for user in users))


@step_rule(
    "R14",
    evidence=("include/linux/auxiliary_bus.h DOC", "drivers/pci/msi/msi.c pci_free_msi_irqs()",
              "<87plpsbbe5.ffs@tglx>"),
    symptom="R13's WARN where the port owns the descriptor; a page fault in a subdevice domain",
    implies=("R13",),
)
def children_before_parent_vectors(step: Step, view: View) -> Expr | None:
    """Children that use a device's vectors are deleted before it frees them."""
    if not _is(step, "pci_free_irq_vectors", "pci_disable_device"):
        return None
    dev = step.role("dev")
    living = [
        LIFE(child).eq(ADDED) & on_vector(IRQ, child) for child in view.children(dev)
    ]
    return msi_on(dev) & any_of(*living)


@state_rule(
    "R16",
    evidence=("drivers/pci/msi/api.c pci_irq_vector()", "drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()"),
    symptom="probe with driver NAME failed with error -22",
)
def message_number_is_allocated(view: View) -> Iterator[tuple[str, Expr]]:
    """A device that signals by a message gets on the bus only with the vector of that message."""
    for port in _ports(view):
        for child in view.children(port):
            on_bus = LIFE(child).eq(ADDED) & MSG(child).ne(NO_MESSAGE)
            yield (f"{child.name} is on the bus, but its message has no vector",
                   all_of(msi_on(port), on_bus, ~on_vector(IRQ, child)))


@step_rule(
    "R16b",
    evidence=("drivers/perf/cxl_pmu.c cxl_pmu_probe()",),
    symptom="probe with driver cxl_pmu failed with error -22",
)
def message_number_zero_is_valid(step: Step, view: View) -> Expr | None:
    """A device whose message number is 0 has an interrupt like any other."""
    if not _is(step, "refuse"):
        return None
    return MSG(step.role("user")).eq(0)


@step_rule(
    "R17",
    evidence=("kernel/irq/manage.c __setup_irq()", "drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()"),
    symptom="genirq: Flags mismatch irq NN, and -EBUSY for whoever comes second",
)
def shared_numbers_share_the_irq(step: Step, view: View) -> Expr | None:
    """A message number may be shared, so a handler on it is requested with IRQF_SHARED."""
    if not _is(step, "request_irq", "devm_request_irq"):
        return None
    user = step.role("user")
    others = [one for one in view.users(view.parent(user)) if one != user]
    meets = any_of(*(HANDLER(one).eq(IRQ(user)) for one in others))
    return all_of(step.params["shared"].eq(0), on_vector(IRQ, user), meets)


@step_rule(
    "R20",
    evidence=("drivers/pci/pcie/portdrv.c pcie_init_service_irqs()", "drivers/cxl/pci.c cxl_alloc_irq_vectors()"),
    symptom="genirq: Flags mismatch irq NN, or irq NN: nobody cared",
)
def line_interrupts_are_shared(step: Step, view: View) -> Expr | None:
    """On INTx every handler shares the line; a subdevice has no handler there at all."""
    if not _is(step, "request_irq", "devm_request_irq"):
        return None
    user = step.role("user")
    on_line = IRQ(user).eq(LINE)
    return on_line if user.device.kind in ("aux", "cxl") else on_line & step.params["shared"].eq(0)


@step_rule(
    "N4",
    evidence=("kernel/irq/manage.c free_irq()",),
    symptom="irq NN: nobody cared, or an interrupt that nobody serves",
)
def quiesce_before_free(step: Step, view: View) -> Expr | None:
    """On a shared irq the device's source is off before its handler is freed."""
    if not _is(step, "free_irq"):
        return None
    user = step.role("user")
    return SOURCE(user).eq(1)


@state_rule(
    "R19",
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()",),
    symptom="an interrupt line in /proc/interrupts that never counts, and lost events",
    implies=("R10b",),
)
def live_source_reaches_its_handler(view: View) -> Iterator[tuple[str, Expr]]:
    """An interrupt from a live source reaches the handler of the device that raised it."""
    for port in _ports(view):
        for user in view.children(port):
            lost = interrupt_lost(user, port) & HANDLER(user).ne(STALE) & HALTED(port).eq(0)
            bound = PHASE(user).ne(UNBOUND) & MSG(user).ne(NO_MESSAGE)
            yield f"an interrupt of {user.name} is lost", lost & bound & MASTER(port).eq(1)


@step_rule(
    "N6",
    evidence=("drivers/pci/msi/api.c pci_msix_can_alloc_dyn()",),
    symptom="map.index is -ENOTSUPP on a port that runs on MSI or INTx",
)
def mode_before_dynamic(step: Step, view: View) -> Expr | None:
    """That dynamic allocation is possible says nothing about MSI-X being on now."""
    if not _is(step, "pci_msix_alloc_irq_at"):
        return None
    return MODE(step.role("dev")).ne(MODE_MSIX)


def _ports(view: View) -> tuple:  # type: ignore[type-arg]  # of Inst
    return tuple(inst for inst in view.instances if inst.device.kind == "pci")


RULES = (
    msi_count_fixed_at_enable,
    second_alloc_while_enabled,
    first_enable_needs_a_vector,
    vector_user_needs_bus_master,
    alloc_at_wants_a_free_index,
    dynamic_needs_the_domain,
    free_irq_before_vectors,
    children_before_parent_vectors,
    message_number_is_allocated,
    message_number_zero_is_valid,
    shared_numbers_share_the_irq,
    live_source_reaches_its_handler,
    line_interrupts_are_shared,
    quiesce_before_free,
    mode_before_dynamic,
)
