# SPDX-License-Identifier: GPL-2.0-only
"""What handlers look for in members of the driver's data, and where probe puts it there.

A handler that reads `card->tzone` is not to be called before probe has set it, nor when what was
put there is gone. One that asks first whether there is something needs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from generator.expr import Fact, num
from generator.extraction.texts import text_of
from generator.extraction.without import Without
from generator.facts import MEMORY
from generator.fingerprint import Fails, Fingerprint
from generator.operation import IGNORE, Do, Operation
from generator.ops import shipped
from generator.ops.member import DRVDATA, member
from generator.parsing.cursors import Cursor, Kind, Unit, points, record_of
from generator.program import Block, Call, Return, operations_once
from generator.reading.cfg import Extent

if TYPE_CHECKING:
    from generator.parsing.unit import Definition

_ASKED = (  # whether a member has something, before it is used
    r"(?:!\s*|\bIS_ERR\w*\(\s*|\bif\s*\(\s*|&&\s*|\|\|\s*|\?\s*|(?<!\w)\(\s*)"
    r"[\w.\->\[\]]*(?:->|\.)\s*%s\s*(?:\)|&&|\|\||[!=]=|\?)"
)
# The host of a bridge calls it when this is attached to the host, by the driver itself.
_ATTACHED = ("mipi_dsi_device",)
_INITIALISED = ("completion", "mutex", "wait_queue_head")
# What initialises these, and what ends them, by the argument that is one.
INITIALISES = {
    "init_completion": (0, ""), "__mutex_init": (0, ""), "__init_waitqueue_head": (0, ""),
    "__devm_mutex_init": (1, ""), "mutex_destroy": (0, "NULL"),
}
# Who reads the pointer to a driver's data of its own device, and who sets it.
_READS = ("i2c_get_clientdata", "pci_get_drvdata", "platform_get_drvdata", "spi_get_drvdata")
SETS_DRVDATA = (
    "i2c_set_clientdata", "pci_set_drvdata", "platform_set_drvdata", "spi_set_drvdata",
)
_KEPT = re.compile(r"(?:->|\.)\s*(\w+)\s*=\s*\(?$")


def initialising() -> tuple[Fingerprint, ...]:
    """Return how the calls of INITIALISES are found in C."""
    return tuple(
        Fingerprint((callee,), on=at, fails=Fails.NEGATIVE if at else Fails.NEVER)
        for callee, (at, _) in INITIALISES.items()
    )


def looked_for(units: Sequence[Unit], functions: Collection[str]) -> frozenset[str]:
    """Return the members that some functions use, or what they call, "struct.member".

    They are pointers to structs, in structs of which a pointer is at hand, and what has to be
    initialised before it is used. What is asked first is left out.
    """
    bodies = {name: (unit, one) for unit in units for name, one in unit.definitions.items()}
    texts: dict[str, str] = {}  # with those of the callers, who may have asked
    queue = [name for name in functions if name in bodies]
    found: set[str] = set()
    for name in queue:
        unit, one = bodies[name]
        seen = _seen(one)
        texts[name] = texts.get(name, "") + text_of(unit, one.cursor)
        found |= {DRVDATA} if seen.reads else set()
        for callee in seen.calls:
            if callee not in bodies:
                continue
            if callee not in queue:
                queue.append(callee)
            if callee not in functions:
                texts[callee] = texts.get(callee, "") + texts[name]
        found |= {path for path, member_ in seen.used.items()
                  if not re.search(_ASKED % member_, texts[name])}
    return frozenset(found)


@dataclass(frozen=True)
class _Seen:
    """What one function does: whether it reads its driver data, what it calls, and uses."""

    reads: bool
    calls: tuple[str, ...]
    used: Mapping[str, str]


_SEEN: WeakKeyDictionary[Definition, _Seen] = WeakKeyDictionary()


def _seen(definition: Definition) -> _Seen:
    """Return what a function does, found once: it is asked for every interface that reaches it."""
    if definition not in _SEEN:
        reads = False
        calls: dict[str, None] = {}
        used: dict[str, str] = {}
        for inner in definition.cursor.walk_preorder():
            if inner.kind == Kind.CALL_EXPR:
                reads |= inner.spelling in _READS and _of_itself(inner)
                calls[inner.spelling] = None
            if inner.kind == Kind.MEMBER_REF_EXPR and _is_kept(inner):
                path = f"{inner.referenced.semantic_parent.spelling}.{inner.spelling}"
                used[path] = inner.spelling
        _SEEN[definition] = _Seen(reads, tuple(calls), used)
    return _SEEN[definition]


def _of_itself(call: Cursor) -> bool:
    """Return whether a call is given a variable, and no other device that is found from one."""
    (first, *_) = call.get_arguments()
    plain = (Kind.DECL_REF_EXPR, Kind.UNEXPOSED_EXPR)
    return all(one.kind in plain for one in first.walk_preorder())


def _is_kept(used: Cursor) -> bool:
    target = used.referenced
    if not target or not target.semantic_parent:
        return False
    record = record_of(used.type)
    if not points(used.type):
        return record in _INITIALISED
    return record not in ("", *_ATTACHED)


def always(block: Block) -> Iterator[Operation]:
    """Yield the operations of a block that are done in every run that goes well."""
    behind, ended = _always(block)
    every = ended if behind is None else (behind if ended is None else behind & ended)
    yield from sorted(every or (), key=lambda one: one.name)


Done = frozenset[Operation] | None  # what every such run has done, None where there is none


def _always(block: Block) -> tuple[Done, Done]:
    """Return what is done by all runs that go on behind a block, and by all that end well in it."""
    done: frozenset[Operation] = frozenset()
    ended: Done = None
    for node in block:
        if isinstance(node, Return):
            return None, _both(ended, done) if node.ok else ended
        ways: list[tuple[Done, Done]] = []
        if isinstance(node, Do):
            ways = [(frozenset({node.op}), None), *map(_always, node.blocks())]
            ways += [(frozenset(), None)] if node.op.fallible and node.on_fail == IGNORE else []
        elif isinstance(node, Call):
            on, end = _always(node.then)
            did = _both(*_always(node.function.body))
            ways = [(None if on is None or did is None else on | did, end)]
            ways += [_always(node.on_fail)] if isinstance(node.on_fail, tuple) else []
            ways += [(frozenset(), None)] if node.on_fail == IGNORE else []
        else:
            ways = [_always(inner) for inner in node.blocks()]
        if not ways:
            continue
        behind: Done = None
        for on, end in ways:
            behind = behind if on is None else _both(behind, on)
            ended = ended if end is None else _both(ended, done | end)
        if behind is None:
            return None, ended
        done |= behind
    return done, ended


def _both(one: Done, other: Done) -> Done:
    """Return what two sets of runs have both done."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def needed(
    wanted: Collection[str], probe: Block, units: Sequence[Unit],
    meant: Sequence[tuple[str, Operation | None, Extent]],
) -> tuple[Fact, ...]:
    """Return what must be there for who looks for members that probe always sets.

    With anything, it is the driver's data as well, where probe itself allocates that.
    """
    done = list(always(probe))
    given = {gives.target.fact for one in done for way in one.outcomes for gives in way.gives
             if gives.value != num(0)}
    there = {path: member(path) for path in wanted if member(path) in given}
    found = dict.fromkeys(there[path] for path in sorted(there))
    for name, facts in put_into(units, meant).items():
        if any(path.rpartition(".")[2] == name for path in there):
            found |= dict.fromkeys(sorted(facts & given, key=lambda fact: fact.name))
    here = tuple(node for node in probe if not isinstance(node, Call))
    own = any(gives.target.fact == MEMORY for one in always(here)
              for way in one.outcomes for gives in way.gives)
    return (MEMORY, *found) if found and own else tuple(found)


