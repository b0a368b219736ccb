# SPDX-License-Identifier: GPL-2.0-only
"""A transition system read off C, written as statements again: sequences, branches, returns.

Where two ways meet again is told by postdominators; what leads to the end of the function stays
in the branch. What several ways come to is written once, and each of them names it: a ladder that
C reaches by goto. A loop is cut: its body is done once or not at all, and that is said. Behind it
C goes on where the loop would have been left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from generator.errors import TreeError
from generator.graphs.lts import Label, Lts

MOST = 4000  # statements of one function before we give up
FEW = 2  # statements that are rather written again than given a name


@dataclass(frozen=True)
class Ret:
    """The function ends; `outcome` is that of the label."""

    outcome: str


@dataclass(frozen=True)
class Step:
    """A call; `failed` is what follows when it fails, None when it cannot."""

    label: Label
    failed: Statements | None = None


@dataclass(frozen=True)
class Branch:
    """A condition by its name, "" where C says nothing of it: one of the two ways is taken."""

    name: str
    true: Statements
    false: Statements


@dataclass(frozen=True)
class Shared:
    """What several ways go on with: `number` in Written.shared; no way of the function goes on
    behind one that `ends` it, and one that `fails` returns nothing but errors.
    """

    number: int
    ends: bool
    fails: bool


Statement = Ret | Step | Branch | Shared
Statements = tuple["Statement", ...]


@dataclass(frozen=True)
class Written:
    """A function's statements; `loops` is how many ways back were cut.

    shared: what is written once for several ways. One that goes on behind itself returns nothing
    but errors.
    """

    statements: Statements
    loops: int
    shared: tuple[Statements, ...] = ()


class TooLarge(TreeError):
    """The statements of a function would be too many."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(
            f"more than {MOST} statements: too many ways through a function to be written down"
        )


def written(lts: Lts) -> Written:
    """Return the statements of a deterministic transition system.

    Errors: TooLarge when they would be more than MOST.
    """
    acyclic, loops = _without_loops(lts)
    writer = _Writer(lts.start, acyclic)
    statements = writer.whole()
    return Written(statements, loops, tuple(writer.shared))


Moves = dict[int, dict[Label, int]]


def _without_loops(lts: Lts) -> tuple[Moves, int]:
    moves: Moves = {}
    for source, label, target in lts.edges:
        if label is not None:
            moves.setdefault(source, {})[label] = target
    before = {state: dict(ways) for state, ways in moves.items()}
    succeeds = _succeeding(before)
    sources: dict[int, set[int]] = {}
    for source, after in ((one, to) for one, ways_ in before.items() for to in ways_.values()):
        sources.setdefault(after, set()).add(source)
    done: set[int] = set()
    path: set[int] = set()
    cut = 0
    stands_for: dict[int, int] = {}  # made here, for several exits -> the state that they leave
    stack: list[tuple[int, list[tuple[Label, int]]]] = [(lts.start, _ways(moves, lts.start))]
    path.add(lts.start)
    while stack:
        state, ways = stack[-1]
        if not ways:
            stack.pop()
            path.discard(state)
            done.add(state)
            continue
        label, target = ways.pop()
        if target in path:
            cut += 1
            del moves[state][label]
            asked = label.outcome in ("true", "false")
            leaves = asked and any(after in succeeds for after in moves[state].values())
            last = stands_for.get(state, state)
            exit_, exits = (-1, {}) if leaves else _exits(before, sources, last, target, succeeds)
            if exits:  # else the other answer to what C asks is how the loop is left
                first, behind = min(exits.items())
                if len(exits) > 1 or first.outcome not in ("true", "false"):
                    behind = -2 - len(moves)
                    moves[behind] = exits
                    stands_for[behind] = exit_
                    if len(stands_for) > MOST:
                        raise TooLarge
                moves[state][label] = behind
                ways.append((label, behind))
        elif target not in done:
            path.add(target)
            stack.append((target, _ways(moves, target)))
    return moves, cut


def _succeeding(moves: Moves) -> set[int]:
    """Return the states from which something else than an error can be returned."""
    sources: dict[int, list[int]] = {}
    found: set[int] = set()
    for source, ways in moves.items():
        for label, target in ways.items():
            sources.setdefault(target, []).append(source)
            if label.name == "return" and label.outcome != "error":
                found.add(source)
    todo = list(found)
    while todo:
        for source in sources.get(todo.pop(), ()):
            if source not in found:
                found.add(source)
                todo.append(source)
    return found


