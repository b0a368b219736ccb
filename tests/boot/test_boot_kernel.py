# SPDX-License-Identifier: GPL-2.0-only
"""Kernels are booted: they do what designs predict, and show what rules warn of when broken."""

from __future__ import annotations

import json

import pytest

from generator.__main__ import main

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow]


SHORT = ("--scenario", "boot,load,count")


@pytest.mark.parametrize(("design", "how"), [
    # the boards that a user gets, and of the base those that CPMUs are modelled on
    pytest.param("today", ("--board", "static,switch", *SHORT), id="today-short"),
    pytest.param("auxbus", SHORT, id="auxbus-short"),
    pytest.param("today", (), id="today-whole", marks=pytest.mark.others),
    pytest.param("auxbus", (), id="auxbus-whole", marks=pytest.mark.others),
])
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


# One that shows while the port is probed, one when it is unbound; the test before has them all.
SHOWN = ("n9-no-vector-asked", "r14-vectors-first")


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
