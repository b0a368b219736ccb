# SPDX-License-Identifier: GPL-2.0-only
"""What the compiler's front end says of one unit, remembered for as long as its files are the same.

The memory is keyed by flags, text and the content of every file that the unit includes, so a
second run of an unchanged series parses nothing.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.parsing.job import Diagnostic, Job, ResolvedJob, content_id, resolved
from generator.parsing.unit import parse_job
from generator.system.cache import keep

# raise it when what is remembered, or how it is found, changes
_FORM = "1"


@dataclass(frozen=True)
class Diagnosis:
    """The diagnostics of a unit, the files it read, and the external symbols that it defines."""

    path: str
    diagnostics: tuple[Diagnostic, ...]
    includes: frozenset[str]
    defined: frozenset[str]


def diagnose(task: Job) -> Diagnosis:
    """Return what the front end says of one unit.

    Errors: TreeError when the unit cannot be read at all.
    """
    job = resolved(task)
    record = memory(task.place.cache / "said", job)
    known = record.recall()
    if known is not None:
        return Diagnosis(
            task.path,
            tuple(diagnostic(item) for item in known["said"]),
            frozenset(known["includes"]),
            frozenset(known["defined"]),
        )
    unit = parse_job(task)
    found = Diagnosis(task.path, unit.diagnostics, unit.includes, _defined(unit.tu))
    # a missing file may appear anywhere on the search path later: nothing to hold such a
    # result against
    if not any("file not found" in item.text for item in unit.diagnostics):
        record.keep(
            absolute(job, unit.includes),
            {
                "said": [vars(item) for item in found.diagnostics],
                "includes": sorted(found.includes),
                "defined": sorted(found.defined),
            },
        )
    return found


def diagnose_many(tasks: Iterable[Job], threads: int = 2) -> Iterator[Diagnosis]:
    """Diagnose units in the order given, two at a time."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(diagnose, tasks)


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
