# SPDX-License-Identifier: GPL-2.0-only
"""Symbols and headers that have another name in another tree.

Blocks, edits and templates of ours write them as the default pin has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# fact of generator/tree_facts/ -> answer -> what is written -> what it is called there
NAMES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "bandwidth service": {
        "BWCTRL, where links notify and have more than one speed": {
            "PCIE_PORT_SERVICE_BWNOTIF": "PCIE_PORT_SERVICE_BWCTRL",
            "PCIE_PORT_SERVICE_BWNOTIF_SHIFT": "PCIE_PORT_SERVICE_BWCTRL_SHIFT",
        },
    },
    "register locator": {
        "uapi, as PCI_DVSEC_CXL_REG_LOCATOR": {
            "CXL_DVSEC_REG_LOCATOR": "PCI_DVSEC_CXL_REG_LOCATOR",
            "CXL_DVSEC_REG_LOCATOR_BLOCK1_OFFSET": "PCI_DVSEC_CXL_REG_LOCATOR_BLOCK1",
            "CXL_DVSEC_REG_LOCATOR_BIR_MASK": "PCI_DVSEC_CXL_REG_LOCATOR_BIR",
            "CXL_DVSEC_REG_LOCATOR_BLOCK_ID_MASK": "PCI_DVSEC_CXL_REG_LOCATOR_BLOCK_ID",
            "CXL_DVSEC_REG_LOCATOR_BLOCK_OFF_LOW_MASK": "PCI_DVSEC_CXL_REG_LOCATOR_BLOCK_OFF_LOW",
        },
    },
}


def names_in(said: Mapping[str, str]) -> dict[str, str]:
    """Return what is called otherwise in a tree that answers so, by the name that is written."""
    found: dict[str, str] = {}
    for fact, answers in NAMES.items():
        found |= answers.get(said.get(fact, ""), {})
    return found


def spelt(text: str, names: Mapping[str, str]) -> str:
    """Return a text with each symbol, a whole word, under its name there."""
    if not names:
        return text
    words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.sub(rf"\b(?:{words})\b", lambda found: names[found[0]], text)
