# SPDX-License-Identifier: GPL-2.0-only
"""Which functions of a driver are helpers of its design, under their names in C.

A helper is read by itself, and its caller only learns whether it went well. Where it would have to
know more, its body stands where it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from generator.fingerprint import Fails, Fingerprint
from generator.parsing.conditions import COMPARISONS
from generator.parsing.cursors import CType
from generator.reading.cfg import Assign, Call, Function, Return
from generator.reading.values import Binary, Const, Expr, Name, Unary


def helpers(
    entry: str, functions: Iterable[Function], known: Callable[[str], bool],
    results: Mapping[str, CType],
) -> dict[str, Fingerprint]:
    """Return the helpers that a function reaches, and how a call of each is told to end.

    functions: all that it reaches. known: whether a callee is an operation. results: what each
    function of the driver's files returns.
    """
    bodies = {one.name: one for one in functions}
    calls = {
        name: [node for node in one.nodes if isinstance(node, Call)]
        for name, one in bodies.items()
    }
    told = {
        node.callee for nodes in calls.values() for node in nodes
        if any(_tells(use) for use in node.uses)
    }
    reach = {name: _reach(name, calls) for name in bodies}
    found = {}
    for name, one in bodies.items():
        if name in (entry, *told) or name in reach[name] or name not in results:
            continue
        does = any(known(node.callee) for each in (name, *reach[name])
                   for node in calls.get(each, ()))
        fails = _fails(one, results[name]) if does else None
        if fails is not None:
            found[name] = Fingerprint((name,), fails=fails, forgets=True)
    return found


def _tells(use: Expr) -> bool:
    """Return whether an argument is a constant or a function, on which its body may depend."""
    if isinstance(use, Unary):
        return _tells(use.of)
    return isinstance(use, Const) or (isinstance(use, Name) and use.text != "")


def _reach(name: str, calls: Mapping[str, list[Call]]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for node in calls.get(todo.pop(), ()):
            if node.callee in calls and node.callee not in found:
                found.add(node.callee)
                todo.append(node.callee)
    return found


def _fails(one: Function, result: CType) -> Fails | None:
    """Return how a function says that it failed; None when an error is not all that it returns."""
    if one.void:
        return Fails.NEVER
    if result.get_canonical().kind.name != "INT":
        return None
    nodes = [node for node in one.nodes if isinstance(node, Return)]
    values = [use for node in nodes for use in node.uses]
    values += [use for node in one.nodes if isinstance(node, Assign) for use in node.uses[:1]
               if any(getattr(value, "key", None) == node.target.key for value in values)]
    if any(
        (isinstance(value, Const) and value.number > 0)
        or (isinstance(value, Binary) and value.op in COMPARISONS)
        or (isinstance(value, Unary) and value.op == "!")
        for value in values
    ):
        return None
    return Fails.NEGATIVE
