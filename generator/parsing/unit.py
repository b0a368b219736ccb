# SPDX-License-Identifier: GPL-2.0-only
"""C files of a kernel tree through libclang, in process, with changed files laid over the tree.

The leading includes of a unit are kept as a PCH, which makes every later parse some twenty times
faster; in doubt the parse is a plain one.
"""

from __future__ import annotations

import atexit
import functools
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.errors import EnvironmentFault, TreeError, Where
from generator.parsing import pch
from generator.parsing.job import (
    Diagnostic,
    Directories,
    Job,
    Overlay,
    ResolvedJob,
    content_id,
    resolved,
    short,
)
from generator.system.turns import turn

if TYPE_CHECKING:
    from generator.kernel.kbuild import Base

# libclang's CXTranslationUnit_Incomplete | CXTranslationUnit_ForSerialization
_FOR_PCH = 0x12
_SEVERITY = {2: "warning", 3: "error", 4: "error"}


@dataclass(frozen=True, eq=False)
class Definition:
    """A function that a unit defines; what is known of it can be kept under this value."""

    cursor: Any


@dataclass(frozen=True, eq=False)
class Unit:
    """One parsed C file: its diagnostics, its includes, and libclang's own translation unit.

    `prefix_lines` is the number of leading lines that came from a PCH, 0 after a plain parse.
    Lines and columns are those of the file; byte offsets are not, because the text of the
    leading lines is left out: take source text from `text` by line and column.
    `read` has the identity of every other file that was read, when that is known.
    """

    path: str
    diagnostics: tuple[Diagnostic, ...]
    includes: frozenset[str]
    tu: Any
    text: bytes
    prefix_lines: int
    read: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def own(self) -> tuple[Any, ...]:
        """Return the cursors of the declarations that stand in the unit's own file, at the top."""
        return _own(self.tu)

    @functools.cached_property
    def definitions(self) -> dict[str, Definition]:
        """Return the functions defined in the unit's own file, by name."""
        return {name: Definition(cursor) for name, cursor in _functions(self.own).items()}

    def functions(self) -> dict[str, Any]:
        """Return the cursors of the functions defined in the unit's own file, by name."""
        return {name: one.cursor for name, one in self.definitions.items()}

    def function(self, name: str) -> Any:  # noqa: ANN401 - libclang has no types
        """Return the cursor of one function's definition.

        Errors: TreeError, naming the nearest functions, when the unit does not define it.
        """
        found = self.functions()
        if name not in found:
            import difflib

            near = difflib.get_close_matches(name, found, 3, 0.4)
            line = found[near[0]].extent.start.line if near else 1
            raise TreeError(
                f"function {name} is not defined here; the file has "
                + (", ".join(near) or "nothing like it"), Where(self.path, line)
            )
        return found[name]


def job(base: Base, path: str, overlay: Overlay) -> Job:
    """Return what `parse_job` needs for one unit of a base as `variant.at` gives it."""
    from generator.kernel import kbuild

    return job_of(base, path, overlay, kbuild.flags(base, path).args)


def job_of(base: Base, path: str, overlay: Overlay, args: tuple[str, ...]) -> Job:
    """Return what `parse_job` needs for one unit that has these flags."""
    autoconf = str(base.autoconf_path.relative_to(base.build))
    generated = {autoconf: base.autoconf.encode(), **dict(base.made)}
    return Job(place(base), args, path, overlay, generated)


def place(base: Base) -> Directories:
    """Return where a prepared base keeps its files."""
    from generator.system.cache import cache
    from generator.system.holding import hold

    kept = cache() / "csource"
    hold(kept)
    return Directories(base.tree.work, base.build, kept)


def parse_job(task: Job) -> Unit:
    """Parse one unit, through a PCH of its leading includes when that is known to be exact."""
    return _parse(resolved(task))


def _parse(ready: ResolvedJob, more: Sequence[str] = ()) -> Unit:
    for cut, build in pch.cuts(ready):
        if not cut or (more and pch.defines(ready, cut)):
            continue
        unit = _through_pch(ready, cut, build, more)
        if unit is not None:
            return unit
    return _plain(ready, more)


