# SPDX-License-Identifier: GPL-2.0-only
"""What a series has and its design does not render is told, with both places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from checks.finding import Finding, Severity
from checks.patches import rendered
from checks.patches.work import Work
from generator.errors import TreeError
from generator.kernel.tree import Tree, read
from generator.load import load
from generator.series.commit import commits_of
from generator.series.generate import Series

CXLPMU, PERF = "drivers/pci/pcie/cxlpmu.c", "drivers/perf/cxl_pmu.c"
PMU_H, REGLOC_H = "include/cxl/pmu.h", "include/cxl/regloc.h"
KCONFIG, MAKEFILE = "drivers/pci/pcie/Kconfig", "drivers/pci/pcie/Makefile"
PORTDRV, PORTDRV_H = "drivers/pci/pcie/portdrv.c", "drivers/pci/pcie/portdrv.h"
RST = "Documentation/admin-guide/perf/cxl.rst"

# what somebody's hand did to a rendered file: path, text, what it became. All of it compiles.
DAMAGE = (
    (CXLPMU, "pci_resource_start(dev, bar) + offset", "pci_resource_start(dev, bar) + 0x1000"),
    (REGLOC_H, "GENMASK(31, 16)", "GENMASK(31, 17)"),
    (REGLOC_H, "GENMASK(15, 8)", "GENMASK(15, 9)"),
    (REGLOC_H, "GENMASK(2, 0)", "GENMASK(1, 0)"),
    (REGLOC_H, "0xC", "0x8"),
    (REGLOC_H, "REG_LOCATOR\t\t\t\t\t8", "REG_LOCATOR\t\t\t\t\t9"),
    (CXLPMU, "pci_msix_alloc_irq_at(dev, msg, NULL)", "pci_msix_alloc_irq_at(dev, msg + 1, NULL)"),
    (CXLPMU, "list_for_each_entry_reverse(pmu", "list_for_each_entry(pmu"),
    (CXLPMU, "kfree(to_cxl_pmu_auxdev(to_auxiliary_dev(dev)))", "kfree(to_auxiliary_dev(dev))"),
    (CXLPMU, "ida_free(&pcie_cxlpmu_ida, pmu->id)", "ida_free(&pcie_cxlpmu_ida, pmu->index)"),
    (PERF, "IRQF_SHARED | IRQF_NO_THREAD", "IRQF_NO_THREAD"),
    (PERF, '"pcieportdrv.cxl_pmu"', '"pcieportdrv.pmu"'),
    (PERF, "MODULE_DEVICE_TABLE(auxiliary, cxl_pmu_aux_ids);\n", ""),
    (KCONFIG, " && CXL_PMU", ""),
    (KCONFIG, "\tselect AUXILIARY_BUS\n", ""),
    (MAKEFILE, "pcieportdrv-$(CONFIG_PCIEPORTBUS_CXLPMU)", "pcieportdrv-y"),
    (PMU_H, "BIT_ULL(50)", "BIT_ULL(51)"),
    (PMU_H, "\tu16 devid;", "\tu8 devid;"),
    (PMU_H, "\tresource_size_t resource;", "\tu32 resource;"),
    (PERF, "pmu->segment, pmu->devid, pmu->index", "pmu->devid, pmu->segment, pmu->index"),
    (PERF, "i < info->num_counters; i++) {\n\t\tcfg = readq",
     "i < info->num_counters - 1; i++) {\n\t\tcfg = readq"),
    (PERF, "~(CXL_PMU_COUNTER_CFG_INT_ON_OVRFLW |\n\t\t\t CXL_PMU_COUNTER_CFG_ENABLE)",
     "~(CXL_PMU_COUNTER_CFG_ENABLE)"),
    (PERF, "irq_name, info)", "irq_name, dev)"),
    (PERF, "devm_ioremap(dev, pmu->resource, CXL_PMU_REGMAP_SIZE)",
     "devm_ioremap(dev, pmu->resource, 2 * CXL_PMU_REGMAP_SIZE)"),
    (CXLPMU, "ioremap(pmu->resource,", "ioremap(pmu->resource + 8,"),
    (CXLPMU, "readq(base + CXL_PMU_CAP_REG)", "readq(base + CXL_PMU_CAP_REG + 8)"),
    (CXLPMU, "\tu64 cap;", "\tu32 cap;"),
    (CXLPMU, "\tint irq;\t\t\t/*", "\tu8 irq;\t\t\t/*"),
    (CXLPMU, "(u64)reg_hi << 32", "(u64)reg_hi << 16"),
    (CXLPMU, "block_start(dev, reg_lo, reg_hi);", "block_start(dev, reg_hi, reg_lo);"),
    (CXLPMU, "pos += 8)", "pos += 4)"),
    (CXLPMU, "pci_resource_len(dev, bar)", "pci_resource_len(dev, bar + 1)"),
    (CXLPMU, "kzalloc(sizeof(*child), GFP_KERNEL)", "kzalloc(sizeof(child), GFP_KERNEL)"),
    (CXLPMU, "kzalloc(sizeof(*pmu), GFP_KERNEL)", "kzalloc(sizeof(*pmu), GFP_ATOMIC)"),
    (CXLPMU, "(FIELD_MAX(CXL_PMU_CAP_MSI_N_MSK) + 1)", "FIELD_MAX(CXL_PMU_CAP_MSI_N_MSK)"),
    (CXLPMU, "pcie_cxlpmu_count_vectors(dev, 1, nr_entries)",
     "pcie_cxlpmu_count_vectors(dev, nr_entries, 1)"),
    (CXLPMU, "if (msg < nr_entries)", "if (msg <= nr_entries)"),
    (CXLPMU, "list_for_each_entry_safe(pmu, next, &set->pmus, node)",
     "list_for_each_entry(pmu, &set->pmus, node)"),
    (CXLPMU, "\tlist_del(&pmu->node);\n", ""),
    (CXLPMU, "if (flags & IORESOURCE_UNSET)\n\t\treturn 0;\n", ""),
    (CXLPMU, "pmu->irq = irq;", "pmu->irq = msg;"),
    (PERF, "\tauxiliary_driver_unregister(&cxl_pmu_aux_driver);\n", ""),
    (PERF, "\t.id_table = cxl_pmu_aux_ids,\n", ""),
    (PERF, "\t.shutdown = cxl_pmu_aux_shutdown,\n", ""),
    (PERF, "cxl_pmu_aux_ids[] = {\n\t{ .name = \"pcieportdrv.cxl_pmu\" },\n\t{ }",
     "cxl_pmu_aux_ids[] = {\n\t{ .name = \"pcieportdrv.cxl_pmu\" },"),
    (PERF, '"%s_overflow"', '"%s-overflow"'),
    (CXLPMU, '"CPMU %u: no device (%d)', '"CPMU %u:  no device (%d)'),
    (PORTDRV_H, "return nvec;", "return nr_entries;"),
)
# words beside the code say the contrary of it
WORDS = (
    (CXLPMU, "Linux irq, 0 if there is none", "Linux irq, -1 if there is none"),
    (CXLPMU, "until the number of vectors changes", "as long as the port is enabled"),
    (RST, "cxl_pmu_", "cxlpmu_"),
)

Texts = Mapping[str, bytes | None]


@pytest.fixture
def steps(made: Series) -> list[tuple[Any, Texts, Texts]]:
    """What auxbus renders on the pinned tree, step by step."""
    return [(one, one.changed, one.overlay) for one in made.commits]


def work(tree: Tree, steps: Sequence[tuple[Any, Texts, Texts]]) -> Work:
    """Return a series with the files of some steps."""
    spec = load("auxbus").series("to render")
    commits = commits_of([step.key for step, _, _ in steps], [changed for _, changed, _ in steps])
    return Work(cast("Any", None), (), commits, tree, lambda path: read(tree, tree.base, path),
                (), tree.git_dir, spec)  # fmt: skip


def damaged(
    steps: Sequence[tuple[Any, Texts, Texts]], path: str, old: str, new: str
) -> Iterator[tuple[Any, Texts, Texts]]:
    """Yield the steps with a text replaced wherever they have it."""
    for step, changed, overlay in steps:
        text = changed.get(path)
        if text is not None:
            changed = {**changed, path: text.replace(old.encode(), new.encode())}
        yield step, changed, overlay


def found(tree: Tree, steps: Sequence[tuple[Any, Texts, Texts]], *what: str) -> list[Finding]:
    """Return what is said of a series that was damaged in one place."""
    series = list(damaged(steps, *what))
    assert [one[1] for one in series] != [one[1] for one in steps], "nothing was damaged"
    return list(rendered.check(work(tree, series)))


@pytest.mark.kernel
def test_what_is_rendered_is_as_it_should_be(pinned: Tree, steps: list[Any]) -> None:
    assert rendered.check(work(pinned, steps)) == ()


@pytest.mark.kernel
@pytest.mark.parametrize(("path", "old", "new"), DAMAGE, ids=[new for _, _, new in DAMAGE])
def test_damage_is_named_with_both_places(
    pinned: Tree, steps: list[Any], monkeypatch: pytest.MonkeyPatch, path: str, old: str, new: str
) -> None:
    monkeypatch.setattr(rendered, "texts", lambda *_: iter(steps))
    said = found(pinned, steps, path, old, new)
    errors = [one for one in said if one.severity is Severity.ERROR]
    assert errors
    assert {one.path for one in errors} == {path}
    assert all(f" of {path}" in one.notes[0] for one in errors)
    have = next(overlay for _, _, overlay in steps if old.encode() in (overlay.get(path) or b""))
    before = (have[path] or b"").partition(old.encode())[0].count(b"\n")
    assert errors[0].line in range(before, before + 2 + old.count("\n"))


@pytest.mark.kernel
@pytest.mark.parametrize(("path", "old", "new"), WORDS, ids=[new for _, _, new in WORDS])
def test_words_that_differ_are_a_warning(
    pinned: Tree, steps: list[Any], monkeypatch: pytest.MonkeyPatch, path: str, old: str, new: str
) -> None:
    monkeypatch.setattr(rendered, "texts", lambda *_: iter(steps))
    said = found(pinned, steps, path, old, new)
    assert {(one.severity, one.path) for one in said} == {(Severity.WARNING, path)}


@pytest.mark.kernel
def test_a_function_is_named_and_who_writes_it(
    pinned: Tree, steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "texts", lambda *_: iter(steps))
    (one,) = found(pinned, steps, CXLPMU, "pos += 8)", "pos += 4)")
    assert one.message == "pcie_cxlpmu_discover(): `4` is not what the design renders: `8`"
    assert "templates/auxbus/functions/pcie_cxlpmu_discover.c.j2" in one.notes[0]


@pytest.mark.kernel
def test_another_layout_of_the_same_code_is_nothing(
    pinned: Tree, steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "texts", lambda *_: iter(steps))
    assert not found(pinned, steps, CXLPMU, "\treturn pci_resource_start(dev, bar) + offset;",
                     "\treturn pci_resource_start(dev, bar) +\n\t       offset;")


@pytest.mark.kernel
def test_a_file_more_or_less_is_named(
    pinned: Tree, steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "texts", lambda *_: iter(steps))
    more = [(step, {**changed, "drivers/pci/more.c": b"int i;\n"}, overlay)
            for step, changed, overlay in steps]
    (one,) = rendered.check(work(pinned, more))
    assert one.message == "`the file` is not what the design renders: `no such file`"


@pytest.mark.kernel
def test_without_a_step_for_each_commit_nothing_passes(pinned: Tree, steps: list[Any]) -> None:
    (one,) = rendered.check(work(pinned, steps[:-1]))
    assert one.severity is Severity.ERROR
    assert "steps: the files are not compared" in one.message


@pytest.mark.kernel
def test_what_cannot_be_rendered_is_said_to_be_unchecked(
    pinned: Tree, steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: object) -> Iterator[Any]:
        raise TreeError("portdrv.c: no such function")
        yield

    monkeypatch.setattr(rendered, "texts", no)
    (one,) = rendered.check(work(pinned, steps))
    assert one.rule == "rendered:not-here"
    assert one.severity is Severity.NOTE
