# SPDX-License-Identifier: GPL-2.0-only
"""Users of a header that no configuration builds are switched on for the commit that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from snippet import CLANG, Snippet, laid

from checks.compiling.compile import check
from checks.compiling.reach import lost_names
from checks.compiling.strays import tried
from checks.finding import Finding, Severity
from generator.series.commit import commits_of

pytestmark = pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")

API = "#define BROAD 1\nint api_on(int port);\nint api_off(int port);\n"
HEADER = "include/linux/api.h"
USER = '#include <linux/api.h>\nint {0}(void);\nint {0}(void)\n{{\n\treturn api_on(1);\n}}\n'
OFF = ("drivers/far/one.c", "drivers/far/two.c", "drivers/far/never.c")


@pytest.fixture
def target(tmp_path: Path) -> Snippet:
    root = laid(tmp_path)
    more = {HEADER: API, "drivers/far/Makefile": "obj-$(CONFIG_FAR) += one.o two.o\n"}
    more |= {path: USER.format(Path(path).stem) for path in OFF}
    for path, text in more.items():
        file = root / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Snippet(root, unbuilt=OFF, never=OFF[2:], more=(f"-I{root}/src/include",))


def found(target: Snippet, *edits: Mapping[str, str], everywhere: bool = True) -> list[Finding]:
    texts = [{path: text.encode() for path, text in edit.items()} for edit in edits]
    steps = commits_of([f"{n}/{len(edits)}" for n in range(1, len(edits) + 1)], texts)
    return list(check(steps, [target], lambda _text: None, everywhere=everywhere))


GONE = API.replace("int api_on(int port);\n", "")


def test_who_uses_what_goes_is_compiled_with_its_symbols(target: Snippet) -> None:
    said = found(target, {HEADER: GONE})
    errors = [one for one in said if one.severity is Severity.ERROR]
    assert [(one.path, one.config) for one in errors] == [(OFF[0], "y+FAR"), (OFF[1], "y+FAR")]
    (note,) = [one for one in said if one.rule == "compile:not-all"]
    assert note.path == HEADER
    assert note.message.endswith("were not compiled: drivers/far/never.c")


def test_what_is_wrong_in_them_before_is_not_said_of_the_commit(target: Snippet) -> None:
    (target.source / OFF[0]).write_text(USER.format("one") + "int wrong(void) { return no; }\n")
    changed = API.replace("int api_on(int port);", "int api_on(int other);")
    assert [one for one in found(target, {HEADER: changed}) if one.severity is Severity.ERROR] == []


def test_nobody_is_switched_on_for_what_is_only_added_or_for_a_series_of_ours(
    target: Snippet,
) -> None:
    (target.source / OFF[1]).write_text(USER.format("two").replace("api_on(1)", "api_new(1)"))
    added = found(target, {HEADER: API + "int api_new(char *port);\n"})
    assert [one for one in added if one.path in OFF or one.rule == "compile:not-all"] == []
    ours = found(target, {HEADER: GONE}, everywhere=False)
    assert [one for one in ours if one.path in OFF] == []


def test_the_users_of_a_header_beside_them_are_switched_on(target: Snippet) -> None:
    own = "drivers/far/own.h"
    (target.source / own).write_text("#define OWN 1\n")
    (target.source / OFF[0]).write_text(f'#include "own.h"\n{USER.format("one")}int a = OWN;\n')
    said = found(target, {own: "#define OTHER 1\n"})
    assert [(one.path, one.config) for one in said if one.severity is Severity.ERROR] == [
        (OFF[0], "y+FAR")]
    assert [one.severity for one in said if one.path == own] == [Severity.NOTE]


def test_a_few_files_of_a_few_directories_are_tried() -> None:
    many = [f"drivers/d{n // 4}/f{n}.c" for n in range(100)]
    assert tried(many) == tuple(many[:16])
    assert tried([f"drivers/d{n}/f.c" for n in range(10)] + ["drivers/d0/g.c"]) == (
        *(f"drivers/d{n}/f.c" for n in range(6)), "drivers/d0/g.c")


@pytest.mark.parametrize(("before", "after", "names"), [
    (b"int ab(void);\n", b"", {b"ab"}),
    (b"int ab(void);\n", b"int ab(void);\nint bc(void);\n", set()),
    (b"\tu8 pm_cap;\n", b"\tu8 ptm_cap;\n", {b"pm_cap"}),
])
def test_the_names_that_lines_had_which_are_no_more(
    before: bytes, after: bytes, names: set[bytes]
) -> None:
    assert lost_names(before, after) == names
