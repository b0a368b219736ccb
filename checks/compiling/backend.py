# SPDX-License-Identifier: GPL-2.0-only
"""One unit through the compiler's back end, over an overlay: what libclang cannot see.

BUILD_BUG_ON, frame sizes and the symbols that the linker will look for exist only in the object.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from checks.compiling import worker
from checks.compiling.frontend import absolute, diagnostic, memory
from checks.compiling.sections import Mismatch, mismatches, stubs
from checks.planted import proven
from generator.errors import EnvironmentFault, Untestable
from generator.kernel.configurations import LLVM
from generator.parsing import pch
from generator.parsing.job import Diagnostic, Job, ResolvedJob, disk_id, resolved
from generator.system.plumbing import PATIENCE, Done, tried
from generator.system.sandbox import Limits, command, environment
from generator.system.turns import turn

_LINE = re.compile(
    r"(?P<path>[^:\n]+):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<kind>warning|error|fatal error|note): (?P<text>.*?)(?: \[(?P<option>-W[^\]]*)\])?"
)
_IN = re.compile(r" in '([^']+)'")
# What a compiler says of a PCH, or only because of one: clang 19 forgets what a head has put into a
# section, and takes it for a pragma's. A real conflict is told again without the PCH.
_OF_PCH = ("AST file", "PCH file", "precompiled header", "section type conflict")
_TIMEOUT = PATIENCE
# for one unit; the slowest takes about five seconds
_LIMITS = Limits(seconds=worker.SECONDS, memory=worker.MEMORY)


@dataclass(frozen=True)
class Object:
    """What came out of the back end; no symbols when there is no object.

    mismatched: what modpost says of its sections.
    """

    path: str
    diagnostics: tuple[Diagnostic, ...]
    undefined: frozenset[str]
    defined: frozenset[str]
    builtin: bool
    mismatched: tuple[Mismatch, ...] = ()


def build(
    task: Job, includes: frozenset[str], compiler: str, nm: str = "nm",
    beside: Mapping[str, str] = MappingProxyType({}),
) -> Object:
    """Compile one unit to an object file that is thrown away.

    `includes` is what the front end saw the unit include; the result is remembered under it.
    `beside`: symbols of other units and the sections that they are in, which modpost is shown.
    Errors: EnvironmentFault when compiler or nm is missing, Timeout, Untestable when the
    compiler dies without a diagnostic.
    """
    job = resolved(task)
    builtin = "-DMODULE" not in job.flags
    record = memory(
        task.place.cache / "built", job, " ".join([_program(compiler), *_pairs(beside)]))
    with turn(str(record.file)):
        known = record.recall()
        if known is None:
            known = _compile(job, compiler, nm, beside)
            if not any("file not found" in item["text"] for item in known["said"]):
                record.keep(absolute(job, includes), known)
    return Object(
        task.path,
        tuple(diagnostic(item) for item in known["said"]),
        frozenset(known["undefined"]),
        frozenset(known["defined"]),
        builtin,
        tuple(Mismatch(*row) for row in known["mismatched"]),
    )


def preprocessed(task: Job, compiler: str) -> str:
    """Return what the preprocessor leaves of a unit, with the markers of its lines.

    Errors: EnvironmentFault when the compiler is missing, Timeout.
    """
    job = resolved(task)
    with tempfile.TemporaryDirectory(prefix="portwright-") as name:
        scratch = Path(name)
        overlay = _vfs({job.main: job.text, **job.texts}, scratch)
        argv = [compiler, *job.flags, *_QUIET, "-ivfsoverlay", str(overlay), "-E"]
        return _run([*argv, *_input(job, job.text, scratch)], job, scratch).said


def _program(compiler: str) -> str:
    """Return what tells one build of a compiler from another that took its place."""
    path = shutil.which(compiler) or compiler
    return f"{path} {disk_id(os.path.realpath(path))}"


def _pairs(beside: Mapping[str, str]) -> list[str]:
    return [f"{name}:{section}" for name, section in sorted(beside.items())]


def _compile(
    job: ResolvedJob, compiler: str, nm: str, beside: Mapping[str, str]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="portwright-") as name:
        scratch = Path(name)
        out = scratch / "unit.o"
        for cut, worth in pch.cuts(job, compiler):
            head = _head(job, cut, worth, compiler, scratch) if cut else None
            if head is None:
                continue
            tail = pch.split(job, cut)[1]
            more = ("-include-pch", head.file)
            done = _to_object(job, tail, compiler, more, scratch, out)
            if not any(words in done.complained for words in _OF_PCH):
                said = list(dict.fromkeys((*head.said, *_read(done.complained, job))))
                break
        else:
            done = _to_object(job, job.text, compiler, (), scratch, out)
            said = list(_read(done.complained, job))
        if _killed(done):
            text = (f"ends the compiler, or takes it more than {worker.SECONDS} s of CPU time or "
                    f"{worker.MEMORY >> 30} GiB of memory: there is no object")
            said.append(Diagnostic("error", job.path, 0, 0, text, "limits"))
        if done.status and not any(item.severity == "error" for item in said):
            last = done.complained.strip().splitlines()[-1:] or ["no message"]
            raise Untestable(
                f"{job.path}: {compiler} ended with {done.status} and no diagnostic: {last[0]}"
            )
        undefined, defined = _symbols(nm, out, job) if out.exists() else (set(), set())
        mismatched = _modpost(job, compiler, beside, scratch, out) if out.exists() else ()
    return {
        "mismatched": [[one.user, one.here, one.used, one.there, one.text] for one in mismatched],
        "said": [vars(item) for item in said],
        "undefined": sorted(undefined),
        "defined": sorted(defined),
    }


def _killed(done: Done) -> bool:
    """Return whether a signal ended it, or it had no more memory."""
    return done.status > 128 or done.status < 0 or "out of memory" in done.complained


_QUIET = ("-fno-caret-diagnostics", "-fno-color-diagnostics")


def _to_object(
    job: ResolvedJob, text: bytes, compiler: str, more: Sequence[str], scratch: Path, out: Path
) -> Done:
    overlay = _vfs({job.main: text, **job.texts}, scratch)
    argv = [compiler, *job.flags, *_QUIET, "-ivfsoverlay", str(overlay), *more]
    argv += ["-c", "-o", str(out), *_input(job, text, scratch)]
    return _run(argv, job, scratch)


def _head(job: ResolvedJob, cut: int, worth: bool, compiler: str, scratch: Path) -> pch.Head | None:
    """Return the unit's leading lines as a PCH of this compiler, None when there can be none."""
    text = pch.split(job, cut)[0]
    key = pch.key_of(job, text, _program(compiler))
    with turn(key):
        known = pch.stored(job, key)
        if known or not worth:
            return known
        part = pch.part_file(job, key)
        # the compiler looks at this file again whenever it reads the PCH
        file = job.place.cache / f"{key}.head.h"
        if not file.exists():
            file.write_bytes(_claim(job) + text)
        told = scratch / "included"
        argv = [compiler, *job.flags, *_QUIET, "-ivfsoverlay", str(_vfs(job.texts, scratch))]
        argv += ["-iquote", os.path.dirname(job.main), "-MD", "-MF", str(told)]
        argv += ["-x", "c-header", str(file), "-o", str(part)]
        done = _run(argv, job, scratch)
        said = _read(done.complained, job)
        if done.status or any(item.severity == "error" for item in said):
            part.unlink(missing_ok=True)
            return None
        included = {
            os.path.normpath(job.place.build / path)
            for path in _prerequisites(told.read_text(encoding="utf-8"))
            if path != str(file)
        }
        return pch.keep(job, key, part, included, said)


