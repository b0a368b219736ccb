# SPDX-License-Identifier: GPL-2.0-only
"""A directory of patches and the tree it is for: what a rule of mails or files looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.finding import Finding, Severity
from checks.patches.mails import Patch, Reader, SeriesText


@dataclass(frozen=True)
class Context:
    """A series and the tree it is for.

    `read` gives the files of the base, `edits` what each patch makes of the files it touches.
    `base` is the base commit's id, `resolve` gives the subject of a commit in a real history
    (None: there is no history), `given` are tag lines that their persons are known to have
    given, `signoff` the identity that asked to sign. `ours`: it is held to what series of this
    project promise, beside what the kernel asks of every one. `repository` holds the base and the
    commits, None when only their texts are at hand.
    """

    series: SeriesText
    read: Reader
    edits: tuple[Mapping[str, bytes | None], ...]
    base: str
    work: Path | None = None
    resolve: Callable[[str], str | None] | None = None
    given: frozenset[str] = frozenset()
    signoff: str = ""
    ours: bool = True
    repository: Path | None = None

    def before(self, number: int) -> Reader:
        """Return a reader of the tree before the patch of index `number`."""

        def read(path: str) -> bytes | None:
            for edit in reversed(self.edits[:number]):
                if path in edit:
                    return edit[path]
            return self.read(path)

        return read

    def after(self, number: int) -> Reader:
        """Return a reader of the tree after the patch of index `number`."""
        return self.before(number + 1)


def as_text(data: bytes | None) -> str:
    """Return the text of a file, "" when there is none."""
    return data.decode("utf-8", "replace") if data else ""


SeriesRule = Callable[[Context], Iterator[Finding]]


def at_log(
    patch: Patch, rule: str, text: str, line: int = 0, severity: Severity = Severity.ERROR
) -> Finding:
    """Return a finding about line `line` (from 1) of a patch's log, 0 for its subject."""
    return Finding(rule, text, patch.file, patch.line(line), severity=severity, commit=patch.name)
