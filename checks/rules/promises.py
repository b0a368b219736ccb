# SPDX-License-Identifier: GPL-2.0-only
"""Rules about what a design is there for: who is served, and nothing kept or changed for nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.machine.episode import PLAIN
from checks.machine.instances import Inst, View
from checks.machine.step import SHUT, Kind, Step
from checks.rules.contexts import defined
from checks.rules.rule import COUNTED, Clause, clause_rule, counted_on, once, step_rule
from generator.design import SUBDEVICES, Device, Driver
from generator.expr import TRUE, Expr, Fact, Nth, Place, Read, all_of, any_of, num
from generator.facts import (
    ADDED,
    ALLOCATED,
    BOUND,
    CAP,
    CAP_NONE,
    D3,
    DATA,
    DRVDATA,
    FAULTED,
    HANDLER,
    IRQ,
    KNOWN,
    LIFE,
    LOCATED,
    MEMORY,
    MODE,
    MODE_OFF,
    MSG,
    NO_MESSAGE,
    NOTED,
    NVEC,
    PEEKED,
    PHASE,
    entries,
    msi_on,
)
from generator.operation import Operation
from generator.ops.perf import PEEK, PEEK_ENDS
from generator.ops.pm import RUNTIME_GETS, RUNTIME_PUTS
from generator.program import operations
from generator.reads import reads


def _there(inst: Inst) -> Expr:
    """Return whether a device is on its bus; a service may run as library calls, without one."""
    on_bus = LIFE(inst).eq(ADDED)
    return on_bus | PHASE(inst).eq(BOUND) if inst.device.kind == "service" else on_bus


def _probed(step: Step) -> Inst | None:
    """Return the port, or other device without a parent, whose probe has just gone well."""
    if step.kind is not Kind.PROBE_RETURNS or step.inst is None:
        return None
    root = step.inst.device.parent is None and step.inst.device.kind != "core"
    return step.inst if root else None


@step_rule(
    "N9",
    mend="add the device, or return an error from probe",
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_device_register()",),
    symptom="a device that is missing from its bus, without a word in the log",
)
def what_is_there_is_served(step: Step, view: View) -> Expr | None:
    """When nothing fails, a probe ends with every device on its bus that the design serves.

    It is the probe of the driver that creates them, be it of a device below the port. A subdevice's
    probe ends with what its driver says that it gives.
    """
    if step.kind is not Kind.PROBE_RETURNS or step.inst is None:
        return None
    owed: list[Expr] = []
    if step.inst.device.parent is not None and step.driver is not None:
        owed = [fact(step.inst).eq(0) for fact in step.driver.gives]
    elif _probed(step) is None:
        return None
    with_irq = _given_irqs(view)
    missing = [
        view.bind(when, {device: inst}) & any_of(~_there(inst), *(
            [MSG(inst).ne(NO_MESSAGE) & IRQ(inst).eq(0)] if inst.device in with_irq else []
        ))
        for device, when in view.design.serves if _owes(step, device, view)
        for inst in view.of(device)
    ]
    if missing:
        well = (FAULTED(one).eq(0) for one in (step.inst, *view.cores()))
        owed.append(all_of(*well, any_of(*missing)))
    return any_of(*owed) if owed else None


def _owes(step: Step, device: Device, view: View) -> bool:
    """Return whether a device is to be there when this probe ends: who creates it, or every port.

    What the PCI core has created is still there when the port's driver has probed.
    """
    makers = [driver for driver, made in _makers(view) if device in made]
    if makers:
        return step.driver in makers
    # other episodes are explored of one driver of a port at a time: its maker may be left out
    top = step.inst is not None and step.inst.device.parent is None
    return top and view.episode == PLAIN


@once
def _makers(view: View) -> tuple[tuple[Driver, frozenset[Place]], ...]:
    """Return the devices that the probe of each driver creates."""
    return tuple(
        (driver, frozenset(do.places[0] for do in operations(driver.probe)
                           if do.places and _makes(do.op)))
        for driver in view.design.drivers if driver.device.kind != "core"
    )


def _makes(op: Operation) -> bool:
    return any(give.target.fact == LIFE for way in op.outcomes for give in way.gives)


@once
def _given_irqs(view: View) -> frozenset[object]:
    """Return the devices that somebody looks an irq up for, or adds a vector for."""
    return frozenset(
        place.of if isinstance(place, Nth) else place
        for driver in view.design.drivers
        for block in driver.entries().values()
        for do in operations(block)
        if do.op.name in ("pci_irq_vector", "pci_msix_alloc_irq_at")
        for place in do.places
    )


@step_rule(
    "N10",
    mend="ask first whether there is somebody to serve, or take it back when nobody came",
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_device_register()",),
    symptom="vectors taken for nobody",
)
def nothing_kept_for_nobody(step: Step, view: View) -> Expr | None:
    """A bridge that ends up serving nobody keeps no vectors.

    Bus mastering it may keep: without messages it has no use for it, and to clear it is R09.
    """
    port = _probed(step)
    if port is None or not port.device.bridge:
        return None
    used = any_of(
        HANDLER(port).ne(0), *(_there(child) for child in view.children(port))
    )
    return msi_on(port) & ~used


_FOR_OTHERS = (*RUNTIME_GETS, *RUNTIME_PUTS)


@step_rule(
    "N11",
    mend="name the driver's own device, or for runtime PM its parent",
    evidence=("drivers/pci/pci.c pci_set_master()", "drivers/base/dd.c device_unbind_cleanup()"),
    symptom="another driver's device changes under it",
)
def own_device(step: Step, view: View) -> Expr | None:
    """A driver changes the device that it is bound to, not another of its kind.

    A subdevice's driver names its own device and, for runtime PM, the parent of that; one that
    only looks into its parent, for devices to create, looks into no other.
    """
    op = step.op
    if op is None or step.inst is None:
        return None
    if step.inst.device.kind in SUBDEVICES:
        family = (step.inst, view.parent(step.inst), *_parts(step.inst, view))
        return None if set(step.binding.values()) <= set(family) else TRUE
    if "dev" not in step.binding:
        return None
    dev = step.role("dev")
    managed = op.managed and op.on_devres != "dev"  # an action for later, on the driver's own
    changed = {give.target.fact for way in op.outcomes for give in way.gives}
    if dev == view.parent(step.inst):  # what it finds there it notes for itself
        changed -= {fact for fact in changed if fact.local}
    harmless = managed or op.name in _FOR_OTHERS or not changed
    core = step.inst.device.kind == "core"  # before a driver binds, every device is the core's
    return None if dev.device.kind != "pci" or dev == step.inst or harmless or core else TRUE


def _parts(inst: Inst, view: View) -> Iterator[Inst]:
    """Yield what stands for parts of a device, or of its parent: nobody else's."""
    for other in view.instances:
        if other.device in view.parts and other.device.parent in (inst.device, inst.device.parent):
            yield other


