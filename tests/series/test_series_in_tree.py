# SPDX-License-Identifier: GPL-2.0-only
"""A series for another tree than the default pin: what is left out, and what is spelt otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from checks.boot.evidence.case import cases
from checks.boot.evidence.witness import kept, outdated
from checks.patches.conformance import hold, sources
from generator.designs.auxbus import SERIES
from generator.editing.idioms import answers
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import prepare
from generator.kernel.tree import Tree
from generator.load import load
from generator.rendering.templates import text_of
from generator.series.generate import Series, generate
from generator.spelling import NAMES, names_in, spelt
from generator.tree_facts.fact import of_directory
from generator.tree_facts.table import BY_NAME, facts

HAS_IT = dict(next(step.fulfilled for step in SERIES.steps if step.key == "regloc"))


def _said(tree: Tree) -> Mapping[str, str]:
    return {name: one.text for name, one in facts(tree).items()}


@pytest.fixture(scope="module")
def made_newer(newer: Tree) -> Series:
    """The series of auxbus on the newer tree."""
    return generate(load("auxbus", _said(newer)).series("to render"), newer)


def test_only_whole_words_are_spelt_otherwise_and_the_longest_of_them() -> None:
    names = {"A": "B", "A_MASK": "B_FIELD"}
    assert spelt("A, A_MASK, A_MASKS, BA; A(A)", names) == "B, B_FIELD, A_MASKS, BA; B(B)"
    assert spelt("A", {}) == "A"


def test_names_hang_on_answers_that_there_are() -> None:
    for fact, said in NAMES.items():
        assert set(said) <= set(BY_NAME[fact].answers)
        for answer, names in said.items():
            assert names_in({fact: answer}) == names
    assert names_in(dict.fromkeys(NAMES, "otherwise")) == {}


@pytest.mark.kernel
def test_each_tree_has_its_names_and_the_newer_not_the_old_ones(
    pinned: Tree, newer: Tree
) -> None:
    for fact, said in NAMES.items():
        for names in said.values():
            for tree, there, gone in (
                (pinned, set(names), set(names.values())), (newer, set(names.values()), set(names)),
            ):
                text, _ = of_directory(tree.work)
                whole = "\n".join(text(path) or "" for path in BY_NAME[fact].paths)
                words = set(re.findall(r"\w+", whole))
                assert there <= words
                assert not gone & words


def test_a_step_that_the_tree_has_done_is_left_out_and_named() -> None:
    there = load("auxbus", HAS_IT).series("to look")
    assert [step.key for step in there.steps] == [
        step.key for step in SERIES.steps if step.key != "regloc"
    ]
    ((key, why),) = there.left_out
    assert key == "regloc"
    assert all(f"{fact}: {answer}" in why for fact, answer in HAS_IT.items())


@pytest.mark.parametrize("said", [
    {}, {"message number 0": "taken"}, HAS_IT, {"message number 0": "taken", **HAS_IT},
    *({fact.name: answer} for fact in BY_NAME.values() for answer in fact.answers[1:]
      if answer != "-ENODEV"),
])
def test_words_are_found_for_every_tree_and_name_no_step_that_is_left_out(
    said: Mapping[str, str]
) -> None:
    spec = load("auxbus", said).series("to look")
    numbers = {step.key: at for at, step in enumerate(spec.steps, 1)}
    assert dict(spec.left_out).keys() == {step.key for step in SERIES.steps} - numbers.keys()
    for template, most in ((spec.cover, 78), *((step.message, 75) for step in spec.steps)):
        text = text_of(template, spec.templates, number=numbers, last=len(numbers),
                       tree=answers(said))
        lines = [line for line in text.split("\n") if not line.startswith("Link: ")]
        assert [line for line in lines if len(line) > most] == []
        assert "\n\n\n" not in text


def test_what_is_said_of_the_tree_is_what_it_answers() -> None:
    def cover(said: Mapping[str, str]) -> str:
        spec = load("auxbus", said).series("to look")
        numbers = {step.key: at for at, step in enumerate(spec.steps, 1)}
        return text_of(spec.cover, spec.templates, number=numbers, last=9, tree=answers(said))

    newer = {name: fact.answers[-1] for name, fact in BY_NAME.items()
             if fact.answers[-1] != "-ENODEV"}
    for here, there, words in (
        ({}, newer, "In this tree only x86 has such domains"),
        ({}, newer, "In this tree perf_pmu_unregister() frees what open events go on using"),
        ({"dynamic MSI-X": "Hyper-V, x86"}, {}, "In this tree only x86 and Hyper-V have such"),
        (newer, {}, "perf detaches them"),
        (newer, {}, "In 6.12 only the interrupt domains of x86 can add"),
        (newer, {}, "PME, AER, HP, DPC, BWCTRL"),
    ):
        assert words in cover(here)
        assert words not in cover(there)


@pytest.mark.parametrize("fact", HAS_IT)
def test_a_step_that_is_half_done_stays(fact: str) -> None:
    there = load("auxbus", {fact: HAS_IT[fact]}).series("to look")
    assert [step.key for step in there.steps] == [step.key for step in SERIES.steps]
    assert there.left_out == ()


def test_for_the_default_pin_a_series_is_what_is_written() -> None:
    assert load("auxbus").series("to look") == SERIES
    said = {fact.name: fact.answers[0] for fact in BY_NAME.values()}
    assert replace(load("auxbus", said).series("to look"), said={}) == SERIES


@pytest.mark.kernel
def test_the_series_is_rendered_on_the_newer_tree_in_its_words(made_newer: Series) -> None:
    assert len(made_newer.commits) == len(SERIES.steps) - 1
    whole = made_newer.commits[-1].overlay
    code = (whole["drivers/pci/pcie/cxlpmu.c"] or b"").decode()
    assert "#include <cxl/pci.h>\n#include <cxl/pmu.h>\n\n" in code
    assert "PCI_DVSEC_CXL_REG_LOCATOR_BLOCK_ID" in code
    assert "kzalloc_obj(*pmu)" in code
    assert not any(old in code for old in (" CXL_DVSEC_", "kzalloc(", "cxl/regloc.h"))
    assert b"PCIE_PORT_SERVICE_BWCTRL)" in (whole["drivers/pci/pcie/portdrv.c"] or b"")


@pytest.mark.kernel
@pytest.mark.slow
def test_each_commit_on_the_newer_tree_is_the_design_after_it(
    made_newer: Series, newer: Tree
) -> None:
    base = prepare(newer, CONFIGS["m"])
    for commit in made_newer.commits:
        for design in (commit.design, *commit.beside):
            drivers = getattr(design, "drivers", (design,))
            paths = sorted({path for driver in drivers for path in driver.sources})
            found = hold(design, sources(base, commit.overlay, paths))
            assert [str(one) for one in found if one.severity.value != "note"] == []


@pytest.mark.kernel
def test_evidence_of_the_newer_kernel_is_of_what_would_be_booted_now(
    made_newer: Series, newer: Tree
) -> None:
    """Something else: `portwright boot --refused KEY --kernel 7.3 --keep`, by the keys below."""
    sound = made_newer.commits[-1].overlay
    known = {one.key: one for one in cases()}
    those = [one for one in kept() if one.release == newer.version]

    assert "n43-c" in [one.key for one in those], "an overflow in s2idle wakes where PME may"
    assert {one.key: changed for one in those
            if (changed := outdated(one, known[one.key], newer, sound, _said(newer)))} == {}
