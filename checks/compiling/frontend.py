# SPDX-License-Identifier: GPL-2.0-only
"""What the compiler's front end says of one unit, remembered for as long as its files are the same.

The memory is keyed by flags, text and the content of every file that the unit includes, so a
second run of an unchanged series parses nothing.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.compiling import worker
from generator.parsing.job import Diagnostic, Job, ResolvedJob, content_id, resolved, short
from generator.parsing.unit import parse_job
from generator.system.cache import keep

# raise it when what is remembered, or how it is found, changes
_FORM = "2"


# what a diagnostic is marked with when its unit must not be read by anybody else
STRANGE = ("outside", "limits")


@dataclass(frozen=True)
class Diagnosis:
    """The diagnostics of a unit, the files it read, and the external symbols that it defines."""

    path: str
    diagnostics: tuple[Diagnostic, ...]
    includes: frozenset[str]
    defined: frozenset[str]


def diagnose(task: Job) -> Diagnosis:
    """Return what the front end says of one unit, which is read in a sandbox.

    A unit that is more than the compiler may take is an error in it.
    Errors: TreeError when there is no such unit, EnvironmentFault without a sandbox.
    """
    job = resolved(task)
    record = memory(task.place.cache / "said", job)
    known = record.recall()
    if known is not None:
        return _diagnosis(task, known)
    try:
        result = worker.read(task)
    except worker.Exceeded:
        text = (f"ends the compiler, or takes it more than {worker.SECONDS} s of CPU time or "
                f"{worker.MEMORY >> 30} GiB of memory: the unit is not compiled")
        strange = Diagnostic("error", task.path, 0, 0, text, "limits")
        return Diagnosis(task.path, (strange,), frozenset(), frozenset())
    return _diagnosis(task, result)


def _diagnosis(task: Job, result: dict[str, Any]) -> Diagnosis:
    return Diagnosis(
        task.path,
        tuple(diagnostic(item) for item in result["said"]),
        frozenset(result["includes"]),
        frozenset(result["defined"]),
    )


def look(task: Job) -> dict[str, Any]:
    """Return what the front end says of one unit, as JSON has it; to be called in a sandbox.

    Errors: TreeError when the unit cannot be read at all.
    """
    job = resolved(task)
    unit = parse_job(task)
    result: dict[str, Any] = {
        "said": [vars(item) for item in unit.diagnostics],
        "includes": sorted(unit.includes),
        "defined": sorted(_defined(unit.tu)),
    }
    strange = _outside(job, unit.includes)
    if strange:
        # nothing of what it holds may be quoted, and what follows may be made of it
        own = [name for name in result["includes"] if not name.startswith("/")]
        return {"said": [vars(strange)], "includes": own, "defined": []}
    # a missing file may appear anywhere on the search path later: nothing to hold such a
    # result against
    if not any("file not found" in item.text for item in unit.diagnostics):
        record = memory(task.place.cache / "said", job)
        record.keep(absolute(job, unit.includes), result)
    return result


_NAMED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"](/[^>"\n]*)', re.M)


def _outside(job: ResolvedJob, includes: frozenset[str]) -> Diagnostic | None:
    """Return an error when a unit includes a file outside of the tree, or names one."""
    texts = {**job.texts, job.main: job.text}
    own = {short(job.place, path): text for path, text in texts.items()}
    for path, text in own.items():
        if (path in includes or path == job.path) and (found := _NAMED.search(text)):
            line = text.count(b"\n", 0, found.start(1)) + 1
            return _strange(path, line, found[1].decode(errors="replace"))
    system = [one for flag, one in itertools.pairwise(job.flags) if flag == "-isystem"]
    for name in sorted(includes):
        if name.startswith("/") and not any(name.startswith(f"{one}/") for one in system):
            return _strange(job.path, 0, name)
    return None


def _strange(path: str, line: int, name: str) -> Diagnostic:
    text = f"includes {name}, which is outside of the tree: the unit is not compiled"
    return Diagnostic("error", path, line, 0, text, "outside")


def diagnostic(item: dict[str, Any]) -> Diagnostic:
    """Return a diagnostic from its JSON form."""
    return Diagnostic(**{**item, "notes": tuple(item["notes"])})


def absolute(job: ResolvedJob, includes: Iterable[str]) -> tuple[str, ...]:
    """Return the absolute paths of what a unit includes."""
    found = []
    for name in includes:
        for path in (f"{job.place.source}/{name}", f"{job.place.build}/{name}", name):
            if path in job.texts or os.path.isfile(path):
                found.append(path)
                break
    return tuple(found)


def memory(directory: Path, job: ResolvedJob, salt: str = "") -> Memory:
    """Return what is remembered of a unit's text under its flags."""
    words = [_FORM, salt, *job.flags, job.main, content_id(job.text)]
    key = content_id("\0".join(words).encode())
    return Memory(job, directory / key[:2] / key)


@dataclass(frozen=True, eq=False)
class Memory:
    """The results kept for one unit: a few, one for each state of its includes."""

    job: ResolvedJob
    file: Path

    def _records(self) -> list[dict[str, Any]]:
        try:
            found = json.loads(zlib.decompress(self.file.read_bytes()))
        except (OSError, ValueError, zlib.error):
            return []
        return found if isinstance(found, list) else []

    def recall(self) -> dict[str, Any] | None:
        """Return the result whose every file is what it is now, None when there is none."""
        for record in self._records():
            if self.job.same(record["files"]):
                with suppress(OSError):
                    os.utime(self.file)  # the oldest go first
                result: dict[str, Any] = record["result"]
                return result
        return None

    def keep(self, files: Iterable[str], result: dict[str, Any]) -> None:
        """Remember a result together with the content of the files it came from."""
        ids = {path: self.job.id_of(path) for path in sorted(files)}
        records = [{"files": ids, "result": result}, *self._records()][:16]
        keep(self.file, zlib.compress(json.dumps(records).encode(), 1))


def _defined(tu: Any) -> frozenset[str]:  # noqa: ANN401 - libclang has no types
    from clang import cindex

    kinds = (cindex.CursorKind.FUNCTION_DECL, cindex.CursorKind.VAR_DECL)
    return frozenset(
        cursor.spelling
        for cursor in tu.cursor.get_children()
        if cursor.kind in kinds
        and cursor.is_definition()
        and cursor.linkage is cindex.LinkageKind.EXTERNAL
    )
