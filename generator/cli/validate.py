# SPDX-License-Identifier: GPL-2.0-only
"""`portwright validate SERIES`: every check of a series, with none of its code run."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json

from checks.patches.choice import choice
from checks.patches.examine import CHECKS, Examined, examine, lines
from generator.cli.given import asked, clone
from generator.errors import UsageError
from generator.intake import posting
from generator.load import load, names
from generator.series.spec import SeriesSpec


def run(args: argparse.Namespace) -> int:
    """Check a series and print what was found.

    Errors: UsageError, Refused, Conflict, EnvironmentFault, Untestable, Timeout.

    Example:
        run(parser().parse_args(["validate", "patches/auxbus"]))
        -> 0  # a table of patches by checks is on stdout
    """
    chosen = choice(args.only, args.skip, args.expect, list(CHECKS))
    if args.tree and args.kernel:
        raise UsageError("--kernel names a pinned tree, --tree a clone of yours: give one")
    clone_ = None if args.kernel else clone(args)
    with posting.opened(
        asked(args), clone_, args.base, args.allow_newer, args.kernel
    ) as series:
        done = examine(series, _spec(series, args.design), chosen=chosen)
    if args.json:
        print(json.dumps({**record(done), **_made(series)}, indent=2))
    else:
        print("\n".join(lines(done)))
    return 0 if done.clean else 1


def _made(series: posting.Posting) -> dict[str, object]:
    """Return which commits were judged: `portwright apply -n` says the same of them."""
    return {"base": series.where.base, "commits": [one.commit for one in series.commits]}


def _spec(series: posting.Posting, name: str | None) -> SeriesSpec | None:
    """Return the series that the C is held to: the one asked for, else the one it says it is.

    The name in series.json is data: it is looked up among the shipped designs and never run.
    """
    if name is None:
        promised = series.gathered.promised
        if promised is None or promised.name not in names():
            return None
        name = promised.name
    return load(name).series("to hold the C to")


def record(done: Examined) -> dict[str, object]:
    """Return what was found for a program."""
    return {
        "clean": done.clean,
        "patches": [patch.file for patch in done.patches],
        "assumed": list(done.assumed),
        "chosen": list(done.chosen),
        "findings": [
            {
                "check": check,
                "rule": one.rule,
                "severity": one.severity.value,
                "message": one.message,
                "path": one.path,
                "line": one.line,
                "column": one.column,
                "commit": one.commit,
                "config": one.config,
                "notes": list(one.notes),
            }
            for check, said in done.found.items()
            for one in said
        ],
    }
