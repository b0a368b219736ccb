# SPDX-License-Identifier: GPL-2.0-only
"""A block as a graph of steps, with its unwinding derived.

Symbolic, a loop over devices is a cycle: that is the shape of the C. Expanded, it is one round
per instance: that is what exploration walks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from generator.errors import NOWHERE, ModelError, Where
from generator.expr import Place
from generator.graphs.undo import (
    Managing,
    Unclear,
    Undo,
    by_hand,
    latest_first,
    managing,
    round_latest_first,
    undoing,
    without_managed,
    without_taken_back,
)
from generator.operation import CONTINUE, IGNORE, RETURN, Do, Guard, Operation
from generator.program import (
    And,
    Block,
    Call,
    Condition,
    Each,
    Function,
    If,
    Ifdef,
    Not,
    Or,
    Return,
)


@dataclass(frozen=True)
class Edge:
    """A step of a flow: an operation ends in one way, a guard goes one way, or nothing."""

    src: int
    dst: int
    do: Do | None = None
    op: Operation | None = None  # do.op, or its undo
    outcome: str = ""  # "ok" | "fail"
    guard: Guard | None = None
    holds: bool = True
    inside: str = ""  # the helper it stands in
    around: tuple[tuple[Place, Place], ...] = ()  # device -> instance of the rounds around it
    where: Where = NOWHERE


@dataclass(frozen=True)
class Flow:
    """A graph of steps from `start` to `done` (success) or `failed` (an error is returned)."""

    start: int
    done: int
    failed: int
    size: int
    edges: tuple[Edge, ...]


Instances = Callable[[Place], Sequence[Place]]
_Around = Mapping[Place, Place]


@dataclass
class _Builder:
    """Collects edges; `instances` of None leaves loops as loops, `symbols` of None has all."""

    instances: Instances | None
    symbols: frozenset[str] | None
    managing: Managing = frozenset()
    edges: list[Edge] = field(default_factory=list)
    size: int = 0

    def state(self) -> int:
        self.size += 1
        return self.size - 1

    def tau(self, src: int, dst: int) -> None:
        self.edges.append(Edge(src, dst))


@dataclass(frozen=True)
class _Scope:
    """Where a function's ends are, and what unwinding has to undo, oldest first."""

    name: str
    done: int
    failed: int
    around: _Around
    undos: tuple[Undo, ...] = ()
    again: int | None = None  # where CONTINUE goes
    outer: _Scope | None = None  # the loop's surroundings, for unwinding out of it
    loop: Each | None = None
    rounds: tuple[_Around, ...] = ()  # finished rounds of the loop, oldest first
    kept: list[tuple[Undo, ...]] = field(default_factory=list)  # on each way to `done`


def flow(
    name: str, block: Block, instances: Instances | None = None,
    symbols: frozenset[str] | None = None,
) -> Flow:
    """Return the graph of an entry point, in a kernel built with `symbols` (None: with all).

    Errors: ModelError when unwinding would have to undo something done in a branch only, of
    which it cannot tell whether it was taken.
    """
    builder = _Builder(instances, symbols, managing(block))
    start, done, failed = builder.state(), builder.state(), builder.state()
    scope = _Scope(name, done, failed, {})
    end, _ = _block(builder, block, start, scope)
    if end is not None:
        builder.tau(end, done)
    return Flow(start, done, failed, builder.size, tuple(builder.edges))


def _block(
    builder: _Builder, block: Block, at: int | None, scope: _Scope
) -> tuple[int | None, tuple[Undo, ...]]:
    """Append a block; return where it ends (None: never) and what there is to undo."""
    undos = scope.undos
    for node in block:
        if at is None:
            break
        undos = without_managed(undos, node)
        inner = _with(scope, undos)
        match node:
            case Do():
                at = _do(builder, node, at, inner)
                undos = without_taken_back(undos, node)
                if by_hand(node, builder.managing):
                    undos = (*undos, node)
            case Return(ok=ok):
                builder.tau(at, scope.done if ok else scope.failed)
                if ok:
                    scope.kept.append(undos)
                at = None
            case If():
                at, undos = _if(builder, node, at, inner)
            case Ifdef(symbol=symbol, then=then, other=other):
                built = builder.symbols is None or symbol in builder.symbols
                at, undos = _block(builder, then if built else other, at, inner)
            case Each():
                at = _each(builder, node, at, inner)
                if undoing(node.body, builder.managing):
                    undos = (*undos, node)
            case Call():
                at, undos = _call(builder, node, at, inner)
    return at, undos


