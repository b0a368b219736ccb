# SPDX-License-Identifier: GPL-2.0-only
"""A version of a series beside an earlier one: what git says of both, and which findings are new.

A finding is the one that was there before when rule, file, function and words are the same: lines
move between versions, and so do the names of mails.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from checks.finding import Severity
from checks.report.record import Item, Report
from generator.errors import TreeError
from generator.intake.posting import Posting
from generator.system.plumbing import git_command, git_environment, tried

# of a long series against another git compares each patch with each
_TIMEOUT = 300

Key = tuple[str, str, str, str, str]


def compared(new: Report, old: Report, between: tuple[str, ...], *, every: bool) -> Report:
    """Return a report in which only new findings count: the others are expected, unless `every`.

    between: what range_diff() says.
    """
    left = Counter(_key(item, old) for item in old.items if item.fails)
    items, fresh = [], 0
    for item in new.items:
        key = _key(item, new)
        if not item.fails:
            items.append(item)
        elif left[key]:
            left[key] -= 1
            items.append(item if every else _known(item, old.about))
        else:
            fresh += 1
            items.append(item)
    gone = [f"gone since {old.about}: {key[3]} [{key[0]}]" for key in left.elements()]
    kept = sum(item.fails for item in new.items) - fresh
    count = f"against {old.about}: {fresh} new, {kept} as before, {len(gone)} gone"
    if [row.commit for row in new.rows] == [row.commit for row in old.rows]:
        count += "; both are the same commits"
    return replace(new, items=tuple(items), compared=(*between, count, *gone))


def _known(item: Item, about: str) -> Item:
    one = item.finding
    notes = (*one.notes, f"was there in {about}")
    return replace(item, finding=replace(one, severity=Severity.EXPECTED, notes=notes))


def _key(item: Item, report: Report) -> Key:
    one = item.finding
    own = any(one.path == row.file for row in report.rows)
    words = " ".join(item.text.split()) if own else ""
    return one.rule, "" if own else one.path, item.function, one.message, words


def range_diff(old: Posting, new: Posting) -> tuple[str, ...]:
    """Return a line for each pair of patches, as git range-diff pairs them.

    Errors: TreeError, Timeout.
    """
    spans = [f"{one.commits[0].parent}..{one.tip}" for one in (old, new)]
    done = tried(
        git_command(new.work.git_dir, "range-diff", "--no-color", "--no-patch", *spans),
        env=git_environment(
            GIT_ALTERNATE_OBJECT_DIRECTORIES=str(old.work.git_dir / "objects")
        ),
        timeout=_TIMEOUT, about="git range-diff",
    )  # fmt: skip
    if done.status:
        raise TreeError(f"git range-diff did not run: {done.last}")
    return tuple(line.rstrip() for line in done.said.splitlines())
