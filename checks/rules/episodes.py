# SPDX-License-Identifier: GPL-2.0-only
"""Rules about sleep, recovery and drivers that come later: what must outlast them."""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Inst, View
from checks.machine.runtime_pm import left_alone
from checks.machine.step import GIVEN_UP, Kind, Step
from checks.rules.rule import state_rule, step_rule
from generator.context import queued
from generator.design import RECOVERY, SLEEP
from generator.expr import FALSE, TRUE, Expr, Place, Role, all_of, any_of
from generator.facts import (
    BOUND,
    CONFIG_LOST,
    HANDLER,
    LOST,
    MASKED,
    MISSED,
    MODE,
    MODE_MSIX,
    OPEN,
    PHASE,
    SOURCE,
    STALE_COUNT,
    UNPROGRAMMED,
    on_vector,
)
from generator.meaning import fold
from generator.operation import fill
from generator.program import operations

LINKED = "hp"  # the one service for which a link that goes down below the port is an event


@step_rule(
    "R32",
    mend="write the table entries of vectors in stores of subdevices again in resume and "
    "slot_reset",
    evidence=("drivers/pci/msi/msi.c __pci_restore_msix_state()",
              "drivers/pci/pci-driver.c pci_pm_resume_noirq()",
              "drivers/pci/pci.c pci_restore_state()"),
    symptom="the interrupt's count in /proc/interrupts stands still after resume or recovery",
)
def msix_restore_covers_only_own_store(step: Step, view: View) -> Expr | None:
    """After sleep or a reset the table entry of every vector in use is written again.

    The PCI core does so for descriptors in the PCI device's own store, and for no others.
    """
    if not step.settles:
        return None
    return any_of(*(
        all_of(MODE(port).eq(MODE_MSIX), on_vector(HANDLER, user), UNPROGRAMMED(user).eq(1))
        for port in view.pci for user in view.users(port)
    ))


def _answered_for(inst: Inst, view: View) -> bool:
    """Return whether somebody must turn the interrupt of a device on again.

    Of a driver that is not called in this episode that is not asked.
    """
    driver = view.design.driver_of(inst.device)
    called = RECOVERY if view.episode == "recovery" else SLEEP
    return inst.device.kind == "service" or (
        driver is not None and bool(set(called) & driver.callbacks().keys())
    )


def _to_be_turned_on(inst: Inst, view: View) -> Iterator[Expr]:
    """Yield that nothing is queued or runs that turns the interrupt of a device on."""
    for own in view.contexts:
        if own.inst == inst and any(
            do.op.gives(SOURCE) and inst in view.of(do.places[0])
            for do in operations(own.context.body) if do.places
        ):
            yield queued(own.context.name)(inst).eq(0) & own.context.runs(inst).eq(0)


@step_rule(
    "N13",
    mend="restore configuration, then turn on in resume and slot_reset what suspend or "
    "the reset turned off",
    evidence=("drivers/pci/pci.c pci_restore_state()", "drivers/pci/pcie/err.c report_slot_reset()",
              "drivers/pci/pcie/portdrv.c pcie_portdrv_slot_reset()",
              "drivers/pci/pcie/aer.c aer_resume()"),
    symptom="a port without bus mastering or BARs, or a service that is silent, after resume",
    implies=("R32",),
)
def what_was_on_is_on_again(step: Step, view: View) -> Expr | None:
    """After sleep or a reset configuration is restored, and what had its interrupt on has it on.

    What only suspend disables is enabled again, by resume. A device that was suspended before, and
    that the PM core left alone, gets it back from runtime_resume.
    """
    if not step.settles:
        return None
    bad = [PHASE(port).eq(BOUND) & CONFIG_LOST(port).eq(1) for port in view.pci]
    bad += [
        all_of(PHASE(inst).eq(BOUND), LOST(inst).eq(1), SOURCE(inst).eq(0),
               GIVEN_UP(inst).eq(0) if view.episode == "sleep" else TRUE,
               fold(~left_alone(view, view.parent(inst))), *_to_be_turned_on(inst, view))
        for inst in view.instances if _answered_for(inst, view)
    ]
    if view.episode == "sleep":
        bad += [
            all_of(PHASE(inst).eq(BOUND), MASKED(inst).eq(1), GIVEN_UP(inst).eq(0))
            for inst in view.instances if _masked_for_sleep(inst, view)
        ]
    return any_of(*bad)


def _masked_for_sleep(inst: Inst, view: View) -> bool:
    """Return whether its irq is disabled in callbacks of system sleep, and nowhere else."""
    where = {
        name for driver in view.design.drivers for name, block in driver.blocks().items()
        for do in operations(block)
        if do.op.undo is not None and do.op.undo.name == "enable_irq"
        and do.places and inst in view.of(do.places[0])
    }
    return bool(where) and where <= set(SLEEP)


@step_rule(
    "N14",
    mend="program the counters of open events again in resume and slot_reset",
    evidence=("drivers/perf/cxl_pmu.c cxl_pmu_event_start()", "drivers/cxl/core/pmu.c "
              "devm_cxl_pmu_add()", "drivers/base/power/main.c device_pm_add()"),
    symptom="perf stat goes on after resume or recovery, and its counts stand still",
)
def open_events_count_again(step: Step, view: View) -> Expr | None:
    """An event that is open over sleep or a reset counts afterwards."""
    if not step.settles:
        return None
    return any_of(*(
        all_of(OPEN(inst).eq(1), LOST(inst).eq(1), SOURCE(inst).eq(0))
        for inst in view.instances
    ))


