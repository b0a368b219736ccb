# SPDX-License-Identifier: GPL-2.0-only
"""The C of a series broken on purpose, where no design can say what is wrong.

Each breakage is the smallest change of the C that breaks its rule: the statement, where it stands,
what stands there instead. Flags of a call, and what is inside of the kernel's core, are in no
design; what a design can say belongs into generator/designs/refused/. What the kernel does then is
not written here: the symptom is a pattern that has to match its log, a line of the report that no
longer holds, or how the guest was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.errors import TreeError
from generator.kernel.tree import Tree

CXLPMU, PORTDRV = "drivers/pci/pcie/cxlpmu.c", "drivers/pci/pcie/portdrv.c"
PERF = "drivers/perf/cxl_pmu.c"
BOARD = "static"


@dataclass(frozen=True)
class Breakage:
    """What breaks a rule: `old` in a file becomes `new`; `symptom` is what has to be seen.

    `more` are other pairs of old and new in the same file.

    `objects` are files of templates/boot/guest that are built into the guest's kernel beside the
    port driver; with them there need not be anything to replace. Without either, it is the series
    itself that breaks the rule, and its design has a waiver for it. `beside` are scenarios that
    the kernel that holds is driven through, where they are others. `of` names the design of which
    the C is.
    """

    rule: str
    name: str
    path: str
    old: str
    new: str
    symptom: str
    scenarios: tuple[str, ...] = ("boot", "load", "rebind")
    board: str = BOARD
    objects: tuple[str, ...] = ()
    fragments: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()
    of: str = "auxbus"
    suffix: str = "c"
    beside: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return the name of the evidence: one rule can be broken in several ways."""
        return f"{self.rule.lower()}-{self.suffix}"


def broken(
    breakage: Breakage, overlay: Mapping[str, bytes | None], tree: Tree | None = None
) -> dict[str, bytes | None]:
    """Return the files of a series with one rule broken; `tree` has those that it leaves alone.

    Errors: TreeError when the statement does not stand there exactly once.
    """
    if not breakage.path:
        return dict(overlay)
    text = overlay.get(breakage.path)
    if text is None and tree is not None:
        text = (tree.work / breakage.path).read_bytes()
    for old, new in ((breakage.old, breakage.new), *breakage.more):
        found = (text or b"").count(old.encode())
        if text is None or found != 1:
            raise TreeError(
                f"{breakage.path}: {breakage.name}: the statement to break stands there "
                f"{found} times, not once:\n{old}"
            )
        text = text.replace(old.encode(), new.encode())
    return {**overlay, breakage.path: text}


_PM = "\t\t.pm = pm_sleep_ptr(&cxl_pmu_aux_pm_ops),\n"

