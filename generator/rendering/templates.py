# SPDX-License-Identifier: GPL-2.0-only
"""Templates, and single operations and conditions as the C that they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from generator.errors import ModelError, UsageError, Where
from generator.expr import Nth, Num, Place
from generator.fingerprint import Fails
from generator.operation import Do, Guard, Operation
from generator.program import And, Condition, Not, Or
from generator.rendering.layout import negated
from generator.system.house import HOUSE

TEMPLATES = HOUSE / "templates"


@cache
def environment(room: str = "") -> jinja2.Environment:
    """Return the environment of all templates: an unknown name is an error.

    A series has a room of its own, a folder of templates/ or of a user's: what is there goes
    before the shared template of the same name.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([*([TEMPLATES / room] if room else []), TEMPLATES]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def text_of(template: str, room: str = "", /, **values: object) -> str:
    """Return a template rendered; templates may begin with comments of their own.

    Errors: UsageError naming the template, its line and what it lacks.
    """
    try:
        return environment(room).get_template(template).render(**values)
    except jinja2.TemplateNotFound as error:
        raise UsageError(f"{_missing(error, room)}: there is no such template") from error
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(error.message or "malformed", _place(error)) from error
    except jinja2.UndefinedError as error:
        raise UsageError(error.message or "malformed", _line(template, error)) from error


def there(template: str, room: str) -> bool:
    """Return whether a room, or what all share, has a template."""
    try:
        environment(room).get_template(template)
    except jinja2.TemplateNotFound:
        return False
    except jinja2.TemplateSyntaxError:
        return True
    return True


def source_of(template: str, room: str) -> str:
    """Return the text of a template, "" where there is none."""
    used = environment(room)
    if used.loader is None or not there(template, room):
        return ""
    return used.loader.get_source(used, template)[0]


def _missing(error: jinja2.TemplateNotFound, room: str) -> str:
    """Return where a template was looked for."""
    shared = f"templates/{error.name}"
    return f"{_shown(str(TEMPLATES / room / str(error.name)))} (or {shared})" if room else shared


def _shown(file: str | None) -> str:
    """Return the path of a template as messages have it."""
    path = Path(file or "templates")
    return str(path.relative_to(TEMPLATES.parent) if path.is_relative_to(TEMPLATES) else path)


def _place(error: jinja2.TemplateSyntaxError) -> Where:
    """Return where a template is none."""
    return Where(_shown(error.filename), error.lineno)


def _line(template: str, error: jinja2.UndefinedError) -> Where:
    """Return the line of the template that an error came out of."""
    place, frame = Where(f"templates/{template}", 1), error.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if name.endswith(".j2"):
            place = Where(_shown(name), frame.tb_lineno)
        frame = frame.tb_next
    return place


def file_of(op: Operation) -> str:
    """Return the template of an operation: its name, with what is no word as underscores."""
    if op.label is not None:
        return "ops/assign.c.j2"
    if op.fingerprint is None and op.undo is None:
        return "ops/note.c.j2"
    name = re.sub(r"\W+", "_", op.name.partition("[")[0]).strip("_")
    return f"ops/{name}.c.j2"


@cache
def _macros(name: str, room: str) -> Any:  # noqa: ANN401 - a template's module has no type
    try:
        return environment(room).get_template(name).module
    except jinja2.TemplateNotFound as error:
        raise UsageError(
            f"templates/{error.name}: an operation without a template: write it there"
            + (f", or in templates/{room}/ops/ for this series" if room else "")
            + "; see templates/README.md"
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(error.message or "malformed", _place(error)) from error


@dataclass(frozen=True)
class Names:
    """What a function's C calls things: devices, and the variable for a result.

    `room` is the folder in which the series has templates of its own, `tree` has what the tree
    answers to facts.
    """

    devices: Mapping[Place, str]
    result: str = "ret"
    idioms: frozenset[str] = frozenset()  # newer ways of writing that the tree has
    room: str = ""
    tree: Mapping[str, str] = field(default_factory=dict, hash=False)

    def of(self, place: Place) -> str:
        """Return the C of a device."""
        if isinstance(place, Nth):
            place = place.of
        return self.devices.get(place, place.name)


def context(do: Do, names: Names) -> dict[str, Any]:
    """Return what the template of an operation is given: devices, parameters, details."""
    found: dict[str, Any] = {role: names.of(place) for role, place in do.binding.items()}
    if do.places:
        found.setdefault("dev", names.of(do.places[0]))
    found["ret"] = names.result
    found["idioms"] = names.idioms
    found["name"] = do.op.name
    if do.op.shown:
        found["shown"] = do.op.shown[0]
    for name, value in zip(do.op.params, do.params, strict=True):
        if isinstance(value, Num):
            words = dict(do.op.words) if name in do.op.shown else {}
            found[name] = words.get(value.value, str(value.value))
    return found | dict(do.c)


def macro(do: Do, op: Operation, name: str, names: Names) -> str | None:
    """Return what a macro of an operation's template says; None when it has no such macro.

    Errors: ModelError at the user's line when the design does not give what it wants.
    """
    found = getattr(_macros(file_of(op), names.room), name, None)
    if found is None:
        return None
    try:
        return str(found(context(do, names))).strip("\n")
    except jinja2.UndefinedError as error:
        raise ModelError(
            do.where,
            f"{do}: templates/{file_of(op)}: {name}() wants what c=(...) does not "
            f"give: {error.message}"
        ) from error


def statement(do: Do, names: Names) -> str:
    """Return the call itself, without a look at its result."""
    text = macro(do, do.op, "do", names)
    if text is None:
        raise UsageError(f"templates/{file_of(do.op)}: it has no macro do()")
    return text


def failed(do: Do, names: Names) -> tuple[str, str]:
    """Return the condition that says an operation failed, and the error it then is."""
    given = context(do, names)
    kind = do.op.fingerprint.fails if do.op.fingerprint is not None else Fails.NEGATIVE
    result = given.get("var", given["ret"])
    condition, error = f"{result} < 0", result
    if kind is Fails.NULL:
        condition, error = f"!{result}", "-ENOMEM"
    elif kind is Fails.ERRPTR:
        condition, error = f"IS_ERR({result})", f"PTR_ERR({result})"
    return (
        macro(do, do.op, "failed", names) or condition,
        given.get("error") or macro(do, do.op, "error", names) or error,
    )


def condition(guard: Condition, holds: bool = True) -> str:
    """Return a condition, or its opposite, as C; "" when C does not ask it."""
    match guard:
        case Not(part=part):
            return condition(part, not holds)
        case And(parts=parts) | Or(parts=parts):
            joint = " && " if isinstance(guard, And) == holds else " || "
            texts = [condition(part, holds) for part in parts]
            return joint.join(
                f"({text})" if " && " in text or " || " in text else text for text in texts
            )
        case Guard(c=texts):
            if not texts:
                return ""
            return texts[0] if holds else negated(texts[0])
