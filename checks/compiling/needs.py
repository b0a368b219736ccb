# SPDX-License-Identifier: GPL-2.0-only
"""What has to be on for symbols of Kconfig to be: what they depend on, and that on.

    needed(symbols, text, autoconf) -> the symbols, and those that they need and that are off

What nobody can be asked for, a symbol without a prompt, needs one that selects or implies it.
Kconfig files are read from the top one, along `source`: what stands around a symbol counts as well,
in which file ever. Source: Documentation/kbuild/kconfig-language.rst, "Menu dependencies".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from checks.compiling.unbuilt import NAMED, Text
from generator.kernel.kconfig_rows import outside_help

_MOST = 40  # symbols that are asked for
_DEEPEST = 30  # files that are read one in the other
_LINE = re.compile(
    r"[ \t]*(config|menuconfig|choice|endchoice|menu|endmenu|comment|if|endif|source|depends on"
    r"|select|imply|bool|tristate|prompt)\b[ \t]*(.*)"
)
_SELECTORS = 2  # of a symbol without a prompt: those that need least
_OPENS = ("choice", "menu", "if")
_CLOSES = ("endchoice", "endmenu", "endif")


@dataclass
class _Entries:
    """What symbols depend on, each as all that its entries say, and who selects them.

    asked: symbols that have a prompt.
    """

    depends: dict[str, list[str]] = field(default_factory=dict)
    around: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    selectors: dict[str, list[str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def of(self, name: str) -> list[str]:
        """Return the symbols that one depends on, or that some that select it are."""
        found: list[str] = NAMED.findall(" ".join(self.depends.get(name, ())))
        if name in self.depends and name not in self.asked:
            others = [one for one in self.selectors.get(name, ()) if one in self.asked]
            found += sorted(others, key=lambda one: len(set(NAMED.findall(" ".join(
                self.depends[one])))))[:_SELECTORS]
        return found


def needed(symbols: Iterable[str], text: Text, autoconf: str) -> tuple[str, ...]:
    """Return some symbols and what they need, without what a configuration has on already.

    `text` gives the files of a commit, None for none.
    """
    entries = _Entries()
    _read("Kconfig", text, entries, 0)
    on = {name.removesuffix("_MODULE")
          for name in re.findall(r"^#define CONFIG_(\w+) ", autoconf, re.M)}
    found = dict.fromkeys(symbols)
    for name in (waiting := list(found)):
        for one in entries.of(name):
            if one not in found and one not in on and len(found) < _MOST:
                found[one] = None
                waiting.append(one)
    return tuple(found)


def _read(path: str, text: Text, entries: _Entries, depth: int) -> None:
    data = text(path)
    if data is None or path in entries.read or depth > _DEEPEST:
        return
    entries.read.add(path)
    height, own = len(entries.around), entries.around  # what stands open below is not ours to close
    at: list[str] | None = None  # what the symbol or the menu depends on that a line belongs to
    symbol = ""
    for word, rest in _lines(data.decode(errors="replace")):
        if word in ("select", "imply"):
            entries.selectors.setdefault(rest.split(" ")[0], []).append(symbol)
        elif word in ("bool", "tristate", "prompt"):
            entries.asked |= {symbol} if rest[:1] in ("'", '"') else set()
        elif word in ("config", "menuconfig"):
            symbol = rest.strip()
            at = entries.depends.setdefault(rest.strip(), [])
            at += filter(None, own)
        elif word in _OPENS:
            own.append(rest if word == "if" else "")
            at, symbol = None, ""
        elif word in _CLOSES:
            if len(own) > height:
                own.pop()
            at = None
        elif word == "comment":
            at = []
        elif word == "source":
            name = rest.strip().strip("\"'").replace("$(SRCARCH)", "x86")
            _read(name, text, entries, depth + 1)
            at = None
        elif at is not None:
            at.append(rest)
        elif len(own) > height:
            own[-1] = f"{own[-1]} {rest}".strip()
    del own[height:]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the first word and the rest of the lines that count, without help texts."""
    for _, row in outside_help(text.replace("\\\n", " ").split("\n")):
        if found := _LINE.match(row):
            yield found[1], found[2].partition("#")[0]
