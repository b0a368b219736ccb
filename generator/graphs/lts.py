# SPDX-License-Identifier: GPL-2.0-only
"""The value in which a design and the C meet: a labelled transition system."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from generator.errors import TreeError

# states in all subsets of one transition system before we give up; portdrv's have some thousands
MOST = 3_000_000


class Label(NamedTuple):
    """One visible step of an entry point.

    name: the first callee of the operation's fingerprint, a guard's name, "set" or "return".
    on: C path of the device: root type and members ("pci_dev.dev"); "" when there is none.
    outcome: "ok" or "fail" of an operation, "true" or "false" of a guard, "0", "error",
    "unknown" or "void" of a return, the stored value of a "set".
    args: further arguments that the fingerprint asks for, joined by ", "; else "".
    """

    name: str
    on: str = ""
    outcome: str = ""
    args: str = ""

    def __str__(self) -> str:
        """Return it as messages print it: name(on, args): outcome."""
        inside = ", ".join(part for part in (self.on, self.args) if part)
        return f"{self.name}({inside})" + (f": {self.outcome}" if self.outcome else "")


@dataclass(frozen=True)
class Lts:
    """States are ints; a label of None is a silent step; `final` are the ends of complete runs.

    minimal: minimise() made it; dataclasses.replace() does not keep that.
    """

    start: int
    edges: tuple[tuple[int, Label | None, int], ...]
    final: frozenset[int]
    minimal: bool = field(default=False, init=False, compare=False, repr=False)

    def states(self) -> frozenset[int]:
        """Return every state that an edge, the start or the end names."""
        ends = {state for source, _, target in self.edges for state in (source, target)}
        return frozenset(ends | {self.start} | self.final)

    def labels(self) -> frozenset[Label]:
        """Return the alphabet in use."""
        return frozenset(label for _, label, _ in self.edges if label is not None)

    def __str__(self) -> str:
        """Return one line per step."""
        lines = [f"start {self.start}, final {' '.join(map(str, sorted(self.final))) or 'none'}"]
        lines += [f"{s:4} -> {t:4}  {'' if a is None else a}" for s, a, t in self.edges]
        return "\n".join(lines)


@dataclass
class Builder:
    """Collects states and edges for programs with early exits; `finish` gives the value."""

    _edges: list[tuple[int, Label | None, int]] = field(default_factory=list)
    _states: int = 0

    def new_state(self) -> int:
        """Return a state that was not there before."""
        self._states += 1
        return self._states - 1

    def edge(self, source: int, label: Label | None, target: int) -> int:
        """Add one step and return its target, so that steps can be chained."""
        self._edges.append((source, label, target))
        return target

    def then(self, source: int, label: Label | None) -> int:
        """Add one step to a new state and return that."""
        return self.edge(source, label, self.new_state())

    def finish(self, start: int, final: Iterable[int]) -> Lts:
        """Return the Lts of all that was added."""
        return Lts(start, tuple(self._edges), frozenset(final))


def word(*labels: Label) -> Lts:
    """Return the part with exactly these labels, in this order; none gives the empty run."""
    edges = tuple((at, label, at + 1) for at, label in enumerate(labels))
    return Lts(0, edges, frozenset({len(labels)}))


def minimise(lts: Lts) -> Lts:
    """Return the one smallest deterministic Lts with the same runs and complete runs.

    Two Lts have equal languages, as sets of prefixes and as sets of complete runs, exactly
    when their minimised values are equal: states are numbered breadth first by sorted labels.
    Errors: TreeError when that would take too long.
    """
    if lts.minimal:
        return lts
    moves, final = _determinise(_folded(lts))
    block = _refine(moves, final)
    names: dict[int, int] = {block[0]: 0}
    witness = [0]
    edges: list[tuple[int, Label | None, int]] = []
    for number, state in enumerate(witness):
        for label, after in sorted(moves[state].items()):
            if block[after] not in names:
                names[block[after]] = len(names)
                witness.append(after)
            edges.append((number, label, names[block[after]]))
    found = Lts(0, tuple(edges), frozenset(names[block[state]] for state in final))
    object.__setattr__(found, "minimal", True)
    return found


Key = tuple[bool, frozenset[tuple[Label | None, int]]]


def _folded(lts: Lts) -> Lts:
    """Return it without the silent steps that no loop needs, states of equal futures being one.

    What is read off C is mostly silent, and most of its states do the same from there on: the
    subsets of it would be large and many. Each state is looked at once, behind those it leads to.
    """
    moves: dict[int, list[tuple[Label | None, int]]] = {}
    for source, label, target in lts.edges:
        moves.setdefault(source, []).append((label, target))
    names: dict[Key, int] = {}  # what a state can do -> the state that stands for all of these
    keys: dict[int, Key] = {}  # of those that stand for others
    stands: dict[int, int] = {}
    begun: set[int] = {lts.start}
    looped: set[int] = set()  # what a loop leads back to, before it is known what it can do
    stack = [(lts.start, iter(moves.get(lts.start, ())))]
    while stack:
        state, ways = stack[-1]
        for _, target in ways:
            if target not in begun:
                begun.add(target)
                stack.append((target, iter(moves.get(target, ()))))
                break
        else:
            stack.pop()
            final, can = state in lts.final, set[tuple[Label | None, int]]()
            for label, target in moves.get(state, ()):
                if target not in stands:
                    looped.add(target)
                    can.add((label, target))
                elif label is None:
                    final = final or keys[stands[target]][0]
                    can |= keys[stands[target]][1]
                else:
                    can.add((label, stands[target]))
            key = final, frozenset(can - {(None, state)})
            stands[state] = names.setdefault(key, state) if state not in looped else state
            keys.setdefault(stands[state], key)
    edges = [(state, label, to) for state, (_, can) in keys.items() for label, to in can]
    final_states = {state for state, (final, _) in keys.items() if final}
    return Lts(stands[lts.start], tuple(edges), frozenset(final_states))


def _determinise(lts: Lts) -> tuple[list[dict[Label, int]], set[int]]:
    silent: dict[int, list[int]] = {}
    loud: dict[int, list[tuple[Label, int]]] = {}
    for source, label, target in lts.edges:
        if label is None:
            silent.setdefault(source, []).append(target)
        else:
            loud.setdefault(source, []).append((label, target))

    def closure(states: Iterable[int]) -> frozenset[int]:
        seen = set(states)
        stack = list(seen)
        while stack:
            for target in silent.get(stack.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        return frozenset(seen)

    work = 0
    subsets = [closure([lts.start])]
    names = {subsets[0]: 0}
    moves: list[dict[Label, int]] = []
    for subset in subsets:
        targets: dict[Label, set[int]] = {}
        for state in subset:
            for label, target in loud.get(state, ()):
                targets.setdefault(label, set()).add(target)
        row: dict[Label, int] = {}
        for label, states in targets.items():
            after = closure(states)
            if after not in names:
                names[after] = len(subsets)
                subsets.append(after)
                work += len(after)
                if work > MOST:
                    raise TreeError(
                        f"after {label} too many things can be the case: name the conditions on "
                        "the way as whole guards"
                    )
            row[label] = names[after]
        moves.append(row)
    return moves, {number for subset, number in names.items() if subset & lts.final}


def _refine(moves: list[dict[Label, int]], final: set[int]) -> list[int]:
    """Return Moore's partition refinement; a missing move is a class of its own.

    A state is looked at again only when one that it moves to has left its block; of a block
    that is split, the largest part keeps the number.
    """
    before: list[list[int]] = [[] for _ in moves]
    targets: list[tuple[int, ...]] = []
    shapes: dict[tuple[bool, tuple[Label, ...]], int] = {}
    block = []
    for state, row in enumerate(moves):
        labels = tuple(sorted(row))
        targets.append(tuple(row[label] for label in labels))
        for target in row.values():
            before[target].append(state)
        block.append(shapes.setdefault((state in final, labels), len(shapes)))
    members: list[set[int]] = [set() for _ in shapes]
    for state, number in enumerate(block):
        members[number].add(state)
    again = set(range(len(moves)))
    while again:
        looked: dict[int, list[int]] = {}
        for state in again:
            looked.setdefault(block[state], []).append(state)
        again = set()
        for number, states in looked.items():
            parts: dict[tuple[int, ...], set[int]] = {}
            for state in states:
                parts.setdefault(tuple([block[t] for t in targets[state]]), set()).add(state)
            rest = members[number].difference(states)
            split = sorted([*parts.values(), rest] if rest else parts.values(), key=len)
            members[number] = split.pop()
            for part in split:
                for state in part:
                    block[state] = len(members)
                    again.update(before[state])
                members.append(part)
    return block


END = Label("end of run")


@dataclass(frozen=True)
class Difference:
    """The shortest run after which two Lts part, and what each allows there.

    `want` and `got` are the sorted labels allowed next; END stands for "may end here".
    """

    prefix: tuple[Label, ...]
    want: tuple[Label, ...]
    got: tuple[Label, ...]

    @property
    def trace(self) -> tuple[Label, ...]:
        """Return a shortest word that one side allows and the other does not."""
        apart = sorted(set(self.want) ^ set(self.got))
        return (*self.prefix, apart[0])

    @property
    def side(self) -> str:
        """Return who allows `trace`: "want" or "got"."""
        return "want" if self.trace[-1] in self.want else "got"

    def __str__(self) -> str:
        """Return the common prefix, then what each side allows; "*": what the other does not."""
        lines = [f"  {number:3}. {label}" for number, label in enumerate(self.prefix, 1)]
        lines = ["both:", *lines] if lines else ["at the start:"]
        for side, here, there in (("want", self.want, self.got), ("got", self.got, self.want)):
            lines.append(f"then {side}:")
            lines += [f"    {'  ' if label in there else '* '}{label}" for label in here]
            lines += [] if here else ["      nothing"]
        return "\n".join(lines)


def difference(want: Lts, got: Lts) -> Difference | None:
    """Return the shortest run that tells the two apart, or None when their languages are equal."""
    left, right = minimise(want), minimise(got)
    if left == right:
        return None
    rows: tuple[dict[int, dict[Label, int]], ...] = ({}, {})
    for table, lts in zip(rows, (left, right), strict=True):
        for source, label, target in lts.edges:
            if label is not None:
                table.setdefault(source, {})[label] = target
    queue: deque[tuple[int, int, tuple[Label, ...]]] = deque([(0, 0, ())])
    seen = {(0, 0)}
    while queue:
        one, other, prefix = queue.popleft()
        mine, theirs = rows[0].get(one, {}), rows[1].get(other, {})
        if mine.keys() != theirs.keys() or (one in left.final) != (other in right.final):
            ends = [END] if one in left.final else [], [END] if other in right.final else []
            return Difference(
                prefix, tuple(sorted([*mine, *ends[0]])), tuple(sorted([*theirs, *ends[1]]))
            )
        for label in sorted(mine):
            pair = (mine[label], theirs[label])
            if pair not in seen:
                seen.add(pair)
                queue.append((*pair, (*prefix, label)))
    return None
