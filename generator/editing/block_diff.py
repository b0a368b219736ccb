# SPDX-License-Identifier: GPL-2.0-only
"""Edits of existing functions, derived from the design before and the design after a step.

Two blocks are laid side by side. What both have stays as the tree has it and is what an edit
holds on to; what only the second has is rendered and put next to it; what only the first has
is taken out. A place that cannot be told for certain is refused.

What is put in undoes, when it fails, what its function did before: at a label of the function
that does just this, or at labels of its own after the last return.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from generator.ctext import Code, Returns
from generator.editing.anchors import (
    Body,
    Statement,
    body_of,
    branches,
    of_node,
    one,
    result_of,
    tails_of,
    way_out,
)
from generator.editing.same_nodes import key, runs, shallow, shapes, upside_down, void, what
from generator.editing.splices import Splice
from generator.errors import ModelError, TreeError, Where
from generator.graphs.undo import undone
from generator.operation import UNWIND, Do, Guard
from generator.parsing.unit import Unit
from generator.program import (
    Block,
    Call,
    Each,
    If,
    Ifdef,
    Node,
    Not,
)
from generator.rendering.render import labels, statements
from generator.rendering.templates import Names, condition
from generator.rendering.unwind import Way


@dataclass(frozen=True)
class _Done:
    """What a failure has to undo: before the step, and after it."""

    was: tuple[Do | Call, ...] = ()
    now: tuple[Do | Call, ...] = ()

    def and_then(self, old: Sequence[Node], new: Sequence[Node]) -> _Done:
        """Return the same after some more nodes of each."""
        return _Done(undone(self.was, tuple(old)), undone(self.now, tuple(new)))


@dataclass(frozen=True)
class Derivation:
    """Derives the splices of one function, and collects its new ways out.

    `known` are labels that it has, by the texts of what they undo.
    """

    path: str
    names: Names
    gives: str | Returns
    lines: tuple[str, ...]
    whole: Body
    known: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    exits: list[Way] = field(default_factory=list)

    def block(
        self, body: Body, before: Block, after: Block, depth: int, done: _Done
    ) -> list[Splice]:
        """Return what turns the C of one block into that of the other."""
        old = [node for node in before if not isinstance(node, Code)]
        new_runs = runs(after)
        new = [node for _, node in new_runs]
        matcher = SequenceMatcher(
            None, [key(node) for node in old], [key(node) for node in new], autojunk=False
        )
        found: list[Splice] = []
        for tag, first, last, start, end in matcher.get_opcodes():
            if tag == "equal":
                for at, other in zip(range(first, last), range(start, end), strict=True):
                    here = done.and_then(old[:at], new[:other])
                    found += self.same(body, old, at, new[other], depth, here)
                continue
            if tag == "replace":
                changed = self.asked_anew(body, old, first, new[start])
                if changed is not None:
                    found += changed
                    first, start = first + 1, start + 1
            for at in range(first, last):
                found += self.without(body, old, at)
            added = tuple(node for text, node in new_runs[start:end] for node in (*text, node))
            if added:
                here = done.and_then((), new[:start])
                found.append(self.insert(body, old, (first, last), added, depth, here))
        return found

    def same(
        self, body: Body, block: Sequence[object], at: int, new: Node, depth: int, done: _Done
    ) -> list[Splice]:
        """Return the changes inside of a node that both blocks have."""
        old = block[at]
        if isinstance(new, Do | Call) and not void(new) and new.on_fail == UNWIND and (
            [key(one_) for one_ in done.was] != [key(one_) for one_ in done.now]
        ):
            raise ModelError(new.where, "when this fails there is something else to undo than "
                             "before: nothing is derived for that")
        if isinstance(old, If) and isinstance(new, If):
            if (old.then, old.other) == (new.then, new.other) or shallow(old) == shallow(new):
                return []
            statement = _place(body, block, at)
            then, other = branches(body, statement)
            if isinstance(old.guard, Guard | Not) and upside_down(old, statement):
                raise TreeError(
                    f"the design and the tree ask ({statement.condition}) the other way round; "
                    "write the design as the tree",
                    Where(self.path, statement.line),
                )
            found = self.inner(then, old.then, new.then, depth, done)
            if shapes(old.other) != shapes(new.other):
                if other is None:
                    raise ModelError(
                        new.where,
                        "the else branch is new: nothing is derived for it"
                    )
                found += self.inner(other, old.other, new.other, depth, done)
            return found
        if isinstance(old, Call) and isinstance(new, Call):
            if shapes((old,)) != shapes((new,)):
                return self.failing(body, block, at, new, depth, done)
        elif isinstance(old, Each) and isinstance(new, Each):
            if shapes(old.body) != shapes(new.body):
                raise ModelError(new.where, "nothing is derived inside of a loop")
        elif isinstance(old, Ifdef) and isinstance(new, Ifdef):
            if shapes((old,)) != shapes((new,)):
                raise ModelError(new.where, "nothing is derived inside of an #ifdef")
        elif isinstance(old, Do) and isinstance(new, Do) and shapes((old,)) != shapes((new,)):
            raise ModelError(new.where, f"what {new} is called with, or what follows when it "
                             "fails, has changed: nothing is derived for that")
        return []

    def failing(
        self, body: Body, block: Sequence[object], at: int, new: Call, depth: int, done: _Done
    ) -> list[Splice]:
        """Return the changes of what is done when a helper fails, in the if right after its call.

        Errors: ModelError when more than that has changed, or C does it elsewhere.
        """
        old = block[at]
        assert isinstance(old, Call)
        called = of_node(body, old)
        following = body.statements[body.statements.index(called[0]) + 1 :] if called else ()
        if not (
            isinstance(old.on_fail, tuple) and isinstance(new.on_fail, tuple)
            and shapes(old.then) == shapes(new.then)
            and len(called) == 1 and following and following[0].condition == self.names.result
        ):
            raise ModelError(
                new.where,
                f"what is done when {new.function.name}() fails has changed: "
                "nothing is derived for that"
            )
        then, _ = branches(body, following[0])
        return self.inner(then, old.on_fail, new.on_fail, depth, done)

    def inner(
        self, branch: Body, before: Block, after: Block, depth: int, done: _Done
    ) -> list[Splice]:
        """Return the changes of a branch, with braces where it gets its second statement."""
        tail = way_out(branch, self.whole)
        if tail is not branch:
            return self.block(tail, before, after, 1, done)
        found = self.block(branch, before, after, depth + 1, done)
        if found and not branch.braced:
            head = branch.statements[0].first - 1
            tab = "\t" * depth
            close = Splice(branch.closed + 1, branch.closed)
            ending = [it for it in found if (it.first, it.last) == (close.first, close.last)]
            found = [it for it in found if it not in ending]
            lines = tuple(line for it in ending for line in it.lines)
            found.append(Splice(head, head, (self.lines[head - 1] + " {",)))
            found.append(Splice(close.first, close.last, (*lines, tab + "}")))
        return found

    def asked_anew(
        self, body: Body, block: Sequence[object], at: int, new: object
    ) -> list[Splice] | None:
        """Return the change of a condition with the same body; None when it is more than that."""
        old = block[at]
        if not (isinstance(old, If) and isinstance(new, If)):
            return None
        if shapes(old.then) != shapes(new.then) or shapes(old.other) != shapes(new.other):
            return None
        statement = _place(body, block, at)
        was, now = statement.condition, condition(new.guard)
        line = self.lines[statement.line - 1]
        if was not in line:
            raise TreeError(
                f"the condition ({was}) is not on one line: nothing is derived for that",
                Where(self.path, statement.line),
            )
        return [Splice(statement.line, statement.line, (line.replace(was, now),))]

    def without(self, body: Body, block: Sequence[object], at: int) -> list[Splice]:
        """Return the removal of a node's statement, and of one of the empty lines around it."""
        node = block[at]
        statement = _place(body, block, at)
        if isinstance(node, Do | Call) and not void(node):
            raise TreeError("taking out a call whose result is looked at is not derived",
                            Where(self.path, statement.line))
        first, last = statement.first, statement.last
        if not self.lines[first - 2].strip() and not self.lines[last].strip():
            last += 1
        return [Splice(first, last)]

    def insert(
        self, body: Body, block: Sequence[object], gap: tuple[int, int], added: Block, depth: int,
        done: _Done,
    ) -> Splice:
        """Return the insertion of nodes next to a statement that stays."""
        made = statements(added, self.names, self.gives, depth, done.now, self.known)
        self.exits.extend(made.exits)
        new = made.text.rstrip("\n").split("\n")
        above = self.anchor(body, block, range(gap[0] - 1, -1, -1))
        if above is not None:
            at = _end(body, *above) + 1
            following = next((s for s in body.statements if s.line >= at), None)
            if following is not None and following.label and body is not self.whole:
                at = following.first  # others come here by this label, and are to do the same
            apart = above[1].compound or (following is not None and following.compound)
            apart = apart or not self.lines[at - 1].strip()
        else:
            below = self.anchor(body, block, range(gap[1], len(block)))
            if below is None:
                raise TreeError(
                    f"{body.function}(): nothing in the design next to "
                    f"{what(next(n for n in added if not isinstance(n, Code)))} "
                    "is found in the tree: it is not clear where it belongs",
                    body.where,
                )
            at, apart = below[1].first, below[1].compound
        apart = apart or len(new) > 1
        return _spread(self.lines, at, new, apart)

    def anchor(
        self, body: Body, block: Sequence[object], order: Sequence[int]
    ) -> tuple[object, Statement] | None:
        """Return the nearest node that has a statement, and that; none may be ambiguous."""
        for at in order:
            if of_node(body, block[at]):
                return block[at], _place(body, block, at)
        return None


