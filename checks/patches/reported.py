# SPDX-License-Identifier: GPL-2.0-only
"""What the checks of a series found, as the one record that every form of output is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata

from checks.finding import Finding, Severity
from checks.patches.examine import Examined
from checks.patches.file_rules import functions
from checks.patches.mails import Patch
from checks.patches.mends import mend
from checks.report.record import Gap, Item, Report, Row, Scope
from generator.intake.posting import Posting
from generator.kernel.configurations import COMPILER
from generator.kernel.tree import read_many
from generator.system.plumbing import run
from generator.system.version import version

# Findings about what could not be looked at, by the second part of their rule.
_NOT_CHECKED = re.compile(r"[\w-]+:not-[\w-]+")
_ENDED = ":not-finished"
_LONGEST = 1000  # characters of a line that anybody looks at

Texts = dict[tuple[str, str], list[str]]
Again = Callable[[str], str]  # by the name of the check


def reported(done: Examined, series: Posting, verb: str, again: Again) -> Report:
    """Return the record of what was found; `again` gives the command that makes a check again."""
    patches = {patch.name: patch for patch in done.patches}
    mails = {patch.file: patch for patch in reversed(done.patches)}
    texts = _texts(done, series, patches)
    items, gaps = [], [Gap(check, why) for check, why in done.unmade]
    unseen: dict[tuple[str, str], list[str]] = {}
    for check, said in done.found.items():
        for one in said:
            if one.severity is Severity.NOTE and _NOT_CHECKED.fullmatch(one.rule):
                place = f"{one.path} ({one.config})" if one.config else one.path
                unseen.setdefault((check, one.message), []).append(place)
                continue
            patch = patches.get(one.commit) or mails.get(one.path)
            items.append(_item(check, one, patch, texts, again))
    gaps += [Gap(check, why, tuple(sorted(set(filter(None, places)))))
             for (check, why), places in unseen.items()]
    return Report(
        verb, series.gathered.label, tuple(done.found),
        tuple(Row(patch.name, patch.file, patch.commit) for patch in done.patches),
        tuple(items), _scope(done, series), tuple(gaps), done.chosen, done.assumed,
        unfinished=frozenset(check for check, said in done.found.items()
                             if any(one.rule.endswith(_ENDED) for one in said)),
    )  # fmt: skip


def _item(
    check: str, one: Finding, patch: Patch | None, texts: Texts, again: Again
) -> Item:
    text = sent = function = ""
    if patch is not None and one.line:
        if one.path == patch.file:
            text = _own(patch, one.line)
        else:
            lines = texts.get((patch.commit, one.path), [])
            text = lines[one.line - 1] if one.line <= len(lines) else ""
            function = _function(one, "\n".join(lines))
            number = patch.sent(one.path, one.line)
            sent = f"{patch.file}:{number}" if number else ""
    return Item(
        check, one, text[:_LONGEST], sent, one.fix or mend(one),
        again(check) if one.severity is not Severity.NOTE else "", function,
    )  # fmt: skip


def _function(one: Finding, text: str) -> str:
    """Return the function of C that a finding stands in, empty when it is in none."""
    if not one.path.endswith((".c", ".h")):
        return ""
    before = [(line, name) for name, (line, _) in functions(text).items() if line <= one.line]
    return max(before, default=(0, ""))[1]


def _own(patch: Patch, number: int) -> str:
    """Return a line of the mail, or of the message of the commit, that the user named."""
    piece = patch.piece
    for numbers, data in ((piece.log_lines, piece.log), (piece.diff_lines, piece.diff)):
        if number in numbers:
            rows = data.split(b"\n")
            at = numbers.index(number)
            return rows[at].decode("utf-8", "replace") if at < len(rows) else ""
    return ""


def _texts(done: Examined, series: Posting, patches: dict[str, Patch]) -> Texts:
    """Return the lines of each file that a finding names, as the commit has it."""
    wanted = {(patches[one.commit].commit, one.path) for said in done.found.values()
              for one in said if one.line and one.commit in patches
              and one.path != patches[one.commit].file and _in_tree(one.path)}
    read = read_many(series.work, sorted(wanted))
    return {place: data.decode("utf-8", "replace").split("\n")
            for place, data in read.items() if data is not None and b"\0" not in data}


def _in_tree(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and "\n" not in path


def _scope(done: Examined, series: Posting) -> Scope:
    where = series.where
    return Scope(where.version, where.source, where.base, tuple(_tools(done.configurations)),
                 done.configurations)


def _tools(configurations: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "portwright", version()
    yield "git", _number(run(["git", "--version"]))
    if configurations:
        yield "libclang", metadata.version("libclang")
        yield COMPILER, _number(run([COMPILER, "--version"]))


def _number(told: bytes) -> str:
    found = re.search(rb"\d+(?:\.\d+)+", told)
    return found[0].decode() if found else "unknown"