def _prerequisites(text: str) -> list[str]:
    """Return the files that a rule of make, as compilers write it, names."""
    joined = text.replace("\\\n", " ").partition(": ")[2]
    return [path.replace("\\ ", " ") for path in re.findall(r"(?:\\ |\S)+", joined)]


def _claim(job: ResolvedJob) -> bytes:
    """Return the line that makes what follows the unit itself, wherever it stands."""
    return b'# 1 "' + job.main.encode() + b'"\n'


def _input(job: ResolvedJob, text: bytes, scratch: Path) -> tuple[str, ...]:
    """Return the arguments that name the unit.

    The driver looks for its input before any overlay is there, so a new unit is a file elsewhere
    that claims its place by a line marker.
    """
    if os.path.exists(job.main):
        return (job.main,)
    file = scratch / "unit.c"
    file.write_bytes(_claim(job) + text)
    return ("-iquote", os.path.dirname(job.main), str(file))


# refers to what is freed after booting: what modpost must find before its silence counts
_PLANTED = (
    'void portwright_stays(void);\n__attribute__((section(".init.text"), noinline, used)) '
    'static void portwright_goes(void)\n{\n\t__asm__ volatile("");\n}\n'
    "void portwright_stays(void)\n{\n\tportwright_goes();\n}\n"
)
_proven: set[tuple[Path, str]] = set()


