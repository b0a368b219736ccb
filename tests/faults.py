# SPDX-License-Identifier: GPL-2.0-only
"""Faults of many kinds, planted in units of the kernel: what a compiler must see, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from generator.kernel.tree import Tree, read

# directories of drivers with many units under configuration m
DIRECTORIES = (
    "drivers/ata", "drivers/char", "drivers/hid", "drivers/i2c", "drivers/input", "drivers/md",
    "drivers/pci", "drivers/rtc", "drivers/thermal", "drivers/usb",
)
# statements, put in front of all others of the first function that a unit defines
STATEMENTS: Mapping[str, str] = {
    "undeclared function": "nothing_here__();",
    "undeclared identifier": "(void)nothing_here__;",
    "incompatible pointer": "struct list_head *p__ = (struct rb_node *)0; (void)p__;",
    "integer for a pointer": "char *p__ = 5; (void)p__;",
    "no such member": "((struct list_head *)0)->nothing__ = 0;",
    "unused variable": "int unused__;",
    "uninitialised variable": "int u__; if (u__) barrier();",
    "BUILD_BUG_ON": "BUILD_BUG_ON(sizeof(long) == 8);",
    "frame size": "volatile char big__[9000]; big__[0] = 0;",
    "format": 'printk("%s\\n", 5);',
    "fall through": "switch (jiffies) { case 1: barrier(); case 2: break; }",
    "too few arguments": "memcpy((void *)0);",
}
# what is put at the end of a unit
AT_END: Mapping[str, str] = {
    "unused function": "static void unused__(void) { }",
    "no prototype": "void global__(void) { }",
    "no value returned": "int value__(void);\nint value__(void) { }",
    "syntax": "int broken__(;",
    "no such header": '#include "nothing__.h"',
    "bad initialiser": "const struct list_head bad__ = { .nothing__ = 0 };",
}
KINDS = (*STATEMENTS, *AT_END)

_FUNCTION = re.compile(r"^(?:static |int |void |[a-z_]+ )[^;{}#=]*\)\n\{\n", re.M)


def planted(text: str, kind: str) -> str | None:
    """Return a unit with a fault of one kind, None when it has no place for it."""
    if kind in AT_END:
        return f"{text}\n{AT_END[kind]}\n"
    found = next((one for one in _FUNCTION.finditer(text) if _always(text[: one.start()])), None)
    if found is None or "__naked" in found[0]:
        return None
    at = found.end()
    return f"{text[:at]}\tdo {{ {STATEMENTS[kind]} }} while (0);\n{text[at:]}"


def _always(before: str) -> bool:
    """Return whether what follows a text is in no conditional of the preprocessor."""
    opened = len(re.findall(r"^[ \t]*#[ \t]*if", before, re.M))
    return opened == len(re.findall(r"^[ \t]*#[ \t]*endif", before, re.M))


def spread(units: Iterable[str], number: int) -> list[str]:
    """Return some units, one directory after the other, the same ones each time."""
    rows = [sorted(path for path in units if path.startswith(f"{top}/")) for top in DIRECTORIES]
    found: list[str] = []
    while any(rows) and len(found) < number:
        for row in rows:
            if row and len(found) < number:
                found.append(row.pop(len(row) * 7 // 11))
    return found


def fault(tree: Tree, kind: str, units: Sequence[str], number: int) -> dict[str, bytes]:
    """Return what a commit makes of `number` units that have a place for a fault."""
    found: dict[str, bytes] = {}
    for path in units:
        old = read(tree, tree.base, path)
        new = planted((old or b"").decode(errors="surrogateescape"), kind)
        if new is not None and len(found) < number:
            found[path] = new.encode(errors="surrogateescape")
    return found
