# SPDX-License-Identifier: GPL-2.0-only
"""What of a commit's Makefiles and Kconfig files is nothing to a configuration: all of it is off.

    makefile(text, on)                  it builds nothing where these symbols are on
    awake(text, on)                     the lines of it that may build something
    Known.of(files)                     symbols that Kconfig files define, select and imply
    kconfig(known, before, after, on)   no symbol that is there already gets another value, and
                                        none that comes is on

Most series add a driver, which every configuration at hand leaves out. In doubt the answer is no,
and make or conf is asked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from generator.kernel.kconfig_rows import outside_help

# what kbuild builds of a directory, or enters; other names are of lists that these name
_LISTS = ("obj", "lib", "subdir", "extra", "always", "hostprogs", "userprogs", "targets", "core",
          "drivers", "net", "libs", "head", "clean-files", "generated", "mandatory", "dtb")
_LIST = re.compile(r"([\w.-]+?)-(y|m|n|objs|\$\(CONFIG_(\w+)\))?[ \t]*[:+]?=[ \t]*([\w.\-/ \t]*)")
_FLAGS = re.compile(r"(?:c|a)cflags-(?:y|m|\$\(CONFIG_\w+\))[ \t]*[:+]?="
                    r"(?:[\w.\-/+=, \t]|\$\((?:src|srctree)\))*")
_DEFINED = re.compile(rb"^[ \t]*(?:menu)?config[ \t]+(\w+)", re.M)
_SELECTED = re.compile(rb"^[ \t]*(?:select|imply)[ \t]+(\w+)", re.M)
_HEADS = ("config", "menuconfig", "choice", "endchoice", "menu", "endmenu", "if", "endif", "source",
          "comment", "mainmenu", "rsource", "osource", "orsource")
_PLAIN = re.compile(r"(?:bool|tristate|prompt|depends on|select|imply)\b.*|default n")
_INERT = re.compile(r"(?:select|imply|depends on)\b.*")
_LINKS = re.compile(r"(?:select|imply)\b.*")


def awake(text: bytes | None, on: Set[str]) -> tuple[str, ...]:
    """Return the lines of a Makefile, None for none, that may build something with some symbols on.

    A list of what a module is made of is left out where only lists name it whose symbol is off.
    """
    joined = re.sub(r"#.*", "", (text or b"").decode("latin-1").replace("\\\n", " "))
    rows = [" ".join(row.split()) for row in joined.split("\n") if row.strip()]
    read = [(row, _LIST.fullmatch(row)) for row in rows]
    off: set[str] = set()
    others: set[str] = set()
    parts: list[str] = []
    for row, found in read:
        if found and found[1] in _LISTS and found[3] and f"CONFIG_{found[3]}" not in on:
            off.update(found[4].split())
            parts.append("")
        elif found and found[1] not in _LISTS:
            parts.append(f"{found[1]}.o")
        else:
            others.update(re.findall(r"[\w.-]+", row))
            parts.append(row)
    if any(row.startswith("define") for row in rows):  # what is a line there is not known
        return tuple(rows)
    return tuple(row for (row, _), part in zip(read, parts, strict=True)
                 if part and (part == row or part not in off or part in others))


def makefile(text: bytes | None, on: Set[str]) -> bool:
    """Return whether a Makefile builds nothing when only some symbols are on."""
    for row in awake(text, on):
        found = _LIST.fullmatch(row)
        if found is None:
            if not _FLAGS.fullmatch(row):
                return False
        elif found[1] in _LISTS and found[4].strip():
            return False
    return True


@dataclass(frozen=True)
class Known:
    """The symbols that the Kconfig files of a tree define, and those that they select or imply."""

    defined: frozenset[str]
    selected: frozenset[str]

    @classmethod
    @functools.lru_cache(maxsize=8)
    def of(cls, files: tuple[Path, ...]) -> Known:
        """Return what some files say."""
        texts = [file.read_bytes() for file in files if file.is_file()]
        every = [frozenset(name.decode() for text in texts for name in pattern.findall(text))
                 for pattern in (_DEFINED, _SELECTED)]
        return cls(*every)


def kconfig(
    known: Known, before: Mapping[str, bytes | None], after: Mapping[str, bytes | None],
    on: Set[str],
) -> bool:
    """Return whether a configuration is the same before and after Kconfig files change.

    on: the symbols that it has on, or values for, with CONFIG_.
    """
    return all(
        text is not None and _same(known, _entries(before[path]), _entries(text), after, before, on)
        for path, text in after.items() if before[path] is not None
    )


def _same(
    known: Known, old: list[_Entry], new: list[_Entry], after: Mapping[str, bytes | None],
    before: Mapping[str, bytes | None], on: Set[str],
) -> bool:
    rest = list(old)
    chosen = 0  # in a choice, where a new symbol may be the one that is taken
    for entry in new:
        if rest and entry.head == rest[0].head:
            was = rest.pop(0)
            gone, come = was.minus(entry), entry.minus(was)
            off = entry.symbol and f"CONFIG_{entry.symbol}" not in on
            fits = all(map(_LINKS.fullmatch, gone)) and all(map(_INERT.fullmatch, come))
            if (gone or come) and not (off and fits):
                return False
            chosen += (entry.head == "choice") - (entry.head == "endchoice")
        elif chosen or not (entry.comes_off(known, on) or _read(known, entry, after, before, on)):
            return False
    return not rest


def _read(
    known: Known, entry: _Entry, after: Mapping[str, bytes | None],
    before: Mapping[str, bytes | None], on: Set[str],
) -> bool:
    """Return whether an entry reads a new file in which all that comes is off."""
    named = re.fullmatch(r"source \"([\w./-]+)\"", entry.head)
    if named is None or before.get(named[1], b"") is not None or not after.get(named[1]):
        return False
    return all(one.comes_off(known, on) or one.head.split(" ")[0] in
               ("if", "endif", "menu", "endmenu", "comment") for one in _entries(after[named[1]]))


@dataclass(frozen=True)
class _Entry:
    head: str
    lines: tuple[str, ...]

    @property
    def symbol(self) -> str:
        word, _, name = self.head.partition(" ")
        return name if word in ("config", "menuconfig") else ""

    def minus(self, other: _Entry) -> list[str]:
        return [one for one in self.lines if one not in other.lines]

    def comes_off(self, known: Known, on: Set[str]) -> bool:
        """Return whether it is a symbol that nobody knows, and that nothing switches on."""
        return (bool(self.symbol) and self.symbol not in known.defined | known.selected
                and f"CONFIG_{self.symbol}" not in on and all(map(_PLAIN.fullmatch, self.lines))
                and any(one.startswith(("bool", "tristate")) for one in self.lines))


def _entries(text: bytes | None) -> list[_Entry]:
    found: list[_Entry] = []
    for line in _statements((text or b"").decode("latin-1")):
        if line.split(" ")[0] in _HEADS:
            found.append(_Entry(line, ()))
        elif found:
            found[-1] = _Entry(found[-1].head, (*found[-1].lines, line))
        else:
            found.append(_Entry(line, ()))
    return found


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of a Kconfig file, without comments and help texts."""
    for _, row in outside_help(text.replace("\\\n", " ").split("\n")):
        line = " ".join(row.partition("#")[0].split()) if '"' not in row else " ".join(row.split())
        if line and not line.startswith("#"):
            yield line


def read_by(noted: bytes) -> Iterable[str]:
    """Return the files that conf has noted to have read, auto.conf.cmd."""
    listed = noted.partition(b"deps_config := ")[2].partition(b"\n\n")[0]
    return (one.decode() for one in listed.replace(b"\\\n", b" ").split())
