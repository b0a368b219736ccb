# SPDX-License-Identifier: GPL-2.0-only
"""C files of a kernel tree through libclang, in process, with changed files laid over the tree.

The leading includes of a unit are kept as a PCH, which makes every later parse some twenty times
faster: the PCH takes the lines up to the first include that reaches a changed file, and is used
only while every file in it is what it was, byte for byte. In doubt the parse is a plain one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from generator.cincludes import Disk, Includes, forced, leading, search_path
from generator.errors import EnvironmentFault, TreeError

if TYPE_CHECKING:
    from generator.kbuild import Base

Overlay: TypeAlias = Mapping[str, bytes | None]

# libclang's CXTranslationUnit_Incomplete | CXTranslationUnit_ForSerialization
_FOR_PCH = 0x12
_SEVERITY = {2: "warning", 3: "error", 4: "error"}
# beyond this many bytes of PCH files the oldest go
_PCH_BYTES = 1_500_000_000


@dataclass(frozen=True)
class Diagnostic:
    """What the compiler says; `path` is relative to the tree (or the build directory)."""

    severity: str
    path: str
    line: int
    column: int
    text: str
    option: str = ""
    function: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where the tree, its build directory and our cache of PCH files are: absolute paths."""

    source: Path
    build: Path
    cache: Path


@dataclass(frozen=True, eq=False)
class Unit:
    """One parsed C file: its diagnostics, its includes, and libclang's own translation unit.

    `prefix_lines` is the number of leading lines that came from a PCH, 0 after a plain parse.
    Lines and columns are those of the file; byte offsets are not, because the text of the
    leading lines is left out: take source text from `text` by line and column.
    """

    path: str
    diagnostics: tuple[Diagnostic, ...]
    includes: frozenset[str]
    tu: Any
    text: bytes
    prefix_lines: int

    def functions(self) -> dict[str, Any]:
        """Return the cursors of the functions defined in the unit's own file, by name."""
        return _functions(self.tu)

    def function(self, name: str) -> Any:  # noqa: ANN401 - libclang has no types
        """Return the cursor of one function's definition.

        Errors: TreeError, naming the nearest functions, when the unit does not define it.
        """
        found = self.functions()
        if name not in found:
            import difflib

            near = ", ".join(difflib.get_close_matches(name, found, 3, 0.4)) or "nothing like it"
            raise TreeError(
                f"{self.path}: function {name} is not defined here; the file has {near}"
            )
        return found[name]


@dataclass(frozen=True)
class Job:
    """One unit to parse: arguments of `parse_at`."""

    place: Place
    flags: tuple[str, ...]
    path: str
    overlay: Overlay = field(default_factory=dict)
    generated: Mapping[str, bytes] = field(default_factory=dict)


def parse(base: Base, path: str, overlay: Overlay | None = None) -> Unit:
    """Parse one unit of a prepared base under kbuild's flags and its configuration's autoconf.h.

    `overlay` maps paths in the tree to the text after a commit, None for a deleted file; its
    Kconfig files and Makefiles count.
    Errors: TreeError when libclang cannot read the unit at all.
    """
    from generator import kbuild

    return parse_job(job(kbuild.at(base, overlay or {}), path, overlay or {}))


def job(base: Base, path: str, overlay: Overlay) -> Job:
    """Return what `parse_job` needs for one unit of a base as `kbuild.at` gives it."""
    from generator import kbuild

    args = kbuild.flags(base, path).args
    autoconf = str(base.autoconf_path.relative_to(base.build))
    return Job(place(base), args, path, overlay, {autoconf: base.autoconf.encode()})


def place(base: Base) -> Place:
    """Return where a prepared base keeps its files."""
    from generator import tree

    return Place(base.tree.work, base.build, tree.cache() / "csource")


def parse_at(
    where: Place,
    flags: Sequence[str],
    path: str,
    overlay: Overlay | None = None,
    generated: Mapping[str, bytes] | None = None,
) -> Unit:
    """Parse one unit without kbuild: `generated` maps build-relative paths to their text."""
    return parse_job(Job(where, tuple(flags), path, overlay or {}, generated or {}))


