# SPDX-License-Identifier: GPL-2.0-only
"""Rules broken by an object in the guest, and kernels that cannot be built."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from checks.boot.broken import forbidden, provoke
from checks.boot.build.kernel import Kernel
from checks.boot.evidence.case import cases, chosen, fingerprint
from checks.boot.evidence.witness import Sight, witness
from checks.boot.guest.lost import NO_BOOT
from checks.boot.model.guest_object import GUEST, with_port_model
from checks.boot.run import AS_PREDICTED, Run
from checks.boot.scenario import USUAL
from generator.cli import boot_refused
from generator.errors import ProgramFailed
from generator.kernel import kbuild, variant
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import prepare
from generator.kernel.tree import Tree
from generator.parsing import unit
from generator.system.cache import cache


def test_the_object_knows_what_it_is_told_and_nothing_is_left_over() -> None:
    text = "".join((GUEST / name).read_text() for name in forbidden.OBJECTS)
    rows = dict(re.findall(r'\{ "(\w+)", (forbidden_\w+) \}', text))

    assert forbidden.told(forbidden.SCENARIOS) == rows.keys()
    assert set(rows.values()) == set(re.findall(r"^int (forbidden_\w+)\(.*\)\n\{", text, re.M)) - {
        "forbidden_request", "forbidden_msix"}
    assert set(re.findall(r'forbidden_is\("(\w+)"\)', text)) <= rows.keys()


def test_nobody_is_driven_through_what_breaks_rules_unasked() -> None:
    assert set(USUAL) & {*forbidden.SCENARIOS, *provoke.ALL} == set()


@pytest.mark.kernel
@pytest.mark.parametrize("kernel", ["pinned", "newer"])
def test_what_is_built_into_the_guest_compiles_in_each_kernel(
    kernel: str, request: pytest.FixtureRequest
) -> None:
    """As it is built for a case, without a warning: where kernels differ the tree is asked."""
    tree: Tree = request.getfixturevalue(kernel)
    base = prepare(tree, CONFIGS["m"])
    home = "drivers/pci/pcie"
    overlay = with_port_model(tree, {}, forbidden.OBJECTS)
    makefile = (overlay[f"{home}/Makefile"] or b"").decode()
    built = re.findall(r"^obj-y \+= (port_model|forbidden\w*)\.o$", makefile, re.M)
    there = variant.at(base, overlay)
    config = {str(base.autoconf_path.relative_to(base.build)): there.autoconf.encode()}

    said = {}
    for name in built:
        path = f"{home}/{name}.c"
        job = unit.Job(unit.place(there), kbuild.flags(there, path).args, path, overlay, config)
        said[name] = [one.text for one in unit.parse_once(job).diagnostics]

    assert said == {name: [] for name in built}
    assert len(built) == 6


@pytest.mark.kernel
def test_a_kernel_that_cannot_be_built_shows_why(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = chosen("r22-c", cases())
    sound = Run("auxbus", case.board, AS_PREDICTED, (), (), ())

    def made(name: str, *_: object) -> Kernel:
        if name == case.key:
            raise ProgramFailed(
                ("make",), 2, f"{cache()}/a.o: error: undefined symbol: cxl_count_regblock"
            )
        return Kernel(Path("home"), "6.12.117", 0.0)

    monkeypatch.setattr(boot_refused, "_kernel", made)
    monkeypatch.setattr(boot_refused, "run_all", lambda tasks: [sound] * len(tasks))

    found, control, sight = boot_refused._booted(case, pinned, keeping=False)

    assert (found.end, found.scenario) == (NO_BOOT, "build")
    assert control == sound
    assert sight is not None
    assert sight.line == "a.o: error: undefined symbol: cxl_count_regblock", "no path of a machine"


@pytest.mark.kernel
def test_what_is_stale_is_what_has_no_evidence_or_another_one(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, none = chosen("n4-object,n5-object,n6-object", cases())
    sight = Sight("log, in boot", "a line")
    evidence = [
        witness(one, sight, fingerprint(one, {}, {}), pinned.base, "6", "Q") for one in (good, bad)
    ]
    monkeypatch.setattr(
        boot_refused, "kept", lambda: (evidence[0], replace(evidence[1], board="pair"))
    )

    assert boot_refused.stale((good, bad, none), pinned) == (bad, none)
