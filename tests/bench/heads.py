# SPDX-License-Identifier: GPL-2.0-only
"""What reading the units of a series costs when it is known what the series changes, and when not.

    .venv/bin/python tests/bench/heads.py SERIES [CONFIG ...]

The front end reads each unit that a commit touches as that commit has it, under each configuration
(m, y and no-msi by default), once without being told of the other commits, and once told, each time
in a process and a cache of its own. Time is CPU seconds; a head is a PCH that was made. Numbers are
printed, nothing is asserted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from checks.compiling.compile import _ahead
from checks.patches.mails import edits, view
from checks.verdict.parallel import results
from generator.intake.posting import Asked, on
from generator.kernel import kbuild, pin, variant
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base
from generator.parsing import members, pch, unit
from generator.series.commit import Commit, commits_of


def cost(base: Base, series: Sequence[Commit], *, told: bool) -> tuple[float, int, int]:
    """Return CPU seconds, how often a unit was read, and how many heads were made."""
    if told:
        pch.foresee(_ahead(series, base.tree.work))
    reads = 0
    with tempfile.TemporaryDirectory() as name:
        began = time.process_time()
        for commit in series:
            at = variant.at(base, commit.overlay)
            for path in commit.touched:
                here = (path.rpartition("/")[0],)
                if not path.endswith(".c") or path not in kbuild.units(at, here):
                    continue
                task = unit.job(at, path, commit.overlay)
                task = replace(task, place=replace(task.place, cache=Path(name)))
                unit.parse_job(task)
                members.look(task)
                reads += 2
        return time.process_time() - began, reads, len(list(Path(name).glob("*.pch")))


def main() -> None:
    """Measure and print."""
    tree = pin.pinned()
    with on(Asked((sys.argv[1],)), tree) as posting:
        text = view(posting)
        series = commits_of([patch.name for patch in text.patches], edits(posting))
        for name in sys.argv[2:] or ("m", "y", "no-msi"):
            base = kbuild.prepare(tree, CONFIGS[name])
            jobs = [partial(cost, base, series, told=told) for told in (False, True)]
            (old, reads, made), (new, _, fewer) = results(jobs, 2)
            print(f"{name:<8}{reads:>4} reads  not told {old:6.1f} CPU s, {made} heads  told "
                  f"{new:6.1f} CPU s, {fewer} heads  ratio {new / old:.2f}", flush=True)


if __name__ == "__main__":
    main()
