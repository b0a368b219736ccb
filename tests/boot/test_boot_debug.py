# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that look harder are booted: drivers bound twice, KASAN, kmemleak; and what they find."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from checks.boot import report
from checks.boot.broken.breakage import CXLPMU, PERF, PORTDRV, Breakage, broken
from checks.boot.build.arch import X86
from checks.boot.build.kernel import fragment, fragments, kernel
from checks.boot.build.kind import KASAN, KINDS, KMEMLEAK, PLAIN, REMOVE, Kind
from checks.boot.model.guest_object import program, with_port_model
from checks.boot.predict.board import BOARDS
from checks.boot.run import AS_PREDICTED, FAILED, Run, run
from generator.__main__ import main
from generator.designs import auxbus
from generator.kernel.tree import Tree
from generator.series.generate import Series

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow]

# Rebinds and hotplug take very long where everything is done twice, reloads where all is looked at.
SCENARIOS = {"remove": "boot,load,count,reload,sleep", "kmemleak": "boot,load,count,rebind",
             "kasan": "boot,load,count,rebind,sleep"}
MORE = {"kmemleak": ("--board", "static,switch"), "kasan": ("--board", "static")}


def _kind(kind: Kind, *values: object):
    """Return a parameter; what takes many minutes to build or to boot is not for every run."""
    marks = () if kind in (PLAIN, REMOVE) else (pytest.mark.others,)
    names = [kind.name, *(one.rule for one in values if isinstance(one, Breakage))]
    return pytest.param(*(values or (kind,)), id="-".join(names), marks=marks)


# On every board `remove` takes minutes as well; on one it is for every run.
@pytest.mark.parametrize(("design", "kind", "where"), [
    pytest.param("auxbus", "remove", ("--board", "static"), id="auxbus-remove-static"),
    *(pytest.param(design, kind, MORE.get(kind, ()), id=f"{design}-{kind}",
                   marks=pytest.mark.others)
      for design in ("today", "auxbus") for kind in SCENARIOS),
])
def test_a_kernel_that_looks_harder_finds_nothing(
    design: str, kind: str, where: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["boot", design, "--config", kind, "--scenario", SCENARIOS[kind], *where, "--json"])

    told = json.loads(capsys.readouterr().out)
    wrong = [f"{line['scenario']}: {line['subject']}: {line['what']}: {line['predicted']}, "
             f"seen {line['observed']}" for run in told for line in run["lines"]
             if not line["holds"]]
    assert wrong == []
    assert [run["verdict"] for run in told] == ["as predicted"] * len(told)
    assert code == 0


@pytest.mark.parametrize("kind", [_kind(one) for one in KINDS.values()])
def test_every_symbol_of_a_fragment_is_as_asked_for(
    kind: Kind, pinned: Tree, made: Series
) -> None:
    # kconfig drops silently what lacks a dependency; a kernel that other tests boot as well
    files = with_port_model(pinned, made.commits[-1].overlay)
    told = kernel(pinned, files, kind).config().splitlines()
    known = {line.split("=")[0] for line in told if not line.startswith("#")}

    for line in fragment(fragments(kind, X86)):
        if line.startswith("#"):
            assert line.split()[1] not in known
        else:
            assert line in told


# What kasan and kmemleak are for: the plain kernel does not say who lost or misused memory.

STAYS = Breakage(
    "R14", "children are not deleted when the port is unbound", PORTDRV,
    "\tpcie_cxlpmu_delete_devices(dev);\n", "", r"auxiliary devices: 2; seen: 4", ("boot",),
)
LEAK = Breakage(
    "N10", "what is known of a port's CPMUs is not freed", CXLPMU, "\tkfree(set);\n", "",
    r"unreferenced object of \d+ bytes: .*pcie_cxlpmu_discover", ("boot", "rebind"),
)
FREED = Breakage(
    "R24", "a child is used after the last reference to it was given up", CXLPMU,
    "\tida_free(&pcie_cxlpmu_ida, pmu->id);\n",
    "\tida_free(&pcie_cxlpmu_ida, pmu->child->auxdev.id);\n",
    r"BUG: KASAN: slab-use-after-free in pcie_cxlpmu_delete_device", ("boot", "load", "unbind"),
)

