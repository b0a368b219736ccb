# SPDX-License-Identifier: GPL-2.0-only
"""`portwright man`: the manual, made of the parser itself."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
from collections.abc import Iterator

from generator.cli.examples import EXAMPLES
from generator.cli.options import verbs_of
from generator.system.version import version

CODES = (
    ("0", "nothing found"), ("1", "findings, and nothing else is 1"), ("2", "usage"),
    ("3", "the environment: a program, a right, room on a disk"), ("4", "refused"),
    ("5", "a conflict"), ("124", "a budget or a time is used up"), ("125", "could not be tested"),
    ("130", "interrupted; what was found so far is printed"), ("141", "nobody reads the output"),
)  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print the manual."""
    print("\n".join(_page(args.parser())))
    return 0


def _page(top: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.TH PORTWRIGHT 1 "" "portwright {version()}" "User Commands"'
    yield from (".SH NAME", f"portwright \\- {_safe(_first(top.description or ''))}")
    yield from (".SH SYNOPSIS", ".B portwright", "VERB [option ...] [argument ...]")
    yield from (".SH EXAMPLES", *_examples(""))
    yield ".SH VERBS"
    for name, verb in verbs_of(top).items():
        yield from (f".SS portwright {name}", _safe(_first(verb.text)) + ".")
        yield from _examples(name)
        for action in verb.parser._actions:
            if action.help != argparse.SUPPRESS:
                yield from (".TP", _named(action), _safe(action.help or ""))
    yield from (".SH SETTINGS", _safe(
        "Options can be given through git config, as portwright.NAME for every verb that has the "
        "option, and as portwright.VERB.NAME for one; the command line goes before both:"))
    yield from (".PP", ".nf", _safe("git config --global portwright.tree ~/linux"),
                _safe("git config portwright.validate.skip checkpatch"), ".fi")
    yield ".SH EXIT STATUS"
    for code, text in CODES:
        yield from (".TP", f".B {code}", _safe(text))
    yield from (".SH ENVIRONMENT", ".TP", ".B PORTWRIGHT_CACHE",
                _safe("where what can be made again is kept"))


def _examples(verb: str) -> Iterator[str]:
    yield from (".PP", ".nf")
    for typed, what in EXAMPLES[verb]:
        yield f".B {_safe(typed)}"
        if what:
            yield _safe(f"    {what}")
    yield from (".fi", ".PP")


def _named(action: argparse.Action) -> str:
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices is not None:
        value = "|".join(map(str, action.choices))
    if not action.option_strings:
        return f".I {_safe(value)}"
    said = ", ".join(f"\\fB{_safe(one)}\\fR" for one in action.option_strings)
    return said + (f" \\fI{_safe(value)}\\fR" if action.nargs != 0 else "")


def _first(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _safe(text: str) -> str:
    """Return a text in which roff sees no request of its own."""
    said = text.replace("\\", "\\e").replace("-", "\\-").replace("%%", "%")
    return f"\\&{said}" if said[:1] in (".", "'") else said
