# SPDX-License-Identifier: GPL-2.0-only
"""The pinned tree's own checkpatch over each patch file, one process per patch.

Always the script of the base, never of the patched tree. `--mailback` is not used: it stops at
the first clean file.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks.finding import Finding, Severity
from generator.errors import EnvironmentFault, UsageError
from generator.system.plumbing import PATIENCE, tried

OPTIONS = ("--strict", "--terse", "--showfile", "--show-types", "--no-summary", "--color=never")

EXPECTED: Mapping[str, str] = {
    "MISSING_SIGN_OFF": "expected until a person signs the series off",
}

_LINE = re.compile(
    r"(?P<path>.*?):(?P<line>\d+): (?P<level>ERROR|WARNING|CHECK):(?P<type>\w+): (?P<text>.*)"
)
_COMMIT = re.compile(rb"^(?:Fixes: *|.*\bcommit )([0-9a-f]{7,40})\b", re.M)
# for one patch; a small one takes 0.3 s
_TIMEOUT = PATIENCE


def check(
    work: Path,
    patches: Sequence[Path],
    history: Path | None = None,
    expected: Mapping[str, str] = EXPECTED,
) -> tuple[Finding, ...]:
    """Run checkpatch --strict over patch files; the cover letter is left out.

    `work` is the checkout of the base, `history` a git directory that holds the commits which
    patches may cite. Without it commit ids are not checked, and a note says so.
    Errors: EnvironmentFault when checkpatch cannot run or stops midway, Timeout.
    """
    script = work / "scripts/checkpatch.pl"
    if not script.is_file():
        raise EnvironmentFault(f"{script}: no such file; `work` must be a kernel tree")
    files = [file.resolve() for file in patches if not file.name.endswith("cover-letter.patch")]
    for file in files:
        if not file.is_file():
            raise UsageError(f"{file}: no such patch file")
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda file: _patch(script, work, file, history, expected), files)
        result = [finding for part in found for finding in part]
    if history is None and files:
        result.append(
            Finding(
                "checkpatch:not-run",
                "commit ids and the validity of SPDX expressions were not checked: "
                "the tree has no history",
                severity=Severity.NOTE,
            )
        )
    return tuple(result)


def _patch(
    script: Path, work: Path, file: Path, history: Path | None, expected: Mapping[str, str]
) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="portwright-") as home:
        # a .checkpatch.conf in the user's home must not change the answer
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": home}
        env["GIT_DIR"] = str(history) if history else f"{home}/none"
        done = tried(["perl", str(script), *OPTIONS, str(file)], cwd=work, env=env,
                     timeout=_TIMEOUT, about=f"{file.name}: checkpatch")
    found = parse(done.said, file.name, expected)
    if done.status not in (0, 1) or (done.status == 1) != bool(found):
        raise EnvironmentFault(
            f"{file.name}: checkpatch did not run properly (exit {done.status}): {done.last}"
        )
    if history is None:
        found += _uncited(file)
    return found


def parse(text: str, patch: str, expected: Mapping[str, str] = EXPECTED) -> list[Finding]:
    """Return the findings of checkpatch's terse output for one patch."""
    found = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            continue
        kind, message = match["type"], match["text"]
        path, number = match["path"], int(match["line"])
        if kind in expected or "SIGN_OFF" in kind:
            # these are about the log; the place is the last file of the diff
            path, number = patch, 0
        severity = Severity.ERROR if match["level"] == "ERROR" else Severity.WARNING
        notes: tuple[str, ...] = ()
        if kind in expected:
            severity, notes = Severity.EXPECTED, (expected[kind],)
        found.append(
            Finding(
                f"checkpatch:{kind}", message, path, number,
                severity=severity, commit=patch, notes=notes,
            )
        )  # fmt: skip
    return found


def _uncited(file: Path) -> list[Finding]:
    """Return a warning for each commit id that a log cites and that nothing could resolve."""
    log = file.read_bytes().partition(b"\n---\n")[0]
    return [
        Finding(
            "checkpatch:not-run",
            f"commit {match[1].decode()} is cited but could not be resolved: "
            "the tree has no history; give a clone with --tree",
            file.name,
            log.count(b"\n", 0, match.start()) + 1,
            severity=Severity.WARNING,
            commit=file.name,
        )
        for match in _COMMIT.finditer(log)
        if match.start() > 0 and match[1] != b"0" * 40
    ]
