# SPDX-License-Identifier: GPL-2.0-only
"""The parse over an overlay says what a plain parse of the same files says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from house import HOUSE
from units import parse_at, parse_many

from generator.errors import TreeError
from generator.parsing import members, pch, unit
from generator.parsing.includes import Includes, leading
from generator.parsing.job import Directories, Job, resolved
from generator.parsing.unit import MOST_KEPT, keep, parse_job, parse_once

UNIT = """// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "unit: " fmt	/* before the includes */

#include <lib/types.h>
#include <lib/counter.h>

#include "own.h"

static int helper(struct thing *t)
{
	return t->count;
}

int entry(struct thing *t);

int entry(struct thing *t)
{
	return helper(t) + LIMIT;
}
"""
FILES = {
    "include/lib/types.h": "#pragma once\ntypedef int s32;\n",
    "include/lib/counter.h": "#pragma once\n#define LIMIT 3\nenum { FIRST = __COUNTER__ };\n",
    "drv/own.h": '#ifndef OWN_H\n#define OWN_H\n#include "deep.h"\n#endif\n',
    "drv/deep.h": "struct thing { int count; };\n",
    "drv/unit.c": UNIT,
}


@pytest.fixture
def where(tmp_path: Path) -> Directories:
    for name, text in FILES.items():
        file = tmp_path / "src" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "build").mkdir()
    return Directories(tmp_path / "src", tmp_path / "build", tmp_path / "cache")


def flags(where: Directories, *more: str) -> tuple[str, ...]:
    return (f"-I{where.source}/include", "-Wall", "-Wextra", "-Wmissing-prototypes", *more)


EDITS: dict[str, dict[str, bytes | None]] = {
    "nothing": {},
    "error in the unit": {"drv/unit.c": UNIT.replace("helper(t)", "helpr(t)").encode()},
    "unused function": {"drv/unit.c": UNIT.encode() + b"static int idle(void) { return 0; }\n"},
    "error in a deep header": {"drv/deep.h": b"struct thing { int cont; };\n"},
    "header changed without harm": {"drv/deep.h": b"struct thing { long pad; int count; };\n"},
    "header gone": {"drv/deep.h": None},
    "first header changed": {"include/lib/types.h": b"#pragma once\ntypedef undefined_type s32;\n"},
    "new header": {
        "drv/fresh.h": b"int fresh(void);\n",
        "drv/unit.c": UNIT.replace('"own.h"', '"own.h"\n#include "fresh.h"').encode(),
    },
    "new header by way of ..": {
        "other/fresh.h": b"int fresh(void);\n#define FRESH\n",
        "drv/unit.c": (
            UNIT.replace('"own.h"', '"own.h"\n#include "../other/fresh.h"')
            + "#ifndef FRESH\n#error missed\n#endif\n"
        ).encode(),
    },
    "new header hides an old one": {"drv/lib/counter.h": b"#error not found by <>\n"},
    "new header found first": {"first/lib/counter.h": b"#pragma once\n#define LIMIT undeclared\n"},
    "include of nothing": {"drv/unit.c": b'#include "nowhere.h"\n' + UNIT.encode()},
    "unclosed conditional": {"drv/unit.c": b"#if 1\n" + UNIT.encode()},
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_parse_through_a_pch_equals_a_plain_one(where: Directories, edit: str) -> None:
    """Each edit is parsed after the base, so that a stale PCH would be at hand."""
    more = (f"-I{where.source}/first",) if "first" in edit else ()
    if more:
        (where.source / "first").mkdir()
    args = (*more, *flags(where))
    first, base = (parse_at(where, args, "drv/unit.c") for _ in range(2))
    assert first.prefix_lines == 0  # who reads a unit once is sooner done without a PCH
    assert (base.diagnostics, base.prefix_lines) == ((), 7)
    for _ in range(2):
        found = parse_at(where, args, "drv/unit.c", EDITS[edit])
        plain = unit._plain(resolved(Job(where, args, "drv/unit.c", EDITS[edit])))

        assert set(found.diagnostics) == set(plain.diagnostics)
        assert found.includes == plain.includes
        assert found.functions().keys() == plain.functions().keys()


def test_an_error_names_file_line_option_and_function(where: Directories) -> None:
    unit = parse_at(where, flags(where), "drv/unit.c", EDITS["error in the unit"])

    (found, *_) = unit.diagnostics
    assert (found.path, found.line, found.function) == ("drv/unit.c", 18, "entry")
    assert found.option == "-Wimplicit-function-declaration"
    assert found.severity == "error"


def test_an_error_in_a_header_names_the_header(where: Directories) -> None:
    edit = {"drv/deep.h": b"struct thing { int count; };\nunknown_type x;\n"}
    unit = parse_at(where, flags(where), "drv/unit.c", edit)

    assert [(one.path, one.line) for one in unit.diagnostics] == [("drv/deep.h", 2)]


def test_a_header_changed_back_is_read_again(where: Directories) -> None:
    args = flags(where)
    bad = {"drv/deep.h": b"struct thing { int cont; };\n"}
    seen = [
        len(parse_at(where, args, "drv/unit.c", edit).diagnostics) for edit in ({}, bad, {}, bad)
    ]

    assert seen == [0, 1, 0, 1]


def test_a_header_changed_on_disk_is_read_again(where: Directories) -> None:
    args = flags(where)
    assert parse_at(where, args, "drv/unit.c").diagnostics == ()
    (where.source / "drv/deep.h").write_text("struct thing { char other_size; };\n")

    assert parse_at(where, args, "drv/unit.c").diagnostics != ()


def test_a_configuration_is_an_overlay_of_a_generated_file(where: Directories) -> None:
    generated = where.build / "include/generated/autoconf.h"
    generated.parent.mkdir(parents=True)
    generated.write_text("#define CONFIG_THING 1\n")
    args = (*flags(where), "-include", str(generated))
    text = UNIT.replace("LIMIT;", "CONFIG_THING;").encode()
    name = "include/generated/autoconf.h"

    with_it = parse_at(where, args, "drv/unit.c", {"drv/unit.c": text})
    without = parse_at(where, args, "drv/unit.c", {"drv/unit.c": text}, {name: b"\n"})

    assert with_it.diagnostics == ()
    assert [one.line for one in without.diagnostics] == [18]


def test_a_warning_stays_a_warning_under_werror(where: Directories) -> None:
    edit = EDITS["unused function"]
    unit = parse_at(where, (*flags(where), "-Werror"), "drv/unit.c", edit)

    assert [one.severity for one in unit.diagnostics] == ["warning"]


def test_units_come_in_the_order_of_the_jobs(where: Directories) -> None:
    (where.source / "drv/two.c").write_text('#include "own.h"\n')
    args = flags(where)
    jobs = [Job(where, args, name) for name in ("drv/unit.c", "drv/two.c", "drv/unit.c")]

    assert [unit.path for unit in parse_many(jobs)] == ["drv/unit.c", "drv/two.c", "drv/unit.c"]


def test_a_missing_function_is_refused_with_the_nearest(where: Directories) -> None:
    unit = parse_job(Job(where, flags(where), "drv/unit.c"))

    assert unit.function("helper").spelling == "helper"
    with pytest.raises(TreeError, match=r"drv/unit\.c:\d+: function helpr .* has helper"):
        unit.function("helpr")


def test_a_missing_unit_is_refused(where: Directories) -> None:
    with pytest.raises(TreeError, match=r"drv/none\.c: no such file"):
        parse_at(where, flags(where), "drv/none.c")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("#include <a.h>\n#include <b.h>\nint x;\n#include <c.h>\n", [1, 2]),
        ("/* c\n#include <no.h>\n*/ #include <a.h>\n", [3]),
        ("#define A \\\n  b\n#include <a.h>\n", [3]),
        ("#ifdef X\n#include <a.h>\n#endif\n#include <b.h>\n", [4]),
        ("#if X\n#include <a.h>\nint y;\n#endif\n#include <b.h>\n", []),
        ("// #include <no.h>\n#include <a.h> // why\n", [2]),
        ("#error no\n#include <a.h>\n", []),
        ("#include MACRO\n#include <a.h>\n", []),
    ],
)
def test_only_includes_before_the_first_code_count(text: str, lines: list[int]) -> None:
    assert [line for line, _, _ in leading(text.encode())] == lines


def test_the_graph_of_includes_sees_overlaid_files(where: Directories) -> None:
    graph = Includes((f"{where.source}/include",))
    main = f"{where.source}/drv/unit.c"
    deep = f"{where.source}/drv/deep.h"
    fresh = f"{where.source}/drv/fresh.h"

    assert deep in graph.closure(main)
    over = graph.over({deep: b'#include "fresh.h"\n', fresh: b""})
    assert fresh in over.closure(main)
    assert fresh not in graph.closure(main)


@pytest.mark.kernel
def test_errors_planted_in_portdrv_are_seen_alike_through_a_pch(base) -> None:
    path, header = "drivers/pci/pcie/portdrv.c", "drivers/pci/pcie/portdrv.h"
    text = (base.tree.work / path).read_bytes()
    plain_header = (base.tree.work / header).read_bytes()
    edits: list[dict[str, bytes | None]] = [
        {},
        {path: text.replace(b"pci_set_master(dev)", b"pci_set_maste(dev)")},
        {path: text + b"static int idle(void) { return 0; }\n"},
        {header: plain_header.replace(b"struct pcie_device {", b"struct pcie_device { foo x;")},
        {header: None},
    ]
    for edit in edits:
        task = unit.job(base, path, edit)
        parse_job(task)  # a head is worth a PCH for who asks again
        found, plain = parse_job(task), unit._plain(resolved(task))

        assert set(found.diagnostics) == set(plain.diagnostics)
        assert found.includes == plain.includes
        assert found.prefix_lines > 0


def test_units_that_are_kept_make_no_noise_when_python_ends() -> None:
    # which forgets the library at some time, and what is kept by a module later
    program = (
        "import atexit\nfrom clang import cindex\n"
        "atexit.register(lambda: setattr(cindex, 'conf', None))\n"
        "from generator.parsing import unit\n"
        "tu = unit._index().parse('x.c', [], [('x.c', 'int x = y;')], 0)\n"
        "kept = [tu, *tu.diagnostics]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True, cwd=HOUSE)
    assert done.stderr == ""


def test_a_layout_that_is_made_random_does_not_end_libclang(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.c").write_text("struct a { int b; } __attribute__((randomize_layout));\n")
    flags = ("-DRANDSTRUCT", "-frandomize-layout-seed-file=./nothing/here.seed")
    where = Directories(tmp_path / "src", tmp_path / "build", tmp_path / "cache")
    assert parse_job(Job(where, flags, "a.c")).diagnostics == ()


def test_what_was_asked_for_last_is_kept_longest(where: Directories) -> None:
    def task(text: str) -> Job:
        return Job(where, flags(where), "drv/unit.c", {"drv/unit.c": text.encode()})

    one, two, three = (task(f"{UNIT}int more{n};\n") for n in range(3))
    keep(2)
    try:
        first, second = parse_once(one), parse_once(two)
        assert parse_once(one) is parse_once(one) is first
        assert parse_once(two) is second, "asking often takes no more room"
        assert parse_once(one) is first, "it stands behind the second now"
        parse_once(three)
        assert parse_once(one) is first
        assert parse_once(two) is not second, "it had to go for the third"
        (where.source / "drv/deep.h").write_text("struct thing { long count; };\n")
        assert parse_once(two).read != second.read, "a header is another one"
    finally:
        keep(MOST_KEPT)


@pytest.fixture
def foresight() -> Iterator[Callable[[Directories, str, str], None]]:
    """Return what says of a series which header it is going to change, and which unit often."""

    def foresee(where: Directories, header: str, often: str) -> None:
        pch.foresee(pch.Ahead(frozenset({f"{where.source}/{header}", f"{where.source}/{often}"}),
                              frozenset({f"{where.source}/{often}"})))

    yield foresee
    pch.foresee(pch.Ahead())


def heads(where: Directories) -> int:
    return len(list(where.cache.glob("*.pch")))


def test_one_head_serves_a_series_whose_commits_are_known(
    where: Directories, foresight: Callable[[Directories, str, str], None]
) -> None:
    foresight(where, "drv/deep.h", "drv/unit.c")
    first = parse_at(where, flags(where), "drv/unit.c")
    assert (first.prefix_lines, heads(where)) == (5, 1)  # up to what will include drv/deep.h
    later = parse_at(where, flags(where), "drv/unit.c", EDITS["header changed without harm"])
    assert (later.prefix_lines, later.diagnostics, heads(where)) == (5, (), 1)


def test_a_unit_that_a_series_changes_once_is_read_without_a_head(
    where: Directories, foresight: Callable[[Directories, str, str], None]
) -> None:
    foresight(where, "drv/deep.h", "drv/other.c")
    assert (parse_at(where, flags(where), "drv/unit.c").prefix_lines, heads(where)) == (0, 0)


@pytest.mark.parametrize("own", ["", "#define OFTEN 1\n"])
def test_macros_without_use_are_looked_for_behind_the_head_of_others(
    where: Directories, own: str
) -> None:
    """A head with macros of the unit is not taken: of them nothing would be said."""
    text = f'#include <lib/types.h>\n{own}#include "own.h"\n#define NEVER 2\nint x;\n'
    (where.source / "drv/unit.c").write_text(text)
    for _ in range(2):
        parse_at(where, flags(where), "drv/unit.c")
    made = heads(where)
    for _ in range(2):
        said = members.look(Job(where, flags(where), "drv/unit.c"))
        named = ["OFTEN"] if own else []
        assert [name for name, _ in said["macros"]] == [*named, "NEVER"]

    assert (made, heads(where)) == (1, 1)
    parsed = parse_once(Job(where, flags(where), "drv/unit.c"), ("-Wunused-macros",))
    assert parsed.prefix_lines == (0 if own else 2)
