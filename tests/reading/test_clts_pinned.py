# SPDX-License-Identifier: GPL-2.0-only
"""What the reader makes of the pinned portdrv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from smallc import PRINTS, parsed, same, w
from units import parse
from words import choice, seq, star

from generator.graphs.lts import Label, Lts, difference
from generator.reading.initialisers import entry_points
from generator.reading.reader import Reader, read

PORTDRV = "drivers/pci/pcie/portdrv.c"


@pytest.fixture(scope="module")
def portdrv(base: Any) -> Any:

    return parse(base, PORTDRV)


def _members(unit: Any) -> dict[str, str]:
    (driver,) = entry_points(unit)
    assert (driver.kind, driver.name) == ("pci_driver", "pcie_portdriver")
    return dict(driver.members)


@pytest.mark.kernel
def test_remove_of_the_pinned_portdrv(portdrv: Any):
    from portdrv_today import GUARDS, PRINTS

    got = read([portdrv], _members(portdrv)["remove"], PRINTS, GUARDS)
    # by hand from drivers/pci/pcie/portdrv.c: pcie_portdrv_remove, pcie_port_device_remove,
    # remove_iter; device_for_each_child() in drivers/base/core.c goes on while it gets 0
    dev, child = "pci_dev.dev", "pci_dev.dev.child"
    calls = ("pm_runtime_forbid", "pm_runtime_get_noresume", "pm_runtime_dont_use_autosuspend")
    quiet = w(" ".join(f"{call}@{dev}" for call in calls))
    each = choice(w("pci_express_child?n"), w(f"pci_express_child?y device_unregister@{child}"))
    want = seq(
        choice(w("d3_possible?n"), seq(w("d3_possible?y"), quiet)),
        w(f"device_for_each_child@{dev}"),
        star(each),
        w("pci_free_irq_vectors pci_disable_device return:void"),
    )
    found = difference(want, got.lts)
    assert found is None, f"\n{found}"
    assert not got.free
    assert not got.unknown
    assert not got.unread


@pytest.mark.kernel
def test_probe_of_the_pinned_portdrv_has_every_operation(portdrv: Any):
    from portdrv_today import GUARDS, PRINTS, SETS

    got = Reader([portdrv], PRINTS, GUARDS, sets=SETS).read(_members(portdrv)["probe"])
    names = {label.name for label in got.lts.labels()}
    # the calls of domain B1: what a port driver must not lose
    assert names >= {
        *("pcie_link_rcec", "pci_enable_device", "pci_set_master", "pci_alloc_irq_vectors"),
        *("pci_free_irq_vectors", "pci_irq_vector", "kzalloc", "device_register", "put_device"),
        *("pci_clear_master", "pci_save_state", "dev_pm_set_driver_flags", "pm_runtime_allow"),
        *("pcie_pme_interrupt_enable", "pm_runtime_put_autosuspend", "set", "return"),
    }
    assert not got.unread
    assert {one.text for one in got.free} == {"i < PCIE_PORT_DEVICE_MAXSERVICES"}
    # nothing fails probe but the type check and pci_enable_device()
    errors = {source for source, label, _ in got.lts.edges if label == Label("return", "", "error")}
    into = {label for _, label, target in got.lts.edges if target in errors}
    assert into == {Label("no_port", "", "true"), Label("pci_enable_device", "pci_dev", "fail")}


@pytest.mark.kernel
@pytest.mark.slow
def test_nine_of_ten_small_wrongs_in_portdrv_are_seen(base: Any, portdrv: Any):
    from mutate import mutants, mutated
    from portdrv_today import FUNCTIONS, GUARDS, PRINTS, SETS, UNSEEN

    entries = [_members(portdrv)[name] for name in ("probe", "remove", "shutdown")]

    def behaviour(unit: Any) -> list[Lts]:
        reader = Reader([unit], PRINTS, GUARDS, sets=SETS)
        return [reader.read(entry).lts for entry in entries]

    want = behaviour(portdrv)
    compiling, unseen = 0, []
    for mutant in mutants(portdrv, FUNCTIONS):
        unit = mutated(base, {}, mutant, portdrv)
        if unit is None:
            continue
        compiling += 1
        if behaviour(unit) == want:
            unseen.append(f"{mutant.function}: {mutant.kind}: {mutant.what}")
    assert compiling > 300
    assert len(unseen) <= compiling / 10, "\n".join(unseen)
    reasons = [key for line in unseen for key in UNSEEN if line.startswith(key)]
    assert len(reasons) == len(unseen), "not in UNSEEN:\n" + "\n".join(unseen)


def test_the_reader_needs_no_header_walk(tmp_path: Path):
    """Functions of headers are not entered, whatever they call."""
    header = tmp_path / "h.h"
    header.write_text("static inline int deep(struct pci_dev *d) { return enable(d); }\n")
    code = f'#include "{header}"\nint probe(struct pci_dev *dev) {{ return deep(dev); }}\n'
    got = read([parsed(code)], "probe", PRINTS)
    same(got, "return:unknown")
    assert [one.text for one in got.unknown] == ["deep()"]
