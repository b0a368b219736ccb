# SPDX-License-Identifier: GPL-2.0-only
"""What is odd in a design and breaks no rule: what can never go well, or is never reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.finding import Verdict
from checks.machine.episode import PLAIN
from checks.machine.runtime_calls import CALLED_KINDS
from checks.search.told import Done, Report
from generator.design import RECOVERY, RUNTIME, SLEEP, Design, Driver
from generator.errors import Where
from generator.expr import Fact, Num, Place, Read, Role, num
from generator.facts import (
    CLOCK_ON,
    DYN,
    HANDLER,
    IRQ,
    MAPPED,
    MEMORY,
    MODE,
    NVEC,
    PMU,
    POWER,
    RPM_ENABLED,
    SOURCE,
)
from generator.meaning import fold_known
from generator.operation import IGNORE, Do, Operation
from generator.ops import shipped
from generator.ops.pm import RUNTIME_GETS
from generator.program import Block, Call, Return, operations, walk
from generator.reads import reads, substitute

# What nothing but an operation of the design can give: neither the driver core nor hardware.
_GIVEN = (MODE, NVEC, DYN, IRQ, HANDLER, MEMORY)
# What is called in which episode, of that which can be called or not.
_ENTRIES = {
    PLAIN: ("remove", "shutdown", "atomic"), "sleep": (*SLEEP, *RUNTIME), "recovery": RECOVERY,
}
_ALLOWED = ("runtime PM must be allowed, by pm_runtime_allow(), and the reference given back that "
            "the driver core holds, by pm_runtime_put_autosuspend()")
_ENABLED = "runtime PM must be enabled, by pm_runtime_enable()"
_UNASKED = {  # of a device off PCI whose driver enables it
    "runtime_suspend": "it is suspended to runtime PM until somebody gets a reference or says "
    "pm_runtime_set_active(), and stays active while somebody holds or forbids it: what is missing "
    "is one of these, or a put",
    "runtime_resume": "nobody gets a reference while it is suspended: it is active from the start "
    "and never suspended, or nothing in this design gets one",
}
_BUS = "its bus has no runtime PM callbacks of drivers"
_WHEN = {  # what must be so, for an entry point to be called
    "atomic": "no event opens, and no source is on while there is a handler",
    "runtime_suspend": _ALLOWED, "runtime_resume": _ALLOWED,
}
_NO_AUTOSUSPEND = ("pm_runtime_dont_use_autosuspend", "devm_pm_runtime_enable")
_COUNT_DOWN = ("clk_disable", "clk_disable_unprepare", "clk_unprepare", "regulator_disable",
               "clk_bulk_disable_unprepare", "regulator_bulk_disable")
_FACILITIES = ("device", "irq", "perf")  # what an outsider is told of


@dataclass(frozen=True)
class Note:
    """One odd thing, with the line and the mend."""

    where: Where
    message: str


def notes(design: Design) -> tuple[Note, ...]:
    """Return what operations of a design need and nothing in it gives, each with who does."""
    done = [do for driver in design.drivers for block in driver.blocks().values()
            for do in operations(block)]
    given = {target for do in done for target in _gives(do)}
    found: dict[Note, None] = {}
    for do in done:
        missing = _missing(do, given)
        if missing is not None:
            fact, place = missing.fact, missing.of
            givers = ", ".join(f"{name.upper()}()" for name in _givers(fact))
            what = "a vector" if fact in (MODE, NVEC, DYN) else f"its {fact.name}"
            fate = "never finds a vector" if what == "a vector" else "can never go well"
            found[Note(do.where, f"{do} {fate}: nothing in this design gives {place.name} {what}"
                       + (f"; {givers} would" if givers else ""))] = None
    for driver in design.drivers:
        for note in (*_handler_unsaid(driver), *_source_unsaid(design, driver),
                     *_handler_unclocked(driver), *_contexts_unsaid(design, driver),
                     *_autosuspend_left(driver), *_resume_unasked(driver),
                     *_goes_on_undone(driver), *_not_had_again(driver), *_never_done(driver),
                     *_armed_in_vain(driver)):
            found[note] = None
    return tuple(found)


def never_reached(design: Design, report: Report) -> tuple[Note, ...]:
    """Return callbacks that are never called, and what drivers never do in those that are.

    Only where every life was explored, and of episodes that were; what a probe can never do is
    told in the report.
    """
    if report.verdict is not Verdict.HOLDS:
        return ()
    without = {name for name, _ in report.left_out}
    entries = {entry for episode, some in _ENTRIES.items() if episode not in without
               for entry in some}
    found: dict[Note, None] = {}
    for driver in design.drivers:
        for entry, block in driver.blocks().items():
            if entry not in entries:
                continue
            said = [(do, Done(driver.name, entry, do.op.name, do.where) in report.done)
                    for do in operations(block)]
            if said and not any(hit for _, hit in said):
                when = _WHEN.get(entry, "")
                if entry in RUNTIME and driver.device.kind != "pci":
                    when = _never_called(design, driver, entry)
                why = f": {when}" if when else ""
                message = f"{entry} of {driver.name} is never called{why}"
                found[Note(said[0][0].where, message)] = None
                continue
            for do, hit in said:
                if not hit:
                    message = f"{do} in {entry} of {driver.name} is never reached"
                    found[Note(do.where, message)] = None
    return tuple(found)


def _never_called(design: Design, driver: Driver, entry: str) -> str:
    """Return what is missing, for a callback of runtime PM off PCI to be called."""
    if driver.device.kind not in CALLED_KINDS:
        return _BUS
    enables = any(do.op.gives(RPM_ENABLED) and driver.device in do.places
                  for one in design.drivers for block in one.blocks().values()
                  for do in operations(block))
    return _UNASKED[entry] if enables else _ENABLED


def _handler_unsaid(driver: Driver) -> Iterator[Note]:
    """Yield that nothing says what a handler needs, where there is more than driver data."""
    done = [do for block in driver.entries().values() for do in operations(block)
            if driver.device in do.places]
    request = next((do for do in done if do.op.gives(HANDLER)), None)
    could = [fact for fact in (MAPPED, POWER) if any(do.op.gives(fact) for do in done)]
    if request is not None and could and not driver.says_handler:
        yield Note(
            request.where,
            f"nothing says that the handler of {driver.device.name} needs what its driver has "
            f"({', '.join(fact.name for fact in could)}): write what it does in atomic=, or "
            f"handler_needs=({', '.join(fact.name.upper() for fact in could)},)"
        )


def _source_unsaid(design: Design, driver: Driver) -> Iterator[Note]:
    """Yield the handlers on irqs of their own of which nothing says when they are called."""
    done = [do for one in design.drivers for block in one.blocks().values()
            for do in operations(block)]
    sources = {place for do in done for fact, place in _gives(do) if fact in (SOURCE, PMU)}
    for do in operations(driver.probe):
        user = do.binding.get("user")
        alone = dict(zip(do.op.params, do.params, strict=True)).get("shared") == num(0)
        if do.op.gives(HANDLER) and alone and not sources & {user, None} and user is not None:
            yield Note(
                do.where,
                f"nothing says when {user.name} raises its interrupt, so its handler is taken to "
                f"be called at any time: where it is quiet before, ENABLE_SOURCE({user.name}) says "
                "from when"
            )


def _handler_unclocked(driver: Driver) -> Iterator[Note]:
    """Yield that a handler reads registers and names no clock, where its driver enables one."""
    done = [do for block in driver.entries().values() for do in operations(block)
            if driver.device in do.places]
    clock = next((do for do in done if do.op.gives(CLOCK_ON) and do.op.undo), None)
    request = next((do for do in done if do.op.gives(HANDLER)), None)
    threads = [one.body for one in driver.contexts if one.kind == "irq_thread"]
    needs = {fact for block in (driver.atomic, *threads) for do in operations(block)
             for fact in do.op.needs} | set(driver.handler_needs)
    if clock is not None and request is not None and MAPPED in needs and CLOCK_ON not in needs:
        yield Note(
            request.where,
            f"the handler of {driver.device.name} reads registers, and nothing says that it needs "
            f"the clock that {driver.name} enables, {clock}: if so, handler_needs=(CLOCK_ON,)"
        )


def _contexts_unsaid(design: Design, driver: Driver) -> Iterator[Note]:
    """Yield the contexts of which nothing says what they do, and those that nobody queues."""
    done = [do for one in design.drivers for block in one.blocks().values()
            for do in operations(block) if do.op.does and driver.device in do.places]
    said = {one.name for one in driver.contexts}
    queued = {do.op.context[1] for do in done if do.op.does in ("queue", "start")}
    for do in done:
        name = do.op.context[1]
        if name not in said:
            said.add(name)
            yield Note(
                do.where, f"nothing says what {name} of {driver.device.name} does, only that it "
                "needs the memory in which it lies: name it in contexts= of "
                f"{driver.name}"
            )
    for one in driver.contexts:
        if one.name not in queued and one.kind != "irq_thread" and driver.atomic:
            yield Note(one.where, f"{one.name} of {driver.device.name} never runs: nothing in this "
                       "design queues it")


def _autosuspend_left(driver: Driver) -> Iterator[Note]:
    """Yield that autosuspend is used and never taken back: include/linux/pm_runtime.h asks for it.

    It breaks nothing of this driver: the next one that is bound finds it so.
    """
    done = [do for block in driver.blocks().values() for do in operations(block)]
    for do in done:
        if do.op.name == "pm_runtime_use_autosuspend" and not any(
            other.op.name in _NO_AUTOSUSPEND and set(do.places) & set(other.places)
            for other in done
        ):
            yield Note(do.where, f"{do} is never taken back, and stays for the next driver: "
                       "pm_runtime_dont_use_autosuspend() before pm_runtime_disable() does it, as "
                       "devm_pm_runtime_enable() does both")


def _resume_unasked(driver: Driver) -> Iterator[Note]:
    """Yield that remove does not ask whether a device was resumed, of a get that counts even so.

    That this resume fails is not explored, for a driver that does not ask is right by luck then:
    what remove counts down behind it is not up, and what it reads is off.
    """
    get: Do | None = None
    said: Note | None = None
    for do in operations(driver.remove) if driver.runtime_resume is not None else ():
        asks = do.op.name in RUNTIME_GETS and do.op.begins and do.on_fail == IGNORE
        if asks and not _lets_go(do):
            get = do
            said = Note(get.where, f"{get} in remove of {driver.name} may fail, which it does not "
                        "look at and which is not explored")
        elif get is not None and said is not None:
            down = do.op.name in _COUNT_DOWN
            if down or do.op.needs_d0:
                then = "is once too often then" if down else "may find the device off then"
                said = Note(get.where, f"{said.message}: {do} {then}")
                break
    if said is not None:
        yield said


def _lets_go(do: Do) -> bool:
    """Return whether a get that fails leaves no reference: its failure is explored."""
    return any(way.fault and way.gives for way in do.op.outcomes)


def _goes_on_undone(driver: Driver) -> Iterator[Note]:
    """Yield where probe takes back what it did, since something failed, and goes on all the same.

    A block in fail= is what is done instead: behind it the function goes on, unless it returns.
    """
    undos = {do.op.undo.name for do in operations(driver.probe) if do.op.undo is not None}
    for do in operations(driver.probe):
        block = do.on_fail if isinstance(do.on_fail, tuple) else ()
        taken = [one for one in operations(block) if one.op.name in undos]
        if len(taken) > 1 and not any(isinstance(node, Return) for node in walk(block)):
            yield Note(do.where, f"where {do} fails, {driver.name} does {taken[0]} and the like, "
                       "and its probe goes on: where C returns an error there, fail= ends with "
                       "Return(ok=False)")


def _never_done(driver: Driver) -> Iterator[Note]:
    """Yield where what has failed is undone all the same, by what does nothing then."""
    for do in operations(driver.probe):
        for one in operations(do.on_fail) if isinstance(do.on_fail, tuple) else ():
            undo = do.op.undo
            if one.op.idempotent and undo is not None and undo.name == one.op.name and (
                    one.places == do.places):
                yield Note(one.where, f"{one} where {do} fails undoes what was not done: the "
                           "kernel takes that as nothing, so it breaks no rule")


def _not_had_again(driver: Driver) -> Iterator[Note]:
    """Yield that remove frees an irq that suspend freed, and that resume may not have had again.

    Nobody tells the driver that its resume failed, so this is not explored; __free_irq() warns.
    """
    freed = {do.places for do in operations(driver.suspend or ()) if do.op.name == "free_irq"}
    last = [node for node in driver.remove
            if isinstance(node, Do) and node.op.name == "free_irq" and node.places in freed]
    for do in operations(driver.resume or ()) if last else ():
        if do.op.gives(HANDLER) and do.op.undo == last[0].op and do.places == last[0].places:
            yield Note(do.where, f"{do} in resume of {driver.name} may fail, and what is left then "
                       f"is not explored: {last[0]} in remove frees what is not there, unless the "
                       "driver notes that")
            return


def _armed_in_vain(driver: Driver) -> Iterator[Note]:
    """Yield what is queued in the same run behind its shutdown: it is dropped without a word.

    kernel/time/timer.c timer_shutdown_sync() clears the function, kernel/workqueue.c
    disable_work_sync() counts. Only what is always done is looked at.
    """
    for entry, block in driver.blocks().items():
        shut: dict[tuple[str, tuple[Place, ...]], Do] = {}
        for do in _always(block):
            name = do.op.context[1], do.places
            if do.op.does == "shut down":
                shut[name] = do
            elif do.op.does in ("initialise", "start"):
                shut.pop(name, None)
            elif do.op.does == "queue" and name in shut:
                yield Note(do.where, f"{do} in {entry} of {driver.name} does nothing: "
                           f"{shut[name]} stands before it, and nothing sets it up anew; where it "
                           f"is to be armed again, cancel it instead")


def _always(block: Block) -> Iterator[Do]:
    """Yield what a block does that goes well, in helpers too, but for what a condition decides."""
    for node in block:
        if isinstance(node, Do):
            yield node
        elif isinstance(node, Call):
            yield from _always(node.function.body)
            yield from _always(node.then)
        elif isinstance(node, Return):
            return


def _gives(do: Do) -> Iterator[tuple[Fact, Place | None]]:
    """Yield what an operation may give to which device, None for more than one."""
    for outcome in do.op.outcomes:
        for one in outcome.gives:
            if one.value != num(0):
                place = do.binding.get(_name(one.target.of)) if one.each is None else None
                yield one.target.fact, place


def _name(place: Place) -> str:
    return place.name if isinstance(place, Role) else ""


def _missing(do: Do, given: set[tuple[Fact, Place | None]]) -> Read | None:
    """Return what an operation needs to go well and never gets; a vector, if it looks for one."""
    lacking: Read | None = None
    possible = False
    for outcome in do.op.outcomes:
        if outcome.label != "ok":
            continue
        when = substitute(outcome.when, lambda place: do.binding.get(_name(place), place))
        asked = reads(when)
        never = {read for read in asked if read.fact in _GIVEN
                 and not {(read.fact, read.of), (read.fact, None)} & given}
        if not never or fold_known(when, frozenset(asked - never)) != Num(0):
            possible = True
            continue
        lacking = lacking or min(never, key=lambda read: _GIVEN.index(read.fact))
    return None if possible and lacking is not None and lacking.fact != MODE else lacking


def _givers(fact: Fact) -> list[str]:
    """Return the first shipped operations that give a fact to a device."""
    known = {
        thing.name: thing
        for facility in _FACILITIES for thing in shipped()[facility].values()
        if isinstance(thing, Operation) and thing.name.isidentifier()
    }
    undos = {one.undo.name for one in known.values() if one.undo is not None}
    return sorted(
        name for name, op in known.items() if name not in undos and any(
            one.target.fact == fact and one.value != num(0)
            for outcome in op.outcomes if outcome.label == "ok" for one in outcome.gives
        )
    )
