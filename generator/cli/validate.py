# SPDX-License-Identifier: GPL-2.0-only
"""`portwright validate DIR`: every check of a series, with none of its code run."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from pathlib import Path

from generator.cli.examine import Examined, examine, lines
from generator.cli.tree import chosen


def run(args: argparse.Namespace) -> int:
    """Check a directory of patches and print what was found.

    Errors: UsageError, Conflict, EnvironmentFault, Untestable, Timeout.
    """
    done = examine(Path(args.series), chosen(args))
    if args.json:
        print(json.dumps(record(done), indent=2))
    else:
        print("\n".join(lines(done)))
    return 0 if done.clean else 1


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
