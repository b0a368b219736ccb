# SPDX-License-Identifier: GPL-2.0-only
"""Blocks as the C of functions: order, conditions, loops, and unwinding derived from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from generator.ctext import Code, Helper, Leave, Loop, Returns, Written, returns
from generator.entrypoint import Head
from generator.errors import ModelError, UsageError
from generator.expr import Place
from generator.graphs.undo import undone, without_managed
from generator.operation import CONTINUE, IGNORE, RETURN, UNWIND, Do, OnFail
from generator.program import (
    Block,
    Call,
    Each,
    Function,
    If,
    Ifdef,
    Return,
    guards,
    leaves,
    operations,
)
from generator.rendering import said
from generator.rendering.layout import Item, indented, negated, spaced, wrap
from generator.rendering.templates import (
    Names,
    condition,
    failed,
    file_of,
    macro,
    statement,
    text_of,
    there,
)
from generator.rendering.unused_locals import declared
from generator.rendering.unwind import Way, joined


@dataclass
class _Writer:
    """Collects the ways out of one function while its body is written.

    `known` are labels that the function has already, by the texts of what they undo.
    """

    names: Names
    gives: Returns
    exits: list[Way] = field(default_factory=list)
    known: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    rounds: int = 0  # loops that it is in

    # -- blocks ------------------------------------------------------------------------------

    def block(
        self, nodes: Block, depth: int, undos: tuple[Do | Call, ...], last: bool = False
    ) -> list[Item]:
        items: list[Item] = []
        for at, node in enumerate(nodes):
            ending = last and at == len(nodes) - 1
            undos = without_managed(undos, node)
            match node:
                case Code(text=text):
                    items.append(Item(indented(text, depth)))
                case Do():
                    items += self.do(node, depth, undos)
                case Return():
                    items.append(Item("\t" * depth + self.leaving(node)))
                case If():
                    items += self.asked(node, depth, undos)
                case Call():
                    items += self.called(node, depth, undos, ending)
                case Each():
                    items += self.loop(node, depth, undos)
                case Ifdef(symbol=symbol):
                    items.append(Item(f"#ifdef {symbol}"))
                    items += self.block(node.then, depth, undos)
                    if node.other:
                        items += [Item("#else"), *self.block(node.other, depth, undos)]
                    items.append(Item("#endif"))
            undos = undone(undos, (node,))
        return items

    def leaving(self, node: Return) -> str:
        value = node.value if isinstance(node, Leave) else ""
        if self.gives.type == "void":
            return "return;"
        if not value:
            value = self.gives.ok if node.ok else self.gives.failed
            if not value:
                raise ModelError(node.where, "this return needs a value: use leave()")
        return f"return {value};"

    def error(self, value: str) -> str:
        if self.gives.type == "void":
            return "return;"
        if self.gives.type == "pointer":
            value = value[8:-1] if value.startswith("PTR_ERR(") else f"ERR_PTR({value})"
        return f"return {self.gives.failed or value};"

    # -- statements --------------------------------------------------------------------------

    def do(self, node: Do, depth: int, undos: tuple[Do | Call, ...]) -> list[Item]:
        text = statement(node, self.names)
        said.hold(node, text, self.names)
        items = [Item(indented(text, depth))] if text else []
        if text.startswith("return "):
            if node.on_fail == UNWIND and self.unwinding(undos):
                raise ModelError(
                    node.where,
                    f"{node} is returned as it is, and its failure has something to "
                    'undo: give its result a variable, c={"var": ...}'
                )
            return items
        if node.op.fallible and node.on_fail != IGNORE:
            test, error = failed(node, self.names)
            told = dict(node.c).get("say", "")
            items += self.failure(node.on_fail, test, error, told, depth, undos)
        after = dict(node.c).get("then", "")
        return items + ([Item(indented(after, depth))] if after else [])

    def called(
        self, node: Call, depth: int, undos: tuple[Do | Call, ...], ending: bool
    ) -> list[Item]:
        given = dict(node.c) if isinstance(node, Helper) else {}
        function = node.function
        gives = function.gives if isinstance(function, Written) else "int"
        text = f"{function.name}({given.get('args', 'dev')})"
        caught = function.fallible and node.on_fail != IGNORE
        into = given.get("into", self.names.result if caught and gives != "bool" else "")
        leaves = node.on_fail == RETURN or (
            isinstance(node.on_fail, OnFail) and node.on_fail.name == "unwind" and not undos
        )
        if ending and caught and leaves and into == self.names.result and (
            returns(gives) == self.gives
        ):
            return [Item(indented(f"return {text};", depth))]
        if gives == "bool":
            test, error = negated(text), "false"
            items = []
        else:
            items = [Item(indented(f"{into} = {text};" if into else f"{text};", depth))]
            test, error = f"{into} < 0", into
            if gives == "pointer":
                test, error = f"IS_ERR({into})", f"PTR_ERR({into})"
        test, error = given.get("failed", test), given.get("error", error)
        if caught and node.then:
            raise ModelError(node.where, "nothing is rendered of a helper's then= when its "
                             f"failure ({test}) is handled too")
        if caught:
            items += self.failure(node.on_fail, test, error, given.get("say", ""), depth, undos)
        elif node.then:
            works = given.get("works")
            if works is None:
                raise ModelError(node.where, f"{function.name}(): c needs works=, its success")
            items += self.compound(
                f"if ({works})", self.block(node.then, depth + 1, undos), depth
            )
        return items

    def failure(
        self, on_fail: OnFail | Block, test: str, error: str, said: str, depth: int,
        undos: tuple[Do | Call, ...],
    ) -> list[Item]:
        inner: list[Item] = [Item(indented(said, depth + 1))] if said else []
        tab = "\t" * (depth + 1)
        if on_fail == CONTINUE:
            inner.append(Item(f"{tab}continue;"))
        elif isinstance(on_fail, tuple):
            steps = on_fail[:-1] if on_fail and isinstance(on_fail[-1], Return) else ()
            if steps and self.gives.type == "void" and depth == 1 and not _plain(steps):
                inner.append(Item(f"{tab}goto {self.exit([self.spelled(one) for one in steps])};"))
            else:
                inner += self.block(on_fail, depth + 1, undos)
        else:
            way = [] if on_fail == RETURN else self.unwinding(undos)
            if not way:
                inner.append(Item(f"{tab}{self.error(error)}"))
            else:
                if error != self.names.result and not (
                    self.gives.type == "void" or self.gives.failed
                ):
                    inner.append(Item(f"{tab}{self.names.result} = {error};"))
                inner.append(Item(f"{tab}goto {self.exit(way)};"))
        return self.compound(f"if ({test})", inner, depth)

    def asked(self, node: If, depth: int, undos: tuple[Do | Call, ...]) -> list[Item]:
        asked = tuple(leaves(node.guard))
        silent = [one for one in asked if not one.c]
        if silent and (node.other or not self.rounds or len(silent) < len(asked)):
            raise ModelError(
                node.where,
                f"the condition {silent[0].name!r} has () for its C, so none would be asked there "
                "and all of it be done: give its Guard the text of C; only in a loop whose C comes "
                "to no others may it be left out"
            )
        if silent:
            return self.block(node.then, depth, undos)
        text = condition(node.guard)
        then, other = node.then, node.other
        if not then:
            text, then, other = condition(node.guard, False), other, ()
        items = self.compound(f"if ({text})", self.block(then, depth + 1, undos), depth)
        if other:
            rest = self.compound("else", self.block(other, depth + 1, undos), depth)
            first, tab = items[0].text, "\t" * depth
            braced = first.endswith("}") or rest[0].text.endswith("}")
            if braced:
                first = self.braced(f"if ({text})", self.block(then, depth + 1, undos), depth)
                second = self.braced("else", self.block(other, depth + 1, undos), depth)
                return [Item(f"{first} {second.removeprefix(tab)}", True)]
            return [Item(f"{first}\n{rest[0].text}", True)]
        return items

    def loop(self, node: Each, depth: int, undos: tuple[Do | Call, ...]) -> list[Item]:
        if not isinstance(node, Loop):
            raise ModelError(node.where, "a loop in rendered code needs its head: use Loop()")
        self.rounds += 1
        inner = self.block(node.body, depth + 1, undos)
        self.rounds -= 1
        if sum(item.text.count("\n") + 1 for item in inner) > 1:
            return [Item(self.braced(node.head, inner, depth), True)]
        return self.compound(node.head, inner, depth)

    def compound(self, head: str, inner: list[Item], depth: int) -> list[Item]:
        if len(inner) > 1 or not inner or inner[0].compound or inner[0].text.lstrip()[:2] == "/*":
            return [Item(self.braced(head, inner, depth), True)]
        return [Item(f"{indented(head, depth)}\n{inner[0].text}", True)]

    def braced(self, head: str, inner: list[Item], depth: int) -> str:
        body = "\n".join(item.text for item in inner)
        return f"{indented(head + ' {', depth)}\n{body}\n" + "\t" * depth + "}"

    # -- ways out ----------------------------------------------------------------------------

    def unwinding(self, undos: tuple[Do | Call, ...]) -> list[tuple[str, str]]:
        """Return (label, text) of what undoes all that was done so far, newest first."""
        way: list[tuple[str, str]] = []
        taken: set[tuple[str, tuple[Place, ...]]] = set()
        for node in reversed(undos):
            if isinstance(node, Do):
                if (node.op.name, node.places[:1]) in taken:
                    continue
                freed = (*node.op.takes_over, *(name for name, _ in node.op.frees_by))
                taken |= {(name, node.places[:1]) for name in freed}
                text = macro(node, node.op, "undo", self.names)
                if text is None:
                    raise UsageError(f"templates/{file_of(node.op)}: it has no macro undo()")
                label = dict(node.c).get("label") or macro(node, node.op, "label", self.names)
                way.append((label or f"err_undo_{node.op.name}", text))
            else:
                if node.function.undo is None:
                    raise ModelError(
                        node.where,
                        f"a later failure undoes what {node.function.name}() did, "
                        "of which this function knows nothing in C: give the helper an undo="
                    )
                way += [self.spelled(one) for one in node.function.undo.body]
        return way

    def spelled(self, node: object) -> tuple[str, str]:
        """Return (label, text) of one step of a way out that a design spells out."""
        assert isinstance(node, Do | Call | If)
        first = operations((node,))[0]
        label = dict(first.c).get("label") or macro(first, first.op, "label", self.names)
        text = "\n".join(item.text for item in self.block((node,), 0, ()))
        return label or f"err_{first.op.name}", text

    def exit(self, way: Sequence[tuple[str, str]]) -> str:
        there = self.known.get(tuple(text for _, text in way))
        if there is not None:
            return there
        self.exits.append(tuple(way))
        return way[0][0]

    def labels(self) -> str:
        """Return the labels at the end of the function, each falling into the next.

        Errors: ModelError when two ways out do not end alike.
        """
        if not self.exits:
            return ""
        longest = joined(self.exits)
        wanted = {way[0][0] for way in self.exits}
        lines = []
        for label, text in longest:
            if label in wanted:
                lines.append(f"{label}:")
            lines.append(indented(text, 1))
        if self.gives.type != "void":
            lines.append("\t" + self.error(self.names.result))
        return "\n".join(lines)


def _plain(steps: Sequence[object]) -> bool:
    """Return whether a way out only prints or notes something."""
    return all(isinstance(one, Code) for one in steps)


def body(
    nodes: Block, names: Names, gives: str | Returns = "int", done: Block = ()
) -> str:
    """Return the statements of a function, unwinding and last return included.

    `done` has operations before them, which unwinding undoes too.
    Errors: ModelError when the block cannot be written as one function.

    >>> from generator.design import Device
    >>> from generator.ops.irq import MSI, PCI_ALLOC_IRQ_VECTORS
    >>> from generator.ops.pci import PCI_ENABLE_DEVICE
    >>> port = Device("port", "pci")
    >>> vectors = PCI_ALLOC_IRQ_VECTORS(port, min=1, max=1, types=MSI, c={"var": "nvec"})
    >>> print(body((PCI_ENABLE_DEVICE(port), vectors), Names({port: "pdev"})).expandtabs(4))
        ret = pci_enable_device(pdev);
        if (ret < 0)
            return ret;
    <BLANKLINE>
        nvec = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
        if (nvec < 0) {
            ret = nvec;
            goto err_disable_device;
        }
    <BLANKLINE>
        return 0;
    <BLANKLINE>
    err_disable_device:
        pci_disable_device(pdev);
        return ret;
    <BLANKLINE>
    """
    writer = _Writer(names, returns(gives))
    undos = tuple(node for node in done if isinstance(node, Do | Call))
    items = writer.block(nodes, 1, undos, last=True)
    labels = writer.labels()
    ends = items[-1].text.lstrip().startswith("return ") if items else False
    if not ends and (writer.gives.ok or labels):
        items.append(Item("\t" + f"return {writer.gives.ok}".rstrip() + ";"))
    text = "".join(spaced(items))
    return text + (f"\n{labels}\n" if labels else "")


@dataclass(frozen=True)
class Inserted:
    """C that goes into an existing function, and labels at whose end it wants to leave."""

    text: str
    exits: tuple[Way, ...]


def statements(
    nodes: Block, names: Names, gives: str | Returns, depth: int, undos: tuple[Do | Call, ...],
    known: Mapping[tuple[str, ...], str],
) -> Inserted:
    """Return the C of nodes that stand in an existing function, `depth` tabs deep.

    `undos` is what a failure undoes that was done there before, as undone() has it; `known` are
    labels of the function by the texts of what they undo.

    Errors: ModelError when C knows nothing of what would undo it.
    """
    writer = _Writer(names, returns(gives), known=known)
    items = writer.block(nodes, depth, undos)
    return Inserted("".join(spaced(items)), tuple(writer.exits))


def labels(exits: Sequence[Way], names: Names, gives: str | Returns) -> str:
    """Return the labels of some ways out of one function, each falling into the next.

    Errors: ModelError when two of them do not end alike.
    """
    return _Writer(names, returns(gives), list(exits)).labels()


def function_text(function: Function, names: Names, head: Head | None = None) -> str:
    """Return a whole function: the template of its name, without unused locals, around the body.

    An entry point, which has a `head`, needs no template.
    """
    gives = function.gives if isinstance(function, Written) else "int"
    text = body(function.body, names, gives if head is None else head.returns)
    template = f"functions/{function.name}.c.j2"
    given: dict[str, object] = {}
    if head is not None:
        local = head.local if re.search(rf"\b{head.device}\b", text) else ""
        given = {"signature": wrap(head.signature), "local": local, "result": names.result}
        template = template if there(template, names.room) else "entries/function.c.j2"
    return declared(text_of(
        template,
        names.room,
        body=text,
        asks=frozenset(guard.name for guard in guards(function.body, helpers=False)),
        does=frozenset(do.op.name for do in operations(function.body)),
        **given,
    ))
