# SPDX-License-Identifier: GPL-2.0-only
"""Who is served by which design, as the discussion left it: claims to hold the matrix against.

Read off the messages named, by hand, per kind of interrupt in the order of KINDS. "y": served.
"(y)": only if portdrv reads the message numbers of CPMUs before it sizes its vectors. "y*": not
said by anyone; INTx leaves nothing on a device, so nothing stands against it. "n": not served,
whether the design is refused there or simply has nobody to serve.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One row: who says so, and what."""

    said: str  # Message-IDs
    core: tuple[str, str, str, str]
    cpmu: tuple[str, str, str, str]


ALL = ("y", "y", "y", "y")
COVER = "<20240529164103.31671-1-Jonathan.Cameron@huawei.com>"
OPTIONS = "<20240829131746.00003743@Huawei.com>"
PER_DEVICE = "<87jzfpdrc7.ffs@tglx>"

CLAIMS = {
    "service-child": Claim(OPTIONS, ALL, ("n", "(y)", "(y)", "y")),
    "core-prebind": Claim(f"{OPTIONS} <87plpsbbe5.ffs@tglx>", ("y*", "n", "n", "n"),
                          ("n", "n", "n", "n")),
    "flat-library": Claim(OPTIONS, ALL, ("n", "(y)", "(y)", "y")),
    "flat-extended": Claim(OPTIONS, ALL, ("n", "y", "y", "y")),
    "auxbus": Claim(f"{COVER} {OPTIONS}", ALL, ("n", "y", "y", "y")),
    "glue-device": Claim(COVER, ALL, ("n", "y", "y", "y")),
    "msix-subdevice": Claim(f"{PER_DEVICE} <87ed5n8qtt.ffs@tglx>", ALL, ("n", "n", "n", "y")),
    # nobody drew this one: the core services of flat-library, the CPMUs of msix-subdevice
    "flat-subdevice": Claim(f"{OPTIONS} {PER_DEVICE}", ALL, ("n", "n", "n", "y")),
}

# Cells in which the matrix says otherwise: why, and the step of the trace that shows it.
# (design, service, interrupts) -> (what the matrix says, the reason, a step)
DIFFERENCES: dict[tuple[str, str, str], tuple[str, str, str]] = {}
