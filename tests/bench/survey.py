# SPDX-License-Identifier: GPL-2.0-only
"""Read and check untouched drivers of the pinned tree, drawn with a fixed seed over the buses.

    .venv/bin/python tests/bench/survey.py OUT [NUMBER] [JOBS] [SECONDS]

OUT gets a line of JSON for each driver: what was read of it, the verdict, each finding. Drivers
that have a line there under the same content, of the C and of our own code, are not read again, so
a run that was ended goes on where it was. NUMBER is 300, JOBS 1, SECONDS 60 for each driver, which
may take 1.5 GB. Nothing is switched on for a driver that configuration m does not build: it is read
with the flags of another file. The table at the end is of this draw.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from checks.search.explore import STATES
from checks.verdict.judge import judge
from generator.cli.read import read
from generator.errors import PortwrightError
from generator.kernel import kbuild, pin
from generator.kernel.configurations import CONFIGS
from generator.kernel.tree import Tree, files
from generator.system.house import ROOT

SEED = 20261
BUSES = ("pci", "platform", "i2c", "auxiliary")
MEMORY = 1536 << 20
_DRIVER = re.compile(rb"^static struct (pci|platform|i2c|auxiliary)_driver (\w+)\s*=\s*\{", re.M)


def drawn(tree: Tree, number: int, seed: int = SEED) -> list[tuple[str, str, str]]:
    """Return bus, path and variable of some drivers, as many of each bus as there can be."""
    found: dict[str, list[tuple[str, str, str]]] = {bus: [] for bus in BUSES}
    for path in files(tree, tree.base, "drivers"):
        if not path.endswith(".c"):
            continue
        text = (tree.work / path).read_bytes()
        for bus, variable in _DRIVER.findall(text):
            found[bus.decode()].append((bus.decode(), path, variable.decode()))
    draw = random.Random(seed)
    for some in found.values():
        draw.shuffle(some)
    return [one for row in zip(*(_without_end(found[bus]) for bus in BUSES), strict=False)
            for one in row if one is not None][:number]


def _without_end(some: list[tuple[str, str, str]]) -> list[tuple[str, str, str] | None]:
    return [*some, *[None] * (10_000 - len(some))]


def code() -> str:
    """Return what stands for all of our own code that a verdict rests on."""
    digest = hashlib.sha256()
    for room in ("generator", "checks"):
        for path in sorted((ROOT / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def survey(tree: Tree, path: str, variable: str, seconds: float) -> dict[str, Any]:
    """Return what is found of one driver: its verdict, or why there is none."""
    began = time.monotonic()
    try:
        found = read(tree, path, variable, exact=False)
        report = judge(found.what.design, states=min(STATES, 300_000), seconds=seconds / 2)
    except PortwrightError as fault:
        return {"verdict": type(fault).__name__, "said": str(fault)[:300]}
    what = found.what
    return {
        "verdict": report.verdict.value,
        "doubt": found.source.doubt,
        "states": report.bounds.states,
        "seconds": round(time.monotonic() - began, 1),
        "calls": [what.calls, len(what.unknown)],
        "conditions": [len(what.asked), len(what.open)],
        "findings": [
            {
                "rule": one.rule, "message": one.message,
                "at": f"{one.trace[-1].where.file}:{one.trace[-1].where.line}",
                "because": list(one.because),
                "life": [f"{step.text} @{step.where.line}" for step in one.trace],
            }
            for one in report.counterexamples
        ],
    }


def apart(tree: Tree, path: str, variable: str, seconds: float) -> dict[str, Any]:
    """Return the same, found by a child with limits of time and memory."""
    end, begin = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, int(seconds))):
            resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))
        with os.fdopen(1, "w"), os.fdopen(begin, "w") as out:
            try:
                told = survey(tree, path, variable, seconds)
            except BaseException as fault:  # noqa: BLE001 - what it is goes into the table
                told = {"verdict": "CRASH", "said": f"{type(fault).__name__}: {fault}"[:300]}
            json.dump(told, out)
        os._exit(0)
    os.close(begin)
    with os.fdopen(end) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if not text:
        return {"verdict": "TIME" if os.WTERMSIG(status) == signal.SIGXCPU else "KILLED"}
    found: dict[str, Any] = json.loads(text)
    return found


def kept(out: Path) -> dict[str, dict[str, Any]]:
    """Return what an earlier run has found, by content."""
    lines = out.read_text().splitlines() if out.exists() else []
    return {one["key"]: one for one in map(json.loads, lines)}


def run(tree: Tree, out: Path, number: int, jobs: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what is found of each driver of the draw, and keep it."""
    known, ours = kept(out), code()
    todo = []
    for bus, path, variable in drawn(tree, number):
        content = (tree.work / path).read_bytes() + f"{ours} {variable}".encode()
        key = hashlib.sha256(content).hexdigest()[:16]
        if key in known:
            yield known[key]
        else:
            todo.append((key, bus, path, variable))

    def one(each: tuple[str, str, str, str]) -> dict[str, Any]:
        key, bus, path, variable = each
        return {"key": key, "bus": bus, "path": path, "driver": variable,
                **apart(tree, path, variable, seconds)}

    with ThreadPoolExecutor(jobs) as pool, out.open("a") as keep:
        for count, told in enumerate(pool.map(one, todo), 1):
            keep.write(json.dumps(told) + "\n")
            keep.flush()
            print(f"{count}/{len(todo)} {told['path']}: {told['verdict']}", file=sys.stderr)
            yield told


def table(found: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the counts: of verdicts by bus, and of findings by rule."""
    for verdict, count in Counter(one["verdict"] for one in found).most_common():
        by = Counter(one["bus"] for one in found if one["verdict"] == verdict)
        yield f"{count:5} {verdict:12} {', '.join(f'{bus} {n}' for bus, n in sorted(by.items()))}"
    rules = Counter(each["rule"] for one in found for each in one.get("findings", ()))
    for rule, count in rules.most_common():
        yield f"{count:5} {rule}"
    read_ = [one for one in found if "calls" in one]
    calls = [sum(one["calls"][i] for one in read_) for i in (0, 1)]
    yield f"calls that are operations: {calls[0]} of {sum(calls)}; {len(read_)} drivers read"


def main(arguments: Mapping[int, str] = dict(enumerate(sys.argv))) -> None:
    """Survey, and print the table."""
    tree = pin.pinned()
    kbuild.prepare(tree, CONFIGS["m"])
    number, jobs = int(arguments.get(2, "300")), int(arguments.get(3, "1"))
    found = list(run(tree, Path(arguments[1]), number, jobs, float(arguments.get(4, "60"))))
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
