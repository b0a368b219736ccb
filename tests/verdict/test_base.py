# SPDX-License-Identifier: GPL-2.0-only
"""Which design another one is compared with is said by its devices, not by the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.boot.broken.breakage import BREAKAGES
from checks.boot.evidence.case import of_breakage
from checks.finding import Verdict
from checks.verdict import explored
from checks.verdict.degrade import Comparison
from checks.verdict.judge import judge
from generator.cli.boot_source import pinned_design
from generator.design import Design, Device, Driver
from generator.designs import auxbus, today
from generator.errors import ModelError, UsageError
from generator.facts import CAP
from generator.load import Loaded, base_of, load, names
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.series.identity import digest

PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT, as_in="today")


def design(*devices: Device) -> Design:
    driver = Driver("port", PORT, probe=(PCI_ENABLE_DEVICE(PORT),),
                    remove=(PCI_DISABLE_DEVICE(PORT),))
    return Design("small", "a port", (PORT, *devices), (driver,))


def test_every_shipped_design_that_has_todays_services_is_held_to_today() -> None:
    bases = {name: base_of(load(name).design) for name in names()}

    assert {base.name for base in bases.values() if base is not None} == {"today"}
    assert bases["today"] is today.DESIGN
    assert [name for name, base in bases.items() if base is None] == [
        name for name in names()
        if not any(one.kind == "service" for one in load(name).design.devices)
    ]


@pytest.mark.parametrize(("name", "given"), [("today", {}), ("auxbus", {CAP: "MSI"})])
def test_the_comparison_is_with_the_design_that_a_device_names(
    name: str, given: dict[object, str]
) -> None:
    asked: list[Design] = []

    def against(base: Design, target: Design, **_: object) -> Comparison:
        asked.append(base)
        return Comparison("N2", base.name, target.name, Verdict.HOLDS, (), 0, 0, 0.0)

    one = replace(design(replace(KID, as_in=name)), given=given)  # type: ignore[arg-type]
    judge(one, against=against)
    judge(design(replace(KID, as_in="")), against=against)

    assert [base.name for base in asked] == [name]
    assert asked[0].given == {**load(name).design.given, **given}


def test_a_base_that_is_none_and_two_bases_are_told_at_the_device() -> None:
    with pytest.raises(ModelError, match=r"test_base\.py:\d+: kid: as_in='tomorrow' is no shipped"):
        base_of(design(replace(KID, as_in="tomorrow")))
    other = Device("other", "aux", PORT, as_in="auxbus")
    with pytest.raises(ModelError, match=r"other is to be served as_in='auxbus', and kid as_in="):
        base_of(design(KID, other))


def test_a_verdict_is_not_kept_beyond_a_change_of_the_base(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base is no part of what a design is, but of what is asked of it."""
    plain, held = design(replace(KID, as_in="")), design(KID)
    key = explored._key(held)

    assert digest(plain) == digest(held)
    assert explored._key(plain) != key
    changed = replace(today.DESIGN, given={CAP: "MSI"})
    monkeypatch.setattr(explored, "base_of", lambda _: changed)
    assert explored._key(held) != key


def test_the_pinned_kernel_is_what_a_series_starts_from_or_what_services_are_held_to() -> None:
    assert pinned_design(load("auxbus")) is auxbus.SERIES.start
    assert pinned_design(load("flat-library")) is today.DESIGN
    alone = Loaded(design(), pytest, load("auxbus").file)
    with pytest.raises(UsageError, match="not known what the pinned kernel does"):
        pinned_design(alone)


def test_a_broken_kernel_is_one_of_the_design_that_its_breakage_names() -> None:
    assert of_breakage(replace(BREAKAGES[0], of="doorbell")).of == "doorbell"
    assert {of_breakage(one).of for one in BREAKAGES} == {auxbus.DESIGN.name}
