# SPDX-License-Identifier: GPL-2.0-only
"""A design as text and as a digest: equal for equal ones, wherever they were written."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping

from generator.design import Design, Driver


def canonical(design: Design | Driver, *, whole: bool = False) -> str:
    """Return a design, or a driver, as text: equal for equal ones, wherever they were written.

    With `whole`, also what digests are made without: for who remembers how a design behaves.
    """
    return _text(design, {}, whole)


def _text(value: object, known: dict[int, str], whole: bool) -> str:
    """Return a value's text: dataclasses by their compared fields, mappings sorted.

    known: texts of parts of the same design, by identity; a device is part of all that is done.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if id(value) not in known:
            inner = ", ".join(
                f"{one.name}={_text(getattr(value, one.name), known, whole)}"
                for one in dataclasses.fields(value)
                if one.compare and (whole or not _left_out(one, getattr(value, one.name)))
            )
            known[id(value)] = f"{type(value).__name__}({inner})"
        return known[id(value)]
    if isinstance(value, Mapping):
        pairs = sorted((_text(key, known, whole), _text(item, known, whole))
                       for key, item in value.items())
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, frozenset | set):
        return "{" + ", ".join(sorted(_text(item, known, whole) for item in value)) + "}"
    if isinstance(value, tuple | list):
        return "(" + ", ".join(_text(item, known, whole) for item in value) + ")"
    return repr(value)


def _left_out(field: dataclasses.Field[object], value: object) -> bool:
    """Return whether digests are made without a field that has a value."""
    without = field.metadata.get("no digest", False)
    return value == field.default if without == "at default" else bool(without)


def digest(design: Design) -> str:
    """Return the sha256 of a design's canonical text."""
    return hashlib.sha256(canonical(design).encode()).hexdigest()
