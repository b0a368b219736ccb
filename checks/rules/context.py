# SPDX-License-Identifier: GPL-2.0-only
"""Rules about where and when code runs: built in or module, asleep, atomic, in which BAR."""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import View
from checks.machine.runtime_pm import calls_of
from checks.machine.step import Step
from checks.rules.contexts import mutexes_of, process_of
from checks.rules.rule import COUNTED, is_done, step_rule
from generator.design import RUNTIME, SLEEP, SUBDEVICES
from generator.expr import TRUE, Expr, all_of, any_of
from generator.facts import (
    BLOCK,
    CAP,
    CAP_NONE,
    D3,
    ENABLED,
    HANDLER,
    HAS,
    IN_RUNTIME_PM,
    LINE_ROUTED,
    MAPPED,
    OPEN,
    RPM_ASLEEP,
    SLEEPY,
    msi_on,
)
from generator.ops.lock import SPUN


@step_rule(
    "R22",
    mend="select or depend on the module in Kconfig, or call it from code that is a "
    "module as well",
    evidence=("drivers/pci/pcie/Kconfig PCIEPORTBUS", "drivers/cxl/Kconfig CXL_BUS",
              "<20240529164103.31671-1-Jonathan.Cameron@huawei.com>"),
    symptom="ld: undefined reference to the CXL function, with CXL_BUS=m",
)
def builtin_calls_no_module(step: Step, _view: View) -> Expr | None:
    """Code that is always built in calls nothing that can be a module."""
    if step.op is None or not step.op.provider or step.driver is None or not step.driver.builtin:
        return None
    return TRUE


def _counting(view: View) -> Iterator[tuple[str, Expr]]:
    for inst in view.instances:
        parent = view.parent(inst)
        if inst != parent:
            # Nobody reads a counter while the system sleeps.
            yield (f"{inst.name} counts while {parent.name} is in D3hot",
                   OPEN(inst).eq(1) & D3(parent).eq(1) & ~view.during("off"))


@step_rule(
    "R34",
    mend="pm_runtime_resume_and_get() of the parent first, and put it when it is needed no more",
    evidence=("drivers/base/dd.c __driver_probe_device()",
              "drivers/base/dd.c __device_release_driver()",
              "drivers/pci/msi/msi.h pci_msix_mask()", "drivers/perf/cxl_pmu.c cxl_pmu_irq()"),
    symptom="registers read as all ones; a handler that sees every overflow bit; lost unmasks",
    states=_counting,
)
def registers_need_d0(step: Step, view: View) -> Expr | None:
    """Whoever touches registers or vectors of a port, or counts there, keeps it in D0.

    So it is with a device that runtime PM has suspended, off PCI: only a callback for it, or for
    system sleep, may know how to reach it. Who names the clock that it needs is asked for that.
    """
    if step.op is None or not step.op.needs_d0 or not step.outcome:
        return None
    user = step.role(step.op.needs_d0)
    asleep = D3(view.parent(user)).eq(1)
    registers = not any(one.target.fact == HANDLER for way in step.op.outcomes for one in way.gives)
    told = any(fact in COUNTED for fact in step.op.needs)
    if calls_of(view, user) is None or told or not registers or step.entry in (*SLEEP, *RUNTIME):
        return asleep
    return asleep | all_of(RPM_ASLEEP(user).eq(1), IN_RUNTIME_PM(user).eq(0))


@step_rule(
    "N7",
    mend="map the block only on the condition that it lies in a BAR of the device; for "
    'hardware whose registers always do, say answers=((BLOCK, ("in an assigned '
    'BAR",)),) of the device',
    evidence=("drivers/cxl/core/regs.c cxl_decode_regblock()",
              "drivers/pci/msi/msi.c msix_map_region()", "kernel/resource.c __request_region()"),
    symptom="a mapping of the ROM or of a bridge window: reads of somebody else's registers",
)
def block_in_own_bar(step: Step, view: View) -> Expr | None:
    """A block is mapped only where it lies in an assigned memory BAR; no BAR is claimed whole."""
    if is_done(step, "devm_ioremap", "ioremap", "devm_request_mem_region"):
        user = step.role("user")
        root = user.device
        while root.parent is not None:
            root = root.parent
        if root.kind not in ("pci", "core"):  # what firmware describes lies in no BAR
            return None
        # a device's own driver maps what it has by ioremap() of pci_resource_start()
        own = user.device.parent is None and step.op is not None and step.op.gives(MAPPED)
        return None if own and is_done(step, "ioremap") else BLOCK(user).eq(1)
    if is_done(step, "pci_request_regions"):
        children = view.children(step.role("dev"))
        return any_of(*(HAS(child).eq(1) for child in children if child.device.kind in SUBDEVICES))
    return None