def put_into(
    units: Sequence[Unit], meant: Iterable[tuple[str, Operation | None, Extent]]
) -> Mapping[str, frozenset[Fact]]:
    """Return the member that the result of a call is put into -> what the call gives.

    So it is with the one argument of a call that has a pair: vp_modern_probe(mdev).
    """
    lines = {unit.path: unit.text.decode("utf-8", "replace").split("\n") for unit in units}
    found: dict[str, frozenset[Fact]] = {}
    for _, operation, place in meant:
        if operation is None or operation.undo is None or place.path not in lines:
            continue
        row = lines[place.path][place.line - 1]
        kept = _KEPT.search(row[: place.column - 1])
        if not kept and operation in _paired():  # what is brought up stands in a member already
            kept = re.match(r"\w+\((?:[\w.>-]*\W)??(\w+)\)", row[place.column - 1 :])
        if kept:
            undone = {gives.target.fact for way in operation.undo.outcomes for gives in way.gives}
            found[kept[1]] = frozenset(
                gives.target.fact for way in operation.outcomes for gives in way.gives
                if gives.value != num(0) and gives.target.fact in undone)
    return found


@cache
def _paired() -> frozenset[Operation]:
    return frozenset(one for one in shipped()["paired"].values() if isinstance(one, Operation))


def without_members(blocks: Mapping[str, Block], needed_: Collection[Fact]) -> dict[str, Block]:
    """Return blocks without the assignments to members that nobody needs after all."""
    there = {do.op for do in operations_once(blocks.values())}
    used = {fact for one in there for op in (one, one.undo) if op is not None for fact in op.needs}
    idle = {
        one for one in there if one.label is not None and one.label[0] == "set" and not any(
            gives.target.fact in (*needed_, *used) for way in one.outcomes for gives in way.gives)
    }
    return Without(frozenset(idle)).blocks(blocks)
