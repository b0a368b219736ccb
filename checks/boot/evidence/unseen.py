# SPDX-License-Identifier: GPL-2.0-only
"""Rules that no booted kernel has shown broken, each with the reason why not.

A rule has evidence in witnesses/, or it stands here, never both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Unseen:
    """Why a rule was not seen broken; `tried` says what was done and came of it, "" for nothing.

    Without that it is reasoning, about QEMU and the kernel's source.
    """

    why: str
    tried: str = ""

    def text(self) -> str:
        """Return the reason, and whether it is one of experience."""
        return f"{self.why} (tried: {self.tried})" if self.tried else f"{self.why} (not tried)"


UNSEEN: Mapping[str, Unseen] = {
    "N15": Unseen(
        "nothing takes a link down while the guest sleeps: pm_test turns back before the platform "
        "would, and QEMU's slots keep theirs, powered or not",
    ),
    "N22": Unseen(
        "the firmware of the guests enables every device that it finds, and QEMU answers 0 where "
        "nothing is mapped, which is no sign",
        "an object switched memory decoding off: registers read 0",
    ),
    "N47": Unseen(
        "a PMU that went under an event at shutdown is used again only by what runs between there "
        "and the end, which no guest can hold up; what comes of it is N1, which is seen",
    ),
    "N48": Unseen(
        "the guests have no device behind an interface of iio, rtc or watchdog whose transfers can "
        "be made to fail, and the count that is left is in no log",
    ),
    "N49": Unseen(
        "MSIs of QEMU's x86 machines and of virt with an ITS have an affinity, and the kernels of "
        "the guests are built with SMP: no host without is among them",
    ),
    "N50": Unseen(
        "an update is lost when two CPUs read and write within the same few instructions, which "
        "nobody can hold up in a guest without changing the C that is to be shown",
    ),
    "N51": Unseen(
        "it takes a device with a handler of this kind that is pulled out while another shares its "
        "irq: what the guests pull, slots of pcie-root-port, takes its MSI vectors along",
    ),
    "R09": Unseen(
        "QEMU lets the devices below a bridge master the bus whatever the command register of the "
        "bridge says, so nothing stops",
        "with bus mastering off in the port above, a message of the e1000e below still arrived",
    ),
    "R20b": Unseen(
        "it takes a machine whose chipset does not pass on PME as a message, as the one that the "
        "quirk names; the chipsets of QEMU have no such fault",
    ),
    "R40": Unseen(
        "QEMU's x86 machines have no clock, regulator, reset or power domain for a driver, and the "
        "kernels of the guests no framework that would count them: COMMON_CLK, REGULATOR and "
        "RESET_CONTROLLER are not set; only virt has a clock, and the guest's object runs on x86",
    ),
    "R33": Unseen(
        "a card has to be exchanged while the system sleeps, and QEMU takes one out of a slot only "
        "when the guest's hotplug driver agrees, which it cannot do asleep",
    ),
}
