# SPDX-License-Identifier: GPL-2.0-only
"""Edits find their place in the tree by what stands there, and say so when they do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from generator.design import Design
from generator.designs.auxbus import DESIGN, SERIES
from generator.designs.series import auxbus
from generator.designs.today import DESIGN as TODAY
from generator.drivers import pcie_cxlpmu
from generator.editing.draft import Draft
from generator.editing.file_edits import Listed, NewFile, Paragraph, Put, Section
from generator.editing.function_edits import (
    Derived,
    Edit,
    InFunction,
    InsertBefore,
    Local,
    Piece,
    Split,
    Tail,
)
from generator.editing.moved_code import Include, Moved, Part
from generator.errors import PortwrightError, TreeError
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel

PORTDRV, PERF = "drivers/pci/pcie/portdrv.c", "drivers/perf/cxl_pmu.c"
CXLPCI, KCONFIG = "drivers/cxl/cxlpci.h", "drivers/perf/Kconfig"
HEADER = "drivers/pci/pcie/portdrv.h"
CREATED = SERIES.steps[7].design
SERVED = SERIES.steps[9].design
DERIVED = Derived(PORTDRV, pcie_cxlpmu.NAMES)
ZERO = SERIES.steps[0].edits[0]


def draft(
    tree: Tree, base: Base, path: str, changes: Mapping[str, str], before: Design = TODAY,
    after: Design = CREATED,
) -> Draft:
    """The pinned tree with other words in one file."""
    empty = Draft(tree, base, {}, before, after, "auxbus")
    text = empty.text(path)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    return empty.with_text(path, text) if changes else empty


def split(tree: Tree, base: Base) -> Draft:
    """The tree as the step `create` finds portdrv.c: with the vector functions split."""
    start = draft(tree, base, PORTDRV, {})
    for path, text in auxbus._vectors().apply(start).items():
        start = start.with_text(path, text)
    return start


# Each edit on a tree that does not look as it expects: what it must then name.
STRANGE: list[tuple[str, Edit, str, dict[str, str], tuple[str, ...]]] = [
    (
        "the macro has another name",
        Moved((Part(CXLPCI, ("CXL_DVSEC_REG_LOCATOR",)),), "x.h", "files/regloc.h.j2"),
        CXLPCI,
        {"#define CXL_DVSEC_REG_LOCATOR\t": "#define CXL_DVSEC_REGISTERS\t"},
        ("drivers/cxl/cxlpci.h:", "#define CXL_DVSEC_REG_LOCATOR", "nearest is"),
    ),
    (
        "the include is gone",
        Include(PERF, "<cxl/pmu.h>", after="<linux/pci.h>"),
        PERF,
        {"#include <linux/pci.h>": "#include <linux/pcie.h>"},
        (f"{PERF}:21", "#include <linux/pci.h>", "nearest is '#include <linux/pcie.h>'"),
    ),
    (
        "the function is renamed",
        InsertBefore(PORTDRV, "files/resize.c.j2", "pcie_port_enable_irq_vec", pcie_cxlpmu.NAMES),
        PORTDRV,
        {"static int pcie_port_enable_irq_vec(": "static int pcie_port_enable_vectors(",
         "if (pcie_port_enable_irq_vec(": "if (pcie_port_enable_vectors("},
        (PORTDRV, "pcie_port_enable_irq_vec is not defined", "pcie_port_enable_vectors"),
    ),
    (
        "the statement that a piece begins with is gone",
        Split(PERF, "cxl_pmu_probe", "splits/cxl_pmu_probe.c.j2",
              {"state": Piece("call:devm_kzalloc", "if:!info->hw_events")}),
        PERF,
        {"info = devm_kzalloc(dev, ": "info = devm_kmalloc_array(dev, 1, "},
        (f"{PERF}:", "cxl_pmu_probe() has no call of devm_kzalloc()", "nearest is line"),
    ),
    (
        "the statement is there twice",
        InFunction(PERF, "cxl_pmu_exit", "f();", before="call:cxl_driver_unregister"),
        PERF,
        {"\tcxl_driver_unregister(&cxl_pmu_driver);\n":
         "\tcxl_driver_unregister(&cxl_pmu_driver);\n" * 2},
        (f"{PERF}:", "2 times", "not clear"),
    ),
    (
        "the variable is not there",
        Local(PORTDRV, "pcie_port_enable_irq_vec", "nvec", "total"),
        PORTDRV,
        {"int nr_entries, nvec, pcie_irq;": "int nr_entries, count, pcie_irq;"},
        (f"{PORTDRV}:", "declares no nvec"),
    ),
    (
        "the end of the function begins otherwise",
        Tail(PERF, "cxl_pmu_init", "call:__cxl_driver_register", (), (), "rc"),
        PERF,
        {"rc = cxl_driver_register(&cxl_pmu_driver);": "rc = cxl_pmu_register();"},
        (f"{PERF}:", "cxl_pmu_init() has no call of __cxl_driver_register()", "nearest is line"),
    ),
    (
        "the entry is gone",
        Listed("MAINTAINERS", "COMPUTE EXPRESS LINK PMU (CPMU)", "F:\tx"),
        "MAINTAINERS",
        {"COMPUTE EXPRESS LINK PMU (CPMU)": "COMPUTE EXPRESS LINK PMU"},
        ("MAINTAINERS:", "no entry", "nearest is 'COMPUTE EXPRESS LINK PMU'"),
    ),
    (
        "the line is in another entry",
        Put(KCONFIG, line="\tx", after="depends on CXL_BUS", within="config CXL_PMU"),
        KCONFIG,
        {"depends on CXL_BUS": "depends on CXL_MEM"},
        ("drivers/perf/Kconfig:", "depends on CXL_BUS", "nearest is 'depends on CXL_MEM'"),
    ),
    (
        "the line that a section goes before is gone",
        Section(HEADER, "CONFIG_X", "files/portdrv.h.j2", "struct device *pcie_port_find_device("),
        HEADER,
        {"struct device *pcie_port_find_device(": "struct device *pcie_port_device("},
        (f"{HEADER}:", "struct device *pcie_port_find_device(", "nearest"),
    ),
    (
        "the paragraph begins otherwise",
        Paragraph(auxbus.DOC, "The CPMU driver registers", "files/cxl_names.rst.j2"),
        auxbus.DOC,
        {"The CPMU driver registers": "The driver registers"},
        (f"{auxbus.DOC}:", "paragraph that begins with 'The CPMU driver registers'"),
    ),
    (
        "the file is there already",
        NewFile("drivers/pci/pcie/rcec.c", "files/cxlpmu.c.j2", pcie_cxlpmu.NAMES),
        HEADER,
        {},
        ("drivers/pci/pcie/rcec.c:1", "already"),
    ),
    (
        "the condition to change is another one",
        ZERO,
        PERF,
        {"if (info->irq <= 0)": "if (info->irq == -1)"},
        (f"{PERF}:", "cxl_pmu_probe() has no if (info->irq <= 0)", "nearest is line"),
    ),
]


@pytest.mark.parametrize(
    ("edit", "path", "changes", "said"),
    [row[1:] for row in STRANGE],
    ids=[row[0] for row in STRANGE],
)
def test_a_tree_that_looks_otherwise_is_refused_with_the_place_and_what_is_nearest(
    edit: Edit, path: str, changes: dict[str, str], said: tuple[str, ...], pinned: Tree, base: Base
) -> None:
    with pytest.raises(TreeError) as error:
        edit.apply(draft(pinned, base, path, changes))

    assert all(part in str(error.value) for part in said), str(error.value)


def test_lines_that_move_elsewhere_do_not_matter(pinned: Tree, base: Base) -> None:
    lower = {"static int cxl_pmu_probe": "\n\nstatic int cxl_pmu_probe"}
    plain, moved = (
        ZERO.apply(draft(pinned, base, PERF, changes))[PERF] for changes in ({}, lower)
    )

    assert moved.replace("\n\n\nstatic int cxl_pmu_probe", "\nstatic int cxl_pmu_probe") == plain


def test_a_derived_insertion_stands_next_to_what_both_designs_have(
    pinned: Tree, base: Base
) -> None:
    text = DERIVED.apply(split(pinned, base))[PORTDRV]

    assert "\tpcie_cxlpmu_discover(dev);\n\n\tpci_set_master(dev);" in text
    removed = (
        "\tpcie_cxlpmu_delete_devices(dev);\n\tpcie_port_device_remove(dev);\n"
        "\tpcie_cxlpmu_forget(dev);\n"
    )
    assert removed in text.replace("\n\n", "\n")
    assert text.count("pcie_cxlpmu_delete_devices(dev);") == 1, "at shutdown they stay"
    assert "\tpci_clear_master(dev);\n\t\treturn 0;\n\t}\n\n\tpcie_cxlpmu_add_devices(dev);" in text


def test_a_derived_change_is_refused_where_its_anchor_is_there_twice(
    pinned: Tree, base: Base
) -> None:
    start = split(pinned, base)
    twice = start.text(PORTDRV).replace(
        "\tpcie_port_device_remove(dev);\n\n\tpci_disable_device(dev);\n",
        "\tpcie_port_device_remove(dev);\n" * 2 + "\n\tpci_disable_device(dev);\n", 1
    )
    assert twice != start.text(PORTDRV)

    with pytest.raises(TreeError, match=r"portdrv\.c:\d+: pcie_portdrv_remove\(\) has "
                       r".*pcie_port_device_remove.* 2 times .*not clear"):
        DERIVED.apply(start.with_text(PORTDRV, twice))


def test_a_derived_change_is_refused_where_the_tree_asks_the_other_way_round(
    pinned: Tree, base: Base
) -> None:
    start = split(pinned, base)
    text = start.text(PORTDRV)
    turned = text.replace(
        "\tif (!capabilities) {\n\t\tpci_free_irq_vectors(dev);\n\t\tpci_clear_master(dev);\n\t}",
        "\tif (capabilities) {\n\t\t;\n\t} else {\n\t\tpci_free_irq_vectors(dev);\n"
        "\t\tpci_clear_master(dev);\n\t}",
    )
    assert turned != text

    with pytest.raises(TreeError, match="the other way round"):
        DERIVED.apply(start.with_text(PORTDRV, turned))


def test_what_the_second_design_does_earlier_is_moved(pinned: Tree, base: Base) -> None:
    start = split(pinned, base)
    created = start.with_text(PORTDRV, DERIVED.apply(start)[PORTDRV])
    later = Draft(pinned, base, created.overlay, CREATED, SERVED, "auxbus")

    text = DERIVED.apply(later)[PORTDRV]

    assert text.count("pcie_cxlpmu_discover(dev);") == 1
    assert (
        "\tpcie_cxlpmu_discover(dev);\n\n\tif (!capabilities) {\n"
        "\t\tpcie_cxlpmu_serve_port(dev);\n\t\treturn 0;\n\t}\n"
    ) in text


def test_equal_designs_have_nothing_to_derive(pinned: Tree, base: Base) -> None:
    with pytest.raises(PortwrightError, match="nothing to derive"):
        DERIVED.apply(draft(pinned, base, PORTDRV, {}, DESIGN, DESIGN))


def test_memory_is_allocated_as_the_code_next_to_it_does(pinned: Tree, base: Base) -> None:
    own = NewFile(pcie_cxlpmu.SOURCE, "files/cxlpmu.c.j2", pcie_cxlpmu.NAMES)
    newer = {"pcie = kzalloc(sizeof(*pcie), GFP_KERNEL);": "pcie = kzalloc_obj(*pcie);"}

    now, then = (
        own.apply(draft(pinned, base, PORTDRV, changes))[pcie_cxlpmu.SOURCE]
        for changes in ({}, newer)
    )

    assert "child = kzalloc(sizeof(*child), GFP_KERNEL);" in now
    assert "kzalloc_obj" not in now
    assert "child = kzalloc_obj(*child);" in then
