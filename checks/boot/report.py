# SPDX-License-Identifier: GPL-2.0-only
"""What came of a boot, for people and for programs.

A complaint of the log that the pinned kernel makes as well, under the same scenario, is listed
and counts for nothing; any other one fails the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from checks.boot.guest.line import Line
from checks.boot.run import AS_PREDICTED, FAILED, Complaint, Run

_ABOUT = {"design": "the design", "premise": "the lab, of its hardware", "kernel": "any kernel"}


def own(run: Run, base: Run | None) -> tuple[Complaint, ...]:
    """Return the complaints that the base kernel does not make in the same scenario."""
    known = Counter((one.scenario, one.text) for one in base.complaints) if base else Counter()
    # What a scenario of the base has shown once, it may show as often as it likes.
    return tuple(one for one in run.complaints if not known[one.scenario, one.text])


def verdict(run: Run, base: Run | None = None) -> str:
    """Return how a run ended, complaints of its own counted in."""
    return FAILED if run.end == AS_PREDICTED and own(run, base) else run.end


def text(run: Run, base: Run | None = None, *, every: bool = False) -> str:
    """Return a report: what failed line by line, and the rest counted, or all of it."""
    mine = own(run, base)
    held = sum(line.holds for line in run.lines)
    out = [
        f"{run.design} on {run.board}: {verdict(run, base)} "
        f"({held} of {len(run.lines)} predictions hold)"
    ]
    for scenario, seconds in run.seconds:
        lines = [line for line in run.lines if line.scenario == scenario]
        wrong = [line for line in lines if not line.holds]
        said = f"{len(lines)} predictions, {len(wrong)} failed" if lines else "done"
        out.append(f"\n  {scenario}: {said} ({seconds:.1f} s)")
        out += _told(lines if every else wrong)
        out += [f"    log: {one.text}" for one in mine if one.scenario == scenario]
        theirs = [one for one in run.complaints if one.scenario == scenario and one not in mine]
        out += [f"    log, as the pinned kernel: {one.text}" for one in theirs]
    if run.scenario:
        out += ["", f"  {run.end} in {run.scenario}, after the order: {run.last or 'none yet'}",
                "  the end of the log:"]
        out += [f"    {line}" for line in run.log.split("\n")]
    if run.directory:
        out.append(f"\n  the whole log: {run.directory}/console.log")
    return "\n".join(out)


def _told(lines: Sequence[Line]) -> list[str]:
    out = []
    for line in lines:
        mark = "ok  " if line.holds else "FAIL"
        out.append(f"    {mark} {line.subject}: {line.what}: {line.predicted}")
        if not line.holds:
            out.append(f"         seen: {line.observed}")
            out.append(f"         said by: {_ABOUT[line.about]}")
        if line.evidence:
            out.append(f"         evidence: {line.evidence}")
    return out


def record(run: Run, base: Run | None = None) -> dict[str, object]:
    """Return a run for a program."""
    mine = own(run, base)
    return {
        "design": run.design,
        "board": run.board,
        "verdict": verdict(run, base),
        "lines": [{**asdict(line), "holds": line.holds} for line in run.lines],
        "complaints": [{**asdict(one), "of the pinned kernel": one not in mine}
                       for one in run.complaints],
        "seconds": dict(run.seconds),
        "lost": {"scenario": run.scenario, "last order": run.last, "log": run.log}
        if run.scenario else None,
        "directory": run.directory,
    }