def parse_many(jobs: Iterable[Job], threads: int = 2) -> Iterator[Unit]:
    """Parse units in the order given; libclang releases the interpreter, so threads help."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(parse_job, jobs)


def parse_job(task: Job) -> Unit:
    """Parse one unit, through a PCH of its leading includes when that is known to be exact."""
    view = view_of(task)
    for cut, build in _cuts(view):
        unit = _through_pch(view, cut, build) if cut else None
        if unit is not None:
            return unit
    return _plain(view)


@dataclass(frozen=True)
class View:
    """A job with every path absolute, and only the texts that differ from the disk.

    `ids` has the identities of the changed files, `fresh` those files that are not on disk.
    """

    place: Place
    flags: tuple[str, ...]
    path: str
    main: str
    text: bytes
    texts: Mapping[str, bytes]
    names: Mapping[str, bytes]
    ids: Mapping[str, str]
    fresh: frozenset[str]

    def id_of(self, path: str) -> str:
        """Return the identity of a file as this view has it, empty when there is none."""
        return self.ids.get(path) or disk_id(path)

    def same(self, included: Mapping[str, str]) -> bool:
        """Return whether files read by an earlier parse would be the ones read now.

        They are when each has the same content and no new file could be found in the place of
        one of them.
        """
        names = {os.path.basename(path) for path in self.fresh - included.keys()}
        return all(
            self.id_of(path) == was and os.path.basename(path) not in names
            for path, was in included.items()
        )


def content_id(text: bytes) -> str:
    """Return the identity of a text: equal texts, equal identities."""
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()


_disk_ids: dict[str, tuple[int, int, str]] = {}


def disk_id(path: str) -> str:
    """Return the identity of a file on disk, read again only when size or time changed."""
    try:
        stat = os.stat(path)
        known = _disk_ids.get(path)
        if known and known[:2] == (stat.st_mtime_ns, stat.st_size):
            return known[2]
        with open(path, "rb") as file:
            found = content_id(file.read())
    except OSError:
        return ""
    _disk_ids[path] = (stat.st_mtime_ns, stat.st_size, found)
    return found


def usable_flags(flags: Sequence[str]) -> tuple[str, ...]:
    """Return kbuild's flags for a front end: no output, no bare -Werror, no absent -I directory.

    Without -Werror a warning stays a warning; -Werror=name stays as it is.
    """
    kept: list[str] = []
    words = iter(flags)
    for flag in words:
        if flag == "-o":
            next(words, None)
            continue
        absent = flag.startswith("-I") and len(flag) > 2 and not os.path.isdir(flag[2:])
        if not absent and flag not in ("-c", "-Werror") and not flag.startswith("-Wp,-MM"):
            kept.append(flag)
    return tuple(kept)


def view_of(task: Job) -> View:
    """Return a job with absolute paths and without what the overlay leaves as it is."""
    source, build = str(task.place.source), str(task.place.build)
    texts: dict[str, bytes] = {}
    ids: dict[str, str] = {}
    fresh: set[str] = set()
    for name, text in [
        *((f"{source}/{n}", t) for n, t in task.overlay.items()),
        *((f"{build}/{n}", t) for n, t in task.generated.items()),
    ]:
        on_disk = disk_id(name)
        if text is None:
            tail = name.removeprefix(source + "/")
            text = f'#error "{tail} does not exist after this commit"\n'.encode()
        found = content_id(text)
        if found != on_disk:
            texts[name] = text
            ids[name] = found
            if not on_disk:
                fresh.add(name)
    main = f"{source}/{task.path}"
    own = texts.pop(main, None)
    ids.pop(main, None)
    fresh.discard(main)
    if own is None:
        try:
            own = Path(main).read_bytes()
        except OSError as error:
            raise TreeError(f"{task.path}: no such file in the tree ({error.strerror})") from error
    flags = usable_flags(task.flags)
    names = {**texts, **_aliases(main, own, texts, fresh, flags)}
    return View(task.place, flags, task.path, main, own, texts, names, ids, frozenset(fresh))


def _aliases(
    main: str, own: bytes, texts: Mapping[str, bytes], fresh: set[str], flags: tuple[str, ...]
) -> dict[str, bytes]:
    """Return new files under the other spellings by which an include would look for them.

    libclang finds a file that is not on disk only by the very string of its path, and
    `#include "../cxl/x.h"` asks for `drivers/perf/../cxl/x.h`.
    """
    found: dict[str, bytes] = {}
    if not fresh:
        return found
    search = search_path(flags)
    for includer, text in [(main, own), *texts.items()]:
        for name in re.findall(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', text, re.M):
            spelled = name.decode("utf-8", "replace")
            for directory in (os.path.dirname(includer), *search):
                path = f"{directory}/{spelled}"
                real = os.path.normpath(path)
                if real in fresh and path != real:
                    found[path] = texts[real]
    return found


# -- where the PCH may end ------------------------------------------------------------------------

_disk = Disk()
_graphs: dict[tuple[str, ...], Includes] = {}
_volatile: dict[str, set[str]] = {}
_guard = threading.Lock()


def _cuts(view: View) -> tuple[tuple[int, bool], ...]:
    """Return how many leading lines may come from a PCH, and whether it is worth building one.

    The first answer leaves out what this overlay changes; the second, for which a PCH is built,
    what any overlay has changed so far, so that one PCH serves a whole series. The graph of
    includes is read from the text and may end the PCH too early, which costs time; whether a PCH
    is exact is decided later, by what the compiler read.
    """
    generated = f"{view.place.build}/"
    changing = {path for path in view.texts if not path.startswith(generated)}
    with _guard:
        seen = _volatile.setdefault(view.main, set())
        seen |= changing
        now, later = _cut(view, changing), _cut(view, seen)
    return ((now, True),) if now == later else ((now, False), (later, True))


def _cut(view: View, changing: set[str]) -> int:
    search = search_path(view.flags)
    graph = _graphs.setdefault(search, Includes(search, _disk))
    names = {os.path.basename(path) for path in view.fresh}
    if any(graph.closure(path) & changing for path in forced(view.flags)):
        return 0
    cut = 0
    for line, name, quoted in leading(view.text):
        found = graph.resolve(view.main, quoted, name)
        if found is None:
            break
        reached = graph.closure(found)
        if reached & changing or any(os.path.basename(path) in names for path in reached):
            break
        cut = line
    return cut


# -- parsing --------------------------------------------------------------------------------------

_local = threading.local()
_locks: dict[str, threading.Lock] = {}


def _index() -> Any:  # noqa: ANN401 - libclang has no types
    if not hasattr(_local, "index"):
        try:
            from clang import cindex
        except ImportError as error:
            raise EnvironmentFault(
                "the Python package libclang is missing: run `make` once, it sets up .venv"
            ) from error
        _local.index = cindex.Index.create(excludeDecls=True)
    return _local.index


def _read(view: View, name: str, text: bytes, extra: Sequence[str], options: int) -> Any:  # noqa: ANN401
    from clang import cindex

    files = [(name, text), *view.names.items()]
    try:
        return _index().parse(name, [*view.flags, *extra], files, options)
    except cindex.TranslationUnitLoadError as error:
        raise TreeError(
            f"{view.path}: libclang could not read the unit at all; "
            "try the same file with `clang -fsyntax-only` and kbuild's flags"
        ) from error


def _plain(view: View) -> Unit:
    tu = _read(view, view.main, view.text, (), 0)
    says = _diagnostics(view, tu, view.main)
    return Unit(view.path, says, _relative(view, _included(tu)), tu, view.text, 0)


def _through_pch(view: View, cut: int, build: bool) -> Unit | None:
    lines = view.text.split(b"\n")
    head = b"\n".join(lines[:cut]) + b"\n"
    key = content_id(
        b"\0".join([*(flag.encode() for flag in view.flags), view.main.encode(), head])
    )
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        known = _stored(view, key) or (_build_pch(view, key, head) if build else None)
    if known is None:
        return None
    file, included, said = known
    tail = b"\n" * cut + b"\n".join(lines[cut:])
    try:
        tu = _read(view, view.main, tail, ("-include-pch", file), 0)
    except TreeError:
        return None
    own = _diagnostics(view, tu, view.main)
    if any(_of_pch(item, file) for item in own):
        return None
    both = said + tuple(item for item in own if item not in said)
    seen = frozenset(included) | _included(tu)
    return Unit(view.path, both, _relative(view, seen), tu, view.text, cut)


def _of_pch(item: Diagnostic, file: str) -> bool:
    return os.path.basename(file) in item.text or "precompiled" in item.text or "PCH" in item.text


def _stored(view: View, key: str) -> tuple[str, tuple[str, ...], tuple[Diagnostic, ...]] | None:
    """Return a PCH whose every file is what it is now, None when there is none."""
    for record in sorted(view.place.cache.glob(f"{key}-*.json")):
        try:
            data = json.loads(record.read_text())
            included: dict[str, str] = data["included"]
            said = tuple(
                Diagnostic(**{**item, "notes": tuple(item["notes"])}) for item in data["said"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if not view.same(included):
            continue
        file = record.with_suffix(".pch")
        if file.exists():
            return str(file), tuple(included), said
    return None


def _build_pch(
    view: View, key: str, head: bytes
) -> tuple[str, tuple[str, ...], tuple[Diagnostic, ...]] | None:
    sibling = view.main + ".head.h"
    tu = _read(view, sibling, head, ("-x", "c-header"), _FOR_PCH)
    said = _diagnostics(view, tu, sibling)
    if any(item.severity == "error" for item in said):
        return None
    included = {path: view.id_of(path) for path in sorted(_included(tu) - {sibling})}
    state = content_id(json.dumps(included).encode())[:16]
    view.place.cache.mkdir(parents=True, exist_ok=True)
    file = view.place.cache / f"{key}-{state}.pch"
    part = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    from clang import cindex

    try:
        tu.save(str(part))
    except cindex.TranslationUnitSaveError:
        part.unlink(missing_ok=True)
        return None
    os.replace(part, file)
    record = {"included": included, "said": [vars(item) for item in said]}
    part.write_text(json.dumps(record))
    os.replace(part, file.with_suffix(".json"))
    _prune(view.place.cache)
    return str(file), tuple(included), said


def _prune(directory: Path) -> None:
    """Remove the oldest PCH files when all of them together grow too large."""
    found = []
    for file in directory.glob("*.pch"):
        try:
            stat = file.stat()
        except OSError:
            continue
        found.append((stat.st_mtime_ns, stat.st_size, file))
    total = sum(size for _, size, _ in found)
    for _, size, file in sorted(found):
        if total <= _PCH_BYTES:
            return
        file.with_suffix(".json").unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        total -= size


# -- what a translation unit says -----------------------------------------------------------------


def _included(tu: Any) -> frozenset[str]:  # noqa: ANN401
    return frozenset(os.path.normpath(item.include.name) for item in tu.get_includes())


def _relative(view: View, paths: Iterable[str]) -> frozenset[str]:
    return frozenset(_short(view.place, path) for path in paths)


def _short(where: Place, path: str) -> str:
    for top in (str(where.source), str(where.build)):
        if path.startswith(top + "/"):
            return path[len(top) + 1 :]
    return path


def _diagnostics(view: View, tu: Any, main: str) -> tuple[Diagnostic, ...]:  # noqa: ANN401
    raw = [item for item in tu.diagnostics if item.severity in _SEVERITY]
    if not raw:
        return ()
    spans = [
        (cursor.extent.start.line, cursor.extent.end.line, name)
        for name, cursor in _functions(tu).items()
    ]
    found = []
    for item in raw:
        file = os.path.normpath(item.location.file.name) if item.location.file else main
        line = item.location.line
        own = file == main
        inside = next((n for low, high, n in spans if own and low <= line <= high), "")
        notes = tuple(
            f"{_short(view.place, note.location.file.name) if note.location.file else ''}"
            f":{note.location.line}: {note.spelling}"
            for note in item.children
        )
        option = item.option.removeprefix("-Werror,")
        found.append(
            Diagnostic(
                _SEVERITY[item.severity],
                view.path if own else _short(view.place, file),
                line,
                item.location.column,
                item.spelling,
                option,
                inside,
                notes,
            )
        )
    return tuple(dict.fromkeys(found))


def _functions(tu: Any) -> dict[str, Any]:  # noqa: ANN401
    from clang import cindex

    main = os.path.normpath(tu.spelling)
    return {
        cursor.spelling: cursor
        for cursor in tu.cursor.get_children()
        if cursor.kind is cindex.CursorKind.FUNCTION_DECL
        and cursor.is_definition()
        and cursor.location.file
        and os.path.normpath(cursor.location.file.name) == main
    }