def _with(scope: _Scope, undos: tuple[Undo, ...]) -> _Scope:
    return _Scope(
        scope.name, scope.done, scope.failed, scope.around, undos, scope.again,
        scope.outer, scope.loop, scope.rounds, scope.kept,
    )


def _around(scope: _Scope) -> tuple[tuple[Place, Place], ...]:
    return tuple(scope.around.items())


def _do(builder: _Builder, node: Do, at: int, scope: _Scope) -> int:
    after = builder.state()
    step = Edge(
        at, after, node, node.op, "ok", inside=scope.name, around=_around(scope),
        where=node.where,
    )
    builder.edges.append(step)
    if node.op.fallible:
        broken = builder.state()
        builder.edges.append(replace(step, dst=broken, outcome="fail"))
        _failure(builder, node, broken, after, scope)
    return after


def _failure(
    builder: _Builder, node: Do | Call, broken: int, after: int, scope: _Scope
) -> bool:
    """Append what is done when a node fails; return whether what follows it is done then."""
    on_fail = node.on_fail
    if isinstance(on_fail, tuple):
        end, _ = _block(builder, on_fail, broken, scope)
        if end is not None:
            builder.tau(end, after)
        return end is not None
    if on_fail == IGNORE:
        builder.tau(broken, after)
        return True
    if on_fail == CONTINUE:
        if scope.again is None:
            raise ModelError(node.where, f"{scope.name}: fail=CONTINUE stands outside of a loop")
        builder.tau(broken, scope.again)
    elif on_fail == RETURN:
        builder.tau(broken, scope.failed)
    else:
        builder.tau(_unwind(builder, broken, scope, node), scope.failed)
    return False


def _unwind(builder: _Builder, at: int, scope: _Scope, failed: Do | Call) -> int:
    """Append the undoing of everything done so far in this function, in reverse."""
    kept = len(scope.outer.undos) if scope.outer is not None else 0
    at = _undo_all(builder, scope.undos[kept:], at, scope, failed)
    if scope.outer is not None and scope.loop is not None:
        if builder.instances is None:
            at = _undo(builder, scope.loop, at, scope.outer)
        else:
            for around in reversed(scope.rounds):
                at = _undo_round(builder, scope.loop, at, scope.outer, around)
        return _unwind(builder, at, scope.outer, failed)
    return at


def _undo_all(
    builder: _Builder, undos: tuple[Undo, ...], at: int, scope: _Scope, failed: Do | Call
) -> int:
    for node, instead in latest_first(undos, failed):
        at = _undo(builder, node, at, scope, instead)
    return at


def _undo(
    builder: _Builder, node: Do | Each | Call, at: int, scope: _Scope,
    instead: Operation | None = None,
) -> int:
    match node:
        case Do(op=op):
            after = builder.state()
            builder.edges.append(
                Edge(at, after, node, instead or op.undo, "ok", inside=scope.name,
                     around=_around(scope), where=node.where)
            )
            return after
        case Call(function=function):
            if function.undo is not None:
                return _inline(builder, function.undo, at, scope)[0]
            # in a round of a loop that ended well: what this call left to undo, found as above
            apart = _Builder(builder.instances, builder.symbols, builder.managing)
            start = apart.state()
            _, undos = _call(apart, node, start, replace(scope, undos=(), again=start, kept=[]))
            return _undo_all(builder, undos, at, scope, node)
        case Each():
            if builder.instances is None:
                start = builder.state()
                builder.tau(at, start)
                builder.tau(_undo_round(builder, node, start, scope, scope.around), start)
                after = builder.state()
                builder.tau(start, after)
                return after
            for instance in reversed(builder.instances(node.device)):
                around = {**scope.around, node.device: instance}
                at = _undo_round(builder, node, at, scope, around)
            return at


def _undo_round(
    builder: _Builder, loop: Each, at: int, scope: _Scope, around: _Around
) -> int:
    inner = _Scope(scope.name, scope.done, scope.failed, around)
    for node in round_latest_first(loop, builder.managing):
        at = _undo(builder, node, at, inner)
    return at


