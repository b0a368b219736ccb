# SPDX-License-Identifier: GPL-2.0-only
"""A series follows its design: same input, same bytes; another design, another series."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from house import HOUSE

from generator import rewrite
from generator.design import Design
from generator.designs.auxbus import DESIGN, SERIES, auxbus
from generator.designs.series.auxbus import series
from generator.designs.today import DESIGN as TODAY
from generator.drivers import pcie_cxlpmu
from generator.errors import TreeError
from generator.graphs import lts
from generator.graphs.design_lts import fingerprints, guards_of_driver, project
from generator.kernel import variant
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree, tree_id
from generator.operation import Do
from generator.ops.perf import DEVM_IOREMAP, DEVM_REQUEST_MEM_REGION
from generator.parsing.unit import job, parse_once
from generator.reading.initialisers import entry_points
from generator.reading.reader import read
from generator.rendering import templates
from generator.series.commit import Commit
from generator.series.generate import Series, generate
from generator.series.identity import digest
from generator.series.write import write

pytestmark = pytest.mark.kernel

GOLDEN = HOUSE / "patches" / "6.12" / "auxbus"
CXLPMU, PERF = pcie_cxlpmu.SOURCE, "drivers/perf/cxl_pmu.c"


def text(commit: Commit, path: str) -> str:
    data = commit.overlay[path]
    assert data is not None
    return data.decode()


def differences(commit: Commit, base: Base) -> list[str]:
    """Where the C of a commit is not what its design says, over all entry points."""
    found = []
    of = commit.design
    assert of is not None
    at = variant.at(base, commit.overlay)
    for driver in commit.drivers():
        units = [
            parse_once(job(at, path, commit.overlay))
            for path in driver.sources
            if path in commit.overlay or (base.tree.work / path).is_file()
        ]
        points = {one.name: one.members for unit in units for one in entry_points(unit)}
        guards = guards_of_driver(driver)
        for entry, block in driver.entries().items():
            if not block:
                continue
            function = points[driver.variable][entry]
            got = read(units, function, fingerprints(), guards, sets=driver.sets)
            told = lts.difference(project(driver, entry), got.lts)
            found += [f"{driver.variable} {entry}: {told}"] if told is not None else []
    return found


@pytest.fixture
def templates_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Replaces templates by other texts."""

    def change(**texts: str) -> None:
        own = templates.environment("auxbus")
        assert own.loader is not None
        other = own.overlay(
            loader=jinja2.ChoiceLoader(
                [jinja2.DictLoader({k.replace("__", "/") + ".c.j2": v for k, v in texts.items()}),
                 own.loader]
            )
        )
        other.cache = jinja2.utils.LRUCache(400)
        monkeypatch.setattr(templates, "environment", lambda room: other)
        templates._macros.cache_clear()

    yield change
    monkeypatch.undo()
    templates._macros.cache_clear()


def test_the_same_design_gives_the_same_bytes(made: Series, pinned: Tree, tmp_path: Path) -> None:
    again = generate(SERIES, pinned)
    said = {"checked": ["one thing"], "not_checked": ["another"]}
    written = [
        write(one, pinned, tmp_path / name, said) for one, name in ((made, "a"), (again, "b"))
    ]

    assert [p.name for p in written[0]] == [p.name for p in written[1]]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*written, strict=True))
    assert (tmp_path / "a/series.json").read_bytes() == (tmp_path / "b/series.json").read_bytes()


def test_the_golden_directory_has_the_tree_that_the_design_gives(made: Series) -> None:
    golden = json.loads((GOLDEN / "series.json").read_text())

    assert golden["tree"] == made.tree_id
    assert golden["provenance"]["design_sha256"] == digest(DESIGN)


def test_after_every_commit_c_is_the_design(made: Series, base: Base) -> None:
    assert {c.key: differences(c, base) for c in made.commits} == {c.key: [] for c in made.commits}


def test_steps_that_claim_no_change_have_the_design_before(made: Series) -> None:
    before = TODAY
    for commit in made.commits:
        assert not commit.unchanged or commit.design == before
        before = commit.design
    assert [c.key for c in made.commits if c.unchanged] == [
        "any_cpu", "all_ones", "regloc", "capability", "setup", "split_vectors"
    ]


def test_nobody_signs_unless_asked_to(made: Series, pinned: Tree) -> None:
    assert not any("Signed-off-by" in c.message for c in made.commits)

    signed = generate(SERIES, pinned, signoff="A Person <person@example.org>")

    assert all(
        c.message.endswith("\nSigned-off-by: A Person <person@example.org>\n")
        for c in signed.commits
    )
    assert signed.tree_id == made.tree_id


