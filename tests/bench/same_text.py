# SPDX-License-Identifier: GPL-2.0-only
"""In how many configurations a unit is the same text for the compiler, and what finding out costs.

    .venv/bin/python tests/bench/same_text.py UNIT...

Each unit of the base is preprocessed, and compiled, under every configuration that builds it. Two
compiles are one where the flags without paths are the same, and what the preprocessor makes of the
unit too, line markers without the build directory included. CPU seconds are those of the compiler.
Numbers are printed, nothing is asserted.
"""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
from collections.abc import Sequence

from generator.kernel import kbuild, pin
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base
from generator.parsing import unit
from generator.parsing.job import resolved


def run(base: Base, argv: Sequence[str]) -> tuple[float, bytes]:
    """Return the CPU seconds that a compiler takes in a build directory, and what it writes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([kbuild.compiler(base), *argv], cwd=base.build, capture_output=True,
                          check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, done.stdout


def main() -> None:
    """Measure and print."""
    tree = pin.pinned()
    bases = kbuild.prepare_all(tree, tuple(CONFIGS.values()))
    jobs = texts = 0
    looked = compiled = 0.0
    for path in sys.argv[1:]:
        seen: dict[str, list[str]] = {}
        for base in bases:
            if path not in kbuild.units(base, (path.rpartition("/")[0],)):
                continue
            flags = resolved(unit.job(base, path, {})).flags
            seconds, text = run(base, (*flags, "-E", str(tree.work / path)))
            looked += seconds
            said = "\0".join(flags).encode() + b"\0" + text
            name = hashlib.sha256(said.replace(str(base.build).encode(), b"")).hexdigest()
            seen.setdefault(name, []).append(base.config.name)
            compiled += run(base, (*flags, "-c", "-o", "/dev/null", str(tree.work / path)))[0]
        jobs, texts = jobs + sum(map(len, seen.values())), texts + len(seen)
        print(f"{path}: {', '.join('='.join(names) for names in seen.values())}", flush=True)
    print(f"{jobs} compiles of {texts} texts; CPU seconds: {looked:.1f} to preprocess all, "
          f"{compiled:.1f} to compile all")


if __name__ == "__main__":
    main()
