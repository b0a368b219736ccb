# SPDX-License-Identifier: GPL-2.0-only
"""What a verb costs in this tree and in that of an older commit, run in turns.

    .venv/bin/python tests/bench/beside_commit.py COMMIT [--pairs N] [-- VERB ARGUMENT...]

Without a verb it is `check --all --again`. Time is CPU seconds of the verb and of all that it
starts, so that other work on the machine matters little; each tree has a cache of its own, which
one run that does not count fills. `--variant` measures instead what exploring auxbus on one kind of
hardware takes, in a process that is already there: the median of five. The older tree is laid out
in a temporary directory. Numbers are printed, nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTWRIGHT = ("-m", "generator")

# Modules have moved since: what a name is called here comes first, what it was called there last.
VARIANT = """
import importlib, statistics, time
from dataclasses import replace
from generator.designs import auxbus
from generator.facts import CAN_DYN, CAP, COUNT

def there(name, *modules):
    for module in modules:
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError:
            continue

explore = there("explore", "checks.search.explore", "checks.explore")
rules = there("RULES", "checks.rules.all")
design = replace(auxbus.DESIGN, given={CAP: "MSI-X", CAN_DYN: "yes", COUNT: "2"})
took = []
for _ in range(5):
    began = time.process_time()
    explore(design, rules)
    took.append(time.process_time() - began)
print(statistics.median(took))
"""


def run(tree: Path, cache: str, arguments: Sequence[str]) -> tuple[float, str]:
    """Return the CPU seconds that Python takes in a tree, children included, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(tree), "PORTWRIGHT_CACHE": cache}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True,
        encoding="utf-8", check=False,
    )
    if done.returncode not in (0, 1):
        sys.exit(f"{tree}: status {done.returncode}: {done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime), done.stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("commit")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--variant", action="store_true")
    mine, _, verb = " ".join(sys.argv[1:]).partition(" -- ")
    args = parser.parse_args(mine.split())
    told = ("-c", VARIANT) if args.variant else (
        *PORTWRIGHT, *(verb.split() or ("check", "--all", "--again")))
    with tempfile.TemporaryDirectory() as scratch:
        then = Path(scratch) / "then"
        then.mkdir()
        archive = subprocess.run(["git", "-C", str(ROOT), "archive", args.commit],
                                 capture_output=True, check=True)
        subprocess.run(["tar", "x", "-C", str(then)], input=archive.stdout, check=True)
        trees = {"then": then, "now": ROOT}
        caches = {name: str(Path(scratch) / f"cache-{name}") for name in trees}
        for name, tree in trees.items():
            run(tree, caches[name], told)
        ratios = []
        print(f"{'pair':>4}{'then':>9}{'now':>9}{'now/then':>10}   CPU seconds")
        for pair in range(1, args.pairs + 1):
            took = {}
            for name in (list(trees) if pair % 2 else list(reversed(trees))):
                seconds, output = run(trees[name], caches[name], told)
                took[name] = float(output) if args.variant else seconds
            ratios.append(took["now"] / took["then"])
            print(f"{pair:>4}{took['then']:>9.2f}{took['now']:>9.2f}{ratios[-1]:>10.2f}",
                  flush=True)
        print(f"median of now/then: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
