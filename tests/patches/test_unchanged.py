# SPDX-License-Identifier: GPL-2.0-only
"""A commit that claims to change nothing, on a driver of a few lines."""

from __future__ import annotations

from toy import PROBE, REMOVE, TOY, c_of

from checks.finding import Finding, Severity
from checks.patches.unchanged import unchanged

SPLIT = """\
static void toy_start(struct pci_dev *dev)
{
	wake(dev);
	pci_set_master(dev);
}
"""


def change(before: str, after: str) -> tuple[Finding, ...]:
    return unchanged(c_of(before + REMOVE + TOY), c_of(after + REMOVE + TOY))


def test_a_helper_split_off_changes_nothing():
    whole = PROBE.replace("\tpci_set_master", "\twake(dev);\n\tpci_set_master")
    split = SPLIT + PROBE.replace("pci_set_master(dev)", "toy_start(dev)")
    assert change(whole, split) == ()


def test_a_call_that_is_no_operation_counts_where_nothing_is_to_change():
    whole = PROBE.replace("\tpci_set_master", "\twake(dev);\n\tpci_set_master")
    (lost,) = change(whole, PROBE)
    assert "probe changes, though this step claims that nothing does" in lost.message
    assert "before: wake(pci_dev): ok" in lost.notes
    (other,) = change(whole, whole.replace("wake(dev)", "more(dev)"))
    assert any(note.startswith("after: more(pci_dev): ok (line ") for note in other.notes)


def test_assignments_in_another_order_are_noted():
    whole = PROBE.replace("\tpci_set_master", "\tdev->irq = 1;\n\tpci_set_master")
    later = PROBE.replace("\treturn 0", "\tdev->irq = 1;\n\treturn 0")
    (found,) = change(whole, later)
    assert found.severity is Severity.NOTE
    assert "members are set otherwise" in found.message


def test_a_condition_written_differently_is_noted():
    whole = PROBE.replace("\tpci_set_master", "\tif (dev->irq > 1)\n\t\tpci_set_master")
    (found,) = change(whole, whole.replace("dev->irq > 1", "dev->irq >= 2"))
    assert found.severity is Severity.NOTE
    assert "a condition is written differently" in found.message


def test_drivers_and_entries_that_come_or_go_are_changes():
    text = PROBE + REMOVE
    gone = unchanged(c_of(text + TOY), c_of(text))
    come = unchanged(c_of(text), c_of(text + TOY))
    more = TOY.replace("}", "\t.shutdown = toy_remove,\n}")
    entry = unchanged(c_of(text + TOY), c_of(text + more))
    said = [one.message for one in (*gone, *come, *entry)]
    assert said == [
        "toy: the initialiser toy is gone",
        "toy: the initialiser toy is new",
        "toy: the initialiser toy now names shutdown",
    ]
