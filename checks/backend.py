# SPDX-License-Identifier: GPL-2.0-only
"""One unit through the compiler's back end, over an overlay: what libclang cannot see.

BUILD_BUG_ON, frame sizes and the symbols that the linker will look for exist only in the object.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.frontend import absolute, diagnostic, memory
from generator.csource import Diagnostic, Job, View, view_of
from generator.errors import EnvironmentFault, Timeout, Untestable

_LINE = re.compile(
    r"(?P<path>[^:\n]+):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<kind>warning|error|fatal error|note): (?P<text>.*?)(?: \[(?P<option>-W[^\]]*)\])?"
)
_IN = re.compile(r" in '([^']+)'")
# seconds for one unit; the slowest takes about two
_TIMEOUT = 120


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
        overlay = _vfs(view, scratch)
        out = scratch / "unit.o"
        command = [compiler, *view.flags, "-fno-caret-diagnostics", "-fno-color-diagnostics"]
        command += ["-ivfsoverlay", str(overlay), "-c", "-o", str(out), *_input(view, scratch)]
        done = _run(command, view.place.build, view.path)
        said = _read(done.stderr, view)
        if done.returncode and not any(item.severity == "error" for item in said):
            last = done.stderr.strip().splitlines()[-1:] or ["no message"]
            raise Untestable(
                f"{view.path}: {compiler} ended with {done.returncode} and no diagnostic: {last[0]}"
            )
        undefined, defined = _symbols(nm, out) if out.exists() else (set(), set())
    return {
        "said": [vars(item) for item in said],
        "undefined": sorted(undefined),
        "defined": sorted(defined),
    }


def _input(view: View, scratch: Path) -> tuple[str, ...]:
    """Return the arguments that name the unit.

    The driver looks for its input before any overlay is there, so a new unit is a file elsewhere
    that claims its place by a line marker.
    """
    if os.path.exists(view.main):
        return (view.main,)
    file = scratch / "unit.c"
    file.write_bytes(b'# 1 "' + view.main.encode() + b'"\n' + view.text)
    return ("-iquote", os.path.dirname(view.main), str(file))


def _run(command: list[str], cwd: Path, path: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, errors="replace",
            timeout=_TIMEOUT, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise EnvironmentFault(
            f"{command[0]} is missing: install it (Debian: clang-19, binutils)"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise Timeout(f"{path}: {command[0]} took more than {_TIMEOUT} s") from error


def _vfs(view: View, scratch: Path) -> Path:
    """Write the changed files and the description that lays them over the tree."""
    roots = []
    for number, (name, text) in enumerate([(view.main, view.text), *view.texts.items()]):
        file = scratch / f"{number}.txt"
        file.write_bytes(text)
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
        )
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
            if found:
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
    if done.returncode:
        raise EnvironmentFault(f"{nm} cannot read an object of the compiler: {done.stderr.strip()}")
    undefined, defined = set(), set()
    for line in done.stdout.splitlines():
        *_, kind, name = line.split()
        if kind == "U":
            undefined.add(name)
        elif kind.isupper() or kind == "w":
            defined.add(name)
    return undefined, defined