@step_rule(
    "N46",
    mend="take 0 for what was read last where the counter is set to 0",
    evidence=("drivers/perf/cxl_pmu.c cxl_pmu_event_start()", "drivers/perf/cxl_pmu.c "
              "__cxl_pmu_read()"),
    symptom="perf stat shows a count that grew by about 2^width over sleep",
)
def counts_do_not_jump(step: Step, view: View) -> Expr | None:
    """An event that counts on after its counter was cleared does not take that for an overflow.

    What it counts is what a counter has more than it had when it was read last.
    """
    if not step.settles:
        return None
    return any_of(*(
        all_of(OPEN(inst).eq(1), SOURCE(inst).eq(1), STALE_COUNT(inst).eq(1))
        for inst in view.instances
    ))


@step_rule(
    "N15",
    mend="turn the interrupts of services off in suspend, and hotplug's in "
    "runtime_suspend, too",
    evidence=("drivers/pci/hotplug/pciehp_core.c pciehp_disable_interrupt()",
              "drivers/pci/hotplug/pciehp_core.c pciehp_runtime_suspend()",
              "drivers/pci/pcie/aer.c aer_suspend()",
              "drivers/pci/pcie/portdrv.c pcie_port_device_suspend()",
              "drivers/pci/pcie/portdrv.c pcie_port_device_runtime_suspend()",
              "drivers/pci/pci-driver.c pci_pm_runtime_suspend()"),
    symptom="Slot(N): Link Down in the middle of suspend, and the devices in the slot are removed",
)
def services_are_quiet_without_power(step: Step, view: View) -> Expr | None:
    """Before a port loses its power, the interrupts of its services are off.

    That the link goes down, and errors on the way, are no events then. Before runtime PM puts the
    port into D3 that of hotplug is, which notices the link; others have no callback for it.
    """
    services = [inst for inst in view.instances if inst.device.kind == "service"]
    if step.kind is Kind.RUNTIME_SUSPENDED:
        mine = [inst for inst in services if view.parent(inst) == step.inst and inst.name == LINKED]
    elif step.kind is Kind.POWER_LOST:
        mine = services
    else:
        return None
    bad = [PHASE(inst).eq(BOUND) & SOURCE(inst).eq(1) for inst in mine]
    return any_of(*bad) if bad else None


@state_rule(
    "R33",
    mend="look in resume_noirq, before anything below resumes",
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_device_iter()",
              "drivers/pci/hotplug/pciehp_core.c pciehp_resume_noirq()",
              "drivers/base/power/main.c device_resume_noirq()",
              "<20240529164103.31671-1-Jonathan.Cameron@huawei.com>",
              "<f4b23710-059a-51b7-9d27-b62e8b358b54@linux.intel.com>"),
    symptom="the driver of the device that was in the slot before sleep resumes another one",
)
def pm_order_noirq(view: View) -> Iterator[tuple[str, Expr]]:
    """Who must know before devices below resume what became of them in sleep looks in noirq.

    The port's iteration calls back services alone; other children have their own callbacks.
    """
    late = view.during("resume", "after")
    for inst in view.instances:
        yield (f"devices below resume, and nobody looked at {inst.name}",
               all_of(late, PHASE(inst).eq(BOUND), MISSED(inst).eq(1)))


def _stops(step: Step, service: Inst, view: View) -> Expr:
    """Return whether a step takes from a running service its handler, or its source away."""
    if step.op is None:
        return FALSE
    gives = [(way, give) for way in step.op.outcomes if way.label == step.outcome
             for give in way.gives if give.target.fact in (SOURCE, HANDLER)]
    if not gives:
        return FALSE
    by_role: dict[Place, Place] = {Role(name): place for name, place in step.binding.items()}
    taken = []
    for way, give in gives:
        if give.each is None:
            among: tuple[Place, ...] = (view.resolve(give.target.of, by_role),)
        else:
            among = view.range(view.resolve(give.each, by_role))
        if service in among:
            value = fill(give.value, step.params)
            after = view.bind(value, {**by_role, give.target.of: service})
            when = view.bind(fill(way.when, step.params), by_role)
            taken.append(all_of(when, after.ne(give.target.fact(service))))
    return SOURCE(service).eq(1) & any_of(*taken) if taken else FALSE


@step_rule(
    "R35",
    mend="keep the port's own driver bound, and its vectors as they are, while "
    "extensions come and go",
    evidence=("drivers/pci/pci-driver.c pci_device_remove()", "drivers/pci/pcie/dpc.c dpc_remove()",
              "drivers/pci/pcie/aer.c aer_remove()", "drivers/pci/pcie/pme.c pcie_pme_remove()",
              "<20240823120501.00004151@Huawei.com>", "<20240829131746.00003743@Huawei.com>"),
    symptom="an error that nobody reports, or a device pulled that nobody notices, while drivers "
    "are exchanged; afterwards stale status",
)
def core_services_uninterrupted(step: Step, view: View) -> Expr | None:
    """Binding or unbinding an extension does not stop a service of the port.

    An extension is the driver of another device, or one bound in the place of the port's.
    """
    if step.inst is None or step.op is None:
        return None
    bad = []
    for service in view.instances:
        if service.device.kind != "service":
            continue
        others = TRUE if step.inst != view.parent(service) else view.during("swap")
        if others is not FALSE:
            bad.append(all_of(others, _stops(step, service, view)))
    return any_of(*bad)
