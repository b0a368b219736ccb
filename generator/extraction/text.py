# SPDX-License-Identifier: GPL-2.0-only
"""A design as the Python file that a person would write, to be edited and checked."""

from __future__ import annotations

import functools
import keyword
import re
import textwrap
from collections.abc import Collection, Iterator
from typing import TypeAlias

from generator import facts
from generator.context import Context, queued
from generator.design import Design, Device, Driver
from generator.expr import Bin, Expr, Fact, Num, Read
from generator.operation import IGNORE, UNWIND, Do, Guard, Operation, asked
from generator.ops import shipped
from generator.ops.member import member
from generator.ops.perf import DEVM_ACTION
from generator.ops.work import Of
from generator.program import Block, Call, If, Node, Return, guards, walk

WIDTH = 96
LONGEST = 40  # of the name of a condition

# A call, a tuple or what has no parts: head, what is inside, tail.
Part: TypeAlias = "str | tuple[str, list[Part], str]"


def as_python(design: Design, comments: tuple[str, ...] = ()) -> str:
    """Return the text of a file that defines the design; `comments` are put at its top."""
    return _Text(design).whole(comments)


class _Text:
    def __init__(self, design: Design) -> None:
        self.design = design
        self.names: dict[Device, str] = {}
        self.imports: dict[str, set[str]] = {"generator.design": {"Design", "Device", "Driver"}}
        self.guards: dict[Guard, str] = {}
        self.functions: dict[str, str] = {}  # helper -> how the file calls it
        for device in design.devices:
            self.names[device] = _other(_constant(device.name), self._taken())

    def whole(self, comments: tuple[str, ...]) -> str:
        design = self.design
        devices = [self._device(device) for device in design.devices]
        for driver in design.drivers:
            for block in driver.blocks().values():
                for guard in guards(block):
                    self._name(guard)
        conditions = [
            line for guard in self.guards for line in _laid(self._guard(guard), "")
        ]
        helpers = [line for driver in design.drivers for line in self._helpers(driver)]
        drivers = [line for driver in design.drivers for line in self._driver(driver)]
        names = ", ".join(_variable(driver.name) for driver in design.drivers)
        places = ", ".join(self.names.values())
        last = [
            f"DESIGN = Design({_quoted(design.name)}, {_quoted(design.drawing)},",
            f"                devices=({places},), drivers=({names},))",
        ]
        said = [line for text in comments for line in textwrap.wrap(
            text, WIDTH, initial_indent="# ", subsequent_indent="#   ")]
        return "\n".join([*said, *self._imports(), "", *devices, *conditions, *helpers,
                          *drivers, *last, ""])

    def _imports(self) -> Iterator[str]:
        for module, names in sorted(self.imports.items()):
            line = f"from {module} import {', '.join(sorted(names))}"
            if len(line) <= WIDTH:
                yield line
            else:
                yield f"from {module} import ("
                yield from textwrap.wrap(f"{', '.join(sorted(names))},", WIDTH,
                                         initial_indent="    ", subsequent_indent="    ")
                yield ")"

    def _use(self, module: str, name: str) -> str:
        self.imports.setdefault(module, set()).add(name)
        return name

    def _device(self, device: Device) -> str:
        parts = [_quoted(device.name), _quoted(device.kind)]
        parts += [self.names[device.parent]] if device.parent is not None else []
        if device.answers:
            answers = "".join(
                f"({self._shipped(fact)}, ({', '.join(map(_quoted, values))},)), "
                for fact, values in device.answers
            )
            parts.append(f"answers=({answers.strip()})")
        return f"{self.names[device]} = Device({', '.join(parts)})"

    def _shipped(self, fact: Fact) -> str:
        for name, value in vars(facts).items():
            if value is fact or value == fact:
                return self._use("generator.facts", name)
        raise LookupError(fact.name)

    def _needed(self, fact: Fact) -> str:
        """Return a fact that a handler needs: of a member or a context by what names it."""
        path, name = fact.name.removesuffix(" set"), fact.name.removesuffix(" queued")
        if fact == member(path):
            return f"{self._use('generator.ops.member', 'member')}({_quoted(path)})"
        if fact == queued(name):
            return f"{self._use('generator.context', 'queued')}({_quoted(name)})"
        return self._shipped(fact)

    def _name(self, guard: Guard) -> str:
        if guard not in self.guards:
            self.guards[guard] = _other(_constant(f"if {guard.name}"), self._taken())
        return self.guards[guard]

    def _guard(self, guard: Guard) -> Part:
        head = f"{self.guards[guard]} = "
        for device, place in self.names.items():
            for told in (True, False):
                if guard == asked(device, guard.name, told=told):
                    self._use("generator.operation", "asked")
                    parts: list[Part] = [place, _quoted(guard.name)]
                    return f"{head}asked(", parts + ["told=False"] * (not told), ")"
        self._use("generator.operation", "Guard")
        when = "None" if guard.when is None else self._meaning(guard.when)
        c = f"({_quoted(guard.c[0])},)" if guard.c else "()"
        return f"{head}Guard(", [_quoted(guard.name), when, c], ")"

    def _meaning(self, when: Expr) -> str:
        assert isinstance(when, Bin)  # one fact, and what it is
        assert isinstance(when.left, Read)
        assert isinstance(when.left.of, Device)
        assert isinstance(when.right, Num)
        fact = self._shipped(when.left.fact)
        return f"{fact}({self.names[when.left.of]}).eq({when.right.value})"

    def _helpers(self, driver: Driver) -> Iterator[str]:
        """Yield the helpers of a driver, each behind those that it calls."""
        for block in driver.blocks().values():
            yield from self._called(block)

    def _called(self, block: Block) -> Iterator[str]:
        for node in walk(block, helpers=False):
            if isinstance(node, Call) and node.function.name not in self.functions:
                yield from self._called(node.function.body)
                name = _other(_constant(node.function.name), self._taken())
                self.functions[node.function.name] = name
                self._use("generator.program", "Function")
                head = f"{name} = Function("
                body = self._block("(", node.function.body)
                yield from _laid((head, [_quoted(node.function.name), body], ")"), "")

    def _taken(self) -> set[str]:
        """Return the names that stand for something already, or could be imported."""
        return {*self.functions.values(), *self.guards.values(), *self.names.values(),
                *vars(facts), *_operations()}

    def _driver(self, driver: Driver) -> Iterator[str]:
        inside: list[Part] = [f"{_quoted(driver.name)}, {self.names[driver.device]}"]
        blocks = driver.functions()
        if driver.atomic:
            blocks["atomic"] = driver.atomic
        inside += [self._block(f"{name}=(", block) for name, block in blocks.items()]
        if driver.handler_needs:
            needs = "".join(f"{self._needed(fact)}, " for fact in driver.handler_needs).strip()
            inside.append(f"handler_needs=({needs})")
        if driver.others_queue:
            inside.append("others_queue=True")
        if not driver.unbind:
            inside.append("unbind=False")
        if driver.soft_unbind:
            inside.append("soft_unbind=True")
        if driver.contexts:
            inside.append(("contexts=(", [self._context(one) for one in driver.contexts], ",)"
                           if len(driver.contexts) == 1 else ")"))
        if driver.sources:
            files = "".join(f"{_quoted(path)}, " for path in driver.sources).strip()
            inside.append(f"sources=({files}), variable={_quoted(driver.variable)}")
        yield from _laid((f"{_variable(driver.name)} = Driver(", inside, ")"), "")

    def _context(self, context: Context) -> Part:
        self._use("generator.context", context.kind)
        parts: list[Part] = [_quoted(context.name)]
        parts += [self._block("(", context.body)] if context.body else []
        needs = "".join(f"{self._needed(fact)}, " for fact in context.needs).strip()
        parts += [f"needs=({needs})"] if needs else []
        if not context.body:
            return f"{context.kind}({', '.join(part for part in parts if isinstance(part, str))})"
        return f"{context.kind}(", parts, ")"

    def _block(self, head: str, block: Block) -> Part:
        return head, [self._node(node) for node in block], ",)" if len(block) == 1 else ")"

    def _node(self, node: Node) -> Part:
        if isinstance(node, Return):
            return f"{self._use('generator.program', 'Return')}({'' if node.ok else 'ok=False'})"
        if isinstance(node, If) and isinstance(node.guard, Guard):
            head = f"{self._use('generator.program', 'If')}({self._name(node.guard)}, ("
            if not node.other:
                return self._joined(self._block(head, node.then), ")")
            return head.removesuffix(", ("), ["", self._block("(", node.then),
                                              self._block("(", node.other)], ")"
        if isinstance(node, Do):
            return self._do(node)
        if isinstance(node, Call):
            return self._call(node)
        raise TypeError(f"no text for {type(node).__name__}")

    def _call(self, node: Call) -> Part:
        head = f"{self._use('generator.program', 'call')}({self.functions[node.function.name]}"
        if isinstance(node.on_fail, tuple):
            return self._joined(self._block(f"{head}, fail=(", node.on_fail), ")")
        if node.on_fail == UNWIND:
            return f"{head})"
        name = "IGNORE" if node.on_fail == IGNORE else "RETURN"
        return f"{head}, fail={self._use('generator.operation', name)})"

    @staticmethod
    def _joined(part: Part, tail: str) -> Part:
        assert not isinstance(part, str)
        return part[0], part[1], part[2] + tail

    def _do(self, node: Do) -> Part:
        places = [self.names[place] for place in node.places if isinstance(place, Device)]
        parts = [
            f"{name}={value.value}" for name, value in zip(node.op.params, node.params, strict=True)
            if isinstance(value, Num) and dict(node.op.defaults).get(name) != value.value
        ]
        name, word = self._operation(node.op)
        parts += [word] if word else []
        head = f"{name}({', '.join((*places, *parts))}"
        if isinstance(node.on_fail, tuple):
            return self._joined(self._block(f"{head}, fail=(", node.on_fail), ")")
        if not node.op.fallible or node.on_fail == UNWIND:
            return f"{head})"
        how = "IGNORE" if node.on_fail == IGNORE else "RETURN"
        return f"{head}, fail={self._use('generator.operation', how)})"

    def _operation(self, operation: Operation) -> tuple[str, str]:
        """Return what an operation is called, and the word by which it names its context."""
        if operation.fingerprint == DEVM_ACTION and operation.undo is not None:
            undo, _ = self._operation(operation.undo)
            self._use("generator.ops.perf", "devm_action")
            fails = "" if operation.fallible else ", fails=False"
            return f"devm_action({undo}, {_quoted(operation.shown[0])}{fails})", ""
        if operation.label is not None and operation.label[0] == "set":
            self._use("generator.ops.member", "set_member")
            given = ", ".join(_quoted(one) for one in operation.label[1:] if one)
            return f"set_member({given})", ""
        context = operation.context[1]
        for facility, values in sorted(shipped().items()):
            module = f"generator.ops.{facility}"
            for name, value in values.items():
                if name.startswith("_"):
                    continue
                if value is operation or (
                    isinstance(value, Operation) and value.elsewhere is operation
                ):
                    return self._use(module, name), ""
                if context and isinstance(value, Of) and value.callee and (
                    value.on(context) is operation
                ):
                    word = "" if value.word == context else f"{value.word}={_quoted(context)}"
                    return self._use(module, name), word
        raise LookupError(operation.name)


