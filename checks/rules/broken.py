# SPDX-License-Identifier: GPL-2.0-only
"""Where each rule is broken by the smallest design there is, in the source of this project."""

from __future__ import annotations

from collections.abc import Mapping

_IN: Mapping[str, tuple[str, ...]] = {
    "context": ("N7", "N7b", "N8", "N9", "N10", "N11", "N12", "N16", "N22", "R22", "R34"),
    "contexts": ("N17", "N18"),
    "domains": ("R14b", "R27", "R28", "R29", "R30", "R30b"),
    "episodes": ("N13", "N14", "N15", "N46", "R32", "R33", "R35"),
    "growth": ("R02b", "R04b", "R06", "R08", "R20b"),
    "handlers": ("N23", "N3", "N4", "N4b", "R10b", "R13", "R14", "R16", "R16b", "R17", "R19",
                 "R20"),
    "handling": ("N49", "N50", "N51"),
    "lifetimes": ("N1", "N47", "R01", "R02", "R09", "R23", "R24", "R36"),
    "locks": ("R25", "R26"),
    "power": ("N41", "N42", "N43", "N44", "N45", "N48"),
    "supplies": ("R40",),
    "undo": ("N20", "N21"),
    "vectors": ("N5", "N6", "R04", "R07", "R10", "R11", "R12"),
}
BROKEN: Mapping[str, str] = {
    key: f"tests/broken/{stem}.py" for stem, keys in _IN.items() for key in keys
}
