# SPDX-License-Identifier: GPL-2.0-only
"""What the rest of a tree says of a symbol: who defines it, exports it, and uses it.

    Tree(source).named(names, overlay) -> lines at the left edge that name each of them
    Tree(source).users(names, overlay) -> the files that name one of them
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import EnvironmentFault
from generator.kernel.configurations import WHOLE
from generator.system.plumbing import tried

_PARTS = tuple(name for name in WHOLE if not name.startswith("arch/"))
# what assembler and linker scripts name they may define, whatever the line looks like
_NO_C = (".S", ".lds.h", ".lds", ".tbl")
_MACRO = re.compile(r"(?!EXPORT_|MODULE_)[A-Z][A-Z0-9_]*\(")
_ATTRIBUTE = re.compile(r"\b__\w+\((?:[^()]|\([^()]*\))*\)")
_PROTOTYPE = re.compile(r"\)[ \t]*(?:__\w+(?:\([^)]*\))?[ \t]*)*;[ \t]*$")


@dataclass(frozen=True)
class Line:
    """A line of a file, which names a symbol."""

    path: str
    number: int
    text: str

    def defines(self, name: str) -> bool:
        """Return whether it looks like the definition of an external symbol."""
        if self.path.endswith(_NO_C):
            return True
        if _MACRO.match(self.text):
            return True
        if re.match(r"extern\b|static\b|typedef\b|#|return\b|goto\b", self.text):
            return False
        plain = _ATTRIBUTE.sub("", self.text)
        found = re.match(rf"[\w \t*}}]*\b{re.escape(name)}[ \t]*(?:\(|=|;|\[|,|__|$)", plain)
        return found is not None and not _PROTOTYPE.search(plain)

    def export(self, name: str) -> re.Match[str] | None:
        """Return how it exports a symbol, None when it does not; with the namespace in `space`."""
        return re.match(
            rf"EXPORT_\w*?(?P<form>_NS)?(?:_GPL)?(?:_FOR_MODULES)?\([ \t]*{re.escape(name)}[ \t]*"
            r"(?:,[ \t]*\"?(?P<space>\w*)[^)]*)?\)", self.text,
        )


@dataclass(frozen=True)
class Tree:
    """The files of a base, and what was found in them before."""

    source: Path
    lines: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    naming: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def named(
        self, names: Iterable[str], overlay: Mapping[str, bytes | None]
    ) -> dict[str, tuple[Line, ...]]:
        """Return of each name the lines that begin at the left edge, or are no C, and name it."""
        wanted = sorted(set(names))
        with self._guard:
            self._read(wanted)
        own = [Line(path, number, row) for path, text in overlay.items() if text is not None
               for number, row in enumerate(text.decode("utf-8", "replace").split("\n"), 1)]
        found = {}
        for name in wanted:
            word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
            mine = [one for one in own if _edge(one) and word.search(one.text)]
            found[name] = (*(one for one in self.lines[name] if one.path not in overlay), *mine)
        return found

    def users(
        self, names: Iterable[str], overlay: Mapping[str, bytes | None]
    ) -> dict[str, tuple[str, ...]]:
        """Return of each name the C files of the base that name it, without those of a commit."""
        with self._guard:
            self._find(name for name in sorted(set(names)) if name not in self.naming)
        return {name: tuple(path for path in self.naming.get(name, ()) if path not in overlay)
                for name in names}

    def _find(self, names: Iterable[str]) -> None:
        wanted, places = list(names), self._places()
        if not wanted or not places:
            return
        told = _grep(["-rowF", "--include=*.c", *(f"-e{name}" for name in wanted), *places],
                     self.source)
        found: dict[str, set[str]] = {name: set() for name in wanted}
        for row in told:
            path, _, name = row.rpartition(":")
            found[name].add(path)
        self.naming.update({name: tuple(sorted(paths)) for name, paths in found.items()})

    def _places(self) -> list[str]:
        return [name for name in ("arch", *_PARTS) if (self.source / name).is_dir()]

    def _read(self, names: Iterable[str]) -> None:
        wanted = [name for name in names if name not in self.lines]
        places = self._places()
        self.lines.update(dict.fromkeys(wanted, ()))
        if not wanted or not places:
            return
        either = "|".join(map(re.escape, wanted))
        told = _grep(["-rnE", "--include=*.c", f"^([^[:space:]/*].*)?\\b({either})\\b", *places],
                     self.source)
        linked = "include/asm-generic/vmlinux.lds.h"
        more = [linked] if (self.source / linked).is_file() else []
        told += _grep(["-rnwE", *(f"--include=*{end}" for end in _NO_C), f"({either})",
                       *places, *more], self.source)
        found: dict[str, list[Line]] = {name: [] for name in wanted}
        words = re.compile(rf"(?<!\w)(?:{either})(?!\w)")
        for row in told:
            path, number, text = row.split(":", 2)
            for name in set(words.findall(text)):
                found[name].append(Line(path, int(number), text))
        self.lines.update({name: tuple(lines) for name, lines in found.items()})


def _edge(line: Line) -> bool:
    if line.path.endswith(_NO_C):
        return True
    return line.path.endswith(".c") and line.text[:1] not in ("", " ", "\t", "/", "*")


def _grep(args: list[str], where: Path) -> list[str]:
    """Return the lines that grep prints, none when it finds nothing."""
    done = tried(["grep", "--with-filename", *args], cwd=where)
    if done.status not in (0, 1):
        raise EnvironmentFault(f"grep cannot read the tree: {done.last}")
    return [row for row in done.said.split("\n") if row]
