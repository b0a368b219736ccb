# SPDX-License-Identifier: GPL-2.0-only
"""Read and check untouched drivers of the pinned tree, drawn with a fixed seed over the buses.

    .venv/bin/python tests/bench/survey.py OUT
    .venv/bin/python tests/bench/survey.py OUT --only drivers/pcmcia/pd6729.c --jobs 2

OUT gets a line of JSON for each driver: what was read of it, the verdict, each finding. Drivers
that have a line there under the same content, of the C and of our own code, are not read again, so
a run that was ended goes on where it was. With --only just those paths are read anew, and the
others are counted as OUT has them, whatever code of ours read them; how many that are is printed.

Each driver may take --seconds of CPU and 1.5 GB. One that takes more counts as not read. Nothing is
switched on for a driver that configuration m does not build: it is read with the flags of another
file.

What is found goes into tests/extraction/survey.json as well, where each finding has the verdict of
somebody who has read the C. A verdict stays with its finding: the same driver, rule, function and
text. What is new is `"true": null` there until it is judged; what is not found any more says so.
"""

from __future__ import annotations

import argparse
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
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from surveyed import READ, TABLE, counts, judged, load, store

from checks.search.explore import STATES
from checks.verdict.judge import judge
from generator.cli.read import read
from generator.errors import PortwrightError
from generator.kernel import kbuild, pin
from generator.kernel.configurations import CONFIGS
from generator.kernel.tree import Tree, files
from generator.system.house import ROOT
from generator.system.stopping import Late

SEED = 20261
BUSES = ("pci", "platform", "i2c", "auxiliary")
MEMORY = 1536 << 20
_TO_TELL = 10  # seconds of CPU, for who was ended, to say where
_DRIVER = re.compile(rb"^static struct (pci|platform|i2c|auxiliary)_driver (\w+)\s*=\s*\{", re.M)
_FUNCTION = re.compile(r"^(?:[a-z_][\w \t*]*[ \t*])?([a-z_]\w*)\([^;]*$")


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


def function_at(tree: Tree, path: str, line: int) -> str:
    """Return the function of a file in which a line is, by what stands at the margin above it."""
    rows = (tree.work / path).read_text(encoding="utf-8", errors="replace").split("\n")
    found = (_FUNCTION.match(row) for row in reversed(rows[:line]))
    return next((one[1] for one in found if one), "")


def survey(tree: Tree, path: str, variable: str, seconds: float) -> dict[str, Any]:
    """Return what is found of one driver: its verdict, or why there is none."""
    try:
        found = read(tree, path, variable, exact=False)
        report = judge(found.what.design, states=min(STATES, 300_000), seconds=seconds)
    except PortwrightError as fault:
        return {"verdict": type(fault).__name__, "said": str(fault)[:300]}
    what, findings = found.what, []
    for one in report.counterexamples:
        placed = [step.where for step in one.trace if step.where.file.startswith("drivers/")]
        findings.append({
            "rule": one.rule, "text": one.message,
            "function": function_at(tree, placed[-1].file, placed[-1].line) if placed else "",
            "at": f"{placed[-1].file}:{placed[-1].line}" if placed else "",
            "because": list(one.because),
            "life": [f"{step.text} @{step.where.line}" for step in one.trace],
        })
    ended = report.verdict.value == "UNFINISHED"
    return {
        "verdict": report.verdict.value,
        **({"said": f"ended by its budget, {report.bounds.states} states"} if ended else {}),
        "doubt": found.source.doubt,
        "states": report.bounds.states,
        "calls": [what.calls, len(what.unknown)],
        "conditions": [len(what.asked), len(what.open)],
        "findings": findings,
    }


def _ended(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # which comes again each second
    raise Late


def apart(tree: Tree, path: str, variable: str, seconds: float) -> dict[str, Any]:
    """Return the same, found by a child with limits of time and memory, and what it took."""
    end, begin = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + _TO_TELL))
        with os.fdopen(1, "w"), os.fdopen(begin, "w") as out:
            signal.signal(signal.SIGXCPU, _ended)
            try:
                told = survey(tree, path, variable, seconds)
            except Late as late:
                told = {"verdict": "TIME", "said": "; ".join(late.args) or "not while it was read"}
            except MemoryError:
                told = {"verdict": "MEMORY"}
            except BaseException as fault:  # noqa: BLE001 - what it is goes into the table
                told = {"verdict": "CRASH", "said": f"{type(fault).__name__}: {fault}"[:300]}
            json.dump(told, out)
        os._exit(0)
    os.close(begin)
    with os.fdopen(end) as pipe:
        text = pipe.read()
    _, status, used = os.wait4(child, 0)
    took = {"cpu": round(used.ru_utime + used.ru_stime, 2), "mb": used.ru_maxrss >> 10}
    if not text:
        return {"verdict": "TIME" if os.WTERMSIG(status) == signal.SIGXCPU else "KILLED", **took}
    found: dict[str, Any] = json.loads(text)
    return {**found, **took}


