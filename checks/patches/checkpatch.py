# SPDX-License-Identifier: GPL-2.0-only
"""The base tree's own checkpatch over the mail that git makes of each commit, one process each.

Always the script of the base, never of the patched tree. `--mailback` is not used: it stops at
the first clean file. What it says of a line of that mail is said of the line of the tree's file,
or of the user's mail, that it came from.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from checks.finding import Finding, Severity
from checks.patches.mails import Patch
from checks.planted import proven
from generator.errors import EnvironmentFault
from generator.kernel.cited import title
from generator.system.plumbing import PATIENCE, Done, tried

_SCRIPT = "scripts/checkpatch.pl"
OPTIONS = ("--strict", "--terse", "--emacs", "--show-types", "--no-summary", "--color=never")

EXPECTED: Mapping[str, str] = {
    "MISSING_SIGN_OFF": "expected until a person signs the series off",
}

_LINE = re.compile(
    r"(?P<path>.*?):(?P<line>\d+): (?P<level>ERROR|WARNING|CHECK):(?P<type>\w+): (?P<text>.*)"
)
_COMMIT = re.compile(r"^(?:Fixes: *|.*\bcommit )([0-9a-f]{7,40})\b")
# for one patch; a small one takes 0.3 s
_TIMEOUT = PATIENCE
_PLANT = b"""From: A B <a@b.c>
Subject: [PATCH] planted: Add a line that ends in a blank

---
diff --git a/lib/planted.c b/lib/planted.c
index 1111111..2222222 100644
--- a/lib/planted.c
+++ b/lib/planted.c
@@ -1,1 +1,2 @@
 int a;