def _if(
    builder: _Builder, node: If, at: int, scope: _Scope
) -> tuple[int | None, tuple[Undo, ...]]:
    """Append a condition with its branches; what there is to undo is known if one goes on."""
    yes, no = builder.state(), builder.state()
    _condition(builder, node, node.guard, at, (yes, no), scope)
    ends: list[tuple[int, tuple[Undo, ...]]] = []
    for start, block in ((yes, node.then), (no, node.other)):
        end, undos = _block(builder, block, start, scope)
        if end is not None:
            ends.append((end, undos))
    if not ends:
        return None, scope.undos
    join = builder.state()
    for end, _ in ends:
        builder.tau(end, join)
    same = all(undos == ends[0][1] for _, undos in ends)
    branch = f"which branch of the condition at {node.where} was taken, and one has something "
    return join, ends[0][1] if same else (*scope.undos, Unclear(branch + "to undo"))


def _condition(
    builder: _Builder, node: If | Each, condition: Condition, at: int,
    ends: tuple[int, int], scope: _Scope,
) -> None:
    """Append the asking of a condition, from `at` to where it holds and where it does not."""
    yes, no = ends
    match condition:
        case Not(part=part):
            _condition(builder, node, part, at, (no, yes), scope)
        case And(parts=parts):
            for position, part in enumerate(parts):
                onwards = yes if position == len(parts) - 1 else builder.state()
                _condition(builder, node, part, at, (onwards, no), scope)
                at = onwards
        case Or(parts=parts):
            for position, part in enumerate(parts):
                onwards = no if position == len(parts) - 1 else builder.state()
                _condition(builder, node, part, at, (yes, onwards), scope)
                at = onwards
        case Guard():
            for holds, end in ((True, yes), (False, no)):
                builder.edges.append(
                    Edge(at, end, guard=condition, holds=holds, inside=scope.name,
                         around=_around(scope), where=node.where)
                )


def _each(builder: _Builder, node: Each, at: int, scope: _Scope) -> int:
    after = builder.state()
    if builder.instances is None:
        head = builder.state()
        again = head if node.again is None else builder.state()
        builder.tau(at, head)
        builder.tau(head, after)
        inner = _Scope(scope.name, scope.done, scope.failed, scope.around, scope.undos, head,
                       scope, node, kept=scope.kept)
        if node.again is not None:  # the first round is certain, then the condition is asked
            _condition(builder, node, node.again, head, (again, after), scope)
            builder.edges.remove(Edge(head, after))
            if not node.first:
                builder.edges.remove(Edge(at, head))
                builder.tau(at, again)
        end, _ = _block(builder, node.body, again, inner)
        if end is not None:
            builder.tau(end, head)
        return after
    instances = list(builder.instances(node.device))
    rounds: list[_Around] = []
    head = at
    for instance in reversed(instances) if node.backwards else instances:
        following = builder.state()
        around = {**scope.around, node.device: instance}
        inner = _Scope(scope.name, scope.done, scope.failed, around, scope.undos, following,
                       scope, node, tuple(rounds), scope.kept)
        end, _ = _block(builder, node.body, head, inner)
        if end is not None:
            builder.tau(end, following)
        rounds.append(around)
        head = following
    builder.tau(head, after)
    return after


def _inline(
    builder: _Builder, function: Function, at: int, scope: _Scope
) -> tuple[int, int, list[tuple[Undo, ...]]]:
    """Append a helper's body; return its two ends, and what each way to success has to undo."""
    done, failed = builder.state(), builder.state()
    inner = _Scope(function.name, done, failed, scope.around)
    end, undos = _block(builder, function.body, at, inner)
    if end is not None:
        builder.tau(end, done)
        inner.kept.append(undos)
    return done, failed, inner.kept


def _call(
    builder: _Builder, node: Call, at: int, scope: _Scope
) -> tuple[int, tuple[Undo, ...]]:
    """Append the call of a helper; return where it ends and what there is to undo.

    That is the helper's own undo, or else what it did, when that is the same on all its ways.
    """
    name = f"{node.function.name}(), called at {node.where},"
    done, failed, kept = _inline(builder, node.function, at, scope)
    undos = scope.undos
    if node.function.undo is not None:
        undos = (*undos, node)
    elif kept and all(one == kept[0] for one in kept):
        undos = (*undos, *kept[0])
    elif kept:
        undos = (*undos, Unclear(f"how far {name} went, whose ways differ in what is to be undone"))
    after = builder.state()
    end, then = _block(builder, node.then, done, _with(scope, undos))
    if end is not None:
        builder.tau(end, after)
    goes_on = node.function.fallible and _failure(builder, node, failed, after, scope)
    if end is None:
        return after, scope.undos
    if goes_on and (then != undos or node.function.undo is None) and then != scope.undos:
        why = f"whether {name} went well, and left something to undo"
        return after, (*scope.undos, Unclear(why))
    return after, then
