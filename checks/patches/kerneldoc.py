# SPDX-License-Identifier: GPL-2.0-only
"""The comments for documentation, as the base tree's own scripts/kernel-doc reads them.

The script was Perl, and is Python since; each complains in words of its own, and neither says by
its exit code whether it did. So each must find a planted mistake before its silence counts.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from checks.finding import Finding, Severity
from checks.patches.context import Context
from checks.planted import proven
from generator.errors import EnvironmentFault
from generator.system.plumbing import PATIENCE, tried

_TIMEOUT = PATIENCE
_SCRIPT = "scripts/kernel-doc"
_MODULES = ("scripts/lib/kdoc", "tools/lib/python/kdoc")  # where it is Python
_PERL = re.compile(r"(?P<path>[^:\n]+):(?P<line>\d+): (?:warning|error): (?P<text>.*)")
_PYTHON = re.compile(r"(?:Warning|Error): (?P<path>[^:\n]+):(?P<line>\d+):? (?P<text>.*)")
_PLANT = b"/**\n * planted() - has a parameter that is not told\n */\nvoid planted(int odd)\n{\n}\n"

Told = list[tuple[int, str]]


def kernel_doc(what: Context) -> Iterator[Finding]:
    """The comments for documentation say no more warnings than before (scripts/kernel-doc)."""
    if what.work is None:
        yield Finding(
            "series:not-run", "kernel-doc: there is no checkout of the base", severity=Severity.NOTE
        )
        return
    for index, patch in enumerate(what.series.patches):
        for diff in patch.diffs:
            if not diff.path.endswith((".c", ".h")) or diff.deleted:
                continue
            before, after = what.before(index)(diff.old), what.after(index)(diff.path)
            new = _told(what.work, diff.path, after)
            old = {text for _, text in _told(what.work, diff.path, before)} if new else set()
            for line, text in new:
                if text not in old:
                    yield Finding("series:kernel-doc", text, diff.path, line,
                                  severity=Severity.WARNING, commit=patch.name)


def _told(work: Path, path: str, data: bytes | None) -> Told:
    if not data or b"/**" not in data:
        return []
    script = work / _SCRIPT
    modules = sorted(one for place in _MODULES for one in (work / place).glob("*.py"))
    proven([str(_PLANT)], [Path(__file__), script, *modules], ["perl", sys.executable],
           lambda: _prove(work))
    return _run(work, path, data)


@lru_cache(maxsize=16)
def _prove(work: Path) -> None:
    """Let the script find a planted mistake. Errors: EnvironmentFault when it does not."""
    if not any("'odd'" in text for _, text in _run(work, "planted.c", _PLANT)):
        raise EnvironmentFault(
            f"{work}/scripts/kernel-doc: does not say, in words that are known here, that a "
            "parameter is not described, so its silence means nothing; leave the rules of series "
            "out with --skip series"
        )


def _run(work: Path, path: str, data: bytes) -> Told:
    """Return (line, message); the exit code says nothing: it is 0 with warnings."""
    script = work / _SCRIPT
    try:
        with script.open("rb") as file:
            python = b"python" in file.readline()
    except OSError as missing:
        raise EnvironmentFault(f"{script}: {missing.strerror}; the base has no kernel-doc to "
                               "run") from missing
    # -B: nothing is written beside the modules of the tree
    start = [sys.executable, "-B"] if python else ["perl"]
    with tempfile.TemporaryDirectory(prefix="portwright-") as home:
        file_ = Path(home) / os.path.basename(path)
        file_.write_bytes(data)
        command = [*start, str(script), "-none", "-Wall", str(file_)]
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": home}
        done = tried(command, cwd=work, env=env, timeout=_TIMEOUT, about=f"{path}: kernel-doc")
    form = _PYTHON if python else _PERL
    found = [(int(match["line"]), match["text"])
             for match in map(form.fullmatch, done.complained.splitlines()) if match]
    if done.status and not found:
        raise EnvironmentFault(f"{path}: scripts/kernel-doc did not run: {done.last}")
    return list(dict.fromkeys(found))  # it may say a thing twice