+int b;\x20
--\x20
2.39.5
"""


def check(
    work: Path,
    patches: Sequence[Patch],
    history: Path | None = None,
    *,
    ours: bool = True,
) -> tuple[Finding, ...]:
    """Run checkpatch --strict over commits.

    Of a series that is not `ours` a sign-off is expected, and what could not be looked up is told
    and not held against it.
    `work` is the checkout of the base, `history` a git directory that holds the commits which
    patches may cite. Without it commit ids are not checked, and a note says so.
    Errors: EnvironmentFault when checkpatch cannot run or stops midway, Timeout.
    """
    script = work / _SCRIPT
    if not script.is_file():
        raise EnvironmentFault(f"{script}: no such file; `work` must be a kernel tree")
    with _standing(work) as stand, ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda one: _patch(stand, one, history, ours), patches)
        result = [finding for part in _documented(patches, found) for finding in part]
    if patches:
        proven([str(_PLANT), *OPTIONS], [Path(__file__), script], ["perl"], lambda: _prove(work))
    if history is None and patches:
        result.append(
            Finding(
                "checkpatch:not-run",
                "commit ids and the validity of SPDX expressions were not checked: "
                "the tree has no history",
                severity=Severity.NOTE,
            )
        )
    return tuple(result)


@dataclass(frozen=True)
class _Stand:
    """Where checkpatch runs: a home of its own, and in it a directory with links to the tree's.

    It writes a list of names where it stands, .checkpatch-camelcase.*, which must not be the tree;
    what it runs, get_maintainer.pl, wants to stand in one.
    """

    work: Path
    home: Path


@contextmanager
def _standing(work: Path) -> Iterator[_Stand]:
    with tempfile.TemporaryDirectory(prefix="portwright-") as home:
        here = Path(home, "tree")
        here.mkdir()
        for one in work.resolve().iterdir():
            here.joinpath(one.name).symlink_to(one)
        yield _Stand(work.resolve(), Path(home))


def _patch(stand: _Stand, patch: Patch, history: Path | None, ours: bool) -> list[Finding]:
    if patch.mail is None:
        return []
    done = _run(stand, patch.mail.text, history, patch.file)
    found = parse(done.said, patch, EXPECTED if ours else {})
    uncited = _uncited(patch, ours) if history is None else []
    if not patch.diffs:  # an empty commit, which is said already
        return [one for one in found if one.rule != "checkpatch:NOT_UNIFIED_DIFF"] + uncited
    if done.status not in (0, 1) or (done.status == 1) != bool(found):
        raise EnvironmentFault(
            f"{patch.file}: checkpatch did not run properly (exit {done.status}): {done.last}"
        )
    if history is None:
        found = [one for one in found if one.rule != _UNKNOWN or (ours and not _known(one))]
    return found + uncited


def _documented(
    patches: Sequence[Patch], found: Iterable[list[Finding]]
) -> Iterator[list[Finding]]:
    """Yield what is said of each patch, without what an earlier one of the series has mended.

    checkpatch looks for compatible strings in the bindings of the base, which has none of them.
    """
    lines: list[str] = []
    for patch, said in zip(patches, found, strict=True):
        words = set(re.findall(r"[\w,.+-]+", "\n".join(lines)))
        yield [one for one in said if not (
            one.rule == "checkpatch:UNDOCUMENTED_DT_STRING"
            and (named := re.search(r'"([^"]+)"', one.message)) and named[1] in words)]
        lines += [row for diff in patch.diffs if diff.path.startswith(_BINDINGS)
                  for _, row in diff.added()]


_BINDINGS = "Documentation/devicetree/bindings/"


def _known(one: Finding) -> bool:
    """Return whether the commit that a finding calls unknown was looked up by somebody."""
    cited = re.search(r"'([0-9a-f]{12,40})'", one.message)
    return bool(cited and title(cited[1]))


_UNKNOWN = "checkpatch:UNKNOWN_COMMIT_ID"  # said of every commit where there is no history


def _run(stand: _Stand, mail: bytes, history: Path | None, about: str) -> Done:
    # a .checkpatch.conf in the user's home must not change the answer
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(stand.home),
           "GIT_DIR": str(history or stand.home / "none")}
    with tempfile.NamedTemporaryFile("wb", dir=stand.home, suffix=".patch") as file:
        file.write(mail)
        file.flush()
        return tried(["perl", str(stand.work / _SCRIPT), *OPTIONS, f"--root={stand.work}",
                      file.name], cwd=stand.home / "tree", env=env, timeout=_TIMEOUT,
                     about=f"{about}: checkpatch")


@lru_cache(maxsize=16)
def _prove(work: Path) -> None:
    """Let the script find a planted mistake: its silence means nothing before it has.

    Errors: EnvironmentFault.
    """
    with _standing(work) as stand:
        said = _run(stand, _PLANT, None, "a planted mistake").said
    if not any(match and match["type"] == "TRAILING_WHITESPACE"
               for match in map(_LINE.fullmatch, said.splitlines())):
        raise EnvironmentFault(f"{work / _SCRIPT}: does not say, in words that are known here, "
                               "that a line ends in a blank, so its silence means nothing; leave "
                               "it out with --skip checkpatch")


def parse(text: str, patch: Patch, expected: Mapping[str, str] = EXPECTED) -> list[Finding]:
    """Return the findings of checkpatch's terse output for the mail of one commit.

    Errors: EnvironmentFault for a line that is no finding in the words of the scripts known here.
    """
    found = []
    for line in filter(None, text.split("\n")):  # no other character ends a line of its output
        match = _LINE.fullmatch(line)
        if not match:
            raise EnvironmentFault(f"{patch.file}: checkpatch says {line!r}, which is not known "
                                   "here as a finding; leave it out with --skip checkpatch")
        kind, message = match["type"], match["text"]
        path, number = patch.mail.place(int(match["line"])) if patch.mail else ("", 0)
        if kind in expected or ("SIGN_OFF" in kind and kind != "BAD_SIGN_OFF"):
            # these are of tags that are not there; the place is the last line of the diff
            path, number = "", 0
        if not path:
            path, number = patch.file, patch.line(number)
        severity = Severity.ERROR if match["level"] == "ERROR" else Severity.WARNING
        notes: tuple[str, ...] = ()
        if kind in expected:
            severity, notes = Severity.EXPECTED, (expected[kind],)
        found.append(
            Finding(
                f"checkpatch:{kind}", message, path, number,
                severity=severity, commit=patch.name, notes=notes,
            )
        )  # fmt: skip
    return found


def _uncited(patch: Patch, ours: bool) -> list[Finding]:
    """Return a warning for each commit id that a log cites and that nothing could resolve."""
    return [
        Finding(
            "checkpatch:not-run",
            f"commit {match[1]} is cited but could not be resolved: "
            "the tree has no history; give a clone with --tree",
            patch.file,
            patch.line(number),
            severity=Severity.WARNING if ours else Severity.NOTE,
            commit=patch.name,
        )
        for number, row in enumerate(patch.log.split("\n"), 1)
        if (match := _COMMIT.match(row[:2000])) and match[1] != "0" * 40
        and f'("{title(match[1])}")' not in row
    ]
