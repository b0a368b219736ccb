# SPDX-License-Identifier: GPL-2.0-only
"""Reverse public fixes of drivers on the pinned tree, and check what both lives show.

    .venv/bin/python tests/bench/fixes.py [CVE ...]

tests/extraction/fixes.toml has the fixes. What is found of each, or of those named, is written to
checks/fixes.json, and the counts are printed. What was found before of others stays.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reversed import Fix, broken, buggy, findings, fixed, fixes, told

from generator.errors import PortwrightError
from generator.kernel import pin
from generator.kernel.tree import Tree
from generator.system.house import ROOT

FOUND = ROOT / "checks" / "fixes.json"


def tried(tree: Tree, fix: Fix) -> dict[str, Any]:
    """Return what is broken with the bug and without it, or why nobody knows."""
    said: dict[str, Any] = {"cve": fix.cve}
    text = fixed(tree, fix)
    for name, overlay in (("fixed", {}), ("buggy", {fix.path: buggy(text, fix).encode()})):
        try:
            said[name] = findings(broken(tree, fix, overlay))
        except PortwrightError as fault:
            said["unread"] = str(fault)[:200]
    return said


def verdict(fix: Fix, found: dict[str, Any]) -> str:
    """Return "told", "missed" or "not read"."""
    if "unread" in found:
        return "not read"
    return "told" if told(fix, found) else "missed"


def main(wanted: Sequence[str]) -> None:
    """Try them, keep what is found, and count."""
    tree = pin.pinned()
    kept = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else []
    known = {one["cve"]: one for one in kept}
    for fix in fixes():
        if not wanted or fix.cve in wanted:
            known[fix.cve] = tried(tree, fix)
            print(fix.cve, known[fix.cve], file=sys.stderr)
    rows = [known[fix.cve] for fix in fixes() if fix.cve in known]
    lines = ",\n ".join(json.dumps(one) for one in rows)
    FOUND.write_text(f"[\n {lines}\n]\n", encoding="utf-8")
    counts = Counter(verdict(fix, known[fix.cve]) for fix in fixes() if fix.cve in known)
    for name, count in counts.most_common():
        print(f"{count:4} {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
