# SPDX-License-Identifier: GPL-2.0-only
"""What handlers look for in members of the driver's data, and where probe puts it there.

A handler that reads `card->tzone` is not to be called before probe has set it, nor when what was
put there is gone. One that asks first whether there is something needs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from generator.expr import Fact, num
from generator.extraction.texts import text_of
from generator.facts import MEMORY
from generator.operation import Do, Operation
from generator.ops.member import member
from generator.parsing.cursors import Cursor, Kind, Unit, points, record_of
from generator.program import Block, Call, If, Return
from generator.reading.cfg import Extent

_ASKED = (  # whether a member has something, before it is used
    r"(?:!\s*|\bIS_ERR\w*\(\s*|\bif\s*\(\s*|&&\s*|\|\|\s*|\?\s*|(?<!\w)\(\s*)"
    r"[\w.\->\[\]]*(?:->|\.)\s*%s\s*(?:\)|&&|\|\||[!=]=|\?)"
)
_KEPT = re.compile(r"(?:->|\.)\s*(\w+)\s*=\s*\(?$")


def looked_for(units: Sequence[Unit], functions: Collection[str]) -> frozenset[str]:
    """Return the members that some functions use, or what they call, "struct.member".

    They are pointers to structs, in structs of which a pointer is at hand. What is asked first is
    left out.
    """
    bodies = {name: (unit, one.cursor) for unit in units for name, one in unit.definitions.items()}
    queue = [name for name in functions if name in bodies]
    found: dict[str, str] = {}
    text = ""
    for name in queue:
        unit, cursor = bodies[name]
        text += text_of(unit, cursor)
        for inner in cursor.walk_preorder():
            if inner.kind == Kind.CALL_EXPR and inner.spelling in bodies:
                queue += [] if inner.spelling in queue else [inner.spelling]
            if inner.kind == Kind.MEMBER_REF_EXPR and _is_kept(inner):
                path = f"{inner.referenced.semantic_parent.spelling}.{inner.spelling}"
                found[path] = inner.spelling
    return frozenset(path for path, one in found.items() if not re.search(_ASKED % one, text))


def _is_kept(used: Cursor) -> bool:
    target = used.referenced
    return bool(target and target.semantic_parent and points(used.type) and record_of(used.type))


def always(block: Block) -> Iterator[Operation]:
    """Yield the operations of a block that are done in every run that goes well."""
    for node in block:
        if isinstance(node, Do):
            yield node.op
        elif isinstance(node, Call):
            yield from always(node.function.body)
        elif isinstance(node, If):
            ends = [_ends(way) for way in (node.then, node.other)]
            if ends == [True, False]:
                yield from always(node.other)
            elif ends == [False, True]:
                yield from always(node.then)
        elif isinstance(node, Return):
            return


def _ends(block: Block) -> bool:
    """Return whether every run of a block ends the function."""
    last = block[-1] if block else None
    return isinstance(last, Return) or (
        isinstance(last, If) and _ends(last.then) and _ends(last.other))


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
    for name, facts in _put(units, meant).items():
        if any(path.rpartition(".")[2] == name for path in there):
            found |= dict.fromkeys(sorted(facts & given, key=lambda fact: fact.name))
    here = tuple(node for node in probe if not isinstance(node, Call))
    own = any(gives.target.fact == MEMORY for one in always(here)
              for way in one.outcomes for gives in way.gives)
    return (MEMORY, *found) if found and own else tuple(found)


def _put(
    units: Sequence[Unit], meant: Iterable[tuple[str, Operation | None, Extent]]
) -> Mapping[str, frozenset[Fact]]:
    """Return the member that the result of a call is put into -> what the call gives."""
    lines = {unit.path: unit.text.decode("utf-8", "replace").split("\n") for unit in units}
    found: dict[str, frozenset[Fact]] = {}
    for _, operation, place in meant:
        if operation is None or operation.undo is None or place.path not in lines:
            continue
        before = lines[place.path][place.line - 1][: place.column - 1]
        kept = _KEPT.search(before)
        if kept:
            undone = {gives.target.fact for way in operation.undo.outcomes for gives in way.gives}
            found[kept[1]] = frozenset(
                gives.target.fact for way in operation.outcomes for gives in way.gives
                if gives.value != num(0) and gives.target.fact in undone)
    return found
