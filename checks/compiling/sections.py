# SPDX-License-Identifier: GPL-2.0-only
"""Section mismatches, as the tree's own modpost finds them in an object.

What lives in .init.text is freed after booting: code that stays may not refer to it. modpost sees
it in relocations, so symbols of other units are put beside the unit as stubs in their sections.
Source: scripts/mod/modpost.c check_section_mismatch(); include/linux/init.h.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SAID = re.compile(
    r"(?:WARNING|ERROR): modpost: vmlinux: section mismatch in reference: "
    r"(?P<user>\S*?)\+?0x[0-9a-f]+ \(section: (?P<here>\S+)\) -> (?P<used>\S+) "
    r"\(section: (?P<there>\S+)\)"
)
_EXPORTED = re.compile(
    r"(?:WARNING|ERROR): modpost: vmlinux: (?P<used>\w+): (?P<text>EXPORT_SYMBOL used for .*)"
)
_SECTIONS = {
    "__init": ".init.text", "__exit": ".exit.text", "__initdata": ".init.data",
    "__initconst": ".init.rodata", "__exitdata": ".exit.data",
}
# at the left edge, with one of those words, and no mere declaration
_PLACED = re.compile(
    rf"^(?!extern\b|static\b|#)[A-Za-z_](?:[\w \t*]|\n(?=\w))*?\b({'|'.join(_SECTIONS)})\b"
    r"(?:[\w \t*]|\n(?=\w))*?\b(\w+)[ \t]*(?:\((?![^;{}]*;)|=|\[)|"
    r"^(?!extern\b|static\b|#)[A-Za-z_][\w \t*]*\b(\w+)(?:\[\w*\])?[ \t]+"
    rf"({'|'.join(_SECTIONS)})[ \t]*[=;]", re.M,
)


@dataclass(frozen=True)
class Mismatch:
    """Something that refers to what is gone by then; `text` is set when it is of another kind."""

    user: str
    here: str
    used: str
    there: str
    text: str = ""

    @property
    def said(self) -> str:
        """Return it as a sentence."""
        if self.text:
            return f"{self.used}: {self.text}"
        return (f"section mismatch: {self.user or 'something'} ({self.here}) refers to "
                f"{self.used} ({self.there})")


def mismatches(told: str) -> tuple[Mismatch, ...]:
    """Return what modpost says of sections."""
    found = [Mismatch(one["user"], one["here"], one["used"], one["there"])
             for one in _SAID.finditer(told)]
    found += [Mismatch("", "", one["used"], "", one["text"]) for one in _EXPORTED.finditer(told)]
    return tuple(dict.fromkeys(found))


@functools.lru_cache(maxsize=4096)
def placed(text: str) -> Mapping[str, str]:
    """Return the external symbols that a text defines in a section that is freed, and in which."""
    return {one[2] or one[3]: _SECTIONS[one[1] or one[4]] for one in _PLACED.finditer(text)}


def stubs(symbols: Mapping[str, str]) -> str:
    """Return C that defines symbols in sections, for what modpost reads of an object."""
    rows = []
    for name, section in sorted(symbols.items()):
        kind = "ax" if section.endswith(".text") else "aw"
        rows.append(f'.section {section},\\"{kind}\\",@progbits\\n.globl {name}\\n'
                    f".type {name}, @object\\n{name}: .byte 0\\n.size {name}, 1\\n")
    return f'__asm__("{"".join(rows)}");\n'
