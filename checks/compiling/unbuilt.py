# SPDX-License-Identifier: GPL-2.0-only
"""Why no configuration makes an object of a file: what its Makefile and Kconfig files say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Text = Callable[[str], bytes | None]

_LINE = re.compile(r"^[ \t]*([\w.+-]+)-(y|m|objs|\$\(CONFIG_(\w+)\))[ \t]*[:+]?=(.*)$", re.M)
# what must be on, in an expression of Kconfig: not what is negated or compared
NAMED = re.compile(r"(?<![!\w])([A-Z][A-Z0-9_]*)\b(?![ \t]*!?=)")
_MOST = 8  # Makefiles that are looked into
_LISTS = frozenset(("obj", "lib", "core", "drivers", "net", "libs"))


@dataclass(frozen=True)
class Why:
    """Why a file is not built, and the symbols of Kconfig that would; named: by a Makefile.

    apart: it is part of no kernel.
    """

    text: str
    symbols: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    named: bool = False
    apart: bool = False

    @property
    def wanted(self) -> tuple[str, ...]:
        """Return what has to be on to build it: the symbols, and what they depend on."""
        named = NAMED.findall(" ".join(self.needs))
        return tuple(dict.fromkeys((*self.symbols, *named)))


def why(path: str, text: Text) -> Why:
    """Return why a unit is not built; `text` gives the files of the commit, None for none."""
    directory, _, name = path.rpartition("/")
    if path.startswith(("tools/", "samples/", "scripts/", "Documentation/", "usr/")):
        return Why("no kernel is made of it", apart=True)
    if path.endswith(".S"):
        return Why("assembler is not compiled here")
    makefile = _makefile(directory, text)
    item = f"{name.rpartition('.')[0]}.o"
    symbols = tuple(dict.fromkeys(_builders(makefile[1], item))) if makefile else ()
    if not symbols and not (makefile and _names(makefile[1], item)):
        higher = _higher(directory, item, text)
        if higher is None:
            return Why(f"no line of {makefile[0]} names {item}" if makefile else
                       f"{directory or 'the top'} has no Makefile")
        directory, makefile, item = higher
        symbols = tuple(dict.fromkeys(_builders(makefile[1], item)))
    assert makefile is not None
    above = tuple(dict.fromkeys((*symbols, *_entering(directory, text))))
    if not above:
        return Why(f"{makefile[0]} builds it under conditions that no configuration has",
                   named=True)
    named = " and ".join(f"CONFIG_{one}" for one in above)
    needs = {one: depends for one in above if (depends := _depends(one, directory, text))}
    said = [f"it takes {named}, which no configuration has together",
            *(f"{one} depends on {depends}" for one, depends in needs.items())]
    return Why("; ".join(said), above, tuple(needs.values()), named=True)


def why_unread(
    header: str, named_by: Iterable[str], text: Text, built: Callable[[str], bool]
) -> Why:
    """Return why no unit that is built includes a header, where that is because of its users.

    named_by: files that name it. Where there is none that includes it, or where one is built, it is
    for another reason, and nothing is said.
    """
    name = re.escape(header.rpartition("/")[2].encode())
    line = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"](?:[^">\n]*/)?' + name + rb'[">]', re.M)
    users = [one for one in named_by if line.search(text(one) or b"")][:_MOST]
    if not users or any(map(built, users)):
        return Why("")
    found = [why(one, text) for one in users]
    if not all(one.named or one.apart for one in found):
        return Why("")
    return Why(f"{users[0]} includes it, and {found[0].text}", named=True)


def _names(makefile: str, item: str) -> bool:
    return bool(re.search(rf"(?<![\w./-]){re.escape(item)}(?![\w.-])", makefile))


def _higher(directory: str, item: str, text: Text) -> tuple[str, tuple[str, str], str] | None:
    """Return the directory above whose Makefile builds an object of one below, as it names it."""
    for _ in range(_MOST):
        directory, _, name = directory.rpartition("/")
        item = f"{name}/{item}"
        makefile = _makefile(directory, text) if directory else None
        if makefile and _names(makefile[1], item):
            return directory, makefile, item
        if not directory:
            break
    return None


def conditions(path: str, text: Text) -> tuple[str, ...] | None:
    """Return the symbols by which kbuild comes to a unit, None when no line is known to do so."""
    directory, _, name = path.rpartition("/")
    makefile = _makefile(directory, text)
    item = f"{name.rpartition('.')[0]}.o"
    if makefile is None or not re.search(rf"(?<![\w-]){re.escape(item)}(?![\w.-])", makefile[1]):
        return None
    return tuple(dict.fromkeys((*_builders(makefile[1], item), *_entering(directory, text))))


def _makefile(directory: str, text: Text) -> tuple[str, str] | None:
    for name in ("Kbuild", "Makefile"):
        path = f"{directory}/{name}" if directory else name
        found = text(path)
        if found is not None:
            joined = found.decode(errors="replace").replace("\\\n", " ")
            return path, re.sub(r"#.*", "", joined)
    return None


def _builders(makefile: str, item: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the symbols on the way from a list of kbuild to an object or a directory."""
    for found in _LINE.finditer(makefile):
        if item not in found[4].split():
            continue
        if found[3]:
            yield found[3]
        if found[1] not in _LISTS and found[1] not in seen:
            yield from _builders(makefile, f"{found[1]}.o", seen | {found[1]})


def _entering(directory: str, text: Text) -> Iterator[str]:
    """Yield the symbols by which kbuild comes into a directory."""
    for _ in range(_MOST):
        above, _, name = directory.rpartition("/")
        makefile = _makefile(above, text) if above else None
        if makefile is None:
            return
        yield from _builders(makefile[1], f"{name}/")
        directory = above


def _depends(symbol: str, directory: str, text: Text) -> str:
    """Return what a symbol depends on, as the Kconfig file nearest to it says."""
    while directory:
        found = text(f"{directory}/Kconfig")
        entry = found and re.search(
            rf"^(?:menu)?config[ \t]+{symbol}[ \t]*\n((?:[ \t].*\n|\n)*)",
            found.decode(errors="replace").replace("\\\n", " ") + "\n", re.M,
        )
        if entry:
            terms = re.findall(r"^[ \t]+depends on[ \t]+(.+?)[ \t]*$", entry[1], re.M)
            return re.sub(r"\s+", " ", " && ".join(terms))
        directory = directory.rpartition("/")[0]
    return ""
