# SPDX-License-Identifier: GPL-2.0-only
"""What `git diff --check` says of each commit, beside what checkpatch says of its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.finding import Finding, Severity
from checks.patches.context import Context
from generator.errors import TreeError
from generator.system.plumbing import git_command, git_environment, tried

_TOLD = re.compile(r"(?P<path>[^+\n].*):(?P<line>\d+): (?P<text>[A-Za-z, ]+?)\.?")
_FOUND = 2  # the exit status that means so
# checkpatch says these of the same line
_SAID = ("trailing whitespace", "space before tab in indent")
_FIX = {
    "new blank line at EOF": "remove the empty lines at the end of the file",
    "leftover conflict marker": "resolve the conflict, and remove the marker",
}


def whitespace(what: Context) -> Iterator[Finding]:
    """A commit leaves no conflict marker, and no blank line at the end of a file.

    Source: git-diff(1), --check.
    """
    if what.repository is None:
        return
    for patch in what.series.patches:
        done = tried(
            git_command(what.repository, "diff-tree", "--check", "-r", "-M", "--no-commit-id",
                        patch.commit),
            env=git_environment(), about=f"{patch.file}: git diff --check",
        )  # fmt: skip
        if done.status not in (0, _FOUND):
            raise TreeError(f"{patch.file}: git diff --check did not run: {done.last}")
        for row in done.said.splitlines():
            match = _TOLD.fullmatch(row)
            if match is None:
                continue  # the line itself
            text = ", ".join(part for part in match["text"].split(", ") if part not in _SAID)
            if not text:
                continue
            yield Finding("series:whitespace", f"git diff --check: {text}", match["path"],
                          int(match["line"]), severity=Severity.WARNING, commit=patch.name,
                          fix=_FIX.get(text, ""))