def test_the_cover_letter_says_what_was_checked_and_what_was_not(
    made: Series, pinned: Tree, tmp_path: Path
) -> None:
    said = {"checked": ["this"], "not_checked": ["that"]}
    cover = write(made, pinned, tmp_path, said)[0].read_text()

    assert "[RFC PATCH 00/11]" in cover
    assert f"base-commit: {pinned.base}" in cover
    assert f"Based on Linux {pinned.version}, {pinned.source}:\n" in cover
    assert f"tree {tree_id(pinned, pinned.base)}.\n" in cover
    assert f"`git am` there gives\ntree {made.tree_id}.\n" in cover
    assert digest(DESIGN) in cover
    assert "Checked:\n- this\n" in cover
    assert "Not checked:\n- that\n" in cover


# Another design, another series: no template is touched in these.


def test_an_operation_moved_in_the_design_is_moved_in_c(pinned: Tree, base: Base) -> None:
    def swap(design: Design) -> Design:
        aux = design.drivers[1]
        names = [node.op.name if isinstance(node, Do) else "" for node in aux.probe]
        a, b = names.index(DEVM_REQUEST_MEM_REGION.name), names.index(DEVM_IOREMAP.name)
        probe = list(aux.probe)
        probe[a], probe[b] = probe[b], probe[a]
        return replace(design, drivers=(design.drivers[0], replace(aux, probe=tuple(probe))))

    bind = generate(series(swap(DESIGN), TODAY), pinned).commits[8]

    c = text(bind, PERF)
    assert c.index("base = devm_ioremap(") < c.index("res = devm_request_mem_region(")
    assert differences(bind, base) == []


def test_a_design_without_zero_service_ports_has_no_patch_for_them(
    pinned: Tree, base: Base
) -> None:
    less = generate(series(auxbus(zero_service=False), TODAY), pinned)

    assert [c.key for c in less.commits][7:] == ["create", "bind", "dynamic"]
    assert all(
        "pcie_cxlpmu_serve_port" not in (data or b"").decode()
        for c in less.commits for data in c.changed.values()
    )
    assert "does the same for ports without services" not in less.cover_body
    assert differences(less.commits[-1], base) == []


def test_a_design_with_static_vectors_allocates_none_later(pinned: Tree, base: Base) -> None:
    fixed = generate(series(auxbus(dynamic=False), TODAY), pinned)

    assert [c.key for c in fixed.commits][7:] == ["create", "bind", "no_service"]
    assert "pci_msix_" not in text(fixed.commits[-1], CXLPMU)
    assert differences(fixed.commits[-1], base) == []


def test_a_change_of_the_target_is_in_every_step_that_has_it(pinned: Tree) -> None:
    def without_message(node: object) -> tuple[()] | None:
        return () if isinstance(node, Do) and node.op.name == "ida_free" else None

    changed = generate(series(rewrite.rewritten(DESIGN, without_message), TODAY), pinned)

    for commit in changed.commits[7:]:
        # the undo of ida_alloc() stays: it is derived, not written
        assert text(commit, CXLPMU).count("ida_free(") == 1


# What a template gets wrong is not hidden by the series being rendered from it.


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("ops__pci_set_master", "{% macro do(c) %}\n{% endmacro %}\n"),
        ("ops__auxiliary_device_delete",
         "{% macro do(c) %}\nauxiliary_device_uninit({{ c.dev }});\n{% endmacro %}\n"),
        ("ops__pci_free_irq_vectors",
         "{% macro do(c) %}\npci_clear_master({{ c.dev }});\n{% endmacro %}\n"
         "{% macro label(c) %}\nerr_x\n{% endmacro %}\n"),
        ("ops__devm_ioremap",
         "{% macro do(c) %}\n{{ c.var }} = devm_ioremap(dev->parent, {{ c.address }}, "
         "{{ c.size }});\n{% endmacro %}\n"),
        ("ops__ida_alloc",
         "{% macro do(c) %}\n{{ c.var }} = ida_alloc(&{{ c.ida }}, GFP_KERNEL);\n{% endmacro %}\n"
         "{% macro undo(c) %}\n/* nothing */\n{% endmacro %}\n"
         "{% macro label(c) %}\nerr_free_id\n{% endmacro %}\n"),
    ],
)
def test_a_wrong_template_makes_c_that_is_not_the_design(
    template: str, wrong: str, templates_with: Callable[..., None], pinned: Tree, base: Base
) -> None:
    templates_with(**{template: wrong})

    assert differences(generate(SERIES, pinned).commits[-1], base)


def test_an_edit_that_fails_names_its_patch_and_kind(pinned: Tree) -> None:
    moved = next(one for one in SERIES.steps if one.key == "regloc")
    odd = replace(SERIES, steps=(moved, moved))

    with pytest.raises(TreeError, match=r"regloc\.h:1: .* already \(patch 2, Moved\)"):
        generate(odd, pinned)
