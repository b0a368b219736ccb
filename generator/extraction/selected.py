# SPDX-License-Identifier: GPL-2.0-only
"""Symbols that a driver's own stands for, where no configuration at hand can have it.

A driver of another machine is not built here, but what its symbol selects and depends on decides
what headers declare. Kconfig files are read as data; what an architecture has is left alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from generator.kernel.tree import Tree, files, read_many

MOST = 60  # symbols that one is taken to stand for
_ENTRY = re.compile(r"^(?:menu)?config[ \t]+(\w+)[ \t]*$(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^[ \t]+(select|depends on)[ \t]+(.+)$", re.MULTILINE)
_MACHINES = re.compile(
    r"(ARCH|MACH|SOC|HAVE|HAS)_|COMPILE_TEST$"
    r"|(ARM|ARM64|LOONGARCH|MIPS|PPC|PPC32|PPC64|RISCV|S390|SPARC|SPARC64|SUPERH|X86|X86_\w+)$"
)


def selected(where: Tree, *symbols: str) -> tuple[str, ...]:
    """Return the symbols, CONFIG_ and all, that some select or depend on, themselves first.

    What is behind `!` or compared is left out, as is what is asked of the machine.
    """
    entries = _entries(where)
    found = list(symbols)
    for one in found:  # which grows
        for name in _named(entries.get(one.removeprefix("CONFIG_"), "")):
            known = name.removeprefix("CONFIG_") in entries
            if known and name not in found and len(found) < MOST:
                found.append(name)
    return tuple(found)


def _named(entry: str) -> Iterator[str]:
    """Yield the symbols that an entry selects or depends on."""
    for kind, rest in _LINE.findall(entry):
        condition = rest.partition(" if ")[0] if kind == "select" else rest.partition("#")[0]
        for word in re.findall(r"(?<![!\w=] )(?<![!\w=])\b[A-Z]\w+\b(?!\s*!?=)", condition):
            if _MACHINES.match(word) is None:
                yield f"CONFIG_{word}"


@functools.cache
def _entries(where: Tree) -> dict[str, str]:
    """Return symbol -> the text below it, of all Kconfig files but those of architectures.

    git has them: a checkout may be links to directories of another one.
    """
    paths = [
        path for path in files(where, where.base)
        if path.rpartition("/")[2].startswith("Kconfig")
        and not path.startswith(("arch/", "scripts/", "tools/", "Documentation/"))
    ]
    found: dict[str, str] = {}
    for text in read_many(where, [(where.base, path) for path in sorted(paths)]).values():
        for name, below in _ENTRY.findall((text or b"").decode("utf-8", "replace")):
            found.setdefault(name, below)
    return found
