# SPDX-License-Identifier: GPL-2.0-only
"""What our check of each commit costs, and what kbuild with clang costs for the same objects.

    .venv/bin/python tests/bench/compile_vs_kbuild.py SERIES [CONFIG ...]
    .venv/bin/python tests/bench/compile_vs_kbuild.py HEADER:OLD=NEW[,OLD=NEW] [CONFIG ...]

The second form is somebody else's series, made here: each commit renames a member of a header in
the whole tree.

kbuild gets a tree of its own (hard links, changed files replaced) in which the objects are built at
the base before the clock starts; then each commit is an incremental make, with W=1, of the objects
for which we answer: those of the directories that are looked at which may include what it touches,
and those of other directories that we compiled. kbuild would build the others there as well, so it
is given too little. Ours runs with an empty cache, then again as a second run of validate does.
Printed are seconds, the CPU seconds of all processes, which a busy machine changes little, the
ratio of those, and the largest memory of all our processes together. Planted errors have to be seen
by both. Nothing is asserted. Kernels are configured as validate configures them, m by default.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from checks.compiling.compile import check
from checks.compiling.outcome import recall
from checks.compiling.reach import Graphs, directories, includers
from checks.compiling.target import KernelTarget
from checks.patches.mails import edits, view
from generator.intake.posting import Asked, on
from generator.kernel import kbuild, pin, variant
from generator.kernel.configurations import CONFIGS
from generator.kernel.tree import Tree
from generator.parsing.job import Job
from generator.series.commit import Commit, commits_of
from generator.system.cache import cache

_TICK = os.sysconf("SC_CLK_TCK")
_OFTEN = 0.2  # seconds between two looks at the processes


@dataclass
class Cost:
    """Seconds, CPU seconds and the largest memory, in MB, of us and all that we started."""

    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Return what both cost, one after the other."""
        return Cost(self.seconds + other.seconds, self.cpu + other.cpu,
                    max(self.memory, other.memory))


