# SPDX-License-Identifier: GPL-2.0-only
"""The C of a series broken on purpose, one rule at a time, and the symptom that must show.

Each breakage is the smallest change of the rendered C that breaks its rule: the statement, where
it stands, what stands there instead. What the kernel does then is not written here: the symptom
is a pattern that has to match a complaint of its log, a line of the report that no longer holds,
or how the guest was lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from checks.boot.run import Run
from generator.errors import TreeError

CXLPMU, PORTDRV = "drivers/pci/pcie/cxlpmu.c", "drivers/pci/pcie/portdrv.c"
PERF = "drivers/perf/cxl_pmu.c"
BOARD = "static"


@dataclass(frozen=True)
class Breakage:
    """What breaks a rule: `old` in a file becomes `new`; `symptom` is what has to be seen."""

    rule: str
    name: str
    path: str
    old: str
    new: str
    symptom: str
    scenarios: tuple[str, ...] = ("boot", "load", "rebind")
    board: str = BOARD


@dataclass(frozen=True)
class Witness:
    """What became of a breakage: the symptom as it was seen, or "" when it was not."""

    rule: str
    name: str
    symptom: str
    seen: str
    end: str


def broken(breakage: Breakage, overlay: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Return the files of a series with one rule broken.

    Errors: TreeError when the statement does not stand there exactly once.
    """
    text = overlay.get(breakage.path)
    found = (text or b"").count(breakage.old.encode())
    if text is None or found != 1:
        raise TreeError(
            f"{breakage.path}: {breakage.name}: the statement to break stands there "
            f"{found} times, not once:\n{breakage.old}"
        )
    return {**overlay, breakage.path: text.replace(breakage.old.encode(), breakage.new.encode())}


def witnessed(breakage: Breakage, run: Run) -> Witness:
    """Return what was seen of a breakage's symptom: the first thing that matches it."""
    shown = [f"log: {one.text}" for one in run.complaints]
    shown += [
        f"{line.subject}: {line.what}: {line.predicted}; seen: {line.observed}"
        for line in run.lines if not line.holds
    ]
    if run.scenario:
        shown.append(f"{run.end} in {run.scenario}")
    seen = next((text for text in shown if re.search(breakage.symptom, text)), "")
    return Witness(breakage.rule, breakage.name, breakage.symptom, seen, run.end)


BREAKAGES: tuple[Breakage, ...] = (
    Breakage(
        "R13", "vectors are freed before the children are deleted", PORTDRV,
        "\tpcie_cxlpmu_delete_devices(dev);\n",
        "\tpci_free_irq_vectors(dev);\n\tpcie_cxlpmu_delete_devices(dev);\n",
        r"remove_proc_entry: removing non-empty directory",
    ),
    Breakage(
        "R14", "children are not deleted when the port is unbound", PORTDRV,
        "\tpcie_cxlpmu_delete_devices(dev);\n", "",
        r"remove_proc_entry: removing non-empty directory|auxiliary devices: 0; seen: [12]",
    ),
    Breakage(
        "R16", "a child is given the vector of another message", CXLPMU,
        "\tirq = pci_irq_vector(dev, msg);\n", "\tirq = pci_irq_vector(dev, 0);\n",
        r"interrupt of auxiliary device \d: .*; seen: no handler there",
        ("boot", "load", "count"),
    ),
    Breakage(
        "R17", "a handler does not allow others on its irq", PERF,
        "IRQF_SHARED | IRQF_NO_THREAD,\n\t\t\t      irq_name, info);\n\tif (rc)\n\t\treturn rc;\n"
        "\tinfo->irq = irq;\n",
        "IRQF_NO_THREAD,\n\t\t\t      irq_name, info);\n\tif (rc)\n\t\treturn rc;\n"
        "\tinfo->irq = irq;\n",
        r"genirq: Flags mismatch|auxiliary device \d: bound; seen: not bound", ("boot", "load"),
    ),
    Breakage(
        "R10b", "a port with vectors does not get bus mastering", PORTDRV,
        "\tpci_set_master(dev);\n", "",
        r"bus mastering: on; seen: off", ("boot", "load", "count"),
    ),
    Breakage(
        "R36", "the port is disabled twice", PORTDRV,
        "\tpci_disable_device(dev);\n", "\tpci_disable_device(dev);\n\tpci_disable_device(dev);\n",
        r"disabling already-disabled device",
    ),
    Breakage(
        "R07", "vectors are allocated once more while there are some", CXLPMU,
        "\tpcie_cxlpmu_assign_irqs(dev, set);\n\tpcie_cxlpmu_add_all(dev, set);\n",
        "\tpci_alloc_irq_vectors(dev, 1, 4, PCI_IRQ_MSIX);\n"
        "\tpcie_cxlpmu_assign_irqs(dev, set);\n\tpcie_cxlpmu_add_all(dev, set);\n",
        r"WARNING: .*msi\.c", ("boot",),
    ),
    Breakage(
        "R01", "a child has managed resources before its driver binds", CXLPMU,
        "\tret = auxiliary_device_add(&child->auxdev);\n",
        "\tdevm_kzalloc(&child->auxdev.dev, 1, GFP_KERNEL);\n"
        "\tret = auxiliary_device_add(&child->auxdev);\n",
        r"Resources present before probing", ("boot", "load"),
    ),
    Breakage(
        "R24", "a child is added and has no release", CXLPMU,
        "\tchild->auxdev.dev.release = pcie_cxlpmu_release;\n", "",
        r"does not have a release|auxiliary devices: 2; seen: 0",
    ),
    Breakage(
        "N3", "registers are unmapped before the handler that reads them is freed", PERF,
        "\trc = devm_add_action_or_reset(dev, cxl_pmu_quiesce, info);\n\tif (rc)\n"
        "\t\treturn rc;\n\n\treturn cxl_pmu_setup_perf(dev, info, name);\n",
        "\tdevm_add_action(dev, (void (*)(void *))iounmap, base);\n\n"
        "\treturn cxl_pmu_setup_perf(dev, info, name);\n",
        r"panic in|BUG: unable to handle page fault",
    ),
    Breakage(
        "N8", "a callback of perf sleeps", PERF,
        "\tcxl_pmu_event_stop(event, PERF_EF_UPDATE);\n\tclear_bit(",
        "\tmight_sleep();\n\tcxl_pmu_event_stop(event, PERF_EF_UPDATE);\n\tclear_bit(",
        r"sleeping function called from invalid context", ("boot", "load", "count"),
    ),
)