def _modpost(
    job: ResolvedJob, compiler: str, beside: Mapping[str, str], scratch: Path, out: Path
) -> tuple[Mismatch, ...]:
    """Return what the modpost of the base says of the sections of an object.

    Errors: EnvironmentFault when it does not find a planted mistake.
    """
    program = job.place.build / "scripts/mod/modpost"
    if not program.parent.is_dir():  # a few files of a test, and no kernel
        return ()
    mine = (job.place.build, compiler)
    if mine not in _proven:
        words = [_PLANTED, compiler, *_machine(job)]
        proven(words, [Path(__file__), program], [compiler, "nm"],
               lambda: _prove(job, compiler, program, scratch))
        _proven.add(mine)
    if beside:
        other = scratch / "stubs.c"
        other.write_text(stubs(beside), encoding="utf-8")
        both = scratch / "both.o"
        linker = [f"ld.lld{LLVM}", "-r", "-o", str(both)]
        done = _run([*linker, str(out), str(_alone(job, compiler, other, scratch))], job, scratch)
        if done.status:
            raise EnvironmentFault(f"{linker[0]} does not join two objects: {done.last}")
        out = both
    return _asked(job, program, out, scratch)


def _prove(job: ResolvedJob, compiler: str, program: Path, scratch: Path) -> None:
    planted = scratch / "planted.c"
    planted.write_text(_PLANTED, encoding="utf-8")
    made = _alone(job, compiler, planted, scratch)
    if not any(one.user == "portwright_stays" for one in _asked(job, program, made, scratch)):
        raise EnvironmentFault(f"{program} does not find a planted section mismatch")


def _machine(job: ResolvedJob) -> list[str]:
    """Return the flags of a unit that say for which machine it is compiled."""
    return [one for one in job.flags if re.match(r"--target=|-m(?!fentry)|-fno-|-O", one)]


def _alone(job: ResolvedJob, compiler: str, file: Path, scratch: Path) -> Path:
    """Compile a file of ours for the machine of a unit, and return its object."""
    made = file.with_suffix(".o")
    done = _run([compiler, *_machine(job), "-c", "-o", str(made), str(file)], job, scratch)
    if done.status:
        raise EnvironmentFault(f"{compiler} does not compile {file.name}: {done.last}")
    return made


