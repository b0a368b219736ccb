# SPDX-License-Identifier: GPL-2.0-only
"""Reads the transition system of an entry point off the C."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import clang.cindex as ci

from generator.cexpr import (
    ANY,
    NEG,
    NONZERO,
    POS,
    ZERO,
    Expr,
    Name,
    Unary,
    Value,
    Var,
    bind,
    canonical,
    evaluate,
    is_path,
    members,
    outcomes,
    refine,
    shown,
    variables,
)
from generator.cfg import (
    Assign,
    Branch,
    Call,
    Cursor,
    Function,
    Lowering,
    Node,
    Place,
    Return,
    Store,
    Unit,
    own_cursors,
)
from generator.errors import TreeError
from generator.fingerprint import CGuard, Fails, Fingerprint
from generator.lts import Label, Lts, minimise

DRIVERS = ("pci_driver", "cxl_driver", "auxiliary_driver", "pcie_port_service_driver")
# fmt: off
# what prints, names, or only touches memory
HARMLESS = frozenset((
    "_dev_emerg", "_dev_alert", "_dev_crit", "_dev_err", "_dev_warn", "_dev_notice",
    "_dev_info", "_dev_printk", "_printk", "__dynamic_dev_dbg", "__dynamic_pr_debug",
    "dev_err_probe", "dev_name", "pci_name", "pci_pcie_type", "pci_is_pcie", "INIT_LIST_HEAD",
    "list_add", "list_add_tail", "list_del", "strlen", "strcmp", "strncmp", "memset",
    "memcpy", "pci_find_host_bridge",
))
# fmt: on


class Site(NamedTuple):
    """Where an edge comes from: the call or condition, and the statement that it is part of."""

    place: Place
    statement: Place


class Unnamed(NamedTuple):
    """Something in the lifecycle that no fingerprint and no guard names."""

    text: str
    place: Place

    def __str__(self) -> str:
        """path:line:column: text"""
        return f"{self.place}: {self.text}"


@dataclass(frozen=True)
class CLts:
    """An entry point as read: `lts` is minimised.

    sites: for every label, where it stands in the source. free: conditions that were taken as
    free choice. unknown: calls without a fingerprint that are not known to be harmless.
    unread: constructs that the reader does not follow; the Lts may be wrong near them.
    """

    entry: str
    lts: Lts
    sites: Mapping[Label, tuple[Site, ...]]
    free: tuple[Unnamed, ...]
    unknown: tuple[Unnamed, ...]
    unread: tuple[Unnamed, ...]


@dataclass(frozen=True)
class Driver:
    """A driver's initialiser: which functions it names, by member."""

    kind: str
    name: str
    members: Mapping[str, str]
    place: Place


class _Frame(NamedTuple):
    """Where a call returns to; `callback` is the function that an iterator goes on calling."""

    function: str
    node: int
    env: tuple[tuple[str, Value], ...]
    callback: str = ""
    arguments: tuple[Value, ...] = ()


class _State(NamedTuple):
    function: str
    node: int
    env: tuple[tuple[str, Value], ...]
    memory: tuple[tuple[str, int], ...]
    known: tuple[tuple[str, bool], ...]
    stack: tuple[_Frame, ...]


_END = _State("", -1, (), (), (), ())
_Step = tuple[Label | None, _State]


def entry_points(unit: Unit) -> tuple[Driver, ...]:
    """The driver initialisers of a unit's own file, with the functions they name.

    A nested member is named with its path: "driver.pm".
    """
    found = []
    for cursor in own_cursors(unit):
        kind = cursor.type.get_canonical().spelling.removeprefix("const ").removeprefix("struct ")
        if cursor.kind != ci.CursorKind.VAR_DECL or kind not in DRIVERS:
            continue
        named: dict[str, str] = {}
        for child in cursor.get_children():
            if child.kind == ci.CursorKind.INIT_LIST_EXPR:
                for part in child.get_children():
                    _designated(part, named)
        start, end = cursor.extent.start, cursor.extent.end
        place = Place(unit.path, "", start.line, start.column, end.line, end.column)
        if named:
            found.append(Driver(kind, cursor.spelling, named, place))
    return tuple(found)


def _designated(part: Cursor, named: dict[str, str]) -> None:
    path, target = [], ""
    stack = list(part.get_children())
    while stack:
        cursor = stack.pop(0)
        if cursor.kind == ci.CursorKind.MEMBER_REF:
            path.append(cursor.spelling)
        elif cursor.kind == ci.CursorKind.DECL_REF_EXPR:
            if cursor.referenced.kind == ci.CursorKind.FUNCTION_DECL:
                target = cursor.spelling
        else:
            stack = [*cursor.get_children(), *stack]
    if path and target:
        named[".".join(path)] = target


