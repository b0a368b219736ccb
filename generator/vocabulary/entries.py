# SPDX-License-Identifier: GPL-2.0-only
"""The vocabulary that designs are written in, to be looked up: operations and facts by name."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import FunctionType

from generator import context, facts, operation, program
from generator.expr import TRUE, Fact
from generator.facts import PLATFORM
from generator.operation import Operation
from generator.ops import shipped
from generator.ops.lock import OfLock
from generator.ops.work import Of
from generator.rendering.templates import TEMPLATES, file_of
from generator.vocabulary.words import effect, outcome, said


@dataclass(frozen=True)
class Entry:
    """An operation under the name that designs import it by, and the module to import it from."""

    name: str
    module: str
    op: Operation

    def record(self) -> dict[str, object]:
        """Return all that is known of it, in words, for a program."""
        op = self.op
        kinds, defaults = dict(op.kinds), dict(op.defaults)
        ranges = {name: [least, most] for name, least, most in op.ranges}
        return {
            "name": self.name,
            "module": self.module,
            "call": op.name,
            "roles": {role: list(kinds.get(role, ())) for role in op.roles},
            "parameters": {
                name: {
                    "range": ranges.get(name), "default": defaults.get(name),
                    "in_c": {str(number): text for number, text in op.words}
                    if name in op.shown else {},
                    **({"default_below": below} if (below := {
                        kind: value for of, kinds, value in op.defaults_below if of == name
                        for kind in kinds
                    }) else {}),
                }
                for name in op.params
            },
            "begins": [effect(one) for one in op.begins],
            "waits": "" if op.waits == TRUE else said(op.waits),
            "outcomes": [outcome(one) for one in op.outcomes],
            "undo": "" if op.undo is None else name_of(op.undo),
            "undone_by": "the driver core, after remove, from the devres of " + op.on_devres
            if op.managed else "unwinding" if op.undo is not None else "",
            "nothing_to_undo": _of_nothing(op),
            "takes_over": list(op.takes_over),
            "leaves": [fact.name for fact in op.leaves],
            "needs": [f"{fact.name} of {op.needs_of or op.roles[0]}" + _asked(op)
                      for fact in op.needs]
            + ([f"{op.needs_d0} is awake"] if op.needs_d0 else []),
            "sleeps": op.sleeps,
            "locks": [f"{fact.name} of {role}" for fact, role in op.locks],
            "rendered": rendered(op),
            "source": op.source,
            "elsewhere": None if op.elsewhere is None else _elsewhere(op.elsewhere),
        }


def _of_nothing(op: Operation) -> str:
    """Return where an undo does nothing, without harm."""
    if op.idempotent:
        return "does nothing, where what it undoes was never done or is undone already"
    null = ["NULL"] if op.takes_null else []
    null += ["an ERR_PTR()"] if op.takes_error else []
    return f"does nothing of {' and '.join(null)}, as where nothing was taken" if null else ""


def _asked(op: Operation) -> str:
    return "" if op.needs_when is None else f", where {op.needs_when.name}"


def _elsewhere(op: Operation) -> dict[str, object]:
    """Return what the same call is of a device of other kinds."""
    return {
        "roles": {role: list(kinds) for role, kinds in op.kinds},
        "begins": [effect(one) for one in op.begins],
        "waits": "" if op.waits == TRUE else said(op.waits),
        "outcomes": [outcome(one) for one in op.outcomes],
        "undo": "" if op.undo is None else name_of(op.undo),
        "sleeps": op.sleeps,
        "source": op.source,
    }


def rendered(op: Operation) -> str:
    """Return the template that C is rendered from; "" when there is none."""
    name = file_of(op)
    return f"templates/{name}" if (TEMPLATES / name).is_file() else ""


@cache
def operations() -> tuple[Entry, ...]:
    """Return every shipped operation, by module and in the order of the text."""
    return tuple(
        Entry(name, f"generator.ops.{module}", value)
        for module, space in shipped().items()
        for name in _assigned(module)
        if isinstance(value := space.get(name), Operation) and not name.startswith("_")
    )


@dataclass(frozen=True)
class Maker:
    """A function that makes operations, or conditions over facts, out of what it is given."""

    name: str
    module: str
    call: str
    doc: str
    op: Operation | None = None  # what it makes of a context that is called NAME
    written: str = ""  # how a driver has that context
    types: str = ""  # of what a function is given

    def record(self) -> dict[str, object]:
        """Return all that is known of it, for a program."""
        return {"name": self.name, "module": self.module, "call": self.call, "doc": self.doc}


def _maker(name: str, function: FunctionType) -> Maker:
    parameters = inspect.signature(function).parameters.values()
    doc = " ".join((inspect.getdoc(function) or "").split())
    types = ", ".join(f"{one.name}: {one.annotation}" for one in parameters)
    return Maker(name, function.__module__, f"{name}({', '.join(map(_given, parameters))})", doc,
                 types=types)


def _given(one: inspect.Parameter) -> str:
    """Return a parameter as a call gives it; a default that is no plain value is left out."""
    if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
        return ("*" if one.kind == one.VAR_POSITIONAL else "**") + one.name
    if one.default is one.empty:
        return f"{one.name}=" if one.kind == one.KEYWORD_ONLY else one.name
    if isinstance(one.default, Enum):
        return f"{one.name}={one.default}"
    plain = one.default in (None, ()) or isinstance(one.default, str | int)
    return f"{one.name}={one.default!r}" if plain else f"{one.name}=..."


def _of_contexts(name: str, module: str, made: Of) -> Maker:
    on = "user, [owner]" if len(made.on(made.word).roles) > 1 else "user"
    kind = made.kind.replace("_", " ")
    once = ", and not again before its counterpart" if made.once else ""
    doc = f"Of a {kind}: {made.does}{once}; {made.source}."
    maker = getattr(context, made.kind)
    rest = "".join(
        f", {one.name}={one.default!r}" for one in inspect.signature(maker).parameters.values()
        if one.default is not one.empty and one.name != "body"
    )
    written = (f'in the driver: contexts=({made.kind}("NAME", (what it does, ){rest}), ), with '
               f"from generator.context import {made.kind}")
    if made.word == "netdev":
        written += ('; or contexts=(netdev("NAME", open=(what ndo_open does, ), stop=(...), '
                    "up=(what is called while it is up, ), other=(...)), ), with from "
                    "generator.context import netdev: who unregisters one that is up calls its "
                    "stop first, and If(that.is_up(device), (...)) asks")
    return Maker(name, f"generator.ops.{module}", f'{name}({on}, {made.word}="NAME")', doc,
                 made.on("NAME"), written)


def _of_locks(name: str, module: str, made: OfLock) -> Maker:
    kind = "spinlock" if made.spins else "mutex"
    also = ", and nothing that sleeps behind it" if made.spins and made.does == "take" else ""
    doc = f"Of a {kind} of a driver: {made.does}{also}; {made.callee}()."
    if made.does == "take":
        doc += " Who ends holding it is refused, N18, as is who cannot get it any more"
        doc += ", N8 is about what sleeps behind it." if made.spins else "."
    return Maker(name, f"generator.ops.{module}", f'{name}(user, lock="NAME")', doc,
                 made.on("NAME"))


# What a function returns with which designs are written.
_MADE = {"Operation", "Of", "Pointer", "Counted", "Context", "Netdev", "Guard", "Call", "And", "Or"}


@cache
def makers() -> tuple[Maker, ...]:
    """Return what makes operations, by module: of what a design names, then functions."""
    contexts = tuple(
        _of_contexts(name, module, value) if isinstance(value, Of) else
        _of_locks(name, module, value)
        for module, space in shipped().items()
        for name, value in space.items()
        if isinstance(value, Of | OfLock) and not name.startswith("_")
    )
    return contexts + tuple(
        _maker(name, value)
        for module, space in (
            *((one.__name__, vars(one)) for one in (context, operation, program)),
            *((f"generator.ops.{module}", space) for module, space in shipped().items()),
        )
        for name, value in space.items()
        if isinstance(value, FunctionType) and not name.startswith("_")
        and value.__module__ == module
        and set(re.findall(r"\w+", str(value.__annotations__.get("return")))) & _MADE
    )


def _assigned(module: str) -> list[str]:
    """Return the names that a module of operations gives a value itself."""
    file = Path(__file__).parents[1] / "ops" / f"{module}.py"
    found: dict[str, None] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            found.update({one.id: None for one in ast.walk(target) if isinstance(one, ast.Name)})
    return list(found)


@cache
def _names() -> Mapping[int, str]:
    return {id(one.op): one.name for one in operations()}


def name_of(op: Operation) -> str:
    """Return the name that designs import an operation by, or else that of its call."""
    return _names().get(id(op), op.name)


@dataclass(frozen=True)
class FactEntry:
    """A fact under the name that designs import it by."""

    name: str
    fact: Fact

    def record(self) -> dict[str, object]:
        """Return all that is known of it, for a program."""
        fact = self.fact
        needs = fact.needs
        return {
            "name": self.name,
            "module": "generator.facts",
            "fact": fact.name,
            "kind": kind_of(fact),
            "values": list(fact.values) or [0, fact.top],
            "doc": fact.doc,
            "asked_when": "" if needs is None else f"{needs[0].name} is "
            + " or ".join(needs[0].show(value) for value in needs[1]),
            "changed_by": [one.name for one in operations() if fact in _changes(one.op)],
            "needed_by": [one.name for one in operations() if fact in one.op.needs],
        }


def kind_of(fact: Fact) -> str:
    """Return who decides a fact: what a design can give beforehand is a question."""
    if not fact.question:
        return "fact"
    return "question to the platform" if fact in PLATFORM else "question to hardware"


def _changes(op: Operation) -> set[Fact]:
    gives = [*op.begins, *(one for way in op.outcomes for one in way.gives)]
    return {one.target.fact for one in gives}


@cache
def known_facts() -> tuple[FactEntry, ...]:
    """Return every fact of generator/facts.py, in the order of the text."""
    return tuple(FactEntry(name, value) for name, value in vars(facts).items()
                 if isinstance(value, Fact))


# Facts of contexts that a design asks, by the name of the context: registered("supply")(DEVICE).
_OF_CONTEXTS = ("registered", "opened", "up", "queued", "running")


@cache
def helpers() -> tuple[Maker, ...]:
    """Return the functions that make conditions or facts, in the order of the text.

    Those of generator/facts.py make conditions, those of generator/context.py facts of what a
    driver has under a name of its own.
    """
    return tuple(
        _maker(name, value) for name, value in vars(facts).items()
        if isinstance(value, FunctionType) and value.__module__ == facts.__name__
    ) + tuple(_maker(name, vars(context)[name]) for name in _OF_CONTEXTS)


def close(wanted: str, known: Mapping[str, str]) -> list[str]:
    """Return what is meant by the names most like one that there is not: at most three.

    known: a name -> what is meant by it. Case does not count.
    """
    by_lower = {name.lower(): meant for name, meant in known.items()}
    found = difflib.get_close_matches(wanted.lower(), by_lower, 3)
    return list(dict.fromkeys(by_lower[one] for one in found))