def _place(body: Body, block: Sequence[object], at: int) -> Statement:
    """Return the statement of a node; of equal ones in both, the one of the same number."""
    node = block[at]
    found = of_node(body, node)
    equal = [number for number, other in enumerate(block) if key(other) == key(node)]
    if len(found) == len(equal):
        return found[equal.index(at)]
    return one(body, found, what(node))


def _end(body: Body, node: object, statement: Statement) -> int:
    """Return the last line that belongs to a node: with the look at its result."""
    at = body.statements.index(statement)
    following = body.statements[at + 1 : at + 2]
    fallible = isinstance(node, Do | Call) and not void(node)
    if fallible and following and following[0].condition:
        return following[0].last
    return statement.last


def _spread(lines: Sequence[str], at: int, new: Sequence[str], apart: bool) -> Splice:
    block = list(new)
    if apart:
        above = lines[at - 2].strip() if at > 1 else "{"
        below = lines[at - 1].strip() if at <= len(lines) else "}"
        if above and not above.endswith("{"):
            block.insert(0, "")
        if below and below != "}":
            block.append("")
    return Splice(at, at - 1, tuple(block))


def splices(
    unit: Unit, lines: Sequence[str], function: str, before: Block, after: Block, names: Names,
    gives: str | Returns = "int",
) -> list[Splice]:
    """Return what changes in a function of the tree between two designs.

    Errors: TreeError when the tree does not look as the design before; ModelError when the
    difference is of a kind that is not derived.
    """
    body = body_of(unit, function)
    names = replace(names, result=result_of(body, names.result))
    tails = dict(tails_of(body, names.result))
    known = {texts: label for label, texts in tails.items() if texts is not None}
    derivation = Derivation(unit.path, names, gives, tuple(lines), body, known)
    found = derivation.block(body, before, after, 1, _Done())
    twice = {label for way in derivation.exits for label, _ in way} & tails.keys()
    if twice:
        raise ModelError(
            body.where,
            f"{body.function}() has a label {min(twice)} already, after which something else is "
            'done: give the operation another, c={"label": ...}',
        )
    once = list(dict.fromkeys(found))  # ways out that end alike are put into at one place
    return [*once, *_ways_out(body, derivation)]


def _ways_out(body: Body, derivation: Derivation) -> Iterator[Splice]:
    """Yield the labels that what is put in leaves to, after the last statement."""
    if not derivation.exits:
        return
    text = labels(derivation.exits, derivation.names, derivation.gives).split("\n")
    ends = () if body.statements[-1].leaves else ("", "\treturn;")
    yield Splice(body.closed, body.closed - 1, (*ends, "", *text))
