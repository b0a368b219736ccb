# SPDX-License-Identifier: GPL-2.0-only
"""Rules that no booted kernel has shown broken, each with the reason why not.

A rule has evidence in witnesses/, or it stands here, never both. OPEN is for what has not been
tried: it is no reason, and the list of rules says so.
"""

from __future__ import annotations

from collections.abc import Mapping

OPEN = "nobody has tried yet"

UNSEEN: Mapping[str, str] = {
    "N14":
        "auxbus lives with it, by a waiver, and so does the pinned driver: there is no kernel that "
        "does without it, to compare with",
    "N15":
        "nothing takes a link down while the guest sleeps: pm_test turns back before the platform "
        "would, and QEMU's slots keep theirs",
    "N16": OPEN,
    "R09":
        "QEMU lets the devices below a bridge master the bus whatever the command register of the "
        "bridge says, so nothing stops",
    "R20b":
        "it takes a machine whose chipset does not pass on PME as a message, as the one that the "
        "quirk names; the chipsets of QEMU have no such fault",
    "R33":
        "a card has to be exchanged while the system sleeps, and QEMU takes one out of a slot only "
        "when the guest's hotplug driver agrees, which it cannot do asleep",
    "R34":
        "the functions of QEMU 7.2 and of the lab answer a read of their registers in D3hot as "
        "they do in D0",
}
