# SPDX-License-Identifier: GPL-2.0-only
"""What is left open by functions of a driver that are not read: of it nothing true can be said.

A clock that a callback switches off, which nobody calls here, is not leaked by remove.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from generator.context import REGISTERED, queued
from generator.expr import Fact
from generator.extraction.contexts import SetUp
from generator.extraction.taken_back import closing, flushed, in_a_directory_of_others
from generator.extraction.texts import arguments, callees, text_of, unreached
from generator.extraction.vocabulary import (
    by_callee,
    facts_of,
    on_contexts,
    single,
    speaks,
    undoing,
)
from generator.facts import (
    CLAIMED,
    CLOCK,
    CLOCK_ON,
    CLOCK_PREPARED,
    INPUT_MEMORY,
    MEMORY,
    OF_NODE,
    SUPPLY,
    SUPPLY_ON,
)
from generator.fingerprint import Fails
from generator.operation import Operation
from generator.ops.perf import DEVM_ACTION
from generator.parsing.cursors import Kind, Unit
from generator.reading.cfg import Extent

UNSAID_IN_C = "C does not say"  # the name of a condition of which the reader knows nothing


def left_open(
    units: Sequence[Unit], reached: Collection[str], there: Sequence[SetUp]
) -> frozenset[Fact]:
    """Return the facts that functions change which are not among those that were reached.

    What closes a network device is among these: unregister_netdev() calls it, as users do.
    """
    found = {*_by_others(units, there), *in_a_directory_of_others(units)}
    for text in (*unreached(units, reached), *closing(units)):
        for callee in callees(text):
            found |= _changed(callee)
            found |= _context(callee, text, there)
        found |= flushed(text, units, there)
    return frozenset(found - {MEMORY})


# What the text of a function has, and what is called: include/linux/ioport.h.
_MACROS = {
    "request_region": "__request_region", "request_mem_region": "__request_region",
    "release_region": "__release_region", "release_mem_region": "__release_region",
}


def _changed(callee: str) -> frozenset[Fact]:
    """Return what a call of some function takes or gives back by hand."""
    return frozenset().union(*(
        facts_of(one) for facility, one in by_callee().get(_MACROS.get(callee, callee), ())
        if speaks(facility, one) and not one.managed
        and (one.undo is not None or one in undoing())
    ))


def _by_others(units: Sequence[Unit], there: Sequence[SetUp]) -> Iterator[Fact]:
    """Yield the works that only calls which nothing names queue: they may cancel them as well."""
    text = "\n".join(unit.text.decode("utf-8", "replace") for unit in units)
    for one in there:
        named = any(
            of.kind == one.kind and of.does != "initialise"
            and re.search(rf"\b{callee}\s*\([^;]*\b{one.member}\b", text)
            for callee, of in on_contexts().items()
        )
        if one.kind in ("work", "delayed_work") and not named:
            yield queued(one.function)


def _context(callee: str, text: str, there: Sequence[SetUp]) -> frozenset[Fact]:
    """Return the contexts that a function with this text cancels or initialises.

    An interface that init or exit of the module takes back may outlast the driver.
    """
    of = on_contexts().get(callee)
    if of is None or of.does == "queue":
        return frozenset()
    if of.does == "cancel" and of.kind not in REGISTERED:  # it may run still: nobody rests on that
        return frozenset()
    if of.kind in REGISTERED and of.does.startswith("cancel"):
        return frozenset((queued(of.word),))
    return frozenset(
        queued(one.function) for one in there
        if one.kind == of.kind and re.search(rf"\b{re.escape(one.member)}\b", text)
    )


# Which argument of a call says what it takes or gives back, where that is not the first.
_HANDLE = {"devm_request_irq": 1, "devm_request_threaded_irq": 1, "devm_free_irq": 1,
           "pci_request_region": 1, "pci_release_region": 1,
           "dev_pm_domain_attach_by_name": 1}


# What a device can have several of, each told by the variable that holds it.
_TOLD_APART = frozenset((CLOCK, CLOCK_ON, CLOCK_PREPARED, SUPPLY, SUPPLY_ON))


# What is given back by the arguments that it was taken with, although something is returned.
_BY_ARGUMENT = ("__request_region",)


# What puts the node that it is to begin at.
_BEGINS_AT = re.compile(
    r"\bof_find_(?:node_by_(?:name|type)|compatible_node|matching_node(?:_and_match)?"
    r"|node_with_property)\s*\(\s*(?!NULL)"
)

# Of the driver itself, or of one device of it that it frees in one way or the other.
_OWN = frozenset((MEMORY, INPUT_MEMORY))

# Behind the one call, others take the fact by hand in some kernels and by devres in others:
# drivers/pci/pci.c __pci_request_region().
_HYBRID = {"pcim_enable_device": CLAIMED}


def of_several(
    units: Sequence[Unit], meant: Sequence[tuple[str, Operation | None, Extent]]
) -> frozenset[Fact]:
    """Return the facts of which a driver has several, where a device can only have one.

    Of two mappings that are given back one after the other neither is given back twice: they are
    told by what C hands over, its last member, and two interfaces by where they are registered, or
    by the loop that registers them. So are those of which it depends on the kernel who gives them
    back, what a variable of the file holds, what calls return that nothing names, and what lies in
    a table or a list, of which a loop that is cut takes one and gives back another.
    """
    listed = _listed(units)
    looped = _looped(units)
    again_in = _called_in(looped, units)
    lines = {unit.path: unit.text.decode("utf-8", "replace").split("\n") for unit in units}
    globals_ = {one.spelling for unit in units for one in unit.own if one.kind == Kind.VAR_DECL}
    handles: dict[Fact, set[str]] = {}
    hybrid = {_HYBRID[callee] for callee, _, _ in meant if callee in _HYBRID}
    undos: dict[Fact, set[str]] = {}
    for one in {operation for _, operation, _ in meant if operation is not None}:
        undo = one.undo
        if undo is not None:
            for fact in single(facts_of(one)):
                undos.setdefault(fact, set()).add(undo.name)
    looked_up = {one.undo for _, one, _ in meant if one is not None and one.undo is not None
                 and one.fingerprint is not None and one.fingerprint.on is None
                 and one.fingerprint.fails in (Fails.NULL, Fails.ERRPTR)
                 and not single(facts_of(one))}
    started: dict[str, set[Extent]] = {}
    for callee, operation, place in meant:
        if operation is None or place.path not in lines or not operation.fingerprint:
            continue
        if operation.does == "start" and operation.context[0] in REGISTERED:
            started.setdefault(operation.context[1], set()).add(place)
            again = place.function in again_in or any(
                place.path == path and first <= place.line <= last for path, first, last in looped)
            if again and not operation.managed:  # one each time, and one call ends all of them
                hybrid.add(queued(operation.context[1]))
        if operation.undo is not None and not operation.managed and place.function in again_in:
            hybrid |= single(facts_of(operation))  # one for each port, queue or child
        rows = lines[place.path][place.line - 1 : place.end_line]
        kept = re.search(r"(?<![\w>.])(\w+)\s*=\s*\(?$", rows[0][: place.column - 1])
        if kept and kept[1] in globals_:
            hybrid |= single(facts_of(operation))  # what it holds is not followed
        if operation.fingerprint.on == 0 and callee not in _HANDLE:
            continue  # of the device itself
        inside = " ".join(rows)[place.column - 1 :].partition("(")[2]
        given = arguments(inside)
        if operation in looked_up and given and not _from_named(units, place, given[0]):
            hybrid |= facts_of(operation)
        at = _HANDLE.get(callee, 0)
        if operation.undo is not None and callee not in _BY_ARGUMENT and (
            operation.fingerprint.fails in (Fails.NULL, Fails.ERRPTR)
        ):  # what it returns is given back
            given, at = [_target(lines[place.path], place)], 0
        if at < len(given):
            if not operation.managed and _of_many(units, place, given[at], listed):
                hybrid |= facts_of(operation)
            words = re.findall(r"[A-Za-z_]\w*|\d+", given[at])
            for fact in single(facts_of(operation)):
                handles.setdefault(fact, set()).add(words[-1] if words else "")
    hybrid |= {queued(name) for name, places in started.items() if len(places) > 1}
    several = (*handles.items(), *undos.items())  # two that are taken back in two ways are two
    return frozenset(hybrid | {fact for fact, names in several if len(names) > 1}) - _OWN


def by_devres_alone(
    units: Sequence[Unit], meant: Sequence[tuple[str, Operation | None, Extent]]
) -> frozenset[Operation]:
    """Return the managed calls for one of two things, where the other is taken by hand.

    devres gives back what they took, whatever becomes of the other: so of two clocks, of which
    only one is switched on and off by hand, that one is left.
    """
    lines = {unit.path: unit.text.decode("utf-8", "replace").split("\n") for unit in units}
    kept: dict[Operation, set[str]] = {}
    for _, operation, place in meant:
        if operation is None or place.path not in lines or operation.context[0]:
            continue
        target = _target(lines[place.path], place)
        if not target or operation.fingerprint is None or operation.fingerprint.fails not in (
                Fails.NULL, Fails.ERRPTR):
            rows = lines[place.path][place.line - 1 : place.end_line]
            given = arguments(" ".join(rows)[place.column - 1 :].partition("(")[2])
            target = given[0] if given else ""  # in a macro that goes on in the next line
        words = re.findall(r"[A-Za-z_]\w*", target)
        kept.setdefault(operation, set()).add(words[-1] if words else "")
    found: set[Operation] = set()
    for one in kept:
        if not one.managed or one.fingerprint == DEVM_ACTION:  # that is given back for who took it
            continue
        by_hand = {name for other, names in kept.items() if not other.managed
                   and facts_of(other) & facts_of(one) & _TOLD_APART for name in names}
        if len(by_hand) == 1 and "" not in by_hand | kept[one] and by_hand.isdisjoint(kept[one]):
            found.add(one)
    return frozenset(found)


def memory_in_loops(
    units: Sequence[Unit], meant: Sequence[tuple[str, Operation | None, Extent]]
) -> frozenset[Operation]:
    """Return what takes memory by hand in a helper that loops call, for each port, and frees it."""
    again_in = _called_in(_looped(units), units)
    takes = {one for _, one, place in meant if one is not None and one.undo is not None
             and not one.managed and MEMORY in facts_of(one) and place.function in again_in}
    return frozenset(takes | {one.undo for one in takes if one.undo is not None})


def _looped(units: Sequence[Unit]) -> frozenset[tuple[str, int, int]]:
    """Return the path, first and last line of each loop."""
    return frozenset(
        (unit.path, inner.extent.start.line, inner.extent.end.line)
        for unit in units for one in unit.definitions.values()
        for inner in one.cursor.walk_preorder() if inner.kind in (Kind.FOR_STMT, Kind.WHILE_STMT)
    )


def _called_in(
    loops: Collection[tuple[str, int, int]], units: Sequence[Unit]
) -> frozenset[str]:
    """Return the functions that are called inside of loops, directly or not."""
    texts = {unit.path: unit.text.decode("utf-8", "replace").split("\n") for unit in units}
    calls = {name: callees(text_of(unit, one.cursor)) for unit in units
             for name, one in unit.definitions.items()}
    queue = sorted({name for path, first, last in loops
                    for name in callees("\n".join(texts[path][first - 1 : last]))} & calls.keys())
    for name in queue:
        queue += sorted((calls[name] & calls.keys()) - {*queue})
    return frozenset(queue)


def given_away(units: Sequence[Unit]) -> frozenset[Fact]:
    """Return the facts that a look-up gives back of what it begins at: drivers/of/base.c."""
    text = "\n".join(unit.text.decode("utf-8", "replace") for unit in units)
    return frozenset({OF_NODE}) if _BEGINS_AT.search(text) else frozenset()


def _from_named(units: Sequence[Unit], place: Extent, handle: str) -> bool:
    """Return whether what is put comes from calls that are operations, where a local holds it."""
    if not re.fullmatch(r"\w+", handle.strip()):
        return True
    unit = next(one for one in units if one.path == place.path)
    definition = unit.definitions.get(place.function)
    text = "" if definition is None else text_of(unit, definition.cursor)
    name = handle.strip()
    if re.search(rf"\bfor_each_\w+\(.*\b{name}\b", text):  # it goes round by such a call
        return False
    return all(map(by_callee().get, re.findall(rf"\b{name}\s*=\s*(\w+)\s*\(", text)))


def _listed(units: Sequence[Unit]) -> frozenset[str]:
    """Return the structs over lists of which some function goes."""
    found: set[str] = set()
    for unit in units:
        for text in unreached((unit,), ()):
            for cursor in set(re.findall(r"\blist_for_each_entry\w*\(\s*(\w+)\s*,", text)):
                found |= _struct_of(cursor, text)
    return frozenset(found)


def _struct_of(variable: str, text: str) -> frozenset[str]:
    """Return the struct to which a variable of a function with this text points."""
    before = r"(?:[^;()=]|=[^;(),]*,)*"  # not what another variable is set to
    return frozenset(re.findall(rf"\bstruct (\w+)\s*\*{before}\b{variable}\b", text))


def _of_many(
    units: Sequence[Unit], place: Extent, handle: str, listed: frozenset[str]
) -> bool:
    """Return whether C hands over an element that a variable chooses, or of one that is listed."""
    if re.search(r"\[\s*[a-z_]", handle):
        return True
    root = re.match(r"&?\s*(\w+)\s*->", handle)
    if root is None or not listed:
        return False
    unit = next(one for one in units if one.path == place.path)
    definition = unit.definitions.get(place.function)
    return definition is not None and not listed.isdisjoint(
        _struct_of(root[1], text_of(unit, definition.cursor)))


def of_numbers(
    units: Sequence[Unit], meant: Sequence[tuple[str, Operation | None, Extent]]
) -> frozenset[Fact]:
    """Return the facts of calls that give a number which C compares with another than 0.

    How many vectors there are decides then what is done, and a sign does not say it.
    """
    text = {unit.path: unit.text.decode("utf-8", "replace") for unit in units}
    found: set[Fact] = set()
    for callee, operation, place in meant:
        if operation is None or not operation.fingerprint or place.path not in text:
            continue
        if operation.fingerprint.fails not in (Fails.POSITIVE, Fails.NONNEGATIVE):
            continue
        kept = re.findall(rf"(\w+)\s*=\s*{callee}\s*\(", text[place.path])
        if any(re.search(rf"\b{one}\s*(?:[=!]=|[<>]=?)\s*(?!0\b|-)\w"
                         rf"|\b\w+\s*(?:[=!]=|[<>]=?)\s*{one}\b", text[place.path])
               for one in kept):
            found |= facts_of(operation)
    return frozenset(found)


def _target(lines: Sequence[str], place: Extent) -> str:
    """Return what the result of a call is put into, "" where C does not say it beside the call."""
    before = lines[place.line - 1][: place.column - 1]
    if not before.strip() and place.line > 1:
        before = lines[place.line - 2]
    kept = re.search(r"([\w>.\-\[\]]+)\s*=\s*\(?\s*$", before)
    return kept[1] if kept else ""