def _notes(view: View) -> Iterator[tuple[str, Expr]]:
    # Around a probe that fails and a .remove nobody looks at it, and the driver core clears it.
    for inst in view.instances:
        if inst.device.kind == "pci" and (memory := _data_of(inst, view)):
            yield (f"the driver data of {inst.name} points to nothing",
                   all_of(DRVDATA(inst).eq(1), PHASE(inst).eq(BOUND), SHUT(inst).eq(0), *memory))


def _data_of(inst: Inst, view: View, of: Sequence[Fact] = (NOTED, *DATA)) -> list[Expr]:
    """Return that the memory is gone which a device's driver data can point to, as facts have it.

    Of data that no operation of the design allocates nobody knows when it is freed.
    """
    return [fact(inst).eq(0) for fact in of if (inst.device, fact) in _given(view)]


@once
def _given(view: View) -> frozenset[tuple[Place, Fact]]:
    """Return the devices that operations of a design are about, and the facts that those give."""
    return frozenset(
        (place, give.target.fact) for do in view.operations for place in do.places
        for way in do.op.outcomes for give in way.gives if give.value != num(0)
    )


@clause_rule(
    "N12",
    mend="make or read it before it is used, again behind each change, and use it before "
    "it is freed",
    evidence=("drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()", "mm/slub.c kfree()",
              "drivers/base/dd.c device_unbind_cleanup()"),
    symptom="the vector of another message, a double free, or a NULL dereference",
    states=_notes,
)
def nothing_used_before_it_is_there(step: Step, view: View) -> Iterator[Clause]:
    """Nothing is used before it is there, or when it is gone: numbers, counts, memory, registers.

    A message number is read, anew where vectors have changed; a count is made before it is asked.
    """
    yield from _uncounted(step, view)
    yield from _unread(step, view)
    yield from _unmade(step, view)
    yield from _outdated(step)