def _exits(
    moves: Moves, sources: Mapping[int, Collection[int]], last: int, head: int,
    succeeds: Collection[int],
) -> tuple[int, dict[Label, int]]:
    """Return where the loop of a way back, from `last` to `head`, is left, and how.

    Of several places it is the nearest to the head from which C can go on without an error.
    """
    loop, todo = {head, last}, [last]
    while todo:
        state = todo.pop()
        more = set(sources.get(state, ())) - loop if state != head else set()
        loop |= more
        todo += more
    seen, queue = {head}, [head]
    worst: tuple[int, dict[Label, int]] = -1, {}
    for state in queue:
        exits = {label: to for label, to in moves.get(state, {}).items() if to not in loop}
        if any(to in succeeds or (label.name == "return" and label.outcome != "error")
               for label, to in exits.items()):
            return state, exits
        worst = (state, exits) if exits else worst
        for _, target in _ways(moves, state):
            if target in loop and target not in seen:
                seen.add(target)
                queue.append(target)
    return worst


def _ways(moves: Moves, state: int) -> list[tuple[Label, int]]:
    return sorted(moves.get(state, {}).items(), reverse=True)


Key = tuple[int, int]  # a state, and where what begins there ends: -1 for the function's end


@dataclass(frozen=True)
class _Cell:
    """One statement, what stands inside of it, and where it goes on."""

    what: str
    label: Label | None = None
    inner: tuple[Key, ...] = ()
    rest: Key | None = None


