# SPDX-License-Identifier: GPL-2.0-only
"""All runs of an entry point: control flow times what is known of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from generator.errors import TreeError
from generator.fingerprint import Fingerprint
from generator.graphs.lts import Label, Lts
from generator.reading.cfg import Assign, Branch, Call, Function, Node, Return, Store, Unlikely
from generator.reading.driver_code import Program
from generator.reading.operation_calls import acted_on, results
from generator.reading.owners import elsewhere, foreign, strays
from generator.reading.results import NOTHING_OF_NULL
from generator.reading.sites import Notes, Site, Unnamed
from generator.reading.unset import UNSET, Locals, mark, settled, without, without_marks
from generator.reading.values import (
    ANY,
    NEG,
    NONZERO,
    POS,
    ZERO,
    Name,
    Unary,
    Value,
    Var,
    bind,
    evaluate,
    is_path,
    outcomes,
    refine,
    shown,
    varying,
    without_elements,
)


class _Frame(NamedTuple):
    """Where a call returns to; `callback` is the function that an iterator goes on calling."""

    function: str
    node: int
    env: Locals
    callback: str = ""
    arguments: tuple[Value, ...] = ()


class _State(NamedTuple):
    function: str
    node: int
    env: Locals
    memory: tuple[tuple[str, int], ...]
    known: tuple[tuple[str, bool], ...]
    stack: tuple[_Frame, ...]


_END = _State("", -1, (), (), (), ())
_Step = tuple[Label | None, _State]

# states per entry point before we give up; for scale: portdrv's probe has a few thousand
MOST = 300_000
_FAR = 64  # silent steps taken in a row: so a loop without any other step comes to an end
# steps of one function that are worth their memory
_MOST_KEPT = 2000


class Runs:
    """One exploration: the product of control flow and what is known of values."""

    def __init__(self, program: Program, most: int = MOST) -> None:
        """Begin, with nothing explored."""
        self.most = most
        self.program = program
        self.owned: frozenset[str] = frozenset()
        self.notes = Notes()
        self.edges: list[tuple[int, Label | None, int]] = []
        self.places: list[Site | None] = []  # of the edges
        self.entered: set[str] = set()
        self._tables: dict[str, dict[object, Any]] = {}
        self._alone = True  # whether that step does without its callers

    def begin(self, entry: Function, given: Sequence[str] = ()) -> Lts:
        """Begin all runs of an entry point, whose parameters are the devices that it is for.

        given: what the parameters are, where their types do not say it.

        Errors: TreeError when they are too many to go on.
        """
        self.owned = frozenset(one.root for one in entry.parameters if one.root)
        env = {one.key: Value(ANY, one.root) for one in entry.parameters}
        for one, path in zip(entry.parameters, given, strict=False):
            env[one.key] = Value(POS, path)
        return self.explore(self.state(entry.name, 0, env, {}, (), ()))

    def explore(self, start: _State) -> Lts:
        """Visit all states that can be reached.

        Errors: TreeError when they are too many to go on.
        """
        numbers = {start: 0}
        queue = [start]
        for number, state in enumerate(queue):
            if state is _END:
                continue
            if len(queue) > self.most:
                place = self.program.function(state.function).nodes[state.node].place
                raise TreeError(
                    f"{place}: more than {self.most} states on the way here; name the "
                    f"conditions of {state.function}() as whole guards, or give it a fingerprint"
                )
            at, steps = state, self._steps(state)
            for _ in range(_FAR):
                # what is silent and the only way is no state of its own
                if len(steps) != 1 or steps[0][0] is not None or steps[0][1] is _END:
                    break
                at = steps[0][1]
                steps = self._steps(at)
            site: Site | None = None
            for label, after in steps:
                target = numbers.setdefault(after, len(queue))
                if target == len(queue):
                    queue.append(after)
                if label is not None and site is None:
                    node = self.program.function(at.function).nodes[at.node]
                    site = Site(node.place, node.statement)
                self.edges.append((number, label, target))
                self.places.append(None if label is None else site)
        final = {numbers[_END]} if _END in numbers else set()
        return Lts(0, tuple(self.edges), frozenset(final))

    def state(
        self, function: str, node: int, env: Mapping[str, Value], memory: Mapping[str, int], known:
        tuple[tuple[str, bool], ...], stack: tuple[_Frame, ...]
    ) -> _State:
        """Return a state with only what can still be read."""
        self.entered.add(function)
        live = self.program.live(function, node)
        now = [item for item in env.items() if item[0] in live]
        cells = [item for item in memory.items() if item[1] != ANY] if memory else []
        return _State(function, node, tuple(sorted(now)), tuple(sorted(cells)), known, stack)

    def _steps(self, state: _State) -> list[_Step]:
        """Return what can be done next; known from other runs, where the caller is all the same."""
        table = self._tables.get(state.function)
        if table is None:
            table = self.program.steps(state.function, self.owned)
            self._tables[state.function] = table
        key = state[1:5]
        known = table.get(key)
        if known is not None:
            steps, said = known
            self.notes.hear(said)
            return [(label, after._replace(stack=state.stack)) for label, after in steps]
        self._alone = True
        self.notes.begin()
        steps = self._taken(state)
        if self._alone and len(table) < _MOST_KEPT:
            kept = [(label, after._replace(stack=())) for label, after in steps]
            table[key] = kept, self.notes.said()
        return steps

    def _taken(self, state: _State) -> list[_Step]:
        function = self.program.function(state.function)
        node = function.nodes[state.node]
        env, memory = dict(state.env), dict(state.memory)
        for key in self.program.reads(state.function, state.node):
            if mark(key) in env:
                text = f"{key.partition('@')[0]} is used before it is computed"
                self.notes.say("unset", Unnamed(text, node.place))
                del env[mark(key)]  # once in a run is enough
        if isinstance(node, Branch):
            return self._branch(state, node, env, memory)
        if isinstance(node, Call):
            return self._call(state, node, env, memory)
        if isinstance(node, Return):
            return self._return(state, node, function, env, memory)
        label: Label | None = None
        if isinstance(node, Assign):
            if node.uses:
                value = evaluate(node.uses[0], env, memory)
                path = f"{state.function}:{node.target.key.partition('@')[0]}"
                label = self._set(node, path, node.op, evaluate(node.uses[-1], env, memory))
                env[node.target.key] = bind(varying(value), node.target.root)
                env.pop(mark(node.target.key), None)
            else:
                env.pop(node.target.key, None)
                if node.unset:
                    env[mark(node.target.key)] = UNSET
            memory = without_elements(memory)
        elif isinstance(node, Unlikely):
            env = without_marks(env)
        elif isinstance(node, Store):
            label = self._store(node, env, memory)
            state = self._settled(state, *(evaluate(use, env, memory) for use in node.uses))
        return [(label, self._go(state, node.next[0], env, memory))]

    def _go(
        self, state: _State, node: int, env: Mapping[str, Value], memory: Mapping[str, int], known:
        Mapping[str, bool] | None = None
    ) -> _State:
        kept = state.known if known is None else tuple(sorted(known.items()))
        return self.state(state.function, node, env, memory, kept, state.stack)

    def _store(self, node: Store, env: dict[str, Value], memory: dict[str, int]) -> Label | None:
        target, value = (evaluate(use, env, memory) for use in node.uses)
        if not is_path(target.text.removeprefix("&")):
            return None
        if self.program.asked(target.text):
            memory[target.text] = value.signs if node.op == "=" else ANY
        return self._set(node, shown(target.text), node.op, value)

    def _set(self, node: Node, path: str, op: str, value: Value) -> Label | None:
        if not self.program.is_set(path):
            return None
        stored = shown(value.text) if op == "=" else f"{op} {shown(value.text)}".strip()
        label = Label("set", path, stored)
        self.notes.site("sites", label, node)
        return label

    def _branch(
        self, state: _State, node: Branch, env: dict[str, Value], memory: dict[str, int]
    ) -> list[_Step]:
        condition = node.uses[0]
        answers = outcomes(condition, env, memory)
        found = self.program.guard(node)
        if found is not None and found[0].both:
            answers = frozenset({True, False})
        if len(answers) == 1:
            self.notes.say("decided", node.place)
        if len(answers) == 2 and found is None and node.text:
            self.notes.say("free", Unnamed(node.text, node.place))
        steps: list[_Step] = []
        for answer in sorted(answers, reverse=True):
            label, now = None, None
            if found is not None and len(answers) == 2:
                guard, polarity = found
                true = answer == polarity
                if guard.stable:
                    known = dict(state.known)
                    if known.get(guard.name, true) != true:
                        continue
                    now = {**known, guard.name: true}
                    now |= dict.fromkeys(guard.excludes, False) if true else {}
                label = Label(guard.name, "", "true" if true else "false")
                self.notes.site("sites", label, node)
                self.notes.site("guarded", label, node)
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
                env[use.of.key] = foreign(self.owned, node.callee, use.of.root)
        before, env = env, without(env, node.uses)
        if node.callee in NOTHING_OF_NULL and values and values[0].signs == ZERO:
            return [(None, self._go(state, node.next[0], env, memory))]
        fingerprint = self.program.fingerprint(node.callee)
        if fingerprint is not None:
            state = self._settled(state, *values)
            return self._operation(state, node, fingerprint, values, env, memory)
        if self.program.follows(node.callee):
            self._alone = False
            function = self.program.function(node.callee)
            busy = {state.function, *(frame.function for frame in state.stack)}
            if function.name not in busy:
                strays(self.notes, self.owned, node, function, values)
                # the helper sees to the variable whose address it got, or does not
                roots = dict(enumerate(one.root for one in function.parameters))
                env = without(before, [
                    use for i, use in enumerate(node.uses)
                    if not bind(values[i], roots.get(i, "?")).text.startswith("&")
                ])
                frame = _Frame(state.function, state.node, self._kept(state, node, env))
                return [(None, self._enter(state, function, values, memory, frame))]
            text = f"{node.callee} calls itself and is not followed"
            self.notes.say("unread", Unnamed(text, node.place))
        elif not self.program.harmless(node.callee):
            self.notes.say("unknown", Unnamed(f"{node.callee}()", node.place))
            memory = {}
        elsewhere(self.notes, self.owned, node, values)
        state = self._settled(state, *values)
        given = foreign(self.owned, node.callee, node.target.root)
        if node.callee == "dev_err_probe" and len(values) > 1:  # it returns the error
            given = given._replace(signs=values[1].signs)
        env[node.target.key] = given._replace(signs=POS) if self.program.present(
            node.callee) else given
        return [(None, self._go(state, node.next[0], env, memory))]

    def _kept(self, state: _State, node: Call, env: Mapping[str, Value]) -> Locals:
        """Return what a caller will still read when the call is over."""
        live = self.program.live(state.function, node.next[0])
        return tuple(sorted(item for item in env.items() if item[0] in live))

    def _settled(self, state: _State, *values: Value) -> _State:
        """Return the state after somebody has set the locals that these values point to."""
        names = {value.text[1:] for value in values if value.text.startswith("&")}
        if not names:
            return state
        self._alone = False
        stack = (frame._replace(env=settled(frame.env, names)) for frame in state.stack)
        return state._replace(stack=tuple(stack))

    def _enter(
        self, state: _State, function: Function, values: tuple[Value, ...], memory: Mapping[str,
        int], frame: _Frame
    ) -> _State:
        self._alone = False
        env = {
            one.key: bind(value, one.root)
            for one, value in zip(function.parameters, values, strict=False)
        }
        stack = (*state.stack, frame)
        return self.state(function.name, 0, env, memory, state.known, stack)

    def _operation(
        self, state: _State, node: Call, fingerprint: Fingerprint, values: tuple[Value, ...], env:
        dict[str, Value], memory: dict[str, int]
    ) -> list[_Step]:
        on = acted_on(fingerprint, values)
        if fingerprint.later is not None:
            index, data = fingerprint.later
            callee = node.uses[index]
            name = callee.text if isinstance(callee, Name) else "?"
            self.notes.say("later", (name, shown(values[data].text)))
        if fingerprint.forgets:
            memory = {}
        steps: list[_Step] = []
        for label, value, cells in results(fingerprint, node, on, values, memory):
            self.notes.site("sites", label, node)
            after = {**env, node.target.key: bind(value, node.target.root)}
            if fingerprint.callback is None:
                steps.append((label, self._go(state, node.next[0], after, cells)))
                continue
            after[node.target.key] = Value(ZERO)
            steps.append((label, self._go(state, node.next[0], after, cells)))
            callback = node.uses[fingerprint.callback]
            name = callback.text if isinstance(callback, Name) else ""
            if not self.program.follows(name):
                text = f"callback {name or '?'} is not followed"
                self.notes.say("unread", Unnamed(text, node.place))
                continue
            arguments = (
                Value(POS, f"{on}.child" if on else ""),
                *(
                    value
                    for i, value in enumerate(values)
                    if i not in (fingerprint.on, fingerprint.callback)
                ),
            )
            kept = self._kept(state, node, env)
            frame = _Frame(state.function, state.node, kept, name, arguments)
            function = self.program.function(name)
            steps.append((label, self._enter(state, function, arguments, cells, frame)))
        return steps

    def _return(
        self, state: _State, node: Return, function: Function, env: dict[str, Value], memory:
        dict[str, int]
    ) -> list[_Step]:
        self._alone = False
        value = evaluate(node.uses[0], env, memory) if node.uses else Value(ANY)
        if not state.stack:
            outcome = "unknown"
            if function.void:
                outcome = "void"
            elif not value.signs & ZERO:
                outcome = "error"
            elif value.signs == ZERO or (self.program.counts and not value.signs & NEG):
                outcome = "0"
            label = Label("return", "", outcome)
            self.notes.site("sites", label, node)
            return [(label, _END)]
        frame, stack = state.stack[-1], state.stack[:-1]
        caller = self.program.function(frame.function)
        call = caller.nodes[frame.node]
        assert isinstance(call, Call), "a frame names a call"
        known = state.known

        def back(result: Value) -> _State:
            after = {**dict(frame.env), call.target.key: bind(result, call.target.root)}
            return self.state(frame.function, call.next[0], after, memory, known, stack)

        if not frame.callback:
            return [(None, back(value))]
        steps: list[_Step] = []
        if function.void or value.signs & ZERO:
            again = self.program.function(frame.callback)
            base = state._replace(stack=stack)
            steps.append((None, self._enter(base, again, frame.arguments, memory, frame)))
            steps.append((None, back(Value(ZERO))))
        if not function.void and value.signs & NONZERO:
            steps.append((None, back(Value(value.signs & NONZERO))))
        return steps