def _done_at_once(step: Step) -> tuple[Fact, ...]:
    """Return what an action needs that is done because it could not be registered."""
    op = step.op
    if op is None or not op.managed or op.undo is None or not step.fault:
        return ()
    undone = [way.gives for way in op.undo.outcomes if way.gives]
    return op.undo.needs if any(
        way.label == "fail" and way.gives in undone for way in op.outcomes) else ()


def _unmade(step: Step, view: View) -> Iterator[Clause]:
    """Yield that what an operation works on is not there, or is there already."""
    op = step.op
    if op is None:
        return
    needs = op.needs or _done_at_once(step)
    user = step.role(op.needs_of or op.roles[0]) if needs else None
    if user is not None:
        for fact in (one for one in needs if (user, one) not in defined(view)):
            asked = op.needs_when(user).ne(0) if op.needs_when is not None else TRUE
            gone = (_data_of(user, view, DATA) if fact == MEMORY else []) or [fact(user).eq(0)]
            yield Clause(f"{op.name} needs {fact.name} of {user.name} ({fact.doc}), which is not "
                         "there, or no more", all_of(*gone, asked, (
                             counted_on(step, view) if fact in COUNTED else TRUE)),
                         f"have {fact.name} of {user.name} before, and keep it until then")
        if DRVDATA in op.needs and (memory := _data_of(user, view)):
            yield Clause(f"{op.name} reads the driver data of {user.name}, which points to freed "
                         "memory", all_of(*memory),
                         f"free the memory of {user.name} after the last {op.name}")
    if step.entry == "devres":
        return
    match op.name:
        case "kfree note":
            dev = step.role("dev")
            yield Clause(f"the note of {dev.name} is not there, or was freed", NOTED(dev).eq(0),
                         "free it once, and only where it was allocated")
            yield from _headless(dev, view)
        case "ioremap" if op == PEEK:
            user = step.role("user")
            yield Clause(f"registers of {user.name} are mapped already", PEEKED(user).eq(1),
                         "iounmap() what was mapped before")
        case "iounmap" if op == PEEK_ENDS:
            user = step.role("user")
            yield Clause(f"registers of {user.name} are not mapped", PEEKED(user).eq(0),
                         "iounmap() only what ioremap() has mapped")
        case "device_register":
            dev = step.role("dev")
            yield Clause(f"{dev.name} is not allocated, or is on its bus already",
                         LIFE(dev).ne(ALLOCATED), "kzalloc() before device_register()")
        case "devm_cxl_pmu_add" if "cxl_find_regblock_instance" in _used(view):
            parent = view.parent(step.role("dev"))
            yield Clause(f"no register block of {parent.name} was found",
                         LOCATED(parent).eq(0), "find it before")


@once
def _used(view: View) -> frozenset[str]:
    """Return the operations that drivers of the design call."""
    return frozenset(
        do.op.name for driver in view.design.drivers
        for block in driver.entries().values() for do in operations(block)
    )


