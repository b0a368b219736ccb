# SPDX-License-Identifier: GPL-2.0-only
"""The calls that probe and remove of the pinned tree's drivers make most often, and which we know.

    .venv/bin/python tests/bench/calls.py [NUMBER]

It counts drivers, a call once in each, by the text of the functions that their structs name: the
NUMBER commonest (100) managed ones, devm_ and pcim_, and as many others. "op" is an operation
that `portwright read` finds, "harmless" is known to change nothing.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from generator.extraction.harmless import HARMLESS_CALLS
from generator.extraction.vocabulary import known, prints
from generator.kernel import pin
from generator.kernel.tree import files
from generator.ops.perf import DEVM_ACTION

_MEMBER = re.compile(r"\.(?:probe|remove|disconnect)\s*=\s*&?(\w+)")
_CALL = re.compile(r"\b([a-z_]\w+)\s*\(")
_DRIVER = re.compile(r"struct \w+_driver \w+\s*=\s*\{")
_FIRST = {name: one.callees[0] for one in prints() for name in one.spellings}
_MACROS = {  # what is left of them in C
    "spin_lock_init": ("__raw_spin_lock_init",), "init_waitqueue_head": ("__init_waitqueue_head",),
    "dev_dbg": ("__dynamic_dev_dbg",), "printk": ("_printk",), "pr_err": ("_printk",),
    "pr_info": ("_printk",), "pr_warn": ("_printk",), "struct_size": ("size_add",),
}
_NO_CALL = frozenset(("if", "while", "for", "switch", "return", "sizeof", "likely", "unlikely"))


def bodies(text: str) -> Iterator[str]:
    """Yield the bodies of the functions that the driver structs of a file name."""
    for name in set(_MEMBER.findall(text)):
        found = re.search(rf"^[\w\s*]*\b{name}\s*\([^;{{]*\)\s*\n\{{(.*?)^\}}", text, re.M | re.S)
        if found:
            yield found[1]


def count(paths: Iterator[Path]) -> Counter[str]:
    """Return callee -> the drivers that call it."""
    found: Counter[str] = Counter()
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="replace")
        if _DRIVER.search(text):
            found.update({name for body in bodies(text) for name in _CALL.findall(body)})
    return found


def kind(callee: str) -> str:
    """Return what we know of a call."""
    first = _FIRST.get(callee, callee)
    left = {callee, f"_{callee}", f"__{callee}", *_MACROS.get(callee, ())}
    if known(first) or first == DEVM_ACTION.callees[0]:
        return "op"
    return "harmless" if left & HARMLESS_CALLS else "-"


def main() -> None:
    """Print both lists, with what is known of each call."""
    tree = pin.pinned()
    most = int((*sys.argv[1:], "100")[0])
    counted = count(tree.work / path for path in files(tree, tree.base, "drivers")
                    if path.endswith(".c"))
    own = {name for name in counted if counted[name] < 8 or name in _NO_CALL}
    for title, managed in (("managed", True), ("others", False)):
        some = [(name, number) for name, number in counted.most_common()
                if name not in own and name.startswith(("devm_", "pcim_")) == managed][:most]
        print(f"{title}: {sum(kind(name) != '-' for name, _ in some)} of {len(some)} are known")
        for name, number in some:
            print(f"{number:6} {kind(name):9} {name}")


if __name__ == "__main__":
    main()