@step_rule(
    "N7b",
    mend="devm_request_mem_region() first, then devm_ioremap(), or a call that does both",
    evidence=("lib/devres.c __devm_ioremap_resource()",
              "drivers/cxl/core/regs.c devm_cxl_iomap_block()",
              "arch/x86/mm/ioremap.c __ioremap_caller()",
              "arch/x86/include/asm/pgtable.h is_new_memtype_allowed()"),
    # Uncached is asked for and write-combining is granted: only write-back would be refused.
    symptom="registers that are mapped write-combining, as somebody else has them, without a word; "
    "-EBUSY comes only then",
)
def claimed_before_mapped(step: Step, _view: View) -> Expr | None:
    """Who claims registers does so before mapping them: what is mapped is its own by then."""
    if not is_done(step, "devm_request_mem_region"):
        return None
    return MAPPED(step.role("user")).eq(1)


@step_rule(
    "N8",
    mend="call it where sleeping is allowed: in probe, from a work item or a threaded handler, "
    "behind spin_unlock(); an operation of your own is taken to sleep: sleeps=False says that it "
    "does not",
    evidence=("kernel/irq/manage.c request_threaded_irq()",
              "drivers/perf/cxl_pmu.c cxl_pmu_event_start()",
              "kernel/irq/irqdomain.c irq_domain_free_irqs()",
              "kernel/sched/core.c __might_resched()"),
    symptom="BUG: sleeping function called from invalid context",
)
def no_sleep_in_atomic_context(step: Step, view: View) -> Expr | None:
    """What sleeps is not called from perf callbacks, interrupt handlers or timers.

    Nor is it by who holds a spinlock.
    """
    if step.op is None or not step.op.sleeps:
        return None
    if step.entry == "atomic":
        return TRUE
    spun = [lock for lock in mutexes_of(view) if lock.fact.name.endswith(SPUN)]
    spins = step.op.context[0] in ("timer", "hrtimer")  # who waits for one does so awake
    me = process_of(step, view) if spun and not spins else 0
    return any_of(*(lock.eq(me) for lock in spun)) if me else None


@step_rule(
    "N16",
    mend="give back in remove what probe took, take again what it gave away, and leave "
    "the rest",
    evidence=("drivers/pci/pci-driver.c local_pci_probe()",
              "drivers/pci/pci-driver.c pci_device_remove()",
              "drivers/pci/pcie/portdrv.c pcie_portdrv_remove()"),
    symptom="runtime_usage grows whenever the port is unbound: it never sleeps again, whoever "
    "binds it, though power/control says auto",
)
def takes_back_what_it_gave(step: Step, _view: View) -> Expr | None:
    """The driver of a PCI device takes that runtime PM reference back that its probe gave away."""
    if not is_done(step, "pm_runtime_get_noresume") or step.role("dev") != step.inst:
        return None
    if step.inst is None or step.inst.device.kind != "pci":  # nobody has one there beforehand
        return None
    return SLEEPY(step.role("dev")).eq(0)


@step_rule(
    "N22",
    mend="pci_enable_device() first in probe, and pci_disable_device() last in remove",
    evidence=("drivers/pci/pci.c do_pci_enable_device()", "drivers/pci/setup-res.c "
              "pci_enable_resources()", "drivers/pci/msi/msi.c msix_map_region()",
              "drivers/acpi/pci_irq.c acpi_pci_irq_enable()"),
    symptom="registers and the MSI-X table that read as all ones where firmware has not enabled "
    "the device, and nothing wrong where it has; a line whose number changes behind its request",
)
def enabled_before_use(step: Step, view: View) -> Expr | None:
    """A probe uses MSI, MSI-X and mapped registers of a PCI device only where that is enabled.

    pdev->irq has the number of the line, and that is routed, from pci_enable_device() on.
    """
    op, inst = step.op, step.inst
    if op is None or inst is None or step.entry != "probe" or inst.device.kind == "core":
        return None
    if is_done(step, "pci_alloc_irq_vectors"):
        dev, types = step.role("dev"), step.params["types"]
        return all_of(ENABLED(dev).eq(0), types.has(2) | types.has(1), CAP(dev).ne(CAP_NONE))
    if is_done(step, "pdev->irq"):
        dev = step.role("dev")
        return all_of(ENABLED(dev).eq(0), ~msi_on(dev), LINE_ROUTED(dev).eq(1))
    if MAPPED not in op.needs or not step.outcome:
        return None
    user = step.role(op.needs_of or op.roles[0])
    asked = op.needs_when(user).ne(0) if op.needs_when is not None else TRUE
    dev = view.root(user)
    return all_of(asked, ENABLED(dev).eq(0)) if dev.device.kind == "pci" else None