def _set_from(step: Step) -> frozenset[Read]:
    """Return what an operation computes the values of other facts from."""
    ways = step.op.outcomes if step.op is not None else ()
    return frozenset(
        read for way in ways for give in way.gives for read in reads(give.value)
        if read != give.target
    )


def _unread(step: Step, view: View) -> Iterator[Clause]:
    """Yield that a message number is used which was not read, or which may change yet.

    Which number a message has depends on whether MSI or MSI-X is on, and on how many vectors
    there are: it is counted once they are.
    """
    used = [read for read in _set_from(step) if read.fact == MSG]
    named = {read for value in step.params.values() for read in reads(value)}
    numbers = {read.of for read in named if read.fact == MSG} | {
        step.binding[read.of.name] for read in used if read.of.name in step.binding
    }
    looked_at = _looked_at(view) if numbers and step.entry != "devres" else ()
    for inst in sorted(numbers, key=lambda one: one.name):
        if isinstance(inst, Inst) and inst in looked_at:
            yield Clause(f"the message number of {inst.name} was not read since vectors changed",
                         KNOWN(inst).eq(0), "read it behind the last change of vectors")
    if used and step.inst is not None and step.inst.device.kind == "pci":
        yield Clause(f"a message number counts only once {step.inst.name} has vectors",
                     ~msi_on(step.inst), "look at it behind pci_alloc_irq_vectors()")


def _uncounted(step: Step, view: View) -> Iterator[Clause]:
    """Yield that a count is looked at before it was made: no driver wants 0 vectors."""
    looked = {*reads(step.asks), *_set_from(step)}
    looked.update(read for value in step.params.values() for read in reads(value))
    for read in sorted(looked, key=lambda one: (one.of.name, one.fact.name)):
        if read.fact.vectors:
            place = view.resolve(step.binding.get(read.of.name, read.of), {})
            yield Clause(f"{read.fact.name} of {place.name} has no value yet",
                         read.fact(place).eq(0), "count before it is asked")


def _outdated(step: Step) -> Iterator[Clause]:
    """Yield that a driver asks how many vectors there are when it has freed them.

    What it has noted is how many there were. An allocation that failed since then is noted as an
    error, which is like no number: something failed, or more is wanted than can be had.
    """
    asked = reads(step.asks)
    for port in sorted({read.of for read in asked if read.fact == NVEC}, key=lambda of: of.name):
        if port == step.inst:
            wanted = [read.le(entries(port)) for read in asked if read.fact.vectors]
            yield Clause(
                f"how many vectors {port.name} has is asked when they are freed",
                all_of(NVEC(port).eq(0), MODE(port).eq(MODE_OFF), FAULTED(port).eq(0),
                       CAP(port).ne(CAP_NONE), D3(port).eq(0), *wanted),
                "ask before they are freed",
            )


def _headless(dev: Inst, view: View) -> Iterator[Clause]:
    """Yield that the parent's note, which lists those of its children, is gone already."""
    parent = view.parent(dev)
    if parent != dev and parent.device in _noted(view):
        yield Clause(f"the note of {parent.name}, which lists {dev.name}, is gone",
                     NOTED(parent).eq(0), f"free the note of {dev.name} first")


@once
def _noted(view: View) -> frozenset[Place]:
    """Return the devices that a driver has a note about."""
    return frozenset(
        place
        for driver in view.design.drivers
        for block in driver.entries().values()
        for do in operations(block)
        if do.op.name == "kzalloc note"
        for place in do.places
    )


@once
def _looked_at(view: View) -> frozenset[Inst]:
    """Return the devices whose registers the design looks at for their message number."""
    places = {
        place
        for driver in view.design.drivers
        for block in driver.entries().values()
        for do in operations(block)
        if do.op == PEEK or any(
            give.target.fact == KNOWN for way in do.op.outcomes for give in way.gives
            if do.op.name == "readq"  # one of another register gives no number
        )
        for place in do.places
    }
    return frozenset(inst for inst in view.instances if inst.device in places)