class Reader:
    """Reads any number of entry points of one driver, whose source is in `units`.

    sets: paths whose assignments become "set" labels, a trailing * matching any rest. A path
    is that of a member ("pcie_device.irq"), of an element ("int[*]", "int[NAME]"), of a scalar
    written through a pointer ("&pme"), or of a local variable itself ("function:name").
    Functions of the units are entered wherever they are called, unless a fingerprint names them.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        fingerprints: Iterable[Fingerprint],
        guards: Iterable[CGuard] = (),
        *,
        sets: Collection[str] = (),
        harmless: Collection[str] = HARMLESS,
    ) -> None:
        """Only notes what is there; functions are lowered when they are met."""
        self._prints = {name: one for one in fingerprints for name in one.callees}
        self._guards: dict[str, list[tuple[CGuard, bool]]] = {}
        for guard in guards:
            for condition in guard.conditions:
                text, polarity = canonical(condition)
                self._guards.setdefault(text, []).append((guard, polarity))
        self._sets, self._harmless = tuple(sets), frozenset(harmless)
        self._bodies: dict[str, tuple[Unit, Cursor]] = {}
        self._lines: dict[str, list[bytes]] = {}
        for unit in units:
            self._lines[unit.path] = unit.text.split(b"\n")
            for cursor in own_cursors(unit):
                if cursor.kind == ci.CursorKind.FUNCTION_DECL and cursor.is_definition():
                    self._bodies[cursor.spelling] = (unit, cursor)
        self._lowered: dict[str, Function] = {}
        self._live: dict[str, list[frozenset[str]]] = {}
        self._asked: set[str] = set()

    def read(self, entry: str) -> CLts:
        """The transition system of one function.

        Errors: TreeError when the units do not define it.
        """
        if entry not in self._bodies:
            raise TreeError(f"{', '.join(self._lines)}: no function {entry} to read")
        self._lower_all(entry)
        run = _Run(self)
        first = self._lowered[entry]
        env = {one.key: Value(ANY, one.root) for one in first.parameters}
        lts = run.explore(run.state(entry, 0, env, {}, {}, ()))
        unread = [
            Unnamed(f"{text} is not followed", place)
            for name in sorted(run.entered)
            for text, place in self._lowered[name].unread
        ]
        covered = [site.place for sites in run.guarded.values() for site in sites]
        unknown = [one for one in run.unknown if not any(_within(one.place, c) for c in covered)]
        return CLts(
            entry,
            minimise(lts),
            {label: tuple(sorted(sites)) for label, sites in sorted(run.sites.items())},
            tuple(sorted(run.free, key=_by_place)),
            tuple(sorted(unknown, key=_by_place)),
            tuple(sorted({*unread, *run.unread}, key=_by_place)),
        )

    def _lower_all(self, entry: str) -> None:
        """Lowers what can be reached, so that the members asked about are known beforehand."""
        waiting = [entry]
        while waiting:
            name = waiting.pop()
            if name in self._lowered or name not in self._bodies:
                continue
            unit, cursor = self._bodies[name]
            lines = self._lines[unit.path]
            function = Lowering(unit, lines, self.matters, self.names).function(cursor)
            self._lowered[name] = function
            self._live[name] = _liveness(function)
            for node in function.nodes:
                if isinstance(node, Branch | Assign | Return):
                    for use in node.uses:
                        self._asked.update(members(use))
                if isinstance(node, Call):
                    fingerprint = self._prints.get(node.callee)
                    if fingerprint is None:
                        waiting.append(node.callee)
                    elif fingerprint.callback is not None:
                        callback = node.uses[fingerprint.callback : fingerprint.callback + 1]
                        waiting += [one.text for one in callback if isinstance(one, Name)]

    def matters(self, callee: str) -> bool:
        """Whether a call must be followed even inside a macro."""
        return callee in self._prints or callee in self._bodies

    def fingerprint(self, callee: str) -> Fingerprint | None:
        """The operation that a callee is."""
        return self._prints.get(callee)

    def function(self, name: str) -> Function | None:
        """A function of the units, lowered."""
        return self._lowered.get(name)

    def live(self, name: str, node: int) -> frozenset[str]:
        """The variables that are still read from a node on."""
        return self._live[name][node]

    def harmless(self, callee: str) -> bool:
        """Whether a call without fingerprint is known to be of no interest."""
        return callee in self._harmless

    def guard(self, node: Branch) -> tuple[CGuard, bool] | None:
        """The guard that a branch is, and whether it is true when the condition is."""
        return self._guard(node.text, node.place.function)

    def names(self, condition: str, function: str) -> bool:
        """Whether a guard names this condition of this function."""
        return self._guard(condition, function) is not None

    def _guard(self, condition: str, function: str) -> tuple[CGuard, bool] | None:
        text, polarity = canonical(condition)
        for guard, wanted in self._guards.get(text, ()):
            if guard.function in ("", function):
                return guard, wanted == polarity
        return None

    def is_set(self, path: str) -> bool:
        """Whether assignments to this path are labels."""
        return any(
            path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
            for pattern in self._sets
        )

    def asked(self, path: str) -> bool:
        """Whether some condition reads a member of this name."""
        return path.rpartition(".")[2] in self._asked


def read(
    units: Sequence[Unit],
    entry: str,
    fingerprints: Iterable[Fingerprint],
    guards: Iterable[CGuard] = (),
    *,
    sets: Collection[str] = (),
    harmless: Collection[str] = HARMLESS,
) -> CLts:
    """The transition system of one entry point: see Reader.

    Errors: TreeError when the units do not define `entry`.
    """
    return Reader(units, fingerprints, guards, sets=sets, harmless=harmless).read(entry)


def _by_place(one: Unnamed) -> tuple[str, int, int, str]:
    return one.place.path, one.place.line, one.place.column, one.text


def _within(inner: Place, outer: Place) -> bool:
    return (
        inner.path == outer.path
        and (outer.line, outer.column) <= (inner.line, inner.column)
        and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )


def _liveness(function: Function) -> list[frozenset[str]]:
    """For every node, the variables that it or a node behind it reads before writing them."""
    live: list[frozenset[str]] = [frozenset()] * len(function.nodes)
    reads = [frozenset(k for use in node.uses for k in variables(use)) for node in function.nodes]
    changed = True
    while changed:
        changed = False
        for number in range(len(function.nodes) - 1, -1, -1):
            node = function.nodes[number]
            after: frozenset[str] = frozenset()
            for target in node.next:
                after |= live[target] if target >= 0 else frozenset()
            if isinstance(node, Assign | Call):
                after -= {node.target.key}
            now = reads[number] | after
            if now != live[number]:
                live[number], changed = now, True
    return live


class _Run:
    """One exploration: the product of control flow and what is known of values."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.sites: dict[Label, set[Site]] = {}
        self.guarded: dict[Label, set[Site]] = {}
        self.free: set[Unnamed] = set()
        self.unknown: set[Unnamed] = set()
        self.unread: set[Unnamed] = set()
        self.entered: set[str] = set()

    def explore(self, start: _State) -> Lts:
        """All states that can be reached."""
        numbers = {start: 0}
        queue = [start]
        edges: list[tuple[int, Label | None, int]] = []
        for state in queue:
            if state == _END:
                continue
            for label, after in self._steps(state):
                if after not in numbers:
                    numbers[after] = len(queue)
                    queue.append(after)
                edges.append((numbers[state], label, numbers[after]))
        final = {numbers[_END]} if _END in numbers else set()
        return Lts(0, tuple(edges), frozenset(final))

    def state(
        self,
        function: str,
        node: int,
        env: Mapping[str, Value],
        memory: Mapping[str, int],
        known: Mapping[str, bool],
        stack: tuple[_Frame, ...],
    ) -> _State:
        """A state with only what can still be read."""
        self.entered.add(function)
        live = self.reader.live(function, node)
        return _State(
            function,
            node,
            tuple(sorted((key, value) for key, value in env.items() if key in live)),
            tuple(sorted(item for item in memory.items() if item[1] != ANY)),
            tuple(sorted(known.items())),
            stack,
        )

    def _steps(self, state: _State) -> list[_Step]:
        function = self.reader.function(state.function)
        assert function is not None, "only lowered functions are entered"
        node = function.nodes[state.node]
        env, memory, known = dict(state.env), dict(state.memory), dict(state.known)
        if isinstance(node, Branch):
            return self._branch(state, node, env, memory, known)
        if isinstance(node, Call):
            return self._call(state, node, env, memory)
        if isinstance(node, Return):
            return self._return(state, node, function, env, memory)
        label: Label | None = None
        if isinstance(node, Assign):
            value = evaluate(node.uses[0], env, memory) if node.uses else Value(ANY)
            env[node.target.key] = bind(_result(value), node.target.root)
            path = f"{state.function}:{node.target.key.partition('@')[0]}"
            label = self._set(node, path, "=", value)
        elif isinstance(node, Store):
            label = self._store(node, env, memory)
        return [(label, self._go(state, node.next[0], env, memory))]

    def _go(
        self,
        state: _State,
        node: int,
        env: Mapping[str, Value],
        memory: Mapping[str, int],
        known: Mapping[str, bool] | None = None,
    ) -> _State:
        kept = dict(state.known) if known is None else known
        return self.state(state.function, node, env, memory, kept, state.stack)

    def _store(self, node: Store, env: dict[str, Value], memory: dict[str, int]) -> Label | None:
        target, value = (evaluate(use, env, memory) for use in node.uses)
        if not is_path(target.text.removeprefix("&")):
            return None
        if self.reader.asked(target.text):
            memory[target.text] = value.signs if node.op == "=" else ANY
        return self._set(node, shown(target.text), node.op, value)

    def _set(self, node: Node, path: str, op: str, value: Value) -> Label | None:
        if not self.reader.is_set(path):
            return None
        stored = shown(value.text) if op == "=" else f"{op} {shown(value.text)}".strip()
        label = Label("set", path, stored)
        self._note(self.sites, label, node)
        return label

    def _note(self, where: dict[Label, set[Site]], label: Label, node: Node) -> None:
        where.setdefault(label, set()).add(Site(node.place, node.statement))

    def _branch(
        self,
        state: _State,
        node: Branch,
        env: dict[str, Value],
        memory: dict[str, int],
        known: dict[str, bool],
    ) -> list[_Step]:
        condition = node.uses[0]
        answers = outcomes(condition, env, memory)
        found = self.reader.guard(node)
        if len(answers) == 2 and found is None and node.text:
            self.free.add(Unnamed(node.text, node.place))
        steps: list[_Step] = []
        for answer in sorted(answers, reverse=True):
            label, now = None, known
            if found is not None and len(answers) == 2:
                guard, polarity = found
                true = answer == polarity
                if guard.stable:
                    if known.get(guard.name, true) != true:
                        continue
                    now = {**known, guard.name: true}
                    now |= dict.fromkeys(guard.excludes, False) if true else {}
                label = Label(guard.name, "", "true" if true else "false")
                self._note(self.sites, label, node)
                self._note(self.guarded, label, node)
            seen, cells = refine(condition, answer, env, memory)
            steps.append((label, self._go(state, node.next[not answer], seen, cells, now)))
        return steps

    def _call(
        self, state: _State, node: Call, env: dict[str, Value], memory: dict[str, int]
    ) -> list[_Step]:
        values = tuple(evaluate(use, env, memory) for use in node.uses)
        for use in node.uses:
            # a scalar whose address is passed may come back changed
            if isinstance(use, Unary) and use.op == "&" and isinstance(use.of, Var):
                env.pop(use.of.key, None)
        fingerprint = self.reader.fingerprint(node.callee)
        if fingerprint is not None:
            return self._operation(state, node, fingerprint, values, env, memory)
        function = self.reader.function(node.callee)
        if function is not None:
            busy = {state.function, *(frame.function for frame in state.stack)}
            if function.name not in busy:
                frame = _Frame(state.function, state.node, tuple(sorted(env.items())))
                return [(None, self._enter(state, function, values, memory, frame))]
            self.unread.add(Unnamed(f"{node.callee} calls itself and is not followed", node.place))
        elif not self.reader.harmless(node.callee):
            self.unknown.add(Unnamed(f"{node.callee}()", node.place))
            memory = {}
        env[node.target.key] = bind(Value(ANY, f"{node.callee}()"), node.target.root)
        return [(None, self._go(state, node.next[0], env, memory))]

    def _enter(
        self,
        state: _State,
        function: Function,
        values: tuple[Value, ...],
        memory: Mapping[str, int],
        frame: _Frame,
    ) -> _State:
        env = {
            one.key: bind(value, one.root)
            for one, value in zip(function.parameters, values, strict=False)
        }
        stack = (*state.stack, frame)
        return self.state(function.name, 0, env, memory, dict(state.known), stack)

    def _operation(
        self,
        state: _State,
        node: Call,
        fingerprint: Fingerprint,
        values: tuple[Value, ...],
        env: dict[str, Value],
        memory: dict[str, int],
    ) -> list[_Step]:
        on = ""
        if fingerprint.on is not None and fingerprint.on < len(values):
            text = values[fingerprint.on].text
            on = shown(text) if is_path(text) else "?"
        args = ", ".join(_argument(node.uses[i], values[i]) for i in fingerprint.args)
        steps: list[_Step] = []
        for outcome, signs in _OUTCOMES[fingerprint.fails]:
            label = Label(fingerprint.callees[0], on, outcome, args)
            self._note(self.sites, label, node)
            cells = memory
            if fingerprint.fails is Fails.INDEX:
                cells = {**memory, f"{node.record}.index": signs, f"{node.record}.virq": signs}
                if outcome == "ok":
                    cells[f"{node.record}.index"] = ZERO | POS
                else:
                    cells[f"{node.record}.virq"] = ZERO
                signs = ANY
            value = bind(Value(signs, f"{fingerprint.callees[0]}()"), node.target.root)
            after = {**env, node.target.key: value}
            if fingerprint.callback is None:
                steps.append((label, self._go(state, node.next[0], after, cells)))
                continue
            after[node.target.key] = Value(ZERO)
            steps.append((label, self._go(state, node.next[0], after, cells)))
            callback = node.uses[fingerprint.callback]
            name = callback.text if isinstance(callback, Name) else ""
            function = self.reader.function(name)
            if function is None:
                self.unread.add(Unnamed(f"callback {name or '?'} is not followed", node.place))
                continue
            arguments = (
                Value(POS, f"{on}.child" if on else ""),
                *(
                    value
                    for i, value in enumerate(values)
                    if i not in (fingerprint.on, fingerprint.callback)
                ),
            )
            frame = _Frame(state.function, state.node, tuple(sorted(env.items())), name, arguments)
            steps.append((label, self._enter(state, function, arguments, cells, frame)))
        return steps

    def _return(
        self,
        state: _State,
        node: Return,
        function: Function,
        env: dict[str, Value],
        memory: dict[str, int],
    ) -> list[_Step]:
        value = evaluate(node.uses[0], env, memory) if node.uses else Value(ANY)
        if not state.stack:
            outcome = "unknown"
            if function.void:
                outcome = "void"
            elif not value.signs & ZERO:
                outcome = "error"
            elif value.signs == ZERO:
                outcome = "0"
            label = Label("return", "", outcome)
            self._note(self.sites, label, node)
            return [(label, _END)]
        frame, stack = state.stack[-1], state.stack[:-1]
        caller = self.reader.function(frame.function)
        assert caller is not None, "a frame names a lowered function"
        call = caller.nodes[frame.node]
        assert isinstance(call, Call), "a frame names a call"
        known = dict(state.known)

        def back(result: Value) -> _State:
            after = {**dict(frame.env), call.target.key: bind(result, call.target.root)}
            return self.state(frame.function, call.next[0], after, memory, known, stack)

        if not frame.callback:
            return [(None, back(value))]
        steps: list[_Step] = []
        if function.void or value.signs & ZERO:
            again = self.reader.function(frame.callback)
            assert again is not None, "a callback was entered before"
            base = state._replace(stack=stack)
            steps.append((None, self._enter(base, again, frame.arguments, memory, frame)))
            steps.append((None, back(Value(ZERO))))
        if not function.void and value.signs & NONZERO:
            steps.append((None, back(Value(value.signs & NONZERO))))
        return steps


_OUTCOMES: Mapping[Fails, tuple[tuple[str, int], ...]] = {
    Fails.NEVER: (("ok", ANY),),
    Fails.NEGATIVE: (("ok", ZERO), ("fail", NEG)),
    Fails.POSITIVE: (("ok", POS), ("fail", NEG)),
    Fails.NONNEGATIVE: (("ok", ZERO | POS), ("fail", NEG)),
    Fails.NULL: (("ok", POS), ("fail", ZERO)),
    Fails.ERRPTR: (("ok", POS), ("fail", NEG)),
    Fails.INDEX: (("ok", POS), ("fail", NEG)),
    Fails.BOOL: (("true", POS), ("false", ZERO)),
}


def _result(value: Value) -> Value:
    """A value as a local variable keeps it: variables vary, so it is no constant any more."""
    return Value(value.signs) if value.text.startswith("=") else value


def _argument(use: Expr, value: Value) -> str:
    """An argument as a label shows it: constants as written, paths, names; all else "*"."""
    if value.text.startswith("=") or is_path(value.text):
        return shown(value.text)
    return value.text if isinstance(use, Name) and value.text else "*"