BREAKAGES: tuple[Breakage, ...] = (
    Breakage(
        "R13", "a child's handler is not freed when its driver is unbound", PERF,
        "\trc = devm_request_irq(dev, irq, cxl_pmu_irq, IRQF_SHARED | IRQF_NO_THREAD,\n"
        "\t\t\t      irq_name, info);\n",
        "\trc = request_irq(irq, cxl_pmu_irq, IRQF_SHARED | IRQF_NO_THREAD,\n"
        "\t\t\t irq_name, info);\n",
        r"remove_proc_entry: removing non-empty directory",
    ),
    Breakage(
        "R17", "a handler does not allow others on its irq", PERF,
        "IRQF_SHARED | IRQF_NO_THREAD,\n", "IRQF_NO_THREAD,\n",
        r"genirq: Flags mismatch|auxiliary device \d: bound; seen: not bound", ("boot", "load"),
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
    Breakage(
        "N1", "the user can unbind the driver of a PMU that somebody counts with", PERF,
        "\t\t.suppress_bind_attrs = true,\n", "",
        r"BUG: |Oops: |general protection fault", ("boot", "load", "unbind-counting"),
    ),
    Breakage(
        "N2", "a port asks for as many vectors as its CPMUs want, and for no less", PORTDRV,
        "\ttotal = pcie_cxlpmu_count_vectors(dev, nvec, nr_entries);\n",
        "\tnvec = pcie_cxlpmu_count_vectors(dev, nvec, 32);\n\ttotal = nvec;\n",
        r"interrupts are by: MSI-X; seen: INTx", ("boot",), "beyond",
    ),
    Breakage(
        "N11", "a port's driver changes other ports, which are not its own", PORTDRV,
        "\tpci_set_master(dev);\n",
        "\tpci_set_master(dev);\n"
        "\tfor (struct pci_dev *other = NULL;\n"
        "\t     (other = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, other));)\n"
        "\t\tif (other != dev && pci_is_bridge(other))\n\t\t\tpci_clear_master(other);\n",
        r"bus mastering: on; seen: off", ("boot",), "pair",
    ),
    Breakage(
        "R22", "the port driver, which is built in, asks the CXL core, which is a module", CXLPMU,
        "\tif (dev->hdr_type != PCI_HEADER_TYPE_BRIDGE)\n\t\treturn;\n",
        "\tint cxl_count_regblock(struct pci_dev *pdev, int type);\n\n"
        "\tif (!cxl_count_regblock(dev, CXL_REGLOC_RBI_PMU))\n\t\treturn;\n",
        r"undefined (?:symbol|reference).*cxl_count_regblock", ("build",),
    ),
    Breakage(
        "R16b", "a child's driver takes message number 0 for none", PERF,
        "\tint rc;\n\n\t/*\n\t * Neither the registers nor",
        "\tint rc;\n\n\tif (pmu->irq == pci_irq_vector(to_pci_dev(dev->parent), 0))\n"
        "\t\treturn -EINVAL;\n\n\t/*\n\t * Neither the registers nor",
        r"probe with driver cxl_pmu\.port failed with error -22", ("boot", "load"), "message-0",
    ),
    Breakage(
        "R20", "a service does not share the line with the others", "drivers/pci/pcie/aer.c",
        "\t\t\t\t\t   IRQF_SHARED, \"aerdrv\", dev);",
        "\t\t\t\t\t   pci_dev_msi_enabled(port) ? IRQF_SHARED : 0,\n"
        "\t\t\t\t\t   \"aerdrv\", dev);",
        r"genirq: Flags mismatch", ("boot",), "dynamic",
    ),
    Breakage(
        "R35", "while a child's driver is bound the port's AER is not", PERF,
        "static int cxl_pmu_aux_probe(struct auxiliary_device *auxdev,\n",
        "static int cxl_pmu_stop(struct device *dev, void *unused)\n{\n"
        "\tif (strstr(dev_name(dev), \":pcie002\"))\n\t\tdevice_release_driver(dev);\n"
        "\treturn 0;\n}\n\n"
        "static int cxl_pmu_aux_probe(struct auxiliary_device *auxdev,\n",
        r"correctable error arrives on message 1: 1 times; seen: 0 times",
        ("boot", "load", "interrupt"), more=((
            "\t/* The irq may be shared, it must not be raised by leftovers */\n",
            "\tdevice_for_each_child(dev->parent, NULL, cxl_pmu_stop);\n",
        ),),
    ),
    Breakage(
        "N14", "an event is open while the link above its port is reset", "", "", "",
        r"an event that is open over a reset counts: 1000; seen: 0",
        ("boot", "load", "reset-counting"), "switch", suffix="waiver",
        beside=("boot", "load", "reset"),
    ),
    Breakage(
        "N14", "a child's driver is not called for system sleep", PERF, _PM, "",
        r"an event that is open over sleep counts: 1000; seen: 0",
        ("boot", "load", "sleep-counting"),
    ),
    Breakage(
        "N46", "what was read of a counter last stays as it was when it is set to 0", PERF,
        "\t\tcxl_pmu_event_start(event, PERF_EF_RELOAD);\n\t}\n",
        "\t\tu64 was = local64_read(&event->hw.prev_count);\n\n"
        "\t\tcxl_pmu_event_start(event, PERF_EF_RELOAD);\n"
        "\t\tlocal64_set(&event->hw.prev_count, was);\n\t}\n",
        r"an event that is open over sleep has counted then: 1000; seen: \d{9,}",
        ("boot", "load", "sleep-counting"),
    ),
    Breakage(
        "N43", "a child's driver leaves its source on over sleep, on the irq of PME", PERF, _PM, "",
        r"woken by the irq of the port while a PMU overflows: 0 times; seen: [1-9]",
        ("boot", "load", "sleep-waking"), "message-0",
    ),
)
