# SPDX-License-Identifier: GPL-2.0-only
"""Kernels are booted: they do what designs predict, and show what rules warn of when broken."""

from __future__ import annotations

import json

import pytest

from generator.__main__ import main

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow]


SHORT = ("--board", "static,switch", "--scenario", "boot,load,count")


@pytest.mark.parametrize("how", [
    pytest.param(SHORT, id="short"),
    pytest.param((), id="whole", marks=pytest.mark.others),
])
@pytest.mark.parametrize("design", ["today", "auxbus"])
def test_a_kernel_does_what_its_design_predicts(
    design: str, how: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["boot", design, *how, "--json"])

    told = json.loads(capsys.readouterr().out)
    wrong = [
        f"{line['scenario']}: {line['subject']}: {line['what']}: {line['predicted']}, "
        f"seen {line['observed']} ({line['evidence']})"
        for run in told for line in run["lines"] if not line["holds"]
    ]
    assert wrong == []
    assert [run["verdict"] for run in told] == ["as predicted"] * len(told)
    assert code == 0


# Fast ones: a boot each, and no more of the kernel to build than a file or two.
SHOWN = (
    "n9-no-vector-asked", "r02-managed-before-bound", "r07-not-freed-before", "r14-vectors-first",
    "r19-vector-of-another",
)


@pytest.mark.others
def test_whatever_breaks_a_rule_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    """All that evidence is kept of, and whatever of the lab itself no sha256 in it covers."""
    code = main(["boot", "--refused", "all", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert [one["key"] for one in told if one["seen"] is None] == []
    assert code == 0


@pytest.mark.parametrize("key", SHOWN)
def test_a_refused_design_shows_what_its_rule_warns_of(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["boot", "--refused", key, "--json"])

    (told,) = json.loads(capsys.readouterr().out)
    assert told["seen"] is not None, told
    assert told["how"] == "by design"
    assert code == 0
