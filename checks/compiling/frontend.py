# SPDX-License-Identifier: GPL-2.0-only
"""What the compiler's front end says of one unit, remembered for as long as its files are the same.

The memory is keyed by flags, text and the content of every file that the unit includes, so a
second run of an unchanged series parses nothing. Of the configuration only those symbols count that
a file of them names, as in scripts/basic/fixdep.c of the kernel: configurations that differ in
others have one answer.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from checks.compiling import worker
from generator.parsing.job import Diagnostic, Job, ResolvedJob, content_id, resolved, short
from generator.parsing.unit import parse_job
from generator.system.cache import keep
from generator.system.turns import turn

# raise it when what is remembered, or how it is found, changes
_FORM = "3"


# what a diagnostic is marked with when its unit must not be read by anybody else
STRANGE = ("outside", "limits")


@dataclass(frozen=True)
class Diagnosis:
    """The diagnostics of a unit, the files it read, and the external symbols that it defines."""

    path: str
    diagnostics: tuple[Diagnostic, ...]
    includes: frozenset[str]
    defined: frozenset[str]


def diagnose(task: Job) -> Diagnosis:
    """Return what the front end says of one unit, which is read in a sandbox.

    A unit that is more than the compiler may take is an error in it.
    Errors: TreeError when there is no such unit, EnvironmentFault without a sandbox.
    """
    job = resolved(task)
    record = memory(task.place.cache / "said", job)
    try:
        with turn(str(record.file)):  # one configuration's may be another's
            result = record.recall() or worker.read(task)
    except worker.Exceeded:
        text = (f"ends the compiler, or takes it more than {worker.SECONDS} s of CPU time or "
                f"{worker.MEMORY >> 30} GiB of memory: the unit is not compiled")
        strange = Diagnostic("error", task.path, 0, 0, text, "limits")
        return Diagnosis(task.path, (strange,), frozenset(), frozenset())
    return _diagnosis(task, result)


def _diagnosis(task: Job, result: dict[str, Any]) -> Diagnosis:
    return Diagnosis(
        task.path,
        tuple(diagnostic(item) for item in result["said"]),
        frozenset(result["includes"]),
        frozenset(result["defined"]),
    )


def look(task: Job) -> dict[str, Any]:
    """Return what the front end says of one unit, as JSON has it; to be called in a sandbox.

    Errors: TreeError when the unit cannot be read at all.
    """
    job = resolved(task)
    unit = parse_job(task)
    result: dict[str, Any] = {
        "said": [vars(item) for item in unit.diagnostics],
        "includes": sorted(unit.includes),
        "defined": sorted(_defined(unit.tu)),
    }
    strange = _outside(job, unit.includes)
    if strange:
        # nothing of what it holds may be quoted, and what follows may be made of it
        own = [name for name in result["includes"] if not name.startswith("/")]
        return {"said": [vars(strange)], "includes": own, "defined": []}
    # a missing file may appear anywhere on the search path later: nothing to hold such a
    # result against
    if not any("file not found" in item.text for item in unit.diagnostics):
        record = memory(task.place.cache / "said", job)
        record.keep(absolute(job, unit.includes), result)
    return result


_NAMED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"](/[^>"\n]*)', re.M)


def _outside(job: ResolvedJob, includes: frozenset[str]) -> Diagnostic | None:
    """Return an error when a unit includes a file outside of the tree, or names one."""
    texts = {**job.texts, job.main: job.text}
    own = {short(job.place, path): text for path, text in texts.items()}
    for path, text in own.items():
        if (path in includes or path == job.path) and (found := _NAMED.search(text)):
            line = text.count(b"\n", 0, found.start(1)) + 1
            return _strange(path, line, found[1].decode(errors="replace"))
    system = [one for flag, one in itertools.pairwise(job.flags) if flag == "-isystem"]
    for name in sorted(includes):
        if name.startswith("/") and not any(name.startswith(f"{one}/") for one in system):
            return _strange(job.path, 0, name)
    return None


def _strange(path: str, line: int, name: str) -> Diagnostic:
    text = f"includes {name}, which is outside of the tree: the unit is not compiled"
    return Diagnostic("error", path, line, 0, text, "outside")


def diagnostic(item: dict[str, Any]) -> Diagnostic:
    """Return a diagnostic from its JSON form."""
    return Diagnostic(**{**item, "notes": tuple(item["notes"])})


def absolute(job: ResolvedJob, includes: Iterable[str]) -> tuple[str, ...]:
    """Return the absolute paths of what a unit includes."""
    found = []
    for name in includes:
        for path in (f"{job.place.source}/{name}", f"{job.place.build}/{name}", name):
            if path in job.texts or os.path.isfile(path):
                found.append(path)
                break
    return tuple(found)


# of a build directory, of which each configuration has its own
_HERE = "@"
_AUTOCONF = "include/generated/autoconf.h"
_SYMBOL = re.compile(rb"CONFIG_(\w*)(?:[ \t\\\r\n]*(##))?")
_ANY = "*"  # names of symbols are put together: all of them count
_SETTING = re.compile(rb"^#define CONFIG_(\w+) (.*)", re.M)


def memory(directory: Path, job: ResolvedJob, salt: str = "") -> Memory:
    """Return what is remembered of a unit's text under its flags, of this libclang."""
    build = str(job.place.build)
    flags = (flag.replace(build, _HERE) for flag in job.flags)
    words = [_FORM, _libclang(), salt, *flags, _generated(build), job.main, content_id(job.text)]
    key = content_id("\0".join(words).encode())
    return Memory(job, directory / key[:2] / key)


