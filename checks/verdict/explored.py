# SPDX-License-Identifier: GPL-2.0-only
"""What explorations came to: kept until the design or the checker changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from checks.finding import Verdict
from checks.search.told import Report
from checks.verdict.judge import SECONDS, judge
from checks.verdict.matrix import Cell, Exploration, Served, Task, explore_all
from generator.design import Design
from generator.load import base_of
from generator.series.identity import canonical
from generator.system.cache import DESIGNS, cache, code, keep
from generator.system.progress import say


def holds(design: Design, *, seconds: float = SECONDS) -> Report | None:
    """Return None when a design holds, else the report that says why not.

    `seconds` bounds all of its explorations.
    """
    kept = cache() / "explored" / f"{_key(design)}.json"
    if kept.is_file():
        say(f"{design.name}: explored before, holds")
        return None
    say(f"{design.name}: exploring")
    report = judge(design, seconds=seconds)
    if report.verdict is not Verdict.HOLDS:
        return report
    keep(kept, json.dumps({"design": design.name, "states": report.bounds.states}))
    return None


def matrix(tasks: tuple[Task, ...], *, again: bool = False) -> tuple[Exploration, ...]:
    """Return what tasks come to, those that were done before from what was kept.

    With `again`, everything is explored. Errors: UsageError, ModelError.

    >>> [found] = matrix((Task("today", "MSI"),))
    >>> [(cell.service, cell.served.value) for cell in found.cells]
    [('core', 'served'), ('cpmu', 'no such device')]
    """
    files = dict(_files(tasks))
    found = {} if again else {task: one for task in tasks if (one := _recalled(files[task]))}
    open_ = tuple(task for task in tasks if task not in found)
    say(f"{len(tasks)} explorations, {len(found)} of them known from before")
    for task, one in zip(open_, explore_all(open_), strict=True):
        found[task] = one
        if one.complete:
            keep(files[task], _text(asdict(one)))
    return tuple(found[task] for task in tasks)


def known(tasks: Sequence[Task]) -> tuple[Exploration, ...]:
    """Return those of some explorations that were done before."""
    return tuple(one for _, file in _files(tasks) if (one := _recalled(file)))


def _files(tasks: Sequence[Task]) -> Iterator[tuple[Task, Path]]:
    """Yield where the outcome of each task is kept; the text of a design is long, and made once."""
    keys: dict[Task, str] = {}
    for task in tasks:
        of = replace(task, interrupts="")
        if of not in keys:
            keys[of] = _key(task.subject)
        words = f"{keys[of]} {task.interrupts}"
        yield task, cache() / "matrix" / f"{hashlib.sha256(words.encode()).hexdigest()}.json"


def _recalled(file: Path) -> Exploration | None:
    """Return an exploration that was kept, None when there is none that we can read."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        cells = tuple(
            Cell(**{**one, "served": Served(one["served"]), "rules": tuple(one["rules"]),
                    "missed": tuple(one["missed"])})
            for one in data["cells"]
        )
        waived = tuple((rule, reason, needed) for rule, reason, needed in data["waived"])
        return Exploration(**{
            **data, "cells": cells, "waived": waived, "instances": tuple(data["instances"]),
            "episodes": tuple(data["episodes"]), "seconds": 0.0, "megabytes": 0, "process": 0,
        })
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _text(record: object) -> str:
    return json.dumps(record, indent=2, default=_plain)


def _plain(value: object) -> str:
    assert isinstance(value, Served)
    return str(value.value)


def _key(design: Design) -> str:
    """Return what a verdict is of: the design, what its services are compared with, our code."""
    base = base_of(design)
    said = (canonical(design, whole=True),
            canonical(base, whole=True) if base is not None else "",
            code(without=(DESIGNS,)))
    return hashlib.sha256("\0".join(said).encode()).hexdigest()
