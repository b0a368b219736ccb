# SPDX-License-Identifier: GPL-2.0-only
"""A design as the Python file that a person would write, to be edited and checked."""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Collection, Iterator
from typing import TypeAlias

from generator import facts
from generator.design import Design, Device, Driver
from generator.expr import Bin, Fact, Num, Read
from generator.operation import IGNORE, UNWIND, Do, Guard, Operation
from generator.ops import shipped
from generator.program import Block, If, Node, Return, guards

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
        self.names = {device: _constant(device.name) for device in design.devices}
        self.imports: dict[str, set[str]] = {"generator.design": {"Design", "Device", "Driver"}}
        self.facts: dict[Fact, str] = {}
        self.guards: dict[Guard, str] = {}

    def whole(self, comments: tuple[str, ...]) -> str:
        design = self.design
        devices = [self._device(device) for device in design.devices]
        for driver in design.drivers:
            for block in driver.blocks().values():
                for guard in guards(block):
                    self._name(guard)
        conditions = [
            line for part in (*map(self._fact, self.facts), *map(self._guard, self.guards))
            for line in _laid(part, "")
        ]
        drivers = [line for driver in design.drivers for line in self._driver(driver)]
        names = ", ".join(_variable(driver.name) for driver in design.drivers)
        places = ", ".join(self.names.values())
        last = [
            f"DESIGN = Design({_quoted(design.name)}, {_quoted(design.drawing)},",
            f"                devices=({places},), drivers=({names},))",
        ]
        said = [line for text in comments for line in textwrap.wrap(
            text, WIDTH, initial_indent="# ", subsequent_indent="#   ")]
        return "\n".join([*said, *self._imports(), "", *devices, *conditions, *drivers, *last, ""])

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
        return self.facts.setdefault(fact, _other(_constant(fact.name), self.facts.values()))

    def _name(self, guard: Guard) -> str:
        if guard not in self.guards:
            self.guards[guard] = _other(_constant(f"if {guard.name}"), self.guards.values())
            if isinstance(guard.when, Bin) and isinstance(guard.when.left, Read):
                self._shipped(guard.when.left.fact)
        return self.guards[guard]

    def _fact(self, fact: Fact) -> Part:
        self._use("generator.expr", "question")
        values = ", ".join(map(_quoted, fact.values))
        head = f"{self.facts[fact]} = question("
        return head, [_quoted(fact.name), f"({values})", _quoted(fact.doc)], ")"

    def _guard(self, guard: Guard) -> Part:
        self._use("generator.operation", "Guard")
        when = "None"
        if (
            isinstance(guard.when, Bin) and isinstance(guard.when.left, Read)
            and isinstance(guard.when.right, Num) and isinstance(guard.when.left.of, Device)
        ):
            read = guard.when.left
            assert isinstance(read.of, Device)
            when = f"{self._shipped(read.fact)}({self.names[read.of]}).eq({guard.when.right.value})"
        c = f"({_quoted(guard.c[0])},)" if guard.c else "()"
        return f"{self.guards[guard]} = Guard(", [_quoted(guard.name), when, c], ")"

    def _driver(self, driver: Driver) -> Iterator[str]:
        inside: list[Part] = [f"{_quoted(driver.name)}, {self.names[driver.device]}"]
        blocks = driver.functions()
        if driver.atomic:
            blocks["atomic"] = driver.atomic
        inside += [self._block(f"{name}=(", block) for name, block in blocks.items()]
        yield from _laid((f"{_variable(driver.name)} = Driver(", inside, ")"), "")

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
        raise TypeError(f"no text for {type(node).__name__}")

    @staticmethod
    def _joined(part: Part, tail: str) -> Part:
        assert not isinstance(part, str)
        return part[0], part[1], part[2] + tail

    def _do(self, node: Do) -> Part:
        parts = [self.names[place] for place in node.places if isinstance(place, Device)]
        parts += [
            f"{name}={value.value}" for name, value in zip(node.op.params, node.params, strict=True)
            if isinstance(value, Num) and dict(node.op.defaults).get(name) != value.value
        ]
        head = f"{self._operation(node.op)}({', '.join(parts)}"
        if isinstance(node.on_fail, tuple):
            return self._joined(self._block(f"{head}, fail=(", node.on_fail), ")")
        if not node.op.fallible or node.on_fail == UNWIND:
            return f"{head})"
        name = "IGNORE" if node.on_fail == IGNORE else "RETURN"
        return f"{head}, fail={self._use('generator.operation', name)})"

    def _operation(self, operation: Operation) -> str:
        for facility, values in sorted(shipped().items()):
            module = f"generator.ops.{facility}"
            for name, value in values.items():
                if value is operation and not name.startswith("_"):
                    return self._use(module, name)
        raise LookupError(operation.name)


def _laid(part: Part, indent: str, tail: str = "") -> Iterator[str]:
    """Yield the lines of a part: one where it fits, else a line for each of what is inside."""
    line = f"{indent}{_flat(part)}{tail}"
    if isinstance(part, str) or len(line) <= WIDTH:
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
