# SPDX-License-Identifier: GPL-2.0-only
"""Faults planted in units of many drivers: our verdict of each beside kbuild's, clang and W=1.

    .venv/bin/python tests/bench/faults.py [EACH] [UNTOUCHED]

EACH units get each kind of fault, 9 if not said; UNTOUCHED units, 300, only get an empty line at
their end, and nothing may be said of them. kbuild builds in a tree of its own. A unit is seen
when something is said at one of the lines at which the other says something.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.compile_vs_kbuild import Scratch
from faults import KINDS, fault, spread

from checks.compiling.compile import check
from checks.compiling.target import KernelTarget
from checks.finding import Severity
from generator.kernel import kbuild, pin
from generator.kernel.configurations import CONFIGS
from generator.kernel.tree import read
from generator.series.commit import commits_of
from generator.system.cache import cache

_SAID = re.compile(
    r"^(?:\S*/)?(drivers/\S+?\.[ch]):(\d+):\d+: (?:warning|error|fatal error)", re.M
)


def ours(target: KernelTarget, change: dict[str, bytes]) -> dict[str, set[int]]:
    """Return the lines at which we say something, by path."""
    said: dict[str, set[int]] = {}
    for one in check(commits_of(["1/1"], [change]), [target], lambda _text: None):
        if one.severity in (Severity.ERROR, Severity.WARNING):
            said.setdefault(one.path, set()).add(one.line)
    return said


def main() -> None:
    """Print each kind, and what the two differ in."""
    each, untouched = (int(x) for x in (*sys.argv[1:], "9", "300")[:2])
    tree = pin.pinned()
    base = kbuild.prepare(tree, CONFIGS["m"])
    target = KernelTarget(base)
    units = spread(kbuild.everywhere(base), 10**6)
    alarms = 0
    began = time.monotonic()
    for first in range(0, untouched, 30):
        some = units[first : min(first + 30, untouched)]
        change = {path: (read(tree, tree.base, path) or b"") + b"\n" for path in some}
        for path, lines in ours(target, change).items():
            alarms += 1
            print(f"FALSE ALARM {path}:{sorted(lines)}", flush=True)
    print(f"{min(untouched, len(units))} units touched by an empty line: {alarms} alarms, "
          f"{time.monotonic() - began:.0f} s", flush=True)
    with tempfile.TemporaryDirectory(dir=cache()) as name:
        scratch = Scratch(base, Path(name))
        both = missed = extra = neither = 0
        for number, kind in enumerate(KINDS):
            change = fault(tree, kind, units[number * each :], each)
            began = time.monotonic()
            mine = ours(target, change)
            middle = time.monotonic()
            scratch.write(change)
            _, _, told = scratch.make(*(path.replace(".c", ".o") for path in change))
            scratch.write({path: read(tree, tree.base, path) for path in change})
            theirs: dict[str, set[int]] = {}
            for path, line in _SAID.findall(told):
                theirs.setdefault(path, set()).add(int(line))
            ended = time.monotonic()
            for path in change:
                one, other = mine.get(path, set()), theirs.get(path, set())
                both += bool(one & other)
                missed += bool(other) and not one & other
                extra += bool(one) and not other
                neither += not one and not other
                if not one & other:
                    print(f"  {kind}: {path}: ours {sorted(one)}, kbuild {sorted(other)}")
            print(f"{kind:24} {len(change)} units, ours {middle - began:.1f} s, "
                  f"kbuild {ended - middle:.1f} s", flush=True)
    print(f"{both + missed + extra + neither} faults of {len(KINDS)} kinds in "
          f"{len({path.split('/')[1] for path in units})} directories: seen by both {both}, "
          f"by kbuild alone {missed}, by us alone {extra}, by none {neither}")


if __name__ == "__main__":
    main()
