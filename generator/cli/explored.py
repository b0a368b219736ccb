# SPDX-License-Identifier: GPL-2.0-only
"""The verdict on a design, explored once: kept until the design or the checker changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from checks import show
from checks.explore import Report
from checks.finding import Verdict
from checks.judge import judge
from generator.design import Design
from generator.progress import say
from generator.series import canonical
from generator.tree import cache

_HOUSE = Path(__file__).parents[2]


def holds(design: Design) -> Report | None:
    """Return None when a design holds, else the report that says why not."""
    kept = cache() / "explored" / f"{_key(design)}.json"
    if kept.is_file():
        say(f"{design.name}: explored before, holds")
        return None
    say(f"{design.name}: exploring")
    report = judge(design)
    if report.verdict is not Verdict.HOLDS:
        return report
    kept.parent.mkdir(parents=True, exist_ok=True)
    new = kept.with_suffix(".new")
    new.write_text(json.dumps(show.record(report), indent=2))
    new.replace(kept)
    return None


def _key(design: Design) -> str:
    key = hashlib.sha256(canonical(design).encode())
    for path in _sources():
        key.update(path.read_bytes())
    return key.hexdigest()


def _sources() -> Iterator[Path]:
    """Yield what a verdict depends on: the checker, and the model that it reads."""
    yield from sorted((_HOUSE / "checks").rglob("*.py"))
    yield from sorted((_HOUSE / "generator").glob("*.py"))
    yield from sorted((_HOUSE / "generator" / "ops").glob("*.py"))
