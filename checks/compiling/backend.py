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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.compiling.frontend import absolute, diagnostic, memory
from generator.errors import EnvironmentFault, Untestable
from generator.parsing import pch
from generator.parsing.job import Diagnostic, Job, View, disk_id, view_of
from generator.system.plumbing import PATIENCE, Done, tried

_LINE = re.compile(
    r"(?P<path>[^:\n]+):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<kind>warning|error|fatal error|note): (?P<text>.*?)(?: \[(?P<option>-W[^\]]*)\])?"
)
_IN = re.compile(r" in '([^']+)'")
# for one unit; the slowest takes about two seconds
_TIMEOUT = PATIENCE


@dataclass(frozen=True)
class Object:
    """What came out of the back end; no symbols when there is no object."""

    path: str
    diagnostics: tuple[Diagnostic, ...]
    undefined: frozenset[str]
    defined: frozenset[str]
    builtin: bool


def build(task: Job, includes: frozenset[str], compiler: str, nm: str = "nm") -> Object:
    """Compile one unit to an object file that is thrown away.

    `includes` is what the front end saw the unit include; the result is remembered under it.
    Errors: EnvironmentFault when compiler or nm is missing, Timeout, Untestable when the
    compiler dies without a diagnostic.
    """
    view = view_of(task)
    builtin = "-DMODULE" not in view.flags
    record = memory(task.place.cache / "built", view, compiler)
    known = record.recall()
    if known is None:
        known = _compile(view, compiler, nm)
        if not any("file not found" in item["text"] for item in known["said"]):
            record.keep(absolute(view, includes), known)
    return Object(
        task.path,
        tuple(diagnostic(item) for item in known["said"]),
        frozenset(known["undefined"]),
        frozenset(known["defined"]),
        builtin,
    )


def _compile(view: View, compiler: str, nm: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="portwright-") as name:
        scratch = Path(name)
        out = scratch / "unit.o"
        for cut, worth in pch.cuts(view):
            head = _head(view, cut, worth, compiler, scratch) if cut else None
            if head is None:
                continue
            tail = pch.split(view, cut)[1]
            more = ("-include-pch", head.file)
            done = _to_object(view, tail, compiler, more, scratch, out)
            if "AST file" not in done.complained and "PCH file" not in done.complained:
                said = list(dict.fromkeys((*head.said, *_read(done.complained, view))))
                break
        else:
            done = _to_object(view, view.text, compiler, (), scratch, out)
            said = list(_read(done.complained, view))
        if done.status and not any(item.severity == "error" for item in said):
            last = done.complained.strip().splitlines()[-1:] or ["no message"]
            raise Untestable(
                f"{view.path}: {compiler} ended with {done.status} and no diagnostic: {last[0]}"
            )
        undefined, defined = _symbols(nm, out) if out.exists() else (set(), set())
    return {
        "said": [vars(item) for item in said],
        "undefined": sorted(undefined),
        "defined": sorted(defined),
    }


_QUIET = ("-fno-caret-diagnostics", "-fno-color-diagnostics")


def _to_object(
    view: View, text: bytes, compiler: str, more: Sequence[str], scratch: Path, out: Path
) -> Done:
    overlay = _vfs({view.main: text, **view.texts}, scratch)
    command = [compiler, *view.flags, *_QUIET, "-ivfsoverlay", str(overlay), *more]
    command += ["-c", "-o", str(out), *_input(view, text, scratch)]
    return _run(command, view.place.build, view.path)


def _head(view: View, cut: int, worth: bool, compiler: str, scratch: Path) -> pch.Head | None:
    """Return the unit's leading lines as a PCH of this compiler, None when there can be none."""
    text = pch.split(view, cut)[0]
    program = shutil.which(compiler) or compiler
    key = pch.key_of(view, text, f"{program} {disk_id(os.path.realpath(program))}")
    with pch.building(key):
        known = pch.stored(view, key)
        if known or not worth:
            return known
        part = pch.part_file(view, key)
        # the compiler looks at this file again whenever it reads the PCH
        file = view.place.cache / f"{key}.head.h"
        if not file.exists():
            file.write_bytes(_claim(view) + text)
        told = scratch / "included"
        command = [compiler, *view.flags, *_QUIET, "-ivfsoverlay", str(_vfs(view.texts, scratch))]
        command += ["-iquote", os.path.dirname(view.main), "-MD", "-MF", str(told)]
        command += ["-x", "c-header", str(file), "-o", str(part)]
        done = _run(command, view.place.build, view.path)
        said = _read(done.complained, view)
        if done.status or any(item.severity == "error" for item in said):
            part.unlink(missing_ok=True)
            return None
        included = {
            os.path.normpath(view.place.build / path)
            for path in _prerequisites(told.read_text(encoding="utf-8"))
            if path != str(file)
        }
        return pch.keep(view, key, part, included, said)


def _prerequisites(text: str) -> list[str]:
    """Return the files that a rule of make, as compilers write it, names."""
    joined = text.replace("\\\n", " ").partition(": ")[2]
    return [path.replace("\\ ", " ") for path in re.findall(r"(?:\\ |\S)+", joined)]


def _claim(view: View) -> bytes:
    """Return the line that makes what follows the unit itself, wherever it stands."""
    return b'# 1 "' + view.main.encode() + b'"\n'


def _input(view: View, text: bytes, scratch: Path) -> tuple[str, ...]:
    """Return the arguments that name the unit.

    The driver looks for its input before any overlay is there, so a new unit is a file elsewhere
    that claims its place by a line marker.
    """
    if os.path.exists(view.main):
        return (view.main,)
    file = scratch / "unit.c"
    file.write_bytes(_claim(view) + text)
    return ("-iquote", os.path.dirname(view.main), str(file))


def _run(command: list[str], cwd: Path, path: str) -> Done:
    return tried(command, cwd=cwd, timeout=_TIMEOUT, about=path)


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


def _read(text: str, view: View) -> tuple[Diagnostic, ...]:
    found: list[Diagnostic] = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            continue
        path = match["path"]
        for top in (f"{view.place.source}/", f"{view.place.build}/"):
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


def _symbols(nm: str, out: Path) -> tuple[set[str], set[str]]:
    """Return the undefined and the external defined symbols of an object."""
    done = _run([nm, "--no-sort", str(out)], out.parent, str(out))
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