@functools.cache
def _operations() -> frozenset[str]:
    return frozenset(name for values in shipped().values() for name in values)


def _laid(part: Part, indent: str, tail: str = "") -> Iterator[str]:
    """Yield the lines of a part: one where it fits, else a line for each of what is inside."""
    line = f"{indent}{_flat(part)}{tail}"
    if isinstance(part, str) or not part[1] or len(line) <= WIDTH:
        yield line
        return
    head, inside, end = part
    first, *rest = inside
    if first == "":
        inside, head = rest, f"{head},"
    yield f"{indent}{head}"
    for one in inside:
        yield from _laid(one, f"{indent}    ", ",")
    yield f"{indent}{end.removeprefix(',')}{tail}"


def _flat(part: Part) -> str:
    if isinstance(part, str):
        return part
    head, inside, end = part
    return f"{head}{', '.join(map(_flat, inside))}{end}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _constant(text: str) -> str:
    words = re.sub(r"\W+", "_", text.replace("!", "not ").replace("->", " ")).strip("_").upper()
    name = words if len(words) <= LONGEST else words[:LONGEST].rpartition("_")[0]
    return name if name and not name[0].isdigit() else f"D_{name}"


def _other(name: str, taken: Collection[str]) -> str:
    """Return a name that nobody has, by a number behind it."""
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _variable(text: str) -> str:
    name = re.sub(r"\W+", "_", text).strip("_").lower()
    return f"{name}_" if keyword.iskeyword(name) or not name else name
