# SPDX-License-Identifier: GPL-2.0-only
"""`portwright validate SERIES`: every check of a series, with none of its code run."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import io
import os
import sys
from dataclasses import replace
from pathlib import Path

from checks.compiling.pool import Pool, connected
from checks.patches.against import compared, range_diff
from checks.patches.choice import Choice, choice
from checks.patches.examine import CHECKS, examine
from checks.patches.reported import reported
from checks.report import text
from checks.report.forms import FORMS
from checks.report.record import Report
from generator.cli.given import again, asked, clone
from generator.cli.tree import refuse_two, told
from generator.errors import UsageError
from generator.intake import b4check, inbox, posting, rebase
from generator.kernel.clone import whole
from generator.load import DEFAULT, load, names
from generator.series.spec import SeriesSpec
from generator.system import stopping


def run(args: argparse.Namespace) -> int:
    """Check a series and print what was found.

    Errors: UsageError, Refused, Conflict, EnvironmentFault, Untestable, Timeout.

    Example:
        run(parser().parse_args(["validate", "patches/6.12/auxbus"]))
        -> 0  # a table of patches by checks is on stdout
    """
    chosen = choice(args.only, args.skip, args.expect, list(CHECKS), args.matrix,
                    deep=args.deep)
    refuse_two(args)
    if args.all and not args.against:
        raise UsageError("--all goes with --against OLD: there is nothing else that is left out")
    clone_ = None if args.kernel else clone(args)
    named, base, alone, stdin = asked(args), args.base, False, None
    form = "json" if args.json else args.format
    if form.startswith("b4-") and named in (posting.Asked(), posting.Asked(("-",))):
        mail = inbox.standard_input().read(inbox.MOST_FILE + 1)
        one = b4check.wanted(mail, clone_, os.environ.get("B4_TRACKING_FILE", ""))
        named, base, alone, stdin = one.asked, base or one.base, one.alone, io.BytesIO(mail)
    with connected(args.scheduler) as pool, posting.opened(
        named, clone_, base, args.allow_newer, args.kernel, stdin
    ) as series:
        report = _judged(args, series, chosen, pool)
        if args.against and not stopping.asked():
            before = posting.Asked((args.against,), scissors=named.scissors)
            with posting.opened(
                before, clone_, args.base, args.allow_newer, args.kernel
            ) as earlier:
                other = _judged(args, earlier, chosen, pool)
                if not stopping.asked():  # else what it did not come to would count as new here
                    report = compared(report, other, range_diff(earlier, series), every=args.all)
    if alone:
        report = _last(report)
    if stopping.asked():
        report = replace(report, code=stopping.INTERRUPTED)
    words = _once(report, clone_) if form == "text" and clone_ else FORMS[form](report)
    if words:
        print(words)
    if report.ends == stopping.INTERRUPTED:
        print("portwright validate: interrupted: this is what was found so far", file=sys.stderr)
    return report.ends


def _once(report: Report, clone_: Path) -> str:
    """Return a report as text; within a rebase without what an earlier commit of it was told."""
    name = rebase.running(clone_)
    if not name:
        return text.render(report)
    words = text.again(report, rebase.told(name))
    rebase.say_once(name, text.standing(report))
    return words


def _judged(
    args: argparse.Namespace, series: posting.Posting, chosen: Choice, pool: Pool
) -> Report:
    spec = _spec(series, args.design, held=chosen.wanted("design"))
    done = examine(series, spec, chosen=chosen, pool=pool)
    return reported(done, series, "validate", lambda check: f"{again(args)} --only {check}")


def _last(report: Report) -> Report:
    """Return what is said of the last patch: b4 asks about each by itself."""
    row = report.rows[-1]
    # that the others of n are not there is no mistake of a mail that was handed over alone
    items = tuple(item for item in report.items if item.finding.commit == row.name
                  and item.finding.rule != "series:numbering")
    return replace(report, rows=(row,), items=items)


def _spec(series: posting.Posting, name: str | None, *, held: bool) -> SeriesSpec | None:
    """Return the series that the C is held to: the one asked for, else the one it says it is.

    The name in series.json is data: it is looked up among the shipped designs and never run.
    Only who holds the C to it asks the tree what its drivers do.
    """
    if name is None:
        promised = series.gathered.promised
        if promised is None or promised.name not in names():
            return None
        name = promised.name
    said = told(whole(series.where)) if held else DEFAULT
    return load(name, said).series("to hold the C to")
