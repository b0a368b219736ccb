# SPDX-License-Identifier: GPL-2.0-only
"""Kernels are built and booted, and do what their designs predict."""

from __future__ import annotations

import json

import pytest

from generator.__main__ import main

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow]


@pytest.mark.parametrize("design", ["today", "auxbus"])
def test_a_kernel_does_what_its_design_predicts(
    design: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["boot", design, "--json"])

    told = json.loads(capsys.readouterr().out)
    wrong = [
        f"{line['scenario']}: {line['subject']}: {line['what']}: {line['predicted']}, "
        f"seen {line['observed']} ({line['evidence']})"
        for run in told for line in run["lines"] if not line["holds"]
    ]
    assert wrong == []
    assert [run["verdict"] for run in told] == ["as predicted"] * len(told)
    assert code == 0
