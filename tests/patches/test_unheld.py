# SPDX-License-Identifier: GPL-2.0-only
"""C that no configuration builds is held to its design with its symbols on, or it is no pass."""

from __future__ import annotations

import pytest
from chime import GOOD, PATH

from checks.finding import Finding, Severity
from checks.patches.commits import unheld
from generator.design import Design, Device, Driver
from generator.kernel.kbuild import Base
from generator.kernel.tree import read
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.series.commit import Commit

CARD = Device("card", "pci")
CHIME = Driver(
    "chime", CARD, probe=(PCI_ENABLE_DEVICE(CARD),), remove=(PCI_DISABLE_DEVICE(CARD),),
    c={CARD: "pci_dev"}, sources=(PATH,), variable="chime_driver",
)
DESIGN = Design("chime", "a card is enabled", (CARD,), (CHIME,))
TEXT = GOOD.decode()


def _unheld(base: Base, text: str = TEXT, depends: str = "PCI") -> list[Finding]:
    def more(path: str, lines: str) -> bytes:
        return (read(base.tree, base.tree.base, path) or b"") + lines.encode()

    entry = f'\nconfig PCI_CHIME\n\ttristate "Chime"\n\tdepends on {depends}\n'
    changed = {
        PATH: text.encode(),
        **{f"drivers/pci/{name}": more(f"drivers/pci/{name}", lines) for name, lines in (
            ("Makefile", "obj-$(CONFIG_PCI_CHIME) += chime.o\n"), ("Kconfig", entry))},
    }
    return list(unheld(Commit("chime", changed, changed, DESIGN), (base,)))


@pytest.mark.kernel
def test_a_driver_with_a_symbol_of_its_own_is_held_to_its_design(base: Base) -> None:
    assert _unheld(base) == []
    found = _unheld(base, TEXT.replace("\tpci_disable_device(pdev);\n", ""))
    assert {one.severity for one in found} == {Severity.ERROR}
    assert "pci_disable_device" in str(found[0].notes) + found[0].message
    assert "PCI_CHIME" in found[0].config


@pytest.mark.kernel
def test_what_cannot_be_switched_on_is_no_pass(base: Base) -> None:
    (found,) = [one for one in _unheld(base, depends="ARM && BROKEN")
                if one.severity is not Severity.NOTE]
    assert found.severity is Severity.WARNING
    assert f"no configuration builds {PATH}: its C is not held to the design" in found.message