EARLY = Breakage(
    "R24", "the reference to a child is given up before it is deleted", CXLPMU,
    "\tauxiliary_device_delete(&pmu->child->auxdev);\n"
    "\tauxiliary_device_uninit(&pmu->child->auxdev);\n",
    "\tauxiliary_device_uninit(&pmu->child->auxdev);\n"
    "\tauxiliary_device_delete(&pmu->child->auxdev);\n",
    r"BUG: KASAN: slab-use-after-free in device_del\b", ("boot", "load", "unbind"),
)
# free_irq() calls a handler once more where others may share the irq: CONFIG_DEBUG_SHIRQ.
HANDLER = Breakage(
    "N3", "what a handler works on is freed before the handler", PERF,
    "\tinfo = devm_kzalloc(dev, sizeof(*info), GFP_KERNEL);\n",
    "\tinfo = kzalloc(sizeof(*info), GFP_KERNEL);\n",
    r"BUG: KASAN: slab-use-after-free in cxl_pmu_irq", ("boot", "load", "unbind"), more=((
        "\trc = devm_add_action_or_reset(dev, cxl_pmu_quiesce, info);\n",
        "\tdevm_add_action(dev, (void (*)(void *))kfree, info);\n"
        "\trc = devm_add_action_or_reset(dev, cxl_pmu_quiesce, info);\n",
    ),),
)


# `silent`: the plain kernel notices nothing at all. Of the leak it counts objects, not their users.
@pytest.mark.parametrize(("breakage", "kind", "silent"), [
    _kind(KMEMLEAK, LEAK, KMEMLEAK, False), _kind(KASAN, FREED, KASAN, True),
    _kind(KASAN, EARLY, KASAN, False), _kind(KASAN, HANDLER, KASAN, True),
])
def test_only_a_kernel_that_looks_sees_memory_misused(
    breakage: Breakage, kind: Kind, silent: bool, pinned: Tree, made: Series, tmp_path: Path
) -> None:
    plain = _broken(pinned, made, breakage, PLAIN, tmp_path / "plain")
    found = _broken(pinned, made, breakage, kind, tmp_path / "looks")

    assert _seen(breakage, plain) == []
    assert report.verdict(plain) == AS_PREDICTED or not silent, (plain.complaints, plain.lines)
    assert _seen(breakage, found), found.complaints
    assert report.verdict(found) == FAILED


def test_a_driver_that_cannot_be_bound_again_is_seen_while_it_is_bound(
    pinned: Tree, made: Series, tmp_path: Path
) -> None:
    # Its children stay on the bus and the port's second probe adds others: four, of two CPMUs.
    # The plain kernel has two.
    found = _broken(pinned, made, STAYS, REMOVE, tmp_path)

    assert _seen(STAYS, found), found.lines
    assert _seen(STAYS, _broken(pinned, made, STAYS, PLAIN, tmp_path)) == []


def _seen(breakage: Breakage, found: Run) -> list[str]:
    shown = [one.text for one in found.complaints]
    shown += [f"{line.what}: {line.predicted}; seen: {line.observed}"
              for line in found.lines if not line.holds]
    return [text for text in shown if re.search(breakage.symptom, text)]


def _broken(
    pinned: Tree, made: Series, breakage: Breakage, kind: Kind, place: Path
) -> Run:
    files = broken(breakage, made.commits[-1].overlay)
    return run(auxbus.DESIGN, kernel(pinned, with_port_model(pinned, files), kind),
               program(pinned), BOARDS["static"], place, breakage.scenarios)
