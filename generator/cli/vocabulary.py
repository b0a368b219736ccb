# SPDX-License-Identifier: GPL-2.0-only
"""`portwright operations [NAME]` and `portwright facts [NAME]`: what a design can be written in."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from generator.errors import UsageError
from generator.vocabulary.entries import (
    Entry,
    FactEntry,
    Maker,
    close,
    helpers,
    known_facts,
    makers,
    operations,
)

_WIDTH = 79
_PART = 3  # letters of a name that are looked for


def run(args: argparse.Namespace) -> int:
    """Print all operations or facts, a line each, or all that is known of one.

    Of a part of several names those are printed, a line each, with where they are imported from.

    Errors: UsageError when there is none of that name, with those most like it.
    """
    known: Sequence[Entry | FactEntry | Maker]
    known = (
        (*operations(), *makers()) if args.verb == "operations" else (*known_facts(), *helpers())
    )
    chosen = _named(args.name, known, args.verb.removesuffix("s")) if args.name else known
    if args.json:
        print(json.dumps([one.record() for one in chosen], indent=2))
    elif args.name and len({one.name for one in chosen}) > 1:
        print("\n".join(map(_line, chosen)))
    elif args.name:
        print("\n\n".join("\n".join(_all_of(one)) for one in chosen))
    else:
        print("\n".join(_operations() if args.verb == "operations" else _facts()))
    return 0


def _named(
    wanted: str, known: Sequence[Entry | FactEntry | Maker], what: str
) -> Sequence[Entry | FactEntry | Maker]:
    """Return those of a name, as designs write it or as C or messages do, or of a part of it."""
    names = [(one, _of_c(one)) for one in known]
    lower = wanted.lower().removesuffix("()")
    chosen = [one for one, _ in names if one.name.lower() == lower]
    chosen = chosen or [one for one, other in names if other.lower() == lower]
    chosen = chosen or [one for one, other in names if len(lower) >= _PART
                        and (lower in one.name.lower() or lower in other.lower())]
    if chosen:
        return chosen
    like = close(lower, {each: one.name for one, other in names for each in (other, one.name)})
    hint = f"did you mean {' or '.join(like)}?" if like else f"portwright {what}s lists them"
    own = {"operation": "; what it lacks is registers(), pointer() or Operation() in the "
           "design's own file: see generator/README.md"}.get(what, "")
    raise UsageError(f"no {what} {wanted}: {hint}{own}")


def _line(one: Entry | FactEntry | Maker) -> str:
    match one:
        case FactEntry():
            return f"{one.name}: {one.fact.doc}"
        case Entry():
            return f"{_call(one)}  -- from {one.module}"
    return f"{one.call}  -- from {one.module}"


def _of_c(one: Entry | FactEntry | Maker) -> str:
    match one:
        case Entry(op=op):
            return op.name
        case FactEntry(fact=fact):
            return fact.name
    return one.name


def _operations() -> Iterator[str]:
    """Yield the list of operations, a paragraph for each module."""
    by_module: dict[str, list[Entry]] = {}
    for one in operations():
        by_module.setdefault(one.module, []).append(one)
    for module in sorted({*by_module, *(maker.module for maker in makers())}):
        yield module
        for one in by_module.get(module, ()):
            marks = [f"undone by {one.record()['undo']}"] if one.op.undo is not None else []
            marks += ["by devres"] if one.op.managed else []
            marks += ["C"] if one.record()["rendered"] else []
            yield from textwrap.wrap(
                f"{_call(one)}{'  -- ' + ', '.join(marks) if marks else ''}", _WIDTH,
                initial_indent="  ", subsequent_indent="      ",
            )
        for maker in makers():
            if maker.module == module:
                yield from textwrap.wrap(
                    f"{maker.call}  -- {_short(maker.doc)}", _WIDTH,
                    initial_indent="  ", subsequent_indent="      ",
                )
        yield ""
    yield from textwrap.wrap(
        "C: a template renders it. portwright operations NAME says what one of them means; an "
        "operation that is not among them can be written in the design's own file: see "
        "generator/README.md.", _WIDTH)


def _short(doc: str) -> str:
    return textwrap.shorten(doc, 60, placeholder="...")


def _call(one: Entry) -> str:
    params = [f"{name}=" for name in one.op.params if name not in dict(one.op.defaults)]
    params += [f"{name}={value}" for name, value in one.op.defaults]
    return f"{one.name}({', '.join((*one.op.roles, *params))})"


def _facts() -> Iterator[str]:
    for one in known_facts():
        fact = one.fact
        values = ", ".join(fact.values) if fact.values else f"0 to {fact.top}"
        mark = "?" if fact.question else " "
        yield from textwrap.wrap(f"{mark} {one.name:<13} {fact.doc} ({values})", _WIDTH,
                                 subsequent_indent=" " * 16)
    yield ""
    for made in helpers():
        yield from textwrap.wrap(f"  {made.call}: {made.doc} from {made.module} import {made.name}",
                                 _WIDTH, subsequent_indent=" " * 16)
    yield ""
    yield from textwrap.wrap(
        "?: a question that hardware or platform answers, and that given= can answer beforehand. "
        "from generator.facts import NAME; NAME(DEVICE).eq(value) is a condition, value a number: "
        "names are numbered from 0. portwright facts NAME says who changes one; a fact that is "
        "not among them can be made in the design's own file: see generator/README.md.", _WIDTH)


def _all_of(one: Entry | FactEntry | Maker) -> Iterator[str]:
    """Yield all that is known of one, a line for each part that there is."""
    if isinstance(one, Maker):
        yield one.call
        yield f"  from {one.module} import {one.name}"
        yield from _filled(one.doc)
        if one.op is None:
            yield from _filled(one.types)
            return
        yield from _filled(one.written)
        record = Entry(one.name, one.module, one.op).record()
        yield from _parts({key: value for key, value in record.items()
                           if key not in ("name", "module", "source", "roles", "rendered")})
        return
    record = one.record()
    name, module = record.pop("name"), record.pop("module")
    yield _call(one) if isinstance(one, Entry) else str(name)
    yield f"  from {module} import {name}"
    other = record.pop("elsewhere", None)
    yield from _parts(record)
    if isinstance(other, dict):
        yield "  the same of devices of other kinds:"
        yield from _parts(other)


def _parts(record: Mapping[str, object]) -> Iterator[str]:
    for key, value in record.items():
        word = key.replace("_", " ")
        if key == "rendered":
            yield f"  in C: {value or 'no template renders it'}"
        elif key == "roles" and isinstance(value, dict):
            for role, kinds in value.items():
                fit = f"kind {' or '.join(kinds)}" if kinds else "any kind"
                yield f"  role {role}: a device of {fit}"
        elif key == "parameters" and isinstance(value, dict):
            yield from (_parameter(each, about) for each, about in value.items())
        elif isinstance(value, list):
            for each in [", ".join(map(str, value))] if key == "values" else value:
                yield from _filled(f"{word.removesuffix('s') if key != 'values' else word}: {each}")
        elif key == "sleeps":
            yield f"  may be called with interrupts off: {'no' if value else 'yes'}"
        elif value:
            yield from _filled(f"{word}: {value}")


def _parameter(name: str, about: dict[str, object]) -> str:
    bounds, default = about["range"], about["default"]
    text = f"{bounds[0]} to {bounds[1]}" if isinstance(bounds, list) else "a number"
    usual = "" if default is None else f", {default} by default"
    if isinstance(below := about.get("default_below"), dict):
        usual += "".join(
            f", {value} of " + ", ".join(kind for kind, its in below.items() if its == value)
            for value in dict.fromkeys(below.values())
        )
    words = about["in_c"]
    shown = [f"; {number} is {said}" for number, said in words.items()] \
        if isinstance(words, dict) else []
    return f"  parameter {name}: {text}{usual}{''.join(shown)}"


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ",
                         break_on_hyphens=False, break_long_words=False)
