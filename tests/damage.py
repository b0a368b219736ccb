# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a shipped design that is damaged in one place."""

from __future__ import annotations

import functools
from dataclasses import replace
from functools import partial

import redesign
from waiting import LONG

from checks.machine.episode import EPISODES, PLAIN, episodes_of
from checks.machine.machine import Machine, build
from checks.rules.all import RULES
from checks.search.explore import explore
from checks.search.watches import watches_of
from checks.verdict.judge import judge
from checks.verdict.likeness import differ
from checks.verdict.rest import Rests, rests
from checks.verdict.waivers import check_waivers
from generator.design import Design, Device
from generator.errors import ModelError
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


Steps = tuple[object, ...]


def _steps(machine: Machine) -> Steps:
    """Return what a machine does: all that tells it from another, but names."""
    return machine.given, [(one.pc, one.src, one.when, one.gives) for one in machine.transitions]


def _watched(machine: Machine) -> Steps:
    """Return what rules mind in a machine."""
    return tuple((one.rule, one.when, one.at) for one in watches_of(machine, RULES))


@functools.cache
def _sound(name: str, episode: str) -> tuple[Steps, Steps]:
    """Return what a shipped design does in an episode, and what rules mind there."""
    machine = build(load(name).design, episode)
    return _steps(machine), _watched(machine)


@functools.cache
def _rested(name: str, episode: str) -> Rests:
    """Return what a shipped design comes to."""
    return rests(load(name).design, episode)


def _with_fitting_waivers(design: Design) -> Design:
    """Return a design without the waivers of what the damage took out of it."""
    kept = []
    for waiver in design.waivers:
        try:
            check_waivers(replace(design, waivers=(waiver,)), RULES)
        except ModelError:
            continue
        kept.append(waiver)
    return replace(design, waivers=tuple(kept))


def fate(name: str, key: str) -> str:
    """Return the rule that refuses a change, SAME, or OTHER when no rule does.

    What a shipped design is known for, that it breaks no rule, is not asked again: only episodes
    count in which the change is one.
    """
    one, base = _with_fitting_waivers(damaged(name)[key].design), load(name).design
    mine = episodes_of(one)
    told = [episode for episode in EPISODES if episode in {*mine, *episodes_of(base)}]
    plainly = partial(explore, shorten=False)  # nobody reads these traces
    changed = []
    for episode in told:
        machine, (steps, watched) = build(one, episode), _sound(name, episode)
        if _steps(machine) != steps:
            changed.append(episode)
        if episode not in mine or (episode not in changed and _watched(machine) == watched):
            continue
        report = judge(one, first=True, seconds=LONG, sought=(), engine=plainly, episode=episode)
        if report.counterexamples and report.counterexamples[0].trace:
            return report.counterexamples[0].rule
    for episode in sorted(changed, key=lambda one: one == PLAIN):  # the largest comes last
        found, kept = rests(one, episode), _rested(name, episode)
        assert found.complete, f"{key}: not compared within the budget"
        assert kept.complete, f"{name}: not compared within the budget"
        if differ(found, kept):
            return OTHER
    return SAME  # also where what was forgotten is an undo that nothing needs
