# SPDX-License-Identifier: GPL-2.0-only
"""The survey of untouched drivers: what is found of each, and the verdicts of who read the C."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parent / "extraction" / "survey.json"
READ = ("HOLDS", "VIOLATED")  # verdicts of drivers that were read, every life of them explored
_KEY = ("path", "driver", "rule", "function", "text")

Survey = Mapping[str, Any]


def load(path: Path) -> Survey:
    """Return a table as it was stored."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def store(path: Path, survey: Survey) -> None:
    """Write a table, a row a line."""
    def rows(name: str) -> str:
        return ",\n  ".join(json.dumps(one) for one in survey[name])

    path.write_text("{\n" + f' "said": {json.dumps(survey["said"])},\n "drivers": [\n  '
                    f'{rows("drivers")}\n ],\n "findings": [\n  {rows("findings")}\n ]\n' "}\n",
                    encoding="utf-8")


def judged(
    before: Survey, found: Sequence[Mapping[str, Any]], order: Sequence[tuple[str, str]]
) -> Survey:
    """Return a table with what a run has found, each finding with the verdict that it had.

    order: path and variable of each driver of the draw. A finding that has no verdict yet is
    neither true nor untrue. Of a driver that was read again, what was judged and is not found any
    more is kept, as not found: a true one is missed now.
    """
    known = {_key(one): one for one in before["findings"]}
    now = {(one["path"], one["driver"]): one for one in found}
    old = {(one["path"], one["driver"]): one for one in before["drivers"]}
    drivers, findings = [], []
    for name in order:
        if name not in now:
            drivers += [old[name]] if name in old else []
            findings += [one for one in before["findings"] if _driver(one) == name]
            continue
        said = now[name]
        drivers.append({key: said[key] for key in ("bus", "path", "driver", "verdict")})
        here = {}
        for each in said.get("findings", ()):
            row = {**{key: {**said, **each}[key] for key in _KEY}, "at": each["at"],
                   "found": True, "true": None, "why": ""}
            verdict = known.get(_key(row), {})
            here[_key(row)] = {**row, **{key: verdict[key] for key in ("true", "why")
                                         if key in verdict}}
        gone = [{**one, "found": False} for key, one in known.items()
                if _driver(one) == name and key not in here and one["true"] is not None]
        findings += [*here.values(), *gone]
    return {"said": before["said"], "drivers": drivers, "findings": findings}


def _key(one: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(one[key]) for key in _KEY)


def _driver(one: Mapping[str, Any]) -> tuple[str, str]:
    return one["path"], one["driver"]


def counts(survey: Survey) -> Iterator[str]:
    """Yield how many drivers were read, and what of their findings was found to be true."""
    read = [_driver(one) for one in survey["drivers"] if one["verdict"] in READ]
    found = [one for one in survey["findings"] if one["found"] and _driver(one) in read]
    by = {verdict: {_driver(one) for one in found if one["true"] is verdict}
          for verdict in (True, False, None)}
    yield (f"drivers: {len(survey['drivers'])} drawn, {len(read)} read, "
           f"{len({_driver(one) for one in found})} with findings")
    yield (f"findings: {len(found)}, judged true {sum(one['true'] is True for one in found)}, "
           f"untrue {sum(one['true'] is False for one in found)}, "
           f"not judged {sum(one['true'] is None for one in found)}")
    yield (f"drivers with an untrue finding: {len(by[False])} of {len(read)}, "
           f"{100 * len(by[False]) / max(1, len(read)):.1f} %; "
           f"with one that nobody has judged: {len(by[None] - by[False])}")
    missed = sum(one["true"] is True and not one["found"] for one in survey["findings"])
    yield f"true findings of before that are not found now: {missed}"
