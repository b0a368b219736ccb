# SPDX-License-Identifier: GPL-2.0-only
"""Whether a call is for the entry point's own device: `owned` are the paths of that."""

from __future__ import annotations

from generator.reading.cfg import Call, Function
from generator.reading.sites import Notes, Unnamed
from generator.reading.values import ANY, Value, bind, is_path, shown


def strays(
    notes: Notes, owned: frozenset[str], node: Call, function: Function, values: tuple[Value, ...]
) -> None:
    """Note a helper that is called for another device than the entry point's own."""
    for one, value in zip(function.parameters, values, strict=False):
        path = bind(value, one.root).text
        if one.root in owned and path != one.root:
            text = f"{function.name}() is called for {shown(path)}"
            notes.say("strays", (function.name, Unnamed(text, node.place)))


def elsewhere(
    notes: Notes, owned: frozenset[str], node: Call, values: tuple[Value, ...]
) -> None:
    """Note a call, not an operation, that is for another device than the entry point's own."""
    for record, value in zip(node.records, values, strict=True):
        if record in owned and is_path(value.text) and value.text != record:
            text = f"{node.callee}() is called for {shown(value.text)}"
            notes.say("elsewhere", (value.text, Unnamed(text, node.place)))


def foreign(owned: frozenset[str], callee: str, root: str) -> Value:
    """Return what a call that is not followed gives: never the device of the entry point."""
    if root in owned:
        return Value(ANY, f"{callee}().{root}")
    return bind(Value(ANY, f"{callee}()"), root)
