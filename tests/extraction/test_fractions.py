# SPDX-License-Identifier: GPL-2.0-only
"""What a driver's C has more is counted, and as read only where it is understood."""

from __future__ import annotations

import pytest
from as_read import ESB

from generator.extraction import source
from generator.extraction.extract import drivers, extract
from generator.extraction.fractions import Fractions, Part
from generator.kernel.tree import Tree

BEFORE = "\t/* Initialize the watchdog and make sure it does not run */\n"


def _read(tree: Tree, more: str) -> Fractions:
    text = (tree.work / ESB).read_text()
    assert text.count(BEFORE) == 1
    text = text.replace(BEFORE, f"\t{more}\n{BEFORE}")
    parsed = source.parsed(tree, ESB, {ESB: text.encode()}, exact=False).unit
    return extract((parsed,), drivers(parsed)[0]).fractions


@pytest.mark.kernel
@pytest.mark.parametrize(("more", "read", "there"), [
    ("", 0, 0),
    ("watchdog_stop_on_reboot(&edev->wdd);", 0, 1),  # nobody knows it
    ("edev->wdd.ops->stop(&edev->wdd);", 0, 1),  # nor what a pointer names
    ('dev_WARN(&pdev->dev, "here");', 0, 1),  # a macro is one call, whatever it calls
    ("pci_iounmap(pdev, (writel(0, edev->base), edev->base));", 1, 2),  # nor inside of one
    ('dev_info(&pdev->dev, "here");', 1, 1),  # known to change nothing
    ("pci_set_master(pdev);", 1, 1),  # an operation
    ("pci_alloc_irq_vectors(pdev, 1, pdev->vendor, PCI_IRQ_MSI);", 0, 1),  # C hides a number
    ("esb_initdevice(edev);", 0, 0),  # its own: what it calls was counted
])
def test_a_call_that_nobody_knows_is_not_read(
    pinned: Tree, more: str, read: int, there: int
) -> None:
    was, now = _read(pinned, "").calls, _read(pinned, more).calls
    assert (now.read - was.read, now.all - was.all) == (read, there)


@pytest.mark.kernel
@pytest.mark.parametrize(("more", "read"), [
    ('ret = pci_enable_device(pdev); if (ret) dev_info(&pdev->dev, "known");', 1),
    ('if (ret) dev_info(&pdev->dev, "either way: nobody has set it");', 0),
    ('if (pdev->vendor == 1) dev_info(&pdev->dev, "what hardware is asked");', 1),
    ('if (readw(edev->base)) dev_info(&pdev->dev, "asked of a call");', 1),
    ('ret = readw(edev->base); if (ret) dev_info(&pdev->dev, "either way");', 0),
])
def test_a_condition_that_is_taken_either_way_is_not_read(
    pinned: Tree, more: str, read: int
) -> None:
    was, now = _read(pinned, "").branches, _read(pinned, more).branches
    assert (now.read - was.read, now.all - was.all) == (read, 1)


def test_fractions_of_several_drivers() -> None:
    both = Fractions(Part(1, 2), Part(3, 4)) + Fractions(Part(10, 20), Part(0, 5))
    assert str(both) == "11 of 22 calls and 3 of 9 branches"
