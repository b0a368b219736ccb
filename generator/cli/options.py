# SPDX-License-Identifier: GPL-2.0-only
"""Options of the command line: what their values may be, and one line about those that may not.

Nothing here imports what does the work: `--help` has to be there at once.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from generator.cli.examples import shown

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

LONGEST = 4000  # of a path, as the kernel has it
MOST = 10**12  # of anything that is counted: more is a slip of the finger


class Parser(argparse.ArgumentParser):
    """A parser that takes no option by its beginning, and no empty text for a name."""

    def __init__(self, **how: Any) -> None:  # noqa: ANN401 - as argparse has it
        """Make a parser as argparse does, without abbreviations."""
        self.examples = ""  # the verb whose examples help begins with
        self.empty: list[str] = []  # what is "" when it is not given
        super().__init__(**{"allow_abbrev": False, **how})

    def add_argument(self, *names: str, **how: Any) -> argparse.Action:  # noqa: ANN401 - as argparse has it
        """Add an argument; one that takes a text takes one that says something."""
        if not names[0].startswith("-") and "choices" not in how:
            how.setdefault("metavar", names[0].upper())
        if how.get("action", "append") == "append" and "choices" not in how:
            how.setdefault("type", text)
        empty = how.get("default") == ""
        if empty:  # argparse would hold it to what may be given
            how["default"] = None
        action = super().add_argument(*names, **how)
        if empty:
            self.empty.append(action.dest)
        return action

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse as argparse does; what was not given is the "" that it is said to be.

        Names that are as many as one likes may stand behind options, too: argparse takes none
        there once it has met a name before them.
        """
        found, rest = super().parse_known_args(args, namespace)
        many = [one for one in self._get_positional_actions() if one.nargs == "*"]
        if many and rest and not any(one.startswith("-") for one in rest):
            more = [self._get_value(many[0], one) for one in rest]
            setattr(found, many[0].dest, [*(getattr(found, many[0].dest) or ()), *more])
            rest = []
        for name in self.empty:
            if getattr(found, name) is None:
                setattr(found, name, "")
        return found, rest

    def format_help(self) -> str:
        """Return the help, examples first."""
        return shown(self.examples) + super().format_help()

    def error(self, message: str) -> NoReturn:
        """End with exit code 2, and one line that says what is wrong."""
        self.exit(2, f"{self.prog}: {message.removeprefix('argument ')}; see {self.prog} --help\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Write help where it must arrive: argparse takes no notice of a full disk."""
        if file is sys.stdout and file is not None:
            file.write(message)
        else:
            super()._print_message(message, file)


@dataclass(frozen=True)
class Verb:
    """A verb of the command line: its parser, and what it does in a few words."""

    parser: argparse.ArgumentParser
    text: str


def verbs_of(top: argparse.ArgumentParser) -> Mapping[str, Verb]:
    """Return the verbs of a parser by their names."""
    found = next(one for one in top._actions if isinstance(one, argparse._SubParsersAction))
    texts = {one.dest: one.help or "" for one in found._choices_actions}
    return {name: Verb(of, texts.get(name, "")) for name, of in found.choices.items()}


def add_common(verb: Parser, name: str) -> None:
    """Add what every verb has."""
    verb.examples = name
    how = verb.add_mutually_exclusive_group()
    how.add_argument("-q", "--quiet", action="store_true",
                     help="say nothing of what is being done, and nothing of what went well")
    how.add_argument("-v", "--verbose", action="store_true",
                     help="say what is being done, and every program that is run, on stderr")


def add_series(verb: Parser) -> None:
    """Add the arguments that name a series."""
    verb.add_argument("series", nargs="*", metavar="SERIES",
                      help="a directory, mbox, maildir, patch files, -, a..b, or a commit")
    verb.add_argument("--uncommitted", action="store_true",
                      help="what is changed in the work tree, staged or not")
    verb.add_argument("--b4", action="store_true",
                      help="the branch that is checked out, with the cover letter of b4 prep")
    verb.add_argument("--scissors", action="store_true",
                      help="begin a log below a line of scissors, as git am --scissors does "
                           "(default: mailinfo.scissors of git config)")
    verb.add_argument("--trailers", action="store_true",
                      help="add the tags that replies in the thread give")
    verb.add_argument("--use-version", metavar="N", type=number(most=999), default=0,
                      help="this version of the series in a thread (default: the newest)")


def text(value: str) -> str:
    """Return a name, a path, a revision; errors of argparse for what can be none."""
    if not value.strip():
        raise argparse.ArgumentTypeError(f"{value!r} is empty: give it a value, or leave it out")
    if len(value) > LONGEST:
        raise argparse.ArgumentTypeError(
            f"{value[:40]!r}... is longer than {LONGEST} characters, so no path and no name"
        )
    if "\0" in value:
        raise argparse.ArgumentTypeError("it has a NUL in it, which no name has")
    return value


def names(value: str) -> str:
    """Return names with commas between; none of them may be empty."""
    if not all(one.strip() for one in value.split(",")):
        raise argparse.ArgumentTypeError(
            f"{value!r} has an empty name in it: write A, or A,B with commas between"
        )
    return text(value)


def number(least: int = 1, most: int = MOST) -> Callable[[str], int]:
    """Return the type of an option that counts, from least to most."""

    span = f"{least} or more" if most == MOST else f"from {least} to {most}"

    def counted(value: str) -> int:
        try:
            found = int(value)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{value[:40]!r} is no whole number: give one, {span}"
            ) from None
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(
                f"{value[:40]} is none that it can be: give a number, {span}"
            )
        return found

    return counted


_UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}


def size(value: str) -> int:
    """Return a number of bytes, as 500M or 20G say it."""
    found = re.fullmatch(r"(\d{1,15})([KMGT]?)", value.strip(), re.IGNORECASE)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{value[:40]!r} is no size: give bytes, or a number with K, M, G or T"
        )
    unit = found[2].upper()
    return int(found[1]) << _UNITS[unit] if unit else int(found[1])
