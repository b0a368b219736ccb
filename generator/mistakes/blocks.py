# SPDX-License-Identifier: GPL-2.0-only
"""Blocks as a user may write them wrongly: each mistake is told with its line and its mend."""

from __future__ import annotations

from collections.abc import Iterator

from generator.errors import ModelError, Where
from generator.expr import Bin, Expr, Num, Read
from generator.misfit import is_place
from generator.mistakes.operations import check_operation, named_twice, span
from generator.mistakes.parts import check_parts
from generator.operation import CONTINUE, Do, Guard, Node, OnFail, Operation
from generator.program import (
    Call,
    Condition,
    Each,
    Function,
    If,
    Ifdef,
    Return,
    leaves,
)
from generator.reads import reads

# Of a node that was looked at: variations of a design share most of theirs.
CHECKED, CHECKED_IN_LOOP = "checked", "checked in a loop"


def check_block(block: object, what: str, where: Where, *, loop: bool = False) -> None:
    """Refuse whatever is no tuple of nodes, and CONTINUE outside of a loop.

    Errors: ModelError, with the nearest line that is known.
    """
    if not isinstance(block, tuple):
        raise ModelError(
            where,
            f"{what} is a tuple of operations, not {_told(block)}: "
            "write (..., ), with a comma after a single one"
        )
    checked = CHECKED_IN_LOOP if loop else CHECKED
    for node in block:
        if isinstance(node, Node) and checked in node.__dict__:
            continue
        match node:
            case Do():
                check_operation(node.op, node.where)
                check_parts(node, str(node), node.where)
                if (len(node.places), len(node.params)) != (len(node.op.roles),
                                                            len(node.op.params)):
                    raise ModelError(node.where, f"a Do of {node.op.name} has another number of "
                                     "devices or parameters than it: apply the operation instead")
                _check_failure(node.on_fail, str(node), node.where, loop)
            case If():
                _check_condition(node.guard, node.where)
                check_parts(node, "an If", node.where)
                check_block(node.then, "what an If does", node.where, loop=loop)
                check_block(node.other, "what an If does otherwise", node.where, loop=loop)
            case Ifdef():
                check_parts(node, "an Ifdef", node.where)
                check_block(node.then, "an Ifdef", node.where, loop=loop)
                check_block(node.other, "an Ifdef", node.where, loop=loop)
            case Each():
                if not is_place(node.device):
                    raise ModelError(
                        node.where,
                        f"a loop goes over a device, not {_told(node.device)}: "
                        "write Each(DEVICE, (..., ))"
                    )
                check_parts(node, "a loop", node.where)
                check_block(node.body, "the body of a loop", node.where, loop=True)
            case Call(function=Function() as function):
                check_parts(node, "call()", node.where)
                _check_helper(function, node.where)
                check_block(node.then, f"what follows {function.name}()", node.where, loop=loop)
                _check_failure(node.on_fail, f"call({function.name})", node.where, loop)
            case Call():
                raise ModelError(
                    node.where,
                    f"call() takes a Function, not {_told(node.function)}: "
                    "an operation is applied to its devices instead, OPERATION(DEVICE)"
                )
            case Return():
                check_parts(node, "Return()", node.where)
            case _:
                mend = {Operation: "apply it to its devices, OPERATION(DEVICE)",
                        tuple: "put a * before it",
                        Function: "write call(...) around it",
                        type: "call it, as in Return()"}.get(type(node), "take it out")
                raise ModelError(where, f"{what} has {_told(node)} in it: {mend}")
        node.__dict__[checked] = True


def _check_helper(function: Function, where: Where) -> None:
    check_parts(function, "a Function", where)
    check_block(function.body, f"{function.name}()", where)
    if function.undo is not None:
        _check_helper(function.undo, where)


def _check_failure(on_fail: object, what: str, where: Where, loop: bool) -> None:
    if on_fail == CONTINUE and not loop:
        raise ModelError(
            where,
            f"{what}: fail=CONTINUE stands outside of a loop; inside a helper, "
            "fail=RETURN and give the call of the helper fail=CONTINUE"
        )
    if not isinstance(on_fail, tuple | OnFail):
        raise ModelError(
            where,
            f"{what}: fail= is UNWIND, RETURN, IGNORE, CONTINUE or a tuple of what to do "
            f"instead, not {_told(on_fail)}"
        )
    if isinstance(on_fail, tuple):
        check_block(on_fail, f"fail= of {what}", where, loop=loop)


def _check_condition(condition: Condition, where: Where) -> None:
    for leaf in leaves(condition):
        if not isinstance(leaf, Guard):
            raise ModelError(
                where,
                f"a condition is a Guard, not {_told(leaf)}: "
                'write Guard("its name", FACT(DEVICE).eq(value), ())'
            )
        if leaf.when is not None and not isinstance(leaf.when, Expr):
            raise ModelError(
                where,
                f"the condition {leaf.name!r} compares with == or in, which Python answers "
                "at once: write .eq(), .ne(), .lt(), .le(), .gt(), .ge() or .among()"
            )
        check_parts(leaf, f"the condition {leaf.name!r}", where)
        for read in reads(leaf.when) if leaf.when is not None else ():
            if twin := named_twice(read.fact):
                raise ModelError(where, f"the condition {leaf.name!r}: {twin}")
        for fact, value in _compared(leaf.when) if leaf.when is not None else ():
            if value.value > fact.fact.top:
                raise ModelError(
                    where,
                    f"the condition {leaf.name!r}: {fact.fact.name} of {fact.of.name} is "
                    f"never {value.value}: {span(fact.fact)}"
                )


def _compared(expr: Expr) -> Iterator[tuple[Read, Num]]:
    """Yield every fact that is held against a constant for equality, and that constant."""
    if isinstance(expr, Bin) and expr.op in ("==", "!="):
        for one, other in ((expr.left, expr.right), (expr.right, expr.left)):
            if isinstance(one, Read) and isinstance(other, Num):
                yield one, other
    for inner in vars(expr).values():
        if isinstance(inner, Expr):
            yield from _compared(inner)


def _told(thing: object) -> str:
    if isinstance(thing, Operation):
        return f"the operation {thing.name}"
    if isinstance(thing, Do):
        return f"{thing} alone"
    if isinstance(thing, Guard | Function):
        return f"the {type(thing).__name__} {thing.name}"
    if isinstance(thing, Expr):
        return "a bare expression"
    return f"a {type(thing).__name__}" if thing is not None else "None"