_kept: list[tuple[tuple[str, ...], Unit]] = []  # the one that was asked for last stands last
MOST_KEPT = 8  # some 30 MB each
_most_kept = MOST_KEPT


def keep(most: int) -> None:
    """Have `parse_once` keep that many units: who renders a series again meets each of its texts.

    A series of a dozen commits has some thirty.
    """
    global _most_kept
    _most_kept = most
    del _kept[:-most]


def parse_once(task: Job, more: Sequence[str] = ()) -> Unit:
    """Parse one unit, or return the one of a call not long ago with the same files throughout.

    more: flags for warnings about the unit's own lines. They are no flags of a head, which serves
    who does without them, too; one that has macros of the unit's own is not taken then.
    """
    ready = resolved(task)
    key = (ready.main, str(ready.place.build), content_id(ready.text), *ready.flags, *more)
    at = next((at for at, (told, unit) in enumerate(_kept)
               if told == key and ready.same(unit.read)), None)
    unit = _parse(ready, more) if at is None else _kept.pop(at)[1]
    if not any("file not found" in one.text for one in unit.diagnostics):
        _kept.append((key, unit))
        del _kept[:-_most_kept]
    return unit


_local = threading.local()


def _index() -> Any:  # noqa: ANN401 - libclang has no types
    if not hasattr(_local, "index"):
        try:
            from clang import cindex
        except ImportError as error:
            raise EnvironmentFault(
                "the Python package libclang is missing: run `make` once, it sets up .venv"
            ) from error
        _local.index = cindex.Index.create(excludeDecls=True)
        _let_go_at_the_end()
    return _local.index


@functools.cache
def _let_go_at_the_end() -> None:
    """Leave to the end of the process what units that are kept hold of libclang.

    Python forgets the library before it forgets them, and would complain of each.
    """
    from clang import cindex

    def let_go() -> None:
        for one in (cindex.Index, cindex.TranslationUnit, cindex.Diagnostic, cindex.TokenGroup):
            del one.__del__

    atexit.register(let_go)


def _read(ready: ResolvedJob, name: str, text: bytes, extra: Sequence[str], options: int) -> Any:  # noqa: ANN401
    from clang import cindex

    files = [(name, text), *ready.names.items()]
    try:
        return _index().parse(name, [*ready.flags, *extra], files, options)
    except cindex.TranslationUnitLoadError as error:
        raise TreeError(
            f"{ready.path}: libclang could not read the unit at all; "
            "try the same file with `clang -fsyntax-only` and kbuild's flags"
        ) from error


def _plain(ready: ResolvedJob, more: Sequence[str] = ()) -> Unit:
    tu = _read(ready, ready.main, ready.text, more, 0)
    says = _diagnostics(ready, tu, ready.main)
    seen = _included(tu)
    return Unit(ready.path, says, _relative(ready, seen), tu, ready.text, 0, _read_of(ready, seen))


def _through_pch(
    ready: ResolvedJob, cut: int, build: bool, more: Sequence[str]
) -> Unit | None:
    head, tail = pch.split(ready, cut)
    key = pch.key_of(ready, head)
    with turn(key):
        known = pch.stored(ready, key) or (_build_pch(ready, key, head) if build else None)
    if known is None:
        return None
    try:
        tu = _read(ready, ready.main, tail, ("-include-pch", known.file, *more), 0)
    except TreeError:
        return None
    own = _diagnostics(ready, tu, ready.main)
    if any(_of_pch(item, known.file) for item in own):
        return None
    both = known.said + tuple(item for item in own if item not in known.said)
    seen = frozenset(known.included) | _included(tu)
    read = _read_of(ready, seen)
    return Unit(ready.path, both, _relative(ready, seen), tu, ready.text, cut, read)


def _of_pch(item: Diagnostic, file: str) -> bool:
    return os.path.basename(file) in item.text or "precompiled" in item.text or "PCH" in item.text


