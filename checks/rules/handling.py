# SPDX-License-Identifier: GPL-2.0-only
"""Rules about what handlers count and claim, on which CPU; and about warnings."""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.contexts import handler_of
from checks.machine.instances import Inst, View
from checks.machine.step import Step
from checks.rules.rule import Clause, clause_rule, is_done, step_rule
from generator.expr import TRUE, Expr, all_of
from generator.facts import ALL_ONES, EXCLUSIVE, HANDLER
from generator.operation import Block, Do
from generator.ops.handling import CLAIM_IRQ
from generator.ops.lock import SPUN
from generator.program import If, Return, leaves, operations, walk
from generator.reads import reads


@step_rule(
    "N49",
    mend="log it, by dev_warn(), and go on or fail; where it cannot happen, the design has to say "
    "why: answers= of the device, or a condition",
    evidence=("Documentation/process/deprecated.rst panic_on_warn",
              "kernel/panic.c check_panic_on_warn()",
              "kernel/irq/manage.c irq_set_affinity_locked()",
              "include/linux/msi.h MSI_FLAG_NO_AFFINITY",
              "drivers/pci/controller/vmd.c MSI_FLAG_NO_AFFINITY"),
    symptom="WARNING: CPU: N PID: N at FILE:LINE, each time; with panic_on_warn the machine stops",
)
def warnings_are_unreachable(step: Step, _view: View) -> Expr | None:
    """What hardware or a failure that is allowed for can bring about is no WARN_ON().

    That is for what cannot be unless the kernel is wrong. Setting the affinity of an irq fails on
    hosts whose MSIs have none.
    """
    return TRUE if is_done(step, "WARN_ON") else None


@clause_rule(
    "N50",
    mend="a raw spinlock around what the handler and others change",
    evidence=("include/asm-generic/local64.h local64_add", "kernel/irq/manage.c irq_set_affinity()",
              "Documentation/core-api/local_ops.rst local_t"),
    symptom="counts that are too low or too high when the interrupt is handled on another CPU than "
    "perf reads on",
)
def one_cpus_arithmetic_stays_on_it(step: Step, view: View) -> Iterator[Clause]:
    """What a handler changes by arithmetic of one CPU, it changes on that CPU alone.

    The irq must have been set to that CPU, and stay there: of one that is shared, whoever shares it
    can set the affinity as well. Under a spinlock it does not matter where.
    """
    if not is_done(step, "local64_add") or step.driver is None:
        return
    user = step.role("user")
    if not _does(handler_of(view, step.driver), "local64_add"):
        return
    there = all_of(HANDLER(user).ne(0), *(lock.eq(0) for lock in _spun(view, user)))
    yield Clause(f"the irq of {user.name} is requested with IRQF_SHARED",
                 there & EXCLUSIVE(user).eq(0))
    if not any(_does(block, "irq_set_affinity") for block in step.driver.blocks().values()):
        yield Clause(f"nobody sets the affinity of the irq of {user.name}",
                     there & EXCLUSIVE(user).eq(1))


def _does(block: Block, name: str) -> bool:
    return any(do.op.name == name for do in operations(block))


def _spun(view: View, inst: Inst) -> list[Expr]:
    """Return who holds the spinlocks of a device."""
    return [fact(inst) for fact in sorted(view.given, key=lambda one: one.name)
            if fact.name.endswith(SPUN)]


@step_rule(
    "N51",
    mend="return IRQ_NONE where PCI_POSSIBLE_ERROR() holds of what the handler has read",
    evidence=("include/linux/pci.h PCI_POSSIBLE_ERROR",
              "drivers/pci/hotplug/pciehp_hpc.c pciehp_isr()", "kernel/irq/manage.c __free_irq()",
              "kernel/irq/handle.c __handle_irq_event_percpu()"),
    symptom="interrupts of others on the irq that are claimed, and counts that grow by 2^width, "
    "once the device is gone or cut off",
)
def all_ones_are_no_interrupt(step: Step, _view: View) -> Expr | None:
    """A handler that reads all ones claims nothing: its device is gone, and has raised nothing.

    It is called all the same, by whoever shares the irq, and by DEBUG_SHIRQ in free_irq().
    """
    if not is_done(step, "claim the interrupt"):
        return None
    return ALL_ONES(step.role("user")).eq(1)


def claims_all(block: Block) -> bool:
    """Return whether a handler claims all interrupts of its device: unless that is gone."""
    for node in block:
        if isinstance(node, Do) and node.op.name == CLAIM_IRQ.name:
            return True
        gone = isinstance(node, If) and {
            read.fact for guard in leaves(node.guard) if guard.when is not None
            for read in reads(guard.when)} == {ALL_ONES}
        if not gone and any(isinstance(one, Return) for one in walk((node,))):
            return False
    return False
