# SPDX-License-Identifier: GPL-2.0-only
"""Options that come from git config: portwright.NAME, or portwright.VERB.NAME for one verb."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from generator.errors import PortwrightError, UsageError
from generator.system.plumbing import users_git

# Those of which one can want always the same; what names a thing to be done is typed.
NAMES = ("tree", "repo", "seconds", "states", "engine", "skip", "expect", "matrix", "format",
         "scissors", "trailers", "signoff", "quiet", "verbose", "cache_limit", "scheduler")
_PLAIN = {name.replace("_", ""): name for name in NAMES}  # git takes no underscore, nor minds case
_TRUE, _FALSE = ("true", "yes", "on", "1", ""), ("false", "no", "off", "0")


def apply(args: argparse.Namespace, of: argparse.ArgumentParser, typed: Sequence[str]) -> None:
    """Put settings where the command line, as it was typed, has said nothing.

    of: the parser of the verb.
    Errors: UsageError naming the setting, and the file that has it.
    """
    actions = {one.dest: one for one in of._actions}
    found: dict[str, list[object]] = {}
    own: set[str] = set()
    for verb, name, value, where in _told():
        if name not in NAMES:
            raise UsageError(f"git config: {where}: no such setting: {_near(name)}")
        if verb not in ("", args.verb) or name not in actions:
            continue
        if bool(verb) != (name in own):  # what is said of the verb goes before what is of all
            if not verb:
                continue
            own.add(name)
            found[name] = []
        found.setdefault(name, []).append(_value(actions[name], value, where))
    for name, values in found.items():
        now = getattr(args, name)
        if isinstance(now, list):
            setattr(args, name, [*values, *now])
        elif not _typed(actions[name], typed) and not _besides(args, name):
            setattr(args, name, values[-1])


def _typed(action: argparse.Action, typed: Sequence[str]) -> bool:
    """Return whether an option was typed; none is known by its beginning."""
    return any(word == option or word.startswith(f"{option}=")
               for word in typed for option in action.option_strings)


def _besides(args: argparse.Namespace, name: str) -> bool:
    """Return whether something was typed that the setting would contradict."""
    on = ("go_on", "leave_out", "abort")  # how a series is read was said when that was begun
    others = {"tree": ("kernel",), "quiet": ("verbose",), "verbose": ("quiet",),
              "format": ("json",), "cache_limit": ("kind",), "scissors": on, "trailers": on}
    return any(getattr(args, one, None) for one in others.get(name, ()))


def _told() -> Iterator[tuple[str, str, str, str]]:
    """Yield verb, name and value of each setting, and how messages name it."""
    try:
        told = users_git(Path("."), "config", "--null", "--show-origin", "--get-regexp",
                         r"^portwright\.")
    except PortwrightError:  # there is none, or no git
        return
    fields = os.fsdecode(told).split("\0")
    for origin, text in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = text.partition("\n")
        _, *verb, name = key.split(".")
        name = _PLAIN.get(name.replace("-", ""), name)
        yield ".".join(verb), name, value, f"{key} ({origin})"


def _value(action: argparse.Action, value: str, where: str) -> object:
    if action.nargs == 0:
        if value.lower() not in (*_TRUE, *_FALSE):
            raise UsageError(f"git config: {where}: {value!r} is neither true nor false")
        return value.lower() in _TRUE
    try:
        found = action.type(value) if callable(action.type) else value
    except (argparse.ArgumentTypeError, ValueError) as wrong:
        raise UsageError(f"git config: {where}: {wrong}") from wrong
    if action.choices is not None and found not in action.choices:
        known = ", ".join(map(str, action.choices))
        raise UsageError(f"git config: {where}: {value!r} is none of {known}")
    return os.path.expanduser(value) if action.dest in ("tree", "repo") else found


def _near(name: str) -> str:
    close = difflib.get_close_matches(name, _PLAIN, 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(_PLAIN)}"
