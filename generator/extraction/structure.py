# SPDX-License-Identifier: GPL-2.0-only
"""A transition system read off C, written as statements again: sequences, branches, returns.

Where two ways meet again is told by postdominators; what leads to the end of the function stays
in the branch. A loop is cut: its body is done once or not at all, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.errors import TreeError
from generator.graphs.lts import Label, Lts

# statements of one function before we give up: a tree, so tails that ways share are written twice
MOST = 1000


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


Statements = tuple["Ret | Step | Branch", ...]


@dataclass(frozen=True)
class Written:
    """A function's statements; `loops` is how many ways back were cut."""

    statements: Statements
    loops: int


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
    return Written(_Writer(lts.start, acyclic).block(lts.start, -1), loops)


Moves = dict[int, dict[Label, int]]


def _without_loops(lts: Lts) -> tuple[Moves, int]:
    moves: Moves = {}
    for source, label, target in lts.edges:
        if label is not None:
            moves.setdefault(source, {})[label] = target
    done: set[int] = set()
    path: set[int] = set()
    cut = 0
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
            del moves[state][label]
            cut += 1
        elif target not in done:
            path.add(target)
            stack.append((target, _ways(moves, target)))
    return moves, cut


def _ways(moves: Moves, state: int) -> list[tuple[Label, int]]:
    return sorted(moves.get(state, {}).items(), reverse=True)


@dataclass
class _Writer:
    start: int
    moves: Moves
    count: int = 0
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

    def block(self, state: int, stop: int) -> Statements:
        found: list[Ret | Step | Branch] = []
        while state != stop:
            self.count += 1
            if self.count > MOST:
                raise TooLarge
            moves = self.moves.get(state, {})
            if not moves:
                break
            first = min(moves)
            if len(moves) == 1:
                if first.name == "return":
                    found.append(Ret(first.outcome))
                    break
                found.append(Step(first))
                state = moves[first]
                continue
            meeting = self._meeting(moves)
            pair = self._pair(moves)
            if pair is None:
                found.append(self._choice(moves, meeting))
            elif pair[0].outcome == "true":
                true, false = (moves[label] for label in pair)
                if true == false:  # C asks, and nothing hangs on it
                    state = true
                    continue
                found.append(
                    Branch(pair[0].name, self.block(true, meeting), self.block(false, meeting))
                )
            else:
                good, bad = (moves[label] for label in pair)
                # what is done on a failure stands instead of the call, and goes on behind it
                found.append(Step(pair[0], self.block(bad, meeting if meeting == good else -1)))
                meeting = good
            if meeting < 0:
                break
            state = meeting
        return tuple(found)

    def _choice(self, moves: dict[Label, int], meeting: int) -> Branch:
        """Return ways that C's conditions do not tell apart, as branches that nobody knows."""
        groups: dict[tuple[str, ...], dict[Label, int]] = {}
        for label, target in sorted(moves.items()):
            key = (label.name, label.on, label.args)
            groups.setdefault(tuple(label) if label.name == "return" else key, {})[label] = target
        if len(groups) == 1:
            groups = {tuple(label): {label: target} for label, target in moves.items()}
        found: Branch | None = None
        first: Statements = ()
        for number, ways in enumerate(groups.values()):
            state = -2 - len(self.moves)
            self.moves[state] = ways
            block = self.block(state, meeting)
            if number == 0:
                first = block
            else:
                found = Branch("", block, first if found is None else (found,))
        assert found is not None, "there are two ways at least"
        return found

    def _meeting(self, moves: Mapping[Label, int]) -> int:
        """Return where the ways that go on come together, or -1 when only at the end."""
        if any(label.name == "return" and label.outcome != "error" for label in moves):
            return -1
        going = {to for label, to in moves.items() if label.name != "return"} - self._leaves
        if not going:
            return -1
        common = set.intersection(*(self._after[target] for target in going))
        return max(common, key=lambda one: self._order[one], default=-1)

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