def _asked(
    job: ResolvedJob, program: Path, made: Path, scratch: Path
) -> tuple[Mismatch, ...]:
    named = scratch / "vmlinux.o"  # of a module it would want a licence
    shutil.copyfile(made, named)
    done = _run([str(program), "-M", named.name], job, scratch, cwd=scratch)
    found = mismatches(done.complained)
    if not any(one.used.startswith("0x") for one in found):
        return found
    # a call of the first function of a section is written as 4 bytes before it
    names = _places(_run(["nm", "--format=sysv", named.name], job, scratch, cwd=scratch).said)
    return tuple(
        replace(one, used=names.get((one.there, (int(one.used, 16) + 4) & 0xFFFFFFFF), one.used))
        if one.used.startswith("0x") else one for one in found
    )


def _places(told: str) -> dict[tuple[str, int], str]:
    """Return the functions and variables of an object by section and address."""
    rows = [[cell.strip() for cell in row.split("|")] for row in told.splitlines()]
    return {(row[6], int(row[1], 16)): row[0] for row in rows
            if len(row) == 7 and row[1] and row[3] in ("FUNC", "OBJECT")}


def _run(argv: list[str], job: ResolvedJob, scratch: Path, cwd: Path | None = None) -> Done:
    """Run a program of the compiler's in a sandbox."""
    place = job.place
    inside = command(
        argv, readable=(place.source, place.build.parent, *_homes(argv[0])),
        writable=(place.cache, scratch), cwd=cwd or place.build, limits=_LIMITS,
    )
    env = environment(*_homes(argv[0]))
    with worker.COMPILERS:
        return tried(inside, env=env, timeout=_TIMEOUT, about=job.path)


def _homes(program: str) -> tuple[Path, ...]:
    """Return where a program is, when that is no place of the system."""
    home = Path(os.path.realpath(shutil.which(program) or program)).parent
    return () if home.is_relative_to("/usr") else (home,)


def _vfs(texts: Mapping[str, bytes], scratch: Path) -> Path:
    """Write the changed files and the description that lays them over the tree."""
    roots = []
    for number, (name, text) in enumerate(texts.items()):
        file = scratch / f"{number}.txt"
        file.write_bytes(text)
        # a PCH remembers times; whether the content is the same is known by then
        os.utime(file, (0, 0))
        roots.append({"type": "file", "name": name, "external-contents": str(file)})
    overlay = scratch / "overlay.yaml"
    overlay.write_text(
        json.dumps(
            {
                "version": 0,
                "case-sensitive": "true",
                "use-external-names": "false",
                "overlay-relative": "false",
                "roots": roots,
            }
        ),
        encoding="utf-8",
    )
    return overlay


def _read(text: str, job: ResolvedJob) -> tuple[Diagnostic, ...]:
    found: list[Diagnostic] = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            continue
        path = match["path"]
        for top in (f"{job.place.source}/", f"{job.place.build}/"):
            path = path.removeprefix(top)
        if match["kind"] == "note":
            # <scratch space> is where the compiler pastes tokens: nobody can look there
            if found and not path.startswith("<"):
                last = found.pop()
                note = f"{path}:{match['line']}: {match['text']}"
                found.append(Diagnostic(**{**vars(last), "notes": (*last.notes, note)}))
            continue
        inside = _IN.search(match["text"])
        found.append(
            Diagnostic(
                "warning" if match["kind"] == "warning" else "error",
                path,
                int(match["line"]),
                int(match["column"]),
                match["text"],
                (match["option"] or "").removeprefix("-Werror,"),
                inside[1] if inside else "",
            )
        )
    return tuple(found)


def _symbols(nm: str, out: Path, job: ResolvedJob) -> tuple[set[str], set[str]]:
    """Return the undefined and the external defined symbols of an object."""
    done = _run([nm, "--no-sort", str(out)], job, out.parent)
    if done.status:
        raise EnvironmentFault(f"{nm} cannot read an object of the compiler: {done.last}")
    undefined, defined = set(), set()
    for line in done.said.splitlines():
        *_, kind, name = line.split()
        if kind == "U":
            undefined.add(name)
        elif kind.isupper() or kind == "w":
            defined.add(name)
    return undefined, defined