def _build_pch(ready: ResolvedJob, key: str, head: bytes) -> pch.Head | None:
    from clang import cindex

    sibling = ready.main + ".head.h"
    tu = _read(ready, sibling, head, ("-x", "c-header"), _FOR_PCH)
    said = _diagnostics(ready, tu, sibling)
    if any(item.severity == "error" for item in said):
        return None
    part = pch.part_file(ready, key)
    try:
        tu.save(str(part))
    except cindex.TranslationUnitSaveError:
        part.unlink(missing_ok=True)
        return None
    return pch.keep(ready, key, part, _included(tu) - {sibling}, said)


def _included(tu: Any) -> frozenset[str]:  # noqa: ANN401
    return frozenset(os.path.normpath(item.include.name) for item in tu.get_includes())


def _read_of(ready: ResolvedJob, seen: Iterable[str]) -> dict[str, str]:
    return {path: ready.id_of(path) for path in seen if path != ready.main}


def _relative(ready: ResolvedJob, paths: Iterable[str]) -> frozenset[str]:
    return frozenset(short(ready.place, path) for path in paths)


def _diagnostics(ready: ResolvedJob, tu: Any, main: str) -> tuple[Diagnostic, ...]:  # noqa: ANN401
    raw = [item for item in tu.diagnostics if item.severity in _SEVERITY]
    if not raw:
        return ()
    spans = [
        (cursor.extent.start.line, cursor.extent.end.line, name)
        for name, cursor in _functions(_own(tu)).items()
    ]
    found = []
    for item in raw:
        file = os.path.normpath(item.location.file.name) if item.location.file else main
        line = item.location.line
        if file in ready.gone:
            found.append(_missing(ready, file, item))
            break  # a compiler says no more of a unit of which a file is missing
        own = file == main
        inside = next((n for low, high, n in spans if own and low <= line <= high), "")
        notes = tuple(
            f"{short(ready.place, note.location.file.name) if note.location.file else ''}"
            f":{note.location.line}: {note.spelling.replace(f'{ready.place.source}/', '')}"
            for note in item.children
        )
        option = item.option.removeprefix("-Werror,")
        found.append(
            Diagnostic(
                _SEVERITY[item.severity],
                ready.path if own else short(ready.place, file),
                line,
                item.location.column,
                item.spelling,
                option,
                inside,
                notes,
            )
        )
    return tuple(dict.fromkeys(found))


def _missing(ready: ResolvedJob, file: str, item: Any) -> Diagnostic:  # noqa: ANN401
    """Return the error of a deleted file where it is included."""
    path = short(ready.place, file)
    places = [note.location for note in item.children if note.location.file]
    user, line = (os.path.normpath(places[0].file.name), places[0].line) if places else (
        ready.main, 0)
    text = ready.text if user == ready.main else ready.texts.get(user) or b""
    row = text.split(b"\n")[line - 1] if text and line else b""
    column = 1 + min((row.find(mark) for mark in (b'"', b"<") if mark in row), default=-1)
    return Diagnostic("error", short(ready.place, user), line, column,
                      f"'{os.path.basename(file)}' file not found: {path} does not exist after "
                      "this commit")


def _own(tu: Any) -> tuple[Any, ...]:  # noqa: ANN401 - libclang has no types
    main = os.path.normpath(tu.spelling)
    names: dict[str, bool] = {}

    def own(file: Any) -> bool:  # noqa: ANN401
        if file is None:
            return False
        name = file.name
        if name not in names:
            names[name] = os.path.normpath(name) == main
        return names[name]

    return tuple(cursor for cursor in tu.cursor.get_children() if own(cursor.location.file))


def _functions(cursors: Iterable[Any]) -> dict[str, Any]:
    from clang import cindex

    return {
        cursor.spelling: cursor
        for cursor in cursors
        if cursor.kind is cindex.CursorKind.FUNCTION_DECL and cursor.is_definition()
    }