def kept(out: Path) -> list[dict[str, Any]]:
    """Return what earlier runs have found, the last line of a driver last."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def run(
    tree: Tree, out: Path, number: int, jobs: int, seconds: float, only: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """Yield what is found of each driver of the draw, in no order, and keep it.

    only: the paths that are read anew; others are as they were read last, by whatever code.
    """
    lines, ours = kept(out), code()
    known = {one["key"]: one for one in lines}
    last = {(one["path"], one["driver"]): one for one in lines}
    todo = []
    for bus, path, variable in drawn(tree, number):
        content = (tree.work / path).read_bytes() + f"{ours} {variable}".encode()
        key = hashlib.sha256(content).hexdigest()[:16]
        before = known.get(key)
        if only and path not in only:
            before = before or last.get((path, variable))
        if before is not None:
            yield {**before, "older": before["key"] != key}
        elif not only or path in only:
            todo.append((key, bus, path, variable))

    def one(each: tuple[str, str, str, str]) -> dict[str, Any]:
        key, bus, path, variable = each
        return {"key": key, "bus": bus, "path": path, "driver": variable,
                **apart(tree, path, variable, seconds)}

    began = time.monotonic()
    with ThreadPoolExecutor(jobs) as pool, out.open("a") as keep:
        jobs_ = [pool.submit(one, each) for each in todo]
        for count, done in enumerate(as_completed(jobs_), 1):
            told = done.result()
            keep.write(json.dumps(told) + "\n")
            keep.flush()
            left = (time.monotonic() - began) / count * (len(todo) - count)
            print(f"{count}/{len(todo)} {told['path']}: {told['verdict']}, "
                  f"{told['cpu']} s; {left / 60:.0f} min left", file=sys.stderr)
            yield told


def table(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the counts of verdicts by bus, of findings by rule, and what it took."""
    for verdict, count in Counter(one["verdict"] for one in found).most_common():
        by = Counter(one["bus"] for one in found if one["verdict"] == verdict)
        yield f"{count:5} {verdict:12} {', '.join(f'{bus} {n}' for bus, n in sorted(by.items()))}"
    rules = Counter(each["rule"] for one in found for each in one.get("findings", ()))
    yield ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
    read_ = [one for one in found if "calls" in one]
    calls = [sum(one["calls"][i] for one in read_) for i in (0, 1)]
    yield f"calls that are operations: {calls[0]} of {sum(calls)}"
    cpu = sorted(one.get("cpu", 0) for one in found)
    most = max(one.get("mb", 0) for one in found)
    yield (f"CPU {sum(cpu):.0f} s, {cpu[len(cpu) // 2]:.1f} s the median, {cpu[-1]:.1f} s at most; "
           f"memory {most} MB at most")
    older = sum(one.get("older", False) for one in found)
    yield f"read by this state of our code: {len(found) - older} of {len(found)}"
    yield from (f"not read: {one['path']}: {one['verdict']} {one.get('said', '')}".rstrip()
                for one in found if one["verdict"] not in READ)


def main(arguments: Sequence[str] | None = None) -> None:
    """Survey, keep what is found beside its verdicts, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, metavar="OUT", help="lines of JSON, kept and added to")
    parser.add_argument("--number", type=int, default=300, help="drivers of the draw (300)")
    parser.add_argument("--jobs", type=int, default=2, help="at the same time (2)")
    parser.add_argument("--seconds", type=float, default=60, help="of CPU for each (60)")
    parser.add_argument("--only", nargs="+", default=(), metavar="PATH", help="read these anew")
    told = parser.parse_args(arguments)
    tree = pin.pinned()
    kbuild.prepare(tree, CONFIGS["m"])
    found = list(run(tree, told.out, told.number, told.jobs, told.seconds, told.only))
    store(TABLE, judged(load(TABLE), found, [one[1:] for one in drawn(tree, told.number)]))
    print("\n".join((*table(found), *counts(load(TABLE)))))


if __name__ == "__main__":
    main()
