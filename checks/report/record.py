# SPDX-License-Identifier: GPL-2.0-only
"""The one record of a run of checks: every form of output is made of it, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

from checks.finding import Finding, Severity

FAILS = (Severity.ERROR, Severity.WARNING)


@dataclass(frozen=True)
class Row:
    """One thing that was checked: a patch, with the file or commit that the user named.

    `name` is what findings call it, `commit` the id that git gave it, empty without one.
    """

    name: str
    file: str
    commit: str = ""


@dataclass(frozen=True)
class Item:
    """A finding with what one needs to act on it.

    `check` is the column of the table. `text` is the line that the finding is about, empty when
    it is about none, `function` the one that it stands in; `sent` is the line of the user's file,
    `file:line`, that this line came from. `fix` says what would mend it,
    `again` is a command that finds it again.
    """

    check: str
    finding: Finding
    text: str = ""
    sent: str = ""
    fix: str = ""
    again: str = ""
    function: str = ""

    @property
    def fails(self) -> bool:
        """Return whether a maintainer would object."""
        return self.finding.severity in FAILS


@dataclass(frozen=True)
class Gap:
    """Something that was not checked, and why; `where` are files, with their configurations."""

    what: str
    why: str
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """What the findings are about: without it nobody can find them again.

    `kernel` is a version, `source` where the tree came from, `base` the id of its commit. `tools`
    are names and versions of what was run.
    """

    kernel: str
    source: str
    base: str
    tools: tuple[tuple[str, str], ...]
    configurations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that a verb has to say: `about` is what the user named, `checks` are the columns.

    `chosen` are sentences on what the user chose or expected, `assumed` on what was taken for
    granted, `compared` on what became of an earlier version. `code` is the exit code where the
    findings alone do not tell it; `own` are paths of findings that are not of the kernel tree.
    `unfinished` are checks that were ended before they had seen all: their silence is no pass.
    """

    verb: str
    about: str
    checks: tuple[str, ...]
    rows: tuple[Row, ...]
    items: tuple[Item, ...]
    scope: Scope
    gaps: tuple[Gap, ...] = ()
    chosen: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    code: int | None = None
    own: tuple[str, ...] = ()
    unfinished: frozenset[str] = frozenset()

    @property
    def ends(self) -> int:
        """Return the exit code."""
        return self.code if self.code is not None else 0 if self.clean else 1

    @property
    def clean(self) -> bool:
        """Return whether nothing was found that a maintainer would object to."""
        return not any(item.fails for item in self.items)

    def of(self, check: str, row: Row) -> tuple[Item, ...]:
        """Return what a check said of one row."""
        return tuple(item for item in self.items
                     if item.check == check and item.finding.commit == row.name)

    def elsewhere(self, check: str) -> tuple[Item, ...]:
        """Return what a check said that is about no single row."""
        names = {row.name for row in self.rows}
        return tuple(item for item in self.items
                     if item.check == check and item.finding.commit not in names)


def kept_elsewhere(report: Report, scratch: str, kept: str) -> Report:
    """Return a report on files of a directory that is deleted, with the names they are kept by.

    No line of a file that was sent is named: there is none.
    """
    def name(path: str) -> str:
        return f"{kept}{path.removeprefix(scratch)}" if path.startswith(f"{scratch}/") else path

    items = tuple(
        replace(item, sent="", finding=replace(item.finding, path=name(item.finding.path)))
        for item in report.items
    )
    rows = tuple(replace(row, file=name(row.file)) for row in report.rows)
    gaps = tuple(replace(gap, where=tuple(map(name, gap.where))) for gap in report.gaps)
    about = kept if report.about == scratch else name(report.about)
    return replace(report, about=about, rows=rows, items=items, gaps=gaps)