@functools.cache
def _libclang() -> str:
    return metadata.version("libclang")


@functools.lru_cache(maxsize=64)
def _generated(build: str) -> str:
    """Return what tells the names of a build directory's headers from those of another's."""
    found = []
    for top in ("include", "arch"):
        for directory, below, names in os.walk(f"{build}/{top}"):
            below[:] = sorted(one for one in below if (directory, one) != (f"{build}/include",
                                                                           "config"))
            found += [f"{directory.removeprefix(build)}/{one}" for one in sorted(names)
                      if one.endswith(".h")]
    return content_id("\n".join(found).encode())


_named: dict[str, frozenset[str]] = {}  # symbols that a text of this identity names


@dataclass(frozen=True, eq=False)
class Memory:
    """The results kept for one unit: a few, one for each state of its includes."""

    job: ResolvedJob
    file: Path

    def _records(self) -> list[dict[str, Any]]:
        try:
            found = json.loads(zlib.decompress(self.file.read_bytes()))
        except (OSError, ValueError, zlib.error):
            return []
        return found if isinstance(found, list) else []

    def recall(self) -> dict[str, Any] | None:
        """Return the result whose every file is what it is now, None when there is none."""
        build = str(self.job.place.build)
        for record in self._records():
            if self._settings(record["symbols"]) != record["settings"]:
                continue
            files = {f"{build}{path[1:]}" if path.startswith(_HERE) else path: was
                     for path, was in record["files"].items()}
            if self.job.same(files):
                with suppress(OSError):
                    os.utime(self.file)  # the oldest go first
                result: dict[str, Any] = record["result"]
                return result
        return None

    def keep(self, files: Iterable[str], result: dict[str, Any]) -> None:
        """Remember a result together with the content of the files it came from."""
        build = str(self.job.place.build)
        ids: dict[str, str] = {}
        names = set(_symbols(self.job.text))
        for path in sorted(files):
            if path == f"{build}/{_AUTOCONF}":
                continue
            mine = f"{_HERE}{path.removeprefix(build)}" if path.startswith(f"{build}/") else path
            ids[mine] = self.job.id_of(path)
            if ids[mine] not in _named:
                _named[ids[mine]] = _symbols(self._text(path))
            names |= _named[ids[mine]]
        symbols = _ANY if _ANY in names else " ".join(sorted(names))
        record = {"files": ids, "symbols": symbols, "settings": self._settings(symbols),
                  "result": result}
        keep(self.file, zlib.compress(json.dumps([record, *self._records()][:16]).encode(), 1))

    def _text(self, path: str) -> bytes:
        if path in self.job.texts:
            return self.job.texts[path]
        with suppress(OSError):
            return Path(path).read_bytes()
        return b""

    def _settings(self, symbols: str) -> str:
        """Return what tells what some symbols are set to."""
        text = self._text(f"{self.job.place.build}/{_AUTOCONF}")
        if symbols == _ANY:
            return content_id(text)
        on = _settings_of(text)
        said = (f"{on.get(one)} {on.get(f'{one}_MODULE')}" for one in symbols.split())
        return content_id("\n".join(said).encode())


@functools.lru_cache(maxsize=32)
def _settings_of(autoconf: bytes) -> Mapping[str, str]:
    return {name.decode(): value.decode("utf-8", "replace")
            for name, value in _SETTING.findall(autoconf)}


def _symbols(text: bytes) -> frozenset[str]:
    """Return the symbols of Kconfig that a text names."""
    return frozenset(_ANY if pasted else name.decode()
                     for name, pasted in _SYMBOL.findall(text) if name or pasted)


def _defined(tu: Any) -> frozenset[str]:  # noqa: ANN401 - libclang has no types
    from clang import cindex

    kinds = (cindex.CursorKind.FUNCTION_DECL, cindex.CursorKind.VAR_DECL)
    return frozenset(
        cursor.spelling
        for cursor in tu.cursor.get_children()
        if cursor.kind in kinds
        and cursor.is_definition()
        and cursor.linkage is cindex.LinkageKind.EXTERNAL
    )
