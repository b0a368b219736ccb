# SPDX-License-Identifier: GPL-2.0-only
"""N2 on a kernel: what services get under a design is what they get under today."""

from __future__ import annotations

from dataclasses import replace

from checks.boot.beside import with_today
from checks.boot.guest.line import Line
from checks.boot.run import AS_PREDICTED, FAILED, Run

MODE = Line("load", "rp-msix", "interrupts are by", "MSI-X", "MSI-X", "config space")
BOUND = Line("load", "rp-cpmu", "service pcie002", "bound to aer", "bound to aer", "bus")
VECTORS = Line("load", "rp-cpmu", "messages with a vector", "0, 1", "0, 1", "msi_irqs")
OTHERS = Line("load", "rp-msix", "handlers of message 0 beside the services'", "0", "0", "irq")


def _run(*lines: Line) -> Run:
    return Run("x", "dynamic", AS_PREDICTED, lines, (), (("boot", 1.0), ("load", 1.0)))


def test_what_services_have_is_a_line_each_beside_today() -> None:
    base = _run(MODE, BOUND, VECTORS, OTHERS)
    ours = replace(VECTORS, predicted="0, 1, 2", observed="0, 1, 2")

    found = with_today(_run(MODE, BOUND, ours, OTHERS), base)

    # A port with several vectors may have more of them than under today.
    assert [line.what for line in found.lines[4:]] == [
        "interrupts are by, as under today", "service pcie002, as under today"]
    assert (found.end, all(line.holds for line in found.lines)) == (AS_PREDICTED, True)


def test_what_differs_from_today_fails_even_when_the_design_predicts_it() -> None:
    lost = replace(BOUND, predicted="no driver", observed="no driver")

    found = with_today(_run(MODE, lost), _run(MODE, BOUND))

    assert found.end == FAILED
    assert [(line.predicted, line.observed) for line in found.lines if not line.holds] == [
        ("bound to aer", "no driver")]
    assert [line.observed for line in with_today(_run(MODE), _run(MODE, BOUND)).lines
            if not line.holds] == ["was not seen"]
