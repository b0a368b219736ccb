# SPDX-License-Identifier: GPL-2.0-only
"""How long our check of each commit takes, and how long kbuild takes for the same objects.

    .venv/bin/python tests/bench/compile_vs_kbuild.py PATCHES [CONFIG]

kbuild gets a tree of its own (hard links, changed files replaced) that is built at the base
before the clock starts; then each commit is an incremental make of the affected directories. Ours
runs twice: with an empty cache, and once more with the PCH files of the first time but without
any result. Planted errors have to be seen by both. Numbers are printed, nothing is asserted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from checks.compiling.compile import check
from checks.compiling.reach import Graphs
from checks.compiling.target import KernelTarget
from checks.patches.mails import edits, view
from generator.intake.posting import Asked, on
from generator.kernel import kbuild, pin, variant
from generator.kernel.configurations import CONFIGS, DIRS
from generator.parsing.job import Job
from generator.series.commit import Commit, commits_of
from generator.system.cache import cache


class Scratch:
    """A hard-linked copy of the base tree that kbuild builds in."""

    def __init__(self, base: kbuild.Base, top: Path) -> None:
        self.base, self.source, self.build = base, top / "src", top / "build"
        subprocess.run(["cp", "-al", str(base.tree.work), str(self.source)], check=True)
        self.build.mkdir()
        shutil.copyfile(base.build / ".config", self.build / ".config")
        self.make("olddefconfig")
        self.make("prepare")

    def make(self, *targets: str) -> tuple[float, bool, str]:
        """Return seconds, success and output of a make."""
        config = self.base.config
        argv = ["make", "-C", str(self.source), f"O={self.build}", f"ARCH={config.arch}"]
        argv += [f"LLVM={config.llvm}", "W=1", "-s", "-k", "-j2", *targets]
        start = time.monotonic()
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return time.monotonic() - start, done.returncode == 0, done.stderr

    def write(self, edit: Mapping[str, bytes | None]) -> None:
        """Replace files; never in place, because the content is shared with the base."""
        for path, text in edit.items():
            file = self.source / path
            file.unlink(missing_ok=True)
            if text is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text)

    def affected(self) -> tuple[float, bool, str]:
        """Build the affected directories."""
        return self.make(*(f"{directory}/" for directory in DIRS))


@dataclass(frozen=True)
class Cached(KernelTarget):
    """The kernel with our cache somewhere else."""

    cache: Path

    def at(self, overlay: Mapping[str, bytes | None]) -> Cached:
        return replace(self, base=variant.at(self.base, overlay))

    def job(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        task = super().job(path, overlay)
        return replace(task, place=replace(task.place, cache=self.cache))


def ours(target: KernelTarget, series: list[Commit], graphs: Graphs) -> list[tuple[float, int]]:
    """Return seconds and findings of each commit, tried one after the other."""
    found = []
    for stage in series:
        start = time.monotonic()
        result = check([stage], [target], lambda text: None, graphs=graphs)
        found.append((time.monotonic() - start, len(result)))
    return found


PLANTED = (
    ("syntax", "drivers/pci/pcie/portdrv.c", b"pci_set_master(dev);", b"pci_set_master(dev)"),
    ("type", "drivers/pci/pcie/portdrv.h", b"int\t\tirq;", b"struct nothing\tirq;"),
    ("undeclared", "drivers/perf/cxl_pmu.c", b"pci_irq_vector(", b"pci_irq_vectr("),
    ("unused", "drivers/perf/cxl_pmu.c", b"#include", b"static int idle(void);\n#include"),
)


def main() -> None:
    """Print the table."""
    pinned = pin.pinned()
    with on(Asked((sys.argv[1],)), pinned) as made:
        series, changes = view(made), edits(made)
    base = kbuild.prepare(pinned, CONFIGS[sys.argv[2] if len(sys.argv) > 2 else "m"])
    steps = list(commits_of([patch.name for patch in series.patches], changes))
    with tempfile.TemporaryDirectory(dir=cache()) as name:
        target = Cached(base, Path(name) / "cold")
        graphs = Graphs()
        for step in steps:
            target.at(step.overlay).units(DIRS)  # what kbuild says is not ours to measure
        cold = ours(target, steps, graphs)
        scratch = Scratch(base, Path(name))
        print(f"base: {scratch.affected()[0]:.1f} s for {' '.join(DIRS)}", flush=True)
        idle = scratch.affected()[0]
        print(f"nothing to do: {idle:.1f} s")
        print("commit  kbuild  ours cold  ratio  ours with PCH  ratio  findings")
        total = [0.0, 0.0, 0.0]
        for number, (change, first) in enumerate(zip(changes, cold, strict=True), 1):
            for kept in ("said", "built"):
                shutil.rmtree(target.cache / kept, ignore_errors=True)
            (again,) = ours(target, steps[number - 1 : number], graphs)
            scratch.write(change)
            seconds, sound, _ = scratch.affected()
            told = "" if sound == (first[1] == 0) else f"  kbuild {'passes' if sound else 'fails'}"
            print(
                f"{number:6} {seconds:7.2f} {first[0]:10.2f} {seconds / first[0]:6.1f} "
                f"{again[0]:14.2f} {seconds / again[0]:6.1f} {first[1]:9}{told}",
                flush=True,
            )
            total = [a + b for a, b in zip(total, (seconds, first[0], again[0]), strict=True)]
        print(
            f"   all {total[0]:7.2f} {total[1]:10.2f} {total[0] / total[1]:6.1f} "
            f"{total[2]:14.2f} {total[0] / total[2]:6.1f}"
        )
        for kind, path, old, new in PLANTED:
            text = (scratch.source / path).read_bytes()
            edit = {path: text.replace(old, new, 1)}
            stage = Commit(kind, edit, {**steps[-1].overlay, **edit})
            start = time.monotonic()
            seen = check([stage], [target], lambda text: None, graphs=graphs)
            mine = time.monotonic() - start
            scratch.write(edit)
            seconds, sound, said = scratch.affected()
            scratch.write({path: text})
            noisy = not sound or f"{os.path.basename(path)}:" in said
            print(
                f"planted {kind:10} ours {mine:5.2f} s {'seen' if seen else 'MISSED'}; "
                f"kbuild {seconds:5.2f} s {'seen' if noisy else 'MISSED'}; "
                f"ratio {seconds / mine:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
