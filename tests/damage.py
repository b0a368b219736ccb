# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a shipped design that is damaged in one place."""

from __future__ import annotations

import functools
import hashlib
from functools import partial

import redesign

from checks.episode import episodes_of
from checks.explore import explore
from checks.judge import judge
from checks.likeness import compare, identical
from checks.rest import Rests, rests
from generator.design import Design, Device
from generator.load import load

SAME = "the same facts"
OTHER = "other facts"


@functools.cache
def damaged(name: str) -> dict[str, redesign.Redesign]:
    """Return every change of a shipped design in a place where it acts."""
    design = load(name).design
    root = next(one for one in design.devices if one.kind == "pci")
    other = Device("other", "pci")
    strange = {one: Device("stranger", one.kind, one.parent, answers=one.answers)
               for one in design.devices if one.parent == root and one.kind != "service"}

    def strangers(device: Device, role: str) -> Device | None:
        """Return what a call on a device is aimed at instead."""
        if device == root:
            return other
        if device in strange:
            return root if role == "owner" else strange[device]
        return None

    found: dict[str, redesign.Redesign] = {}
    for one in redesign.redesigns(design, strangers):
        key, number = f"{name}: {one}", 1
        while (numbered := key if number == 1 else f"{key} #{number}") in found:
            number += 1
        if one.acts:
            found[numbered] = one
    return found


def drawn(key: str, every: int) -> bool:
    """Return whether a change is among those that are drawn: always the same, one of so many."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % every == 0


_kept: dict[tuple[str, str], Rests] = {}


def _rested(design: Design, episode: str, **budget: float) -> Rests:
    """Return what a shipped design comes to, once per process."""
    key = design.name, episode
    if key not in _kept:
        _kept[key] = rests(design, episode)
    return _kept[key]


def fate(name: str, key: str) -> str:
    """Return the rule that refuses a change, SAME, or OTHER when no rule does."""
    one = damaged(name)[key].design
    base = load(name).design
    if all(identical(one, base, episode) for episode in episodes_of(base)):
        return SAME  # what was forgotten is an undo that nothing needs
    plainly = partial(explore, shorten=False)  # nobody reads these traces
    report = judge(one, first=True, seconds=300, sought=(), engine=plainly)
    if report.counterexamples and report.counterexamples[0].trace:
        return report.counterexamples[0].rule
    found = compare(one, base, rested=_rested)
    assert found.complete, f"{key}: not compared within the budget"
    return SAME if found.same else OTHER
