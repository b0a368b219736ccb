# SPDX-License-Identifier: GPL-2.0-only
"""The rest of the tree, as a commit's units are linked with it under one configuration.

What is built is read off Makefiles; only where that makes a symbol undefined is make asked, and
the front end where a definition stands under a condition.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from checks.compiling.elsewhere import Line, Tree
from checks.compiling.frontend import diagnose
from checks.compiling.target import Target, text_at
from checks.compiling.unbuilt import conditions
from generator.errors import TreeError

# what a compiler calls for arithmetic that a machine has no instruction for
_HELPER = re.compile(
    r"__(?:u?(?:div|mod|divmod|cmp)|ash[lr]|lshr|mul|neg|ffs|clz|ctz|popcount|bswap)[sdt]i\d?"
    r"|__aeabi_\w+|__(?:add|sub|mul|div|fix|fixuns|float|floatun|extend|trunc|[egln][qet])[a-z]*"
    r"[sdtx]f[sdti\d]*"
)
_MACHINES = {"X86": "arch/x86/", "ARM64": "arch/arm64/", "RISCV": "arch/riscv/"}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Rest:
    """A commit under a configuration: `tree` is the base, `before` the commit's predecessor."""

    target: Target
    tree: Tree
    overlay: Mapping[str, bytes | None]
    before: Mapping[str, bytes | None]
    near: frozenset[str]
    _known: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    _on: dict[str, str] = field(default_factory=dict)
    _words: dict[str, Counter[str]] = field(default_factory=dict)

    def text(self, path: str) -> bytes | None:
        """Return a file as the commit has it."""
        return text_at(self.overlay, self.target.source, path)

    def fresh(self, path: str, name: str) -> bool:
        """Return whether a unit names a symbol more or less often than before the commit."""
        headers = [one for one in self.overlay if one.endswith(".h")]
        # what no text names comes of the compiler or of a macro
        return bool(_HELPER.fullmatch(name)) or any(
            self._changed(one)[name] for one in (path, *headers)
        )

    def _changed(self, path: str) -> Counter[str]:
        if path not in self._words:
            now = Counter(_WORD.findall((self.text(path) or b"").decode("utf-8", "replace")))
            old = text_at(self.before, self.target.source, path) or b""
            now.subtract(Counter(_WORD.findall(old.decode("utf-8", "replace"))))
            self._words[path] = now
        return self._words[path]

    def learn(self, names: Iterable[str]) -> None:
        """Look up in the tree what names a symbol, all at once."""
        plain = [name for name in names if not _HELPER.fullmatch(name)]
        self._known.update(self.tree.named(plain, self.overlay))

    def lines(self) -> Iterator[Line]:
        """Return the lines that were looked up."""
        yield from itertools.chain.from_iterable(self._known.values())

    def state(self, path: str) -> str:
        """Return whether a unit is built: "y", "m", or "" when its Makefiles say that it is not."""
        if path not in self._on:
            self._on[path] = self._state(path)
        return self._on[path]

    def _state(self, path: str) -> str:
        if path.startswith("arch/") and not path.startswith(self._machine()):
            return ""
        if path in self.near:
            return "m" if "-DMODULE" in self.target.job(path, self.overlay).flags else "y"
        on = conditions(path, self.text)
        if on is None:
            return "y" if not path.endswith(".c") or self._asked(path) else ""
        values = [self._value(symbol) for symbol in on]
        if "" in values and path.endswith(".c") and not self._asked(path):
            return ""
        return "m" if "m" in values else "y"

    def _plainly(self, path: str) -> bool:
        """Return whether its Makefiles alone say that a unit is built."""
        if path in self.near:
            return True
        mine = not path.startswith("arch/") or path.startswith(self._machine())
        on = conditions(path, self.text) if mine and path.endswith(".c") else None
        return on is not None and all(map(self._value, on))

    def _machine(self) -> str:
        return next((where for symbol, where in _MACHINES.items() if self._value(symbol)), "arch/")

    def _value(self, symbol: str) -> str:
        known = _settings(self.target.autoconf)
        return "y" if symbol in known else "m" if f"{symbol}_MODULE" in known else ""

    def _asked(self, path: str) -> bool:
        try:
            return path in self.target.units((path.rpartition("/")[0],))
        except TreeError:  # nothing can be built there
            return False

    def trouble(
        self, name: str, *, module: bool, lost: bool, imported: Callable[[str], bool]
    ) -> tuple[str, str]:
        """Return rule and text of what is wrong with a symbol that no near unit defines, or "".

        lost: the commit has taken away what defined it.
        """
        if _HELPER.fullmatch(name):
            return "link:undefined", (
                f"undefined symbol {name}: the compiler calls it for arithmetic that the machine "
                "does not have, as 64-bit divisions on 32 bits, and the kernel has none: "
                "div_u64() and its kin of linux/math64.h do without"
            )
        lines = self._known[name]
        homes = sorted({one.path for one in lines if one.defines(name)})
        # where one that its Makefile builds will do, make is not asked of the others
        plain = [path for path in homes if self._plainly(path) and (module or
                                                                    self.state(path) == "y")]
        on = [path for path in plain or homes
              if self.state(path) and self._compiled(path, name, lines)]
        if not on and plain:
            on = [path for path in homes if self.state(path) and self._compiled(path, name, lines)]
        if not on:
            return self._undefined(name, homes, lost=lost)
        if not module:
            if all(self.state(path) == "m" and self._really(path, name) for path in on):
                return "R22", f"built-in code uses {name}(), which is in a module here ({on[0]})"
            return "", ""
        exports = [found for one in lines if (found := one.export(name))]
        if not exports:
            if any(not path.endswith(".c") for path in homes) or not self._really(on[0], name):
                return "", ""
            return "link:export", f"a module uses {name}(), which {on[0]} does not export"
        spaces = {found["space"] for found in exports if found["form"]}
        if space := next((one for one in sorted(spaces) if one and not imported(one)), ""):
            return "link:export", (f"a module uses {name}() of namespace {space} without "
                                   f"MODULE_IMPORT_NS({space})")
        return "", ""

    def _undefined(self, name: str, homes: list[str], *, lost: bool) -> tuple[str, str]:
        if homes:
            takes = conditions(homes[0], self.text) or ()
            off = [f"CONFIG_{one}" for one in takes if not self._value(one)]
            why = f", which takes {' and '.join(off)}" if off else ""
            return "link:undefined", (
                f"undefined symbol {name}: {homes[0]} defines it, and is not built, or leaves it "
                f"out, under this configuration{why}"
            )
        users = self.tree.users([name], self.overlay)[name]
        if not lost and any(self.state(path) for path in users):
            return "", ""  # the base links, so there is one, made by a macro
        return "link:undefined", f"undefined symbol {name}: nothing in the tree defines it"

    def _compiled(self, path: str, name: str, lines: Iterable[Line]) -> bool:
        """Return whether a definition is left in by the preprocessor, as far as it is in doubt."""
        text = (self.text(path) or b"").decode("utf-8", "replace").split("\n")
        mine = [one for one in lines if one.path == path and one.defines(name)]
        if not path.endswith(".c") or any(_depth(text[: one.number - 1]) <= 0 for one in mine):
            return True
        return self._really(path, name)

    def _really(self, path: str, name: str) -> bool:
        try:
            return name in diagnose(self.target.job(path, self.overlay)).defined
        except TreeError:
            return False


def _depth(rows: Iterable[str]) -> int:
    """Return under how many conditions of the preprocessor what follows some lines stands."""
    opened = [re.match(r"[ \t]*#[ \t]*(if|endif)", row) for row in rows]
    return sum(1 if one[1] == "if" else -1 for one in opened if one)


@functools.lru_cache(maxsize=16)
def _settings(autoconf: str) -> frozenset[str]:
    return frozenset(re.findall(r"^#define CONFIG_(\w+) 1$", autoconf, re.M))


