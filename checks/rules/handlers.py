# SPDX-License-Identifier: GPL-2.0-only
"""Rules about handlers, the vectors that they are on, and the sources that need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.machine.contexts import handler_of
from checks.machine.in_flight import heard
from checks.machine.instances import Inst, View
from checks.machine.step import GIVEN_UP, HALTED, Step
from checks.rules.contexts import defined
from checks.rules.handling import claims_all
from checks.rules.rule import COUNTED, Clause, clause_rule, is_done, state_rule, step_rule
from generator.context import IN_FLIGHT, REGISTERED, queued
from generator.design import SUBDEVICES, Driver
from generator.expr import TRUE, Expr, Fact, Place, Read, all_of, any_of, num
from generator.facts import (
    ABSENT,
    ADDED,
    BOUND,
    DATA,
    DOMAIN_NONE,
    ENABLED,
    EXCLUSIVE,
    HANDLER,
    HOTPLUG,
    IRQ,
    LEFT_ON,
    LIFE,
    LINE,
    MASTER,
    MEMORY,
    MSG,
    MSI_DOMAIN,
    NO_MESSAGE,
    OPEN,
    PHASE,
    PMU,
    QUIET,
    SECOND,
    SOURCE,
    STALE,
    UNBOUND,
    interrupt_lost,
    msi_on,
    on_vector,
)
from generator.operation import IGNORE, Do
from generator.program import operations

_REQUESTS = ("request_irq", "devm_request_irq")
POLLED = "hp"  # the one service that works without an interrupt: pciehp_hpc.c pciehp_poll()


@state_rule(
    "R10b",
    mend="pci_set_master() before the handler is requested",
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_device_register()",
              "drivers/pci/pci.c pci_set_master()"),
    symptom="the handler's line in /proc/interrupts never counts: the port may not write messages",
)
def vector_user_needs_bus_master(view: View) -> Iterator[tuple[str, Expr]]:
    """A child that has a handler on a vector needs bus mastering of its port."""
    for port in view.pci:
        for child in view.children(port):
            mute = all_of(on_vector(HANDLER, child), msi_on(port), MASTER(port).eq(0),
                          HALTED(port).eq(0))
            yield f"{child.name} waits for messages that {port.name} may not send", mute


@step_rule(
    "R13",
    mend="free_irq() of every handler on it first; in remove by hand, behind a failure as well",
    evidence=("kernel/irq/irqdomain.c irq_domain_free_irqs()",
              "kernel/irq/proc.c unregister_irq_proc()", "kernel/irq/manage.c free_irq()"),
    symptom="WARN remove_proc_entry: removing non-empty directory 'irq/NN', leaking 'NAME'",
)
def free_irq_before_vectors(step: Step, view: View) -> Expr | None:
    """Every handler on a vector is freed before the vector is."""
    if is_done(step, "pci_msix_free_irq", "pci_subdev_msix_free"):
        gone = IRQ(step.role("user"))
        users = view.users(step.role("dev"))
        return any_of(*(on_vector(HANDLER, one) & HANDLER(one).eq(gone) for one in users))
    if is_done(step, "pci_free_irq_vectors"):
        dev = step.role("dev")
        return msi_on(dev) & any_of(*(on_vector(HANDLER, one) for one in view.users(dev)))
    return None


@step_rule(
    "R14",
    mend="auxiliary_device_delete() of the children first, then free the vectors, then disable",
    evidence=("include/linux/auxiliary_bus.h DOC", "drivers/pci/msi/msi.c pci_free_msi_irqs()",
              "drivers/pci/pcie/portdrv.c remove_iter()", "<87plpsbbe5.ffs@tglx>"),
    # Until CPUs have forgotten where it was, what is written goes to a table that is not mapped.
    symptom="R13's WARN where the port owns the descriptor; a page fault in a subdevice domain, "
    "when the unmapping of the table has reached the CPU",
    implies=("R13",),
)
def children_before_parent_vectors(step: Step, view: View) -> Expr | None:
    """Children that use a device's vectors are deleted before it frees them or is disabled.

    At shutdown, when no driver binds any more (drivers/base/core.c device_shutdown()), it is enough
    that their drivers have given the vectors back.
    """
    if not is_done(step, "pci_free_irq_vectors", "pci_disable_device"):
        return None
    dev = step.role("dev")
    used = HANDLER if step.entry == "shutdown" else IRQ
    living = [LIFE(child).eq(ADDED) & on_vector(used, child) for child in view.children(dev)]
    last = ENABLED(dev).eq(1) if is_done(step, "pci_disable_device") else TRUE
    return all_of(last, msi_on(dev), any_of(*living))


def _without_vector(view: View) -> Iterator[tuple[str, Expr]]:
    for port in view.pci:
        for child in view.children(port):
            if child.device.kind == "platform":  # no hardware, so nothing that could signal
                continue
            on_bus = LIFE(child).eq(ADDED) & MSG(child).ne(NO_MESSAGE)
            given = MSI_DOMAIN(child).eq(DOMAIN_NONE)  # or else its own driver gets its vector
            yield (f"{child.name} is on the bus, but its message has no vector",
                   all_of(msi_on(port), on_bus, given, ~on_vector(IRQ, child)))


@step_rule(
    "R16",
    mend="look up the vector before the device is added, and do not add it where there "
    'is none; of a device that has no interrupt, say answers=((MSG, ("none",)),)',
    evidence=("drivers/pci/msi/api.c pci_irq_vector()",
              "drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()"),
    symptom="probe with driver NAME failed with error -22; on x86 -16, for irq 0 is the timer's",
    states=_without_vector,
)
def message_number_is_allocated(step: Step, view: View) -> Expr | None:
    """A device that signals by a message gets on the bus only with the vector of that message.

    One with an interrupt domain of its own has it from its driver, before that requests it.
    """
    if is_done(step, *_REQUESTS):
        user = step.role("user")
        return MSI_DOMAIN(user).ne(DOMAIN_NONE) & IRQ(user).eq(0)
    if not is_done(step, "device_register"):
        return None
    dev = step.role("dev")  # whose second number was read, and nothing looked up for it
    return msi_on(view.parent(dev)) & SECOND(dev).eq(1)


@step_rule(
    "R16b",
    mend="treat 0 as any other number: an error is negative",
    evidence=("drivers/perf/cxl_pmu.c cxl_pmu_probe()",),
    symptom="probe with driver cxl_pmu failed with error -22, or no device for it",
)
def message_number_zero_is_valid(step: Step, _view: View) -> Expr | None:
    """A device whose message number is 0 has an interrupt like any other."""
    if not is_done(step, "refuse the irq"):
        return None
    return MSG(step.role("user")).eq(0)


@step_rule(
    "R17",
    mend="request it with shared=1",
    evidence=("kernel/irq/manage.c __setup_irq()",
              "drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()"),
    symptom="genirq: Flags mismatch irq NN, and -EBUSY for whoever comes second",
)
def shared_numbers_share_the_irq(step: Step, view: View) -> Expr | None:
    """A message number may be shared, so every handler on it is requested with IRQF_SHARED."""
    if not is_done(step, *_REQUESTS):
        return None
    user = step.role("user")
    alone = step.params["shared"].eq(0)
    meets = [
        HANDLER(one).eq(IRQ(user)) & (EXCLUSIVE(one).eq(1) | alone)
        for one in view.users(view.parent(user)) if one != user
    ]
    return on_vector(IRQ, user) & any_of(*meets)


@state_rule(
    "R19",
    mend="allocate enough vectors for the message number that hardware gives, and "
    "request that vector: nr=MSG(dev); a device that always signals on the first "
    'says answers=((MSG, ("0",)),)',
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()",
              "kernel/irq/spurious.c __report_bad_irq()"),
    symptom="an interrupt line in /proc/interrupts that never counts, and lost events",
    implies=("R10b",),
)
def live_source_reaches_its_handler(view: View) -> Iterator[tuple[str, Expr]]:
    """An interrupt from a live source reaches the handler of the device that raised it."""
    for port in view.pci:
        for user in (port, *view.children(port)):
            lost = interrupt_lost(user, port) & HANDLER(user).ne(STALE) & HALTED(port).eq(0)
            bound = PHASE(user).ne(UNBOUND) & MSG(user).ne(NO_MESSAGE)
            yield f"an interrupt of {user.name} is lost", lost & bound & MASTER(port).eq(1)


def _without_interrupt(view: View) -> Iterator[tuple[str, Expr]]:
    for port in view.pci:
        for child in view.children(port):
            if child.device.kind == "service" and child.name != POLLED:
                yield (f"{child.name} is on the bus of {port.name}, which has no interrupt at all",
                       all_of(~msi_on(port), PHASE(port).eq(BOUND), LIFE(child).eq(ADDED),
                              IRQ(child).eq(0)))


@clause_rule(
    "R20",
    mend="request the line with shared=1, and create subdevices only where they have a "
    "vector",
    evidence=("drivers/pci/pcie/portdrv.c pcie_init_service_irqs()",
              "drivers/cxl/pci.c cxl_alloc_irq_vectors()"),
    symptom="genirq: Flags mismatch irq NN, or irq NN: nobody cared",
    states=_without_interrupt,
)
def line_interrupts_are_shared(step: Step, _view: View) -> Iterator[Clause]:
    """On INTx every handler shares the line; a subdevice has no handler there at all.

    On a port that has not even a line only hotplug is kept: it can poll.
    """
    if not is_done(step, *_REQUESTS):
        return
    user = step.role("user")
    on_line = IRQ(user).eq(LINE)
    if user.device.kind in SUBDEVICES:
        yield Clause(f"the irq of {user.name}, a subdevice, is the INTx line of its parent",
                     on_line, f"create {user.name} only where it has a vector: "
                     "types=MSIX | MSI without INTX, or a condition on MODE")
        return
    yield Clause(f"{user.name} requests the INTx line without IRQF_SHARED",
                 on_line & step.params["shared"].eq(0), "request it with shared=1")


@state_rule(
    "N3",
    mend="take what the handler uses before request_irq(), and give it back behind free_irq()",
    evidence=("kernel/irq/manage.c __free_irq()",),
    symptom="a fault in the handler: another device on the irq interrupts, or DEBUG_SHIRQ calls it "
    "once in free_irq()",
)
def handler_data_outlives_irq(view: View) -> Iterator[tuple[str, Expr]]:
    """What a handler needs is there from before its request to after free_irq() has waited for it.

    On an irq that is shared it can be called whatever its own device does, and one that has begun
    goes on until somebody waits for it. What its driver does not say of it is taken to be the
    driver's data.
    """
    for inst in view.instances:
        if inst.device.kind == "service":  # its device, or what a library call has in its place
            yield (f"the handler of {inst.name} can run without its memory",
                   HANDLER(inst).ne(0) & LIFE(inst).eq(ABSENT))
            continue
        for driver in view.design.drivers_of(inst.device):
            for need in dict.fromkeys(handler_needs(view, driver, inst)):
                of = "" if need.of == inst else f" of {need.of.name}"
                told = view.episode == "sleep" and need.fact in COUNTED
                kept = GIVEN_UP(inst).eq(0) if told else TRUE
                yield (f"the handler of {inst.name} can run without {need.fact.name}{of}",
                       all_of(HANDLER(inst).ne(0), heard(view, inst), need.eq(0), kept))
                yield (f"a handler of {inst.name} that has begun may run still without "
                       f"{need.fact.name}{of}: that no other can be called does not end it, only "
                       "free_irq(), synchronize_irq() and disable_irq() wait for it",
                       all_of(IN_FLIGHT(inst).eq(1), need.eq(0), kept))


def handler_needs(view: View, driver: Driver, inst: Inst) -> Iterator[Read]:
    """Yield the facts without which the handler of a driver cannot run.

    They are what it says, and what the operations need that its handler always does, but for what
    it has set up itself by then, or is set up where it is defined; unless it says, its data as
    well, by which it finds the rest.
    """
    apart = tuple(fact for fact in DATA if _has_data(driver, fact))
    for fact in driver.handler_needs:
        yield from (one(inst) for one in (apart if fact == MEMORY and apart else (fact,)))
    made: set[Read] = {fact(of) for of, fact in defined(view)}
    for node in driver.atomic:
        if not isinstance(node, Do):  # what comes behind a condition is held to it when it is done
            break
        of = view.resolve(node.binding[node.op.needs_of or node.op.roles[0]],
                          {driver.device: inst}) if node.op.needs else inst
        if isinstance(of, Inst) and node.op.needs_when is None:
            yield from (need for fact in node.op.needs if (need := fact(of)) not in made)
        made.update(_made_by(node, view, {driver.device: inst}))
        if node.op.fallible and node.on_fail != IGNORE:  # nor is what comes behind it always done
            break
    threads = any(one.kind == "irq_thread" for one in driver.contexts)
    if not driver.handler_needs and not (threads and not driver.atomic):
        yield from (fact(inst) for fact in apart)


def _made_by(do: Do, view: View, substitution: Mapping[Place, Place]) -> Iterator[Read]:
    """Yield what is there whenever an operation has gone well."""
    if do.op.fallible and do.on_fail == IGNORE:
        return
    for way in do.op.outcomes:
        for one in way.gives if way.label == "ok" else ():
            of = view.resolve(do.binding[one.target.of.name], substitution)
            if one.each is None and one.value == num(1) and isinstance(of, Inst):
                yield one.target.fact(of)


def _has_data(driver: Driver, fact: Fact = MEMORY) -> bool:
    return any(
        do.op.gives(fact) and any(
            one.target.fact == fact and do.binding.get(one.target.of.name) == driver.device
            for way in do.op.outcomes for one in way.gives)
        for block in driver.entries().values() for do in operations(block)
    )


@state_rule(
    "N23",
    mend="allocate before what others call is registered, and free behind its unregistration",
    evidence=("kernel/events/core.c perf_pmu_register()",
              "kernel/events/core.c perf_try_init_event()",
              "kernel/cpu.c __cpuhp_state_add_instance_cpuslocked()"),
    symptom="a NULL pointer or freed memory in event_init() or a hotplug callback, while the "
    "driver's probe or remove is on its way",
)
def registered_only_while_ready(view: View) -> Iterator[tuple[str, Expr]]:
    """What others call of a driver finds its data, from the registration to its end.

    So it is with the callbacks of a PMU, which come at once, and with those of CPU hotplug; while
    an event is open they find what handlers need as well. An interface finds what it says it needs.
    """
    for own in view.contexts:
        if own.context.kind in REGISTERED:
            live = queued(own.context.name)(own.inst).eq(1) | own.context.runs(own.inst).eq(1)
            for fact in own.context.needs:
                whose = dict(own.context.callers).get(fact.name, "")
                looked = f", for which {whose} looks" if whose else ""
                said = f"{own.context.name} of {own.inst.name} can be called without {fact.name}"
                yield f"{said}{looked}", live & fact(own.inst).eq(0)
    for inst in view.instances:
        for driver in view.design.drivers_of(inst.device):
            if _has_data(driver):
                for fact, what in ((PMU, "a PMU"), (HOTPLUG, "a CPU hotplug instance")):
                    yield (f"{inst.name} is {what} already, or still, and has no {MEMORY.name}",
                           fact(inst).ne(0) & MEMORY(inst).eq(0))
            for need in dict.fromkeys(handler_needs(view, driver, inst)):
                of = "" if need.of == inst else f" of {need.of.name}"
                yield (f"an event is open on {inst.name}, without {need.fact.name}{of}",
                       OPEN(inst).eq(1) & need.eq(0))


@step_rule(
    "N4",
    mend="turn the source off before free_irq(): disable it, then free",
    evidence=("kernel/irq/manage.c free_irq()",),
    symptom="irq NN: nobody cared, or an interrupt that nobody serves",
)
def quiesce_before_free(step: Step, view: View) -> Expr | None:
    """The source of a device is off before its handler is freed: the irq may be shared.

    A line of its own, requested without IRQF_SHARED on another bus than PCI, is shut down then.
    """
    if not is_done(step, "free_irq"):
        return None
    user = step.role("user")
    on = SOURCE(user).eq(1)
    return on if view.root(user).device.kind == "pci" else on & EXCLUSIVE(user).eq(0)


def _left_on(view: View) -> Iterator[tuple[str, Expr]]:
    """Yield it of a line of its own: in the same state N3 tells what its handler does not find."""
    for inst in view.instances:
        drivers = view.design.drivers_of(inst.device)
        if view.left_on(inst) and not all(claims_all(handler_of(view, one)) for one in drivers):
            yield (f"the irq of {inst.name} is had, and its source may have been left on",
                   all_of(HANDLER(inst).ne(0), QUIET(inst).eq(0), LEFT_ON(inst).eq(1)))


@step_rule(
    "N4b",
    mend="turn the source off before the irq is requested; or say CLAIM_IRQ in atomic= where the "
    "handler clears whatever it is called for, and returns IRQ_HANDLED",
    evidence=("kernel/irq/manage.c request_threaded_irq()",
              "drivers/pci/pcie/pme.c pcie_pme_probe()"),
    symptom="irq NN: nobody cared, a handler that runs before its driver is ready, or a source "
    "that can raise its interrupt although nobody asked it to",
    states=_left_on,
)
def quiet_before_request(step: Step, view: View) -> Expr | None:
    """A source that firmware or another kernel may have left on is off before its irq is had.

    Unless the handler claims whatever it is called for: what that needs then N3 asks for.
    """
    user = step.role("user") if is_done(step, *_REQUESTS) else None
    if user is None or view.left_on(user):
        return None
    for driver in view.design.drivers_of(user.device):
        if driver == step.driver and claims_all(handler_of(view, driver)):
            return None
    return QUIET(user).eq(0) & LEFT_ON(user).eq(1)
