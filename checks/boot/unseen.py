# SPDX-License-Identifier: GPL-2.0-only
"""Rules that no booted kernel has shown broken, each with the reason why not.

A rule has evidence in witnesses/, or it stands here, never both. OPEN is for what has not been
tried: it is no reason, and the list of rules says so.
"""

from __future__ import annotations

from collections.abc import Mapping

OPEN = "nobody has tried yet"

UNSEEN: Mapping[str, str] = {
    "N11": OPEN,
    "N13": OPEN,
    "N14": OPEN,
    "N15": OPEN,
    "N4b": OPEN,
    "N7": OPEN,
    "R09": OPEN,
    "R20b":
        "it takes a machine whose chipset does not pass on PME as a message, as the one that the "
        "quirk names; the chipsets of QEMU have no such fault",
    "R25": OPEN,
    "R33":
        "a card has to be exchanged while the system sleeps, and QEMU takes one out of a slot only "
        "when the guest's hotplug driver agrees, which it cannot do asleep",
    "R34": OPEN,
}
