# SPDX-License-Identifier: GPL-2.0-only
"""Rules that no booted kernel has shown broken, each with the reason why not.

A rule has evidence in witnesses/, or it stands here, never both. OPEN is for what has not been
tried: it is no reason, and the list of rules says so.
"""

from __future__ import annotations

from collections.abc import Mapping

OPEN = "nobody has tried yet"

UNSEEN: Mapping[str, str] = {
    "N10": OPEN,
    "N11": OPEN,
    "N13": OPEN,
    "N14": OPEN,
    "N15": OPEN,
    "N2": OPEN,
    "N4": OPEN,
    "N4b": OPEN,
    "N5": OPEN,
    "N6": OPEN,
    "N7": OPEN,
    "N7b": OPEN,
    "R09": OPEN,
    "R10": OPEN,
    "R16": OPEN,
    "R16b": OPEN,
    "R20": OPEN,
    "R20b": OPEN,
    "R23": OPEN,
    "R25": OPEN,
    "R33": OPEN,
    "R34": OPEN,
    "R35": OPEN,
}
