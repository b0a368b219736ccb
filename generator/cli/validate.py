# SPDX-License-Identifier: GPL-2.0-only
"""`portwright validate DIR`: every check of a series, with none of its code run."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from pathlib import Path

from checks.patches.examine import Examined, examine, lines
from generator.cli.tree import chosen
from generator.load import load, names
from generator.series import manifest, output
from generator.series.spec import SeriesSpec


def run(args: argparse.Namespace) -> int:
    """Check a directory of patches and print what was found.

    Errors: UsageError, Refused, Conflict, EnvironmentFault, Untestable, Timeout.

    Example:
        run(parser().parse_args(["validate", "patches/auxbus"]))
        -> 0  # a table of patches by checks is on stdout
    """
    directory = Path(args.series)
    output.refuse_torn(directory)
    done = examine(directory, chosen(args), _spec(directory, args.design))
    if args.json:
        print(json.dumps(record(done), indent=2))
    else:
        print("\n".join(lines(done)))
    return 0 if done.clean else 1


def _spec(directory: Path, name: str | None) -> SeriesSpec | None:
    """Return the series that the C is held to: the one asked for, else the one it says it is.

    The name in series.json is data: it is looked up among the shipped designs and never run.
    """
    if name is None:
        if not (directory / manifest.FILE_NAME).is_file():
            return None
        name = manifest.read(directory).name
        if name not in names():
            return None
    return load(name).series("to hold the C to")


def record(done: Examined) -> dict[str, object]:
    """Return what was found for a program."""
    return {
        "clean": done.clean,
        "patches": [patch.file for patch in done.patches],
        "assumed": list(done.assumed),
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