@dataclass
class _Watch:
    """A look at the processes below us, again and again: those that ended count as last seen."""

    seen: dict[int, float] = field(default_factory=dict)
    before: dict[int, float] = field(default_factory=dict)
    memory: int = 0
    own: float = 0.0  # what looking has cost itself
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Count what the processes below us have used so far."""
        found: dict[int, tuple[int, float, int]] = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                told = Path("/proc", name, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            row = told.rpartition(")")[2].split()
            used = sum(map(int, row[11:15])) / _TICK  # with children that ended
            found[int(name)] = (int(row[1]), used, int(row[21]) * os.sysconf("SC_PAGE_SIZE"))
        mine = {os.getpid()}
        while more := {one for one, row in found.items() if row[0] in mine} - mine:
            mine |= more
        self.seen.update({one: found[one][1] for one in mine if one in found})
        self.memory = max(self.memory, sum(found[one][2] for one in mine if one in found) >> 20)

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(_OFTEN):
            self.look()
        self.own = time.thread_time()


@contextmanager
def measured() -> Iterator[Cost]:
    """Fill what a block costs, when it has ended."""
    cost, watch = Cost(), _Watch()
    watch.look()
    watch.before, watch.memory = dict(watch.seen), 0
    thread = threading.Thread(target=watch.run)
    thread.start()
    start = time.monotonic()
    try:
        yield cost
    finally:
        cost.seconds = time.monotonic() - start
        watch.over.set()
        thread.join()
        watch.look()
        cost.cpu = sum(used - watch.before.get(one, 0.0) for one, used in watch.seen.items())
        cost.cpu -= watch.own
        cost.memory = watch.memory


class Scratch:
    """A hard-linked copy of the base tree that kbuild builds in."""

    def __init__(self, base: kbuild.Base, top: Path) -> None:
        self.base, self.source, self.build = base, top / "src", top / "build"
        subprocess.run(["cp", "-al", str(base.tree.work), str(self.source)], check=True)
        self.build.mkdir()
        shutil.copyfile(base.build / ".config", self.build / ".config")
        self.make("olddefconfig")
        self.make("prepare")

    def make(self, *targets: str) -> tuple[Cost, bool, str]:
        """Return the cost, success and output of a make."""
        config = self.base.config
        argv = ["make", "-C", str(self.source), f"O={self.build}", f"ARCH={config.arch}"]
        argv += [f"LLVM={config.llvm}", "W=1", "-s", "-k", "-j2", *targets]
        with measured() as cost:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return cost, done.returncode == 0, done.stderr

    def write(self, edit: Mapping[str, bytes | None]) -> None:
        """Replace files; never in place, because the content is shared with the base."""
        for path, text in edit.items():
            file = self.source / path
            file.unlink(missing_ok=True)
            if text is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text)

    def objects(self, units: Sequence[str]) -> tuple[Cost, bool, str]:
        """Build the objects of units that are there."""
        found = sorted(one for one in units if (self.source / one).exists())
        return self.make(*(f"{one.removesuffix('.c')}.o" for one in found)) if found else \
            (Cost(), True, "")


@dataclass(frozen=True)
class Cached(KernelTarget):
    """The kernel with our cache somewhere else."""

    cache: Path = Path()

    def at(self, overlay: Mapping[str, bytes | None]) -> Cached:
        return replace(self, base=variant.at(self.base, overlay))

    def job(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        task = super().job(path, overlay)
        return replace(task, place=replace(task.place, cache=self.cache))

    def far(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        task = super().far(path, overlay)
        return replace(task, place=replace(task.place, cache=self.cache))


@dataclass(frozen=True)
class Ours:
    """Our checks of a series under one configuration, whose results are kept in a place."""

    target: Cached
    series: Sequence[Commit]
    everywhere: bool
    graphs: Graphs = field(default_factory=Graphs)

    def answered(self, number: int, units: Iterable[str]) -> tuple[str, ...]:
        """Return the units that a commit is checked for: those compiled, and those left out."""
        commit = self.series[number]
        now = self.target.at(commit.overlay)
        jobs = {path: now.job(path, commit.overlay) for path in now.units(directories(commit))}
        return tuple(sorted({*units, *includers(self.graphs, jobs, commit)}))

    def tried(self, number: int) -> tuple[Cost, int, tuple[str, ...]]:
        """Check the commits up to one: cost, findings, and the units compiled for the last."""
        memory = self.target.cache / "outcomes"
        known = set(memory.glob("*"))
        with measured() as cost:
            found = check(self.series[: number + 1], [self.target], lambda text: None,
                          memory=memory, graphs=self.graphs, everywhere=self.everywhere)
        last = [one for file in set(memory.glob("*")) - known if (one := recall(file))]
        units = tuple(path for one in last for path in one.compiled if path.endswith(".c"))
        return cost, len(found), units


PLANTED = (
    ("syntax", "drivers/pci/pcie/portdrv.c", b"pci_set_master(dev);", b"pci_set_master(dev)"),
    ("type", "drivers/pci/pcie/portdrv.h", b"int\t\tirq;", b"struct nothing\tirq;"),
    ("undeclared", "drivers/perf/cxl_pmu.c", b"pci_irq_vector(", b"pci_irq_vectr("),
    ("unused", "drivers/perf/cxl_pmu.c", b"#include", b"static int idle(void);\n#include"),
)


def _planted(scratch: Scratch, ours: Ours) -> None:
    last = ours.series[-1]
    for kind, path, old, new in PLANTED:
        text = (scratch.source / path).read_bytes()
        if old not in text:
            continue
        edit: dict[str, bytes | None] = {path: text.replace(old, new, 1)}
        step = Commit(kind, edit, {**last.overlay, **edit})
        mine = replace(ours, series=[*ours.series, step])
        cost, found, units = mine.tried(len(ours.series))
        scratch.write(edit)
        made, sound, said = scratch.objects(units)
        scratch.write({path: text})
        noisy = not sound or f"{os.path.basename(path)}:" in said
        print(f"planted {kind:10} ours {cost.cpu:6.2f} {'seen' if found else 'MISSED'}; "
              f"kbuild {made.cpu:6.2f} {'seen' if noisy else 'MISSED'}", flush=True)


def _compared(config: str, series: Sequence[Commit], changes: Sequence[Mapping[str, bytes | None]],
              top: Path, everywhere: bool) -> None:
    base = kbuild.prepare(pin.pinned(), CONFIGS[config])
    ours = Ours(Cached(base, (), top / "cold"), series, everywhere)
    cold = [ours.tried(number) for number in range(len(series))]
    again = replace(ours, graphs=Graphs())
    warm, _, _ = again.tried(len(series) - 1)
    scratch = Scratch(base, top)
    wanted = [ours.answered(number, units) for number, (_, _, units) in enumerate(cold)]
    every = {unit for units in wanted for unit in units}
    built = scratch.objects(sorted(every))[0]
    print(f"configuration {config}: {len(every)} objects, built at the base in "
          f"{built.seconds:.0f} s, {built.cpu:.0f} of CPU", flush=True)
    print("commit  objects  compiled  kbuild     CPU  ours cold     CPU  ratio   MB  findings")
    total, mine = Cost(), Cost()
    for number, (change, (cost, found, units)) in enumerate(zip(changes, cold, strict=True), 1):
        scratch.write(change)
        made, sound, _ = scratch.objects(wanted[number - 1])
        told = "" if sound else "  kbuild fails"
        print(f"{number:6} {len(wanted[number - 1]):8} {len(units):9} {made.seconds:7.1f} "
              f"{made.cpu:7.1f} {cost.seconds:10.1f} {cost.cpu:7.1f} "
              f"{made.cpu / max(cost.cpu, 0.01):6.1f} {cost.memory:4} {found:9}{told}", flush=True)
        total, mine = total + made, mine + cost
    for what, cost in (("cold", mine), ("warm", warm)):
        print(f"all {what}: kbuild {total.seconds:.1f} s, {total.cpu:.1f} of CPU; ours "
              f"{cost.seconds:.1f} s, {cost.cpu:.1f} of CPU; ratio "
              f"{total.cpu / max(cost.cpu, 0.01):.1f}; {cost.memory} MB", flush=True)
    _planted(scratch, ours)


def _renamed(where: Tree, header: str, pairs: str) -> list[dict[str, bytes | None]]:
    """Return commits that each give a member of a header another name, with all its users."""
    texts: dict[str, bytes] = {}
    found: list[dict[str, bytes | None]] = []
    for pair in pairs.split(","):
        old, new = (word.encode() for word in pair.split("="))
        use = re.compile(rb"(->|\.)" + re.escape(old) + rb"\b")
        edit: dict[str, bytes | None] = {}
        for file in sorted(where.work.glob("[adfikmns]*/**/*.[ch]")):
            path = str(file.relative_to(where.work))
            text = texts.get(path) or file.read_bytes()
            if path == header:
                text = re.sub(rb"\b" + re.escape(old) + rb"\b", new, text)
            elif old in text:
                text = use.sub(rb"\1" + new, text)
            if text != (texts.get(path) or file.read_bytes()):
                edit[path] = texts[path] = text
        found.append(edit)
    return found


def main() -> None:
    """Print a table for each configuration."""
    pinned = pin.pinned()
    if ":" in sys.argv[1]:
        header, _, pairs = sys.argv[1].partition(":")
        edited = _renamed(pinned, header, pairs)
        names, everywhere = [f"{n}/{len(edited)}" for n in range(1, len(edited) + 1)], True
        changes: Sequence[Mapping[str, bytes | None]] = edited
    else:
        with on(Asked((sys.argv[1],)), pinned) as made:
            series, changes = view(made), edits(made)
            everywhere = made.gathered.promised is None  # somebody else's: users anywhere
        names = [patch.name for patch in series.patches]
    steps = commits_of(names, changes)
    for config in sys.argv[2:] or ["m"]:
        with tempfile.TemporaryDirectory(dir=cache()) as name:
            _compared(config, steps, changes, Path(name), everywhere)


if __name__ == "__main__":
    main()
