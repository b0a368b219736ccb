# SPDX-License-Identifier: GPL-2.0-only
"""The C of auxbus broken as a stranger would break it: each turns a line of the report red.

What is asserted is which line, so that a report says where to look. Each row is what stands in
the C, what stands there instead, and where that shows: scenario, subject, what was predicted,
what was seen.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from checks.boot.broken.breakage import CXLPMU, PERF, PORTDRV, Breakage, broken
from checks.boot.build.kernel import kernel
from checks.boot.model.guest_object import program, with_port_model
from checks.boot.predict.board import BOARDS
from checks.boot.run import Run, run
from checks.boot.scenario import ALL
from generator.__main__ import main
from generator.designs import auxbus
from generator.kernel.tree import Tree
from generator.series import generate

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow]

LOAD, COUNT = ("boot", "load"), ("boot", "load", "count")
REBIND, RELOAD = ("boot", "load", "rebind"), ("boot", "load", "reload")
SLEEP, RECOVER = ("boot", "load", "sleep"), ("boot", "load", "recover")
REQUEST = (
    "devm_request_irq(dev, irq, cxl_pmu_irq, IRQF_SHARED | IRQF_NO_THREAD,\n"
    "\t\t\t      irq_name, info);"
)
RESUME = "\tsize_t off = offsetof(struct pcie_port_service_driver, resume_noirq);\n"

BROKEN = (
    Breakage(
        "a device is not deleted, only forgotten", "no delete", CXLPMU,
        "\tauxiliary_device_delete(&pmu->child->auxdev);\n", "",
        r"^rebind: rp-cpmu: auxiliary devices: 0; seen: 2$", REBIND,
    ),
    Breakage(
        "the last reference to a device is never given back", "no uninit", CXLPMU,
        "\tauxiliary_device_delete(&pmu->child->auxdev);\n"
        "\tauxiliary_device_uninit(&pmu->child->auxdev);\n",
        "\tauxiliary_device_delete(&pmu->child->auxdev);\n",
        r"^rebind: system: memory kept by 20 times: none; seen: .*\b40 of pcie_cxlpmu_add_all\+",
        REBIND,
    ),
    Breakage(
        "the noted CPMUs are not freed with their list", "no free", CXLPMU,
        "\t\tlist_del(&pmu->node);\n\t\tkfree(pmu);\n", "\t\tlist_del(&pmu->node);\n",
        r"^rebind: system: memory kept by 20 times: none; seen: .*\b40 of pcie_cxlpmu_discover\+",
        REBIND,
    ),
    Breakage(
        "the list of noted CPMUs is not freed", "no free of the list", CXLPMU,
        "\tkfree(set);\n", "",
        r"^rebind: system: memory kept by 20 times: none; seen: .*\b20 of pcie_cxlpmu_discover\+",
        REBIND,
    ),
    Breakage(
        "ids are not given back", "no ida_free", CXLPMU,
        "\tida_free(&pcie_cxlpmu_ida, pmu->id);\n", "",
        r"^rebind: system: devices on the buses: as before; seen: .*new auxiliary \S+\.4[01]",
        REBIND,
    ),
    Breakage(
        "vectors are not freed", "no pci_free_irq_vectors", PORTDRV,
        "\tdevice_for_each_child(&dev->dev, NULL, remove_iter);\n\tpci_free_irq_vectors(dev);\n",
        "\tdevice_for_each_child(&dev->dev, NULL, remove_iter);\n",
        r"^rebind: rp-cpmu: interrupts are by: INTx; seen: MSI-X$", REBIND,
    ),
    Breakage(
        "the first entry of the Register Locator is left out", "wrong first entry", CXLPMU,
        "\tpos = regloc + CXL_DVSEC_REG_LOCATOR_BLOCK1_OFFSET;\n",
        "\tpos = regloc + CXL_DVSEC_REG_LOCATOR_BLOCK1_OFFSET + 8;\n",
        r"^boot: rp-cpmu: auxiliary devices: 2; seen: 1$", LOAD,
    ),
    Breakage(
        "the index is that of the next entry", "wrong index", CXLPMU,
        "\tindex = set->nr_blocks;\n\tset->nr_blocks++;\n",
        "\tset->nr_blocks++;\n\tindex = set->nr_blocks;\n",
        r"^load: rp-cpmu: PMU of auxiliary device 0: index in the Register Locator: 0; seen: 1$",
        LOAD,
    ),
    Breakage(
        "a device has the registers of another", "wrong registers", CXLPMU,
        "\tpmu->resource = resource;\n", "\tpmu->resource = resource & ~0x10000ULL;\n",
        r"^load: rp-cpmu: registers of auxiliary device 1: claimed; seen: not claimed$", LOAD,
    ),
    Breakage(
        "the message number is read from the wrong bits", "wrong message", CXLPMU,
        "\t*msg = FIELD_GET(CXL_PMU_CAP_MSI_N_MSK, cap);\n",
        "\t*msg = FIELD_GET(CXL_PMU_CAP_MSI_N_MSK, cap) & ~1;\n",
        r"^load: rp-cpmu: interrupt of auxiliary device 1: a handler of its own on message 1; "
        r"seen: no handler there$", LOAD,
    ),
    Breakage(
        "one vector too few is counted in", "too few vectors", CXLPMU,
        "\t\t\tnvec = max(nvec, msg + 1);\n", "\t\t\tnvec = max(nvec, msg);\n",
        r"^boot: rp-cpmu: messages with a vector: 0, 1, 2; seen: 0, 1$", LOAD,
    ),
    Breakage(
        "the parent is the bridge above", "wrong parent", CXLPMU,
        "\tchild->auxdev.dev.parent = &dev->dev;\n",
        "\tchild->auxdev.dev.parent = dev->dev.parent;\n",
        r"^boot: rp-cpmu: auxiliary devices: 2; seen: 0$", LOAD,
    ),
    Breakage(
        "the device is not called what its driver looks for", "wrong name", CXLPMU,
        '\tchild->auxdev.name = "cxl_pmu";\n', '\tchild->auxdev.name = "cxlpmu";\n',
        r"^load: system: module that auxiliary devices ask for: cxl_pmu; seen: none$", LOAD,
    ),
    Breakage(
        "the module does not say which devices it drives", "no device table", PERF,
        "MODULE_DEVICE_TABLE(auxiliary, cxl_pmu_aux_ids);\n", "",
        r"^load: system: module that auxiliary devices ask for: cxl_pmu; seen: none$", LOAD,
    ),
    Breakage(
        "PME and hotplug have the vector of AER", "wrong vector of PME", PORTDRV,
        "\t\tpcie_irq = pci_irq_vector(dev, pme);\n", "\t\tpcie_irq = pci_irq_vector(dev, aer);\n",
        r"^load: rp-cpmu: handlers of message 0: PCIe PME, pciehp; seen: none$", LOAD,
    ),
    Breakage(
        "bits that turn counters off turn them on", "inverted mask", PERF,
        "\t\tcfg &= ~(CXL_PMU_COUNTER_CFG_INT_ON_OVRFLW |\n\t\t\t CXL_PMU_COUNTER_CFG_ENABLE);\n",
        "\t\tcfg |= CXL_PMU_COUNTER_CFG_INT_ON_OVRFLW |\n\t\t       CXL_PMU_COUNTER_CFG_ENABLE;\n",
        r"^count: rp-cpmu: CPMU 1 can raise its interrupt: no; seen: yes$", COUNT,
    ),
    Breakage(
        "what firmware left on stays on", "nothing quiesced", PERF,
        "\tcxl_pmu_quiesce(info);\n\n\trc = cxl_pmu_setup_irq(", "\trc = cxl_pmu_setup_irq(",
        r"^load: rp-cpmu: CPMU 0 can raise its interrupt: no; seen: yes$", LOAD,
    ),
    Breakage(
        "an overflow is a counter of half the width", "wrong width", PERF,
        "\t\tdelta += (1UL << info->counter_width);\n",
        "\t\tdelta += (1UL << (info->counter_width - 1));\n",
        r"^count: rp-cpmu: PMU 0 counts events until it wraps: 4294967301; seen: 2147483653$",
        COUNT,
    ),
    Breakage(
        "registers are used that are not claimed", "no claim", PERF,
        "\tif (!res)\n\t\treturn -EBUSY;\n",
        "\tif (!res)\n\t\treturn -EBUSY;\n\tdevm_release_mem_region(dev, pmu->resource, "
        "CXL_PMU_REGMAP_SIZE);\n",
        r"^load: rp-cpmu: registers of auxiliary device 0: claimed; seen: not claimed$", LOAD,
    ),
    Breakage(
        "the port may sleep under the PMU", "no runtime PM reference", PERF,
        "\trc = pm_runtime_resume_and_get(dev->parent);\n\tif (rc < 0)\n\t\treturn rc;\n\n"
        "\trc = devm_add_action_or_reset(dev, cxl_pmu_put_port, dev->parent);\n\tif (rc)\n"
        "\t\treturn rc;\n\n", "\t(void)cxl_pmu_put_port;\n\n",
        r"^load: rp-cpmu: runtime PM references that children hold: 2; seen: 0$", LOAD,
    ),
    Breakage(
        "the port can never sleep again", "runtime PM reference kept", PERF,
        "\tpm_runtime_put(port);\n", "",
        r"^reload: system: runtime PM references: as before; seen: \S+: \d+ were held, \d+ are$",
        RELOAD,
    ),
    Breakage(
        "the handler is requested twice", "two handlers", PERF,
        f"\trc = {REQUEST}\n\tif (rc)\n\t\treturn rc;\n",
        f"\trc = {REQUEST}\n\tif (rc)\n\t\treturn rc;\n\trc = {REQUEST}\n\tif (rc)\n"
        "\t\treturn rc;\n",
        r"^load: rp-cpmu: handlers of message 2 beside the services': 1; seen: 2$", LOAD,
    ),
    Breakage(
        "the driver stays registered when its module goes", "no unregister", PERF,
        "\tauxiliary_driver_unregister(&cxl_pmu_aux_driver);\n", "",
        r"^reload: system: times cxl_pmu was removed and loaded: 100; seen: 0$|^panic in reload",
        RELOAD,
    ),
    Breakage(
        "what is restored over sleep is undone", "bus mastering off after sleep", PORTDRV,
        RESUME, f"{RESUME}\n\tpci_clear_master(to_pci_dev(dev));\n",
        r"^sleep: rp-cpmu: messages that arrive, each raised once: 0, 1, 2; seen: none$", SLEEP,
    ),
    Breakage(
        "nothing is restored after a reset of the link", "no pci_restore_state", PORTDRV,
        "\tpci_restore_state(dev);\n\tpci_save_state(dev);\n", "",
        r"^recover: rp-cpmu: messages that arrive, each raised once: 1, 2; seen: none$", RECOVER,
        "switch",
    ),
    Breakage(
        "ports without services are left alone", "no zero-service ports", PORTDRV,
        "\t\tpcie_cxlpmu_serve_port(dev);\n", "",
        r"^boot: rp-cpmu: auxiliary devices: 2; seen: 0$", LOAD, "switch",
    ),
    Breakage(
        "a port without services does not master the bus", "no pci_set_master", CXLPMU,
        "\tpci_set_master(dev);\n\tpcie_cxlpmu_add_all(dev, set);\n",
        "\tpcie_cxlpmu_add_all(dev, set);\n",
        r"^boot: rp-cpmu: bus mastering: on; seen: off$", LOAD, "switch",
    ),
)

# Built and booted together, where one hides nothing of another: a kernel takes a minute.
TOGETHER = (
    ("wrong message", "no delete"),
    ("no uninit", "no free", "no free of the list", "no ida_free"),
    ("too few vectors", "wrong name", "no pci_free_irq_vectors"),
    ("wrong first entry", "wrong vector of PME", "bus mastering off after sleep"),
    ("wrong registers", "no unregister"),
    ("wrong index", "no device table", "no claim", "no runtime PM reference", "two handlers",
     "nothing quiesced"),
    ("inverted mask", "wrong width", "runtime PM reference kept"),
    ("no pci_restore_state",), ("no pci_set_master",),
)
SELDOM = (("no zero-service ports",),)  # its line is that of a device less, as STRANGER's is
STRANGER = "wrong parent"  # by itself, and by the command that a stranger has


def red(found: Run) -> list[str]:
    """Return the lines of a run that do not hold, as the rows above have them."""
    lines = [
        f"{line.scenario}: {line.subject}: {line.what}: {line.predicted}; seen: {line.observed}"
        for line in found.lines if not line.holds
    ]
    return lines + ([f"{found.end} in {found.scenario}"] if found.scenario else [])


def test_each_is_broken_once() -> None:
    told = (name for names in (*TOGETHER, *SELDOM) for name in names)
    assert sorted([STRANGER, *told]) == sorted(one.name for one in BROKEN)


@pytest.mark.parametrize("names", [
    *TOGETHER, *(pytest.param(names, marks=pytest.mark.others) for names in SELDOM),
], ids=lambda names: "+".join(names).replace(" ", "-"))
def test_broken_c_turns_the_right_line_red(
    names: tuple[str, ...], pinned: Tree, tmp_path: Path
) -> None:
    rows = [one for one in BROKEN if one.name in names]
    overlay = dict(generate.generate(auxbus.SERIES, pinned).commits[-1].overlay)
    for row in rows:
        overlay = broken(row, overlay)
    built = kernel(pinned, with_port_model(pinned, overlay))
    scenarios = [name for name in ALL if any(name in row.scenarios for row in rows)]
    found = run(auxbus.DESIGN, built, program(pinned), BOARDS[rows[0].board], tmp_path, scenarios)

    green = [row.name for row in rows
             if not any(re.search(row.symptom, line) for line in red(found))]
    assert green == [], red(found)


def test_a_stranger_breaks_the_c_with_a_diff(
    pinned: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    breakage = next(one for one in BROKEN if one.name == STRANGER)
    overlay = generate.generate(auxbus.SERIES, pinned).commits[-1].overlay
    old = (overlay[CXLPMU] or b"").decode().splitlines(keepends=True)
    new = (broken(breakage, overlay)[CXLPMU] or b"").decode().splitlines(keepends=True)
    diff = tmp_path / "wrong-parent.diff"
    diff.write_text("".join(difflib.unified_diff(old, new, f"a/{CXLPMU}", f"b/{CXLPMU}")))

    code = main(["boot", "auxbus", "--with", str(diff), "--board", "static",
                 "--scenario", "boot,load"])

    told = capsys.readouterr().out
    assert code == 1
    assert "auxbus with wrong-parent.diff on static: failed expectation" in told
    assert "FAIL rp-cpmu: auxiliary devices: 2\n         seen: 0\n" in told
