# SPDX-License-Identifier: GPL-2.0-only
"""Headers that kbuild makes of files of the tree, as a commit has those: system calls, sysregs.

    made(base, changed) -> ((path below the build directory, text), ...)

The command is the one that kbuild noted when it prepared the base; only what it reads is the
commit's. What a compiler computes (bounds.h, asm-offsets.h) is not made anew.
"""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ProgramFailed
from generator.kernel.farm import digests, farm
from generator.kernel.kbuild import Base, key
from generator.kernel.unbuildable import Complaint, Unbuildable
from generator.system.plumbing import run
from generator.system.sandbox import Limits, command, environment

_PLACES = ("include/generated", "arch/*/include/generated")
_NOTED = re.compile(r"(?:saved)?cmd_(\S+) := (.+)")
_LIMITS = Limits(seconds=60)


@dataclass(frozen=True)
class Recipe:
    """How a header is made: the command of a shell, and the files of the tree that it names."""

    header: str
    command: str
    inputs: frozenset[str]


@functools.lru_cache(maxsize=32)
def recipes(build: Path, work: Path) -> tuple[Recipe, ...]:
    """Return how the headers of a prepared build directory were made, those made of its tree."""
    found = []
    named = re.compile(rf"{re.escape(str(work))}/([\w./+-]+)")
    for place in _PLACES:
        for file in sorted(build.glob(f"{place}/**/.*.h.cmd")):
            first = file.read_text(encoding="utf-8").partition("\n")[0]
            noted = _NOTED.fullmatch(first)
            if noted is None or not (build / noted[1]).is_file():
                continue
            inputs = frozenset(named.findall(noted[2]))
            if inputs:
                found.append(Recipe(noted[1], noted[2].replace("$$", "$"), inputs))
    return tuple(found)


def made(base: Base, changed: Mapping[str, bytes | None]) -> tuple[tuple[str, bytes], ...]:
    """Return the headers that a commit has otherwise, because it changes what they are made of.

    Errors: Unbuildable when one cannot be made, EnvironmentFault.
    """
    found = []
    for one in recipes(base.build, base.tree.work):
        inputs = {path: changed[path] for path in sorted(one.inputs & changed.keys())}
        if not inputs:
            continue
        gone = tuple(path for path, now in inputs.items() if now is None)
        if gone:
            raise Unbuildable((Complaint(gone[0], 0, f"{one.header} is made of it, and this commit "
                                                     "deletes it"),), "kbuild")
        text = _text(base, one, inputs)
        if text != (base.build / one.header).read_bytes():
            found.append((one.header, text))
    return tuple(found)


def _text(base: Base, one: Recipe, inputs: Mapping[str, bytes | None]) -> bytes:
    name = key("made", one.header, *digests(inputs))
    kept = base.build / "variants" / f"made-{name}" / "header"
    if not kept.exists():
        kept.parent.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=kept.parent.parent) as scratch:
            fresh = Path(scratch, "made")
            fresh.mkdir()
            fresh.joinpath("header").write_bytes(_make(base, one, inputs, Path(scratch)))
            with suppress(OSError):
                # Another run may have been faster.
                fresh.rename(kept.parent)
    return kept.read_bytes()


def _make(
    base: Base, one: Recipe, inputs: Mapping[str, bytes | None], scratch: Path
) -> bytes:
    """Run the command in the sandbox, on a tree in which these files are the commit's."""
    source, out = scratch / "farm", scratch / "out"
    farm(base.tree.work, inputs, source)
    (out / one.header).parent.mkdir(parents=True)
    argv = ["sh", "-e", "-c", one.command.replace(f"{base.tree.work}/", f"{source}/")]
    line = command(argv, readable=(base.tree.work, source), writable=(out,), cwd=out,
                   limits=_LIMITS)
    try:
        run(line, env=environment(), merge=True)
        return (out / one.header).read_bytes()
    except (ProgramFailed, FileNotFoundError) as failed:
        said = getattr(failed, "stderr", "").strip().replace(f"{source}/", "")
        why = f": {said.splitlines()[-1]}" if said else ""
        text = f"{one.header} cannot be made of it{why}"
        raise Unbuildable((Complaint(next(iter(inputs)), 0, text),), "kbuild") from failed