@dataclass
class _Writer:
    start: int
    moves: Moves
    shared: list[Statements] = field(default_factory=list)
    _cells: dict[Key, _Cell] = field(default_factory=dict)
    _uses: Counter[Key] = field(default_factory=Counter)
    _named: dict[Key, Shared | Statements] = field(default_factory=dict)
    _good: list[bool] = field(default_factory=list)  # of what is shared: whether it may succeed
    _after: dict[int, set[int]] = field(default_factory=dict)
    _leaves: set[int] = field(default_factory=set)  # from where every way ends with an error
    _order: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        order: list[int] = []
        seen: set[int] = set()
        stack = [(self.start, False)]
        while stack:
            state, finished = stack.pop()
            if finished:
                order.append(state)
                continue
            if state in seen:
                continue
            seen.add(state)
            stack.append((state, True))
            stack += [(target, False) for target in self.moves.get(state, {}).values()]
        for number, state in enumerate(order):  # what comes after a state comes before it here
            self._order[state] = number
            moves = self.moves.get(state, {})
            ends = [label.outcome == "error" for label in moves if label.name == "return"]
            goes_on = [after for label, after in moves.items() if label.name != "return"]
            if moves and all(ends) and all(after in self._leaves for after in goes_on):
                self._leaves.add(state)
            meeting = self._meeting(moves)
            self._after[state] = {state} | (self._after[meeting] if meeting >= 0 else set())

    def whole(self) -> Statements:
        """Return the statements of the function, with what they share in `shared`.

        Errors: TooLarge.
        """
        first = (self.start, -1)
        todo = [first]
        for key in todo:  # what stands where, and how often it is come to
            cell = self._cell(*key)
            cell = replace(cell, inner=tuple(map(self._to, cell.inner)),
                           rest=None if cell.rest is None else self._to(cell.rest))
            self._cells[key] = cell
            for after in (*cell.inner, *([] if cell.rest is None else [cell.rest])):
                self._uses[after] += 1
                if self._uses[after] == 1 and after != first:
                    todo.append(after)
            if len(todo) > MOST:
                raise TooLarge
        return self._block(first, first=True)

    def _to(self, key: Key) -> Key:
        """Return a key by which ways to the same are told to be: an error goes on nowhere."""
        return (key[0], -1) if key[0] in self._leaves else key

    def _cell(self, state: int, stop: int) -> _Cell:
        """Return one statement, at a state, of what ends where `stop` is reached."""
        moves = self.moves.get(state, {})
        if state == stop or not moves:
            return _Cell("nothing")
        first = min(moves)
        if len(moves) == 1:
            if first.name == "return":
                return _Cell("return", first)
            return _Cell("step", first, rest=(moves[first], stop))
        meeting = self._meeting(moves)
        rest = None if meeting < 0 else (meeting, stop)
        pair = self._pair(moves)
        if pair is None:
            groups: dict[tuple[str, ...], dict[Label, int]] = {}
            for label, target in sorted(moves.items()):
                key = (label.name, label.on, label.args)
                groups.setdefault(tuple(label) if label.name == "return" else key, {})[
                    label] = target
            if len(groups) == 1:
                groups = {tuple(label): {label: target} for label, target in moves.items()}
            inner = []
            for ways in groups.values():
                inner.append((-2 - len(self.moves), meeting))
                self.moves[inner[-1][0]] = ways
            return _Cell("choice", inner=tuple(inner), rest=rest)
        one, other = (moves[label] for label in pair)
        if pair[0].outcome == "true":
            if one == other:  # C asks, and nothing hangs on it
                return _Cell("nothing", rest=(one, stop))
            return _Cell("branch", pair[0], ((one, meeting), (other, meeting)), rest)
        # what is done on a failure stands instead of the call, and goes on behind it
        bad = (other, meeting if meeting == one else -1)
        return _Cell("call", pair[0], (bad,), (one, stop))

    def _block(self, key: Key, *, first: bool = False) -> Statements:
        """Return what stands at a state, all of it or by the name that several ways have for it."""
        found: list[Statement] = []
        at: Key | None = key
        while at is not None:
            if self._uses[at] > 1 and not first:
                inside = self._once(at)
                if isinstance(inside, Shared):
                    return (*found, inside)
                return (*found, *inside)
            first = False
            cell = self._cells[at]
            inner = [self._block(one) for one in cell.inner]
            if cell.label is not None and cell.what == "return":
                found.append(Ret(cell.label.outcome))
            elif cell.label is not None and cell.what == "branch":
                same = inner[0] == inner[1]  # nothing that is written hangs on it
                found += inner[0] if same else (Branch(cell.label.name, *inner),)
            elif cell.label is not None:
                found.append(Step(cell.label, *inner))
            elif inner:  # ways that C's conditions do not tell apart, as branches nobody knows
                so_far = inner[0]
                for block in inner[1:]:
                    so_far = (Branch("", block, so_far),)
                found += so_far
            at = cell.rest
        return tuple(found)

    def _once(self, key: Key) -> Shared | Statements:
        """Return what several ways come to: itself where it is short, else what stands for it."""
        if key not in self._named:
            block = self._block(key, first=True)
            # what goes on behind it can return nothing but errors: else it is written each time
            succeeds = self._succeeds(block)
            if _size(block) <= FEW or (key[1] >= 0 and succeeds):
                self._named[key] = block
            else:
                self._named[key] = Shared(len(self.shared), key[1] < 0, not succeeds)
                self._good += [succeeds]
                self.shared.append(block)
        return self._named[key]

    def _meeting(self, moves: Mapping[Label, int]) -> int:
        """Return where the ways that go on come together, or -1 when only at the end."""
        if any(label.name == "return" and label.outcome != "error" for label in moves):
            return -1
        going = {to for label, to in moves.items() if label.name != "return"} - self._leaves
        if not going:
            return -1
        common = set.intersection(*(self._after[target] for target in going))
        return max(common, key=lambda one: self._order[one], default=-1)

    def _succeeds(self, block: Statements) -> bool:
        """Return whether some way through a block returns something else than an error."""
        return any(
            (isinstance(one, Ret) and one.outcome != "error")
            or (isinstance(one, Shared) and self._good[one.number])
            or any(map(self._succeeds, _inside(one)))
            for one in block
        )

    @staticmethod
    def _pair(moves: dict[Label, int]) -> tuple[Label, Label] | None:
        """Return the labels of a call's success and failure, or of a condition's answers."""
        if len(moves) != 2:
            return None
        one, other = sorted(moves, key=lambda label: label.outcome)
        if (one.name, one.on, one.args) != (other.name, other.on, other.args):
            return None
        pairs = {("fail", "ok"): (other, one), ("false", "true"): (other, one)}
        return pairs.get((one.outcome, other.outcome))


def _inside(one: Statement) -> tuple[Statements, ...]:
    if isinstance(one, Branch):
        return one.true, one.false
    return (one.failed,) if isinstance(one, Step) and one.failed is not None else ()


def _size(block: Statements) -> int:
    return len(block) + sum(_size(inner) for one in block for inner in _inside(one))
