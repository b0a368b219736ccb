# SPDX-License-Identifier: GPL-2.0-only
"""Users of a changed header are left out where they cannot tell: each way in which they can."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from snippet import Snippet

from checks.compiling import stage
from checks.compiling.compile import check
from checks.compiling.pieces import changed
from checks.finding import Severity
from generator.series.commit import commits_of

WIDE = """#ifndef WIDE_H
#define WIDE_H
struct part { int low; int high; };
struct whole { int first; struct part part; int last; };
typedef unsigned int count_t;
int wide(int port);
static inline int twice(struct part *part)
{
	return part->low + part->low;
}
#define LIMIT 4
#define HAS_FEATURE 1
enum state { STATE_OFF, STATE_ON };
#endif
"""
# What the units beside it are made of: headers that make something else of it.
OTHERS = {
    "include/macro.h": "#define LOW_OF(p) ((p)->low)\n#define AGAIN(p) LOW_OF(p)\n",
    "include/types.h": "#include <wide.h>\nstruct box { count_t many; };\n"
                       "count_t count_all(void);\n",
    "include/paste.h": "#define FIELD(p, name) ((p)->name##ow)\n",
    "include/gate.h": "#include <wide.h>\n#ifdef HAS_FEATURE\nint feature(void);\n#endif\n",
    "include/sizes.h": "#define SIZE_OF(t) sizeof(t)\n",
    "include/holder.h": "#include <wide.h>\nstruct holder { struct whole in; };\n",
    "include/keeper.h": "#include <wide.h>\nstruct keeps { struct part *kept; };\n",
    "include/below.h": "int below(void);\n",
    "include/consts.h": "#include <wide.h>\nenum more { MORE = LIMIT + 1, MOST = STATE_ON + 4 };\n",
    "include/event.h": "#include <wide.h>\n#ifdef MAKE_EVENTS\nint event(struct part *p);\n"
                       "static inline int made(struct part *p) { return p->low; }\n#endif\n",
}
FILLER = "#include <wide.h>\nint f{n}(void);\nint f{n}(void)\n{{\n\treturn {n};\n}}\n"


def unit(includes: str, body: str, more: str = "") -> str:
    lines = "".join(f"#include <{name}.h>\n" for name in includes.split())
    return f"{more}{lines}int odd(struct part *p);\nint odd(struct part *p)\n{{\n\t{body}\n}}\n"


# name: (what replaces what in wide.h, the unit in which it shows)
FAULTS: Mapping[str, tuple[str, str, str]] = {
    "a member": ("int low;", "int lower;", unit("wide", "return p->low;")),
    "through macros": ("int low;", "int lower;", unit("wide macro", "return AGAIN(p);")),
    "pasted": ("int low;", "int lower;", unit("wide paste", "return FIELD(p, l);")),
    "pasted of what a macro stands for": ("int low;", "int lower;", unit(
        "wide paste", "return MINE(p, PART);", "#define PART l\n#define MINE(p, n) FIELD(p, n)\n")),
    "pasted by a macro of its own": ("int low;", "int lower;", unit(
        "wide", "return OWN(p, ow);", "#define OWN(p, n) ((p)->l##n)\n")),
    "pasted within a macro of its own": ("int low;", "int lower;", unit(
        "wide", "return OWN(p);", "#define OWN(p) ((p)->l##ow)\n")),
    "a parameter on a line of its own": (
        "int wide(int port);", "int wide(int port,\n\t int more);",
        unit("wide", "return wide(1);")),
    "a type of another's member": (
        "unsigned int count_t", "unsigned long count_t",
        unit("types", 'struct box b = { 1 };\n\treturn __builtin_printf("%u", b.many);')),
    "a type that another's function returns": (
        "unsigned int count_t", "unsigned long count_t",
        unit("types", 'return __builtin_printf("%u", count_all());')),
    "a condition of another header": (
        "#define HAS_FEATURE 1\n", "", unit("gate", "return feature();")),
    "a size": ("int high; };", "int high; int top; };",
               unit("wide", "return 0;", "") + "_Static_assert(sizeof(struct part) == 8, \"\");\n"),
    "a size within another struct": (
        "int high; };", "int high; int top; };",
        unit("holder", "return 0;") + "_Static_assert(sizeof(struct holder) == 16, \"\");\n"),
    "a size behind a pointer of another struct": (
        "int high; };", "int high; int top; };",
        "#include <keeper.h>\nint odd(struct keeps *k);\nint odd(struct keeps *k)\n{\n"
        "\t_Static_assert(sizeof(*k->kept) == 8, \"\");\n\treturn !k;\n}\n"),
    "a constant of a constant": (
        "LIMIT 4", "LIMIT 5", unit("consts", "return 0;")
        + "_Static_assert(MORE == 5, \"\");\n"),
    "a constant of an enum's": (
        "STATE_OFF, STATE_ON", "STATE_ON, STATE_OFF", unit("consts", "return 0;")
        + "_Static_assert(MOST == 5, \"\");\n"),
    "what it includes": (
        "int wide(int port);", "int wide(int port);\n", unit("wide", "return below();")),
    "an order": ("STATE_OFF, STATE_ON", "STATE_ON, STATE_OFF",
                 unit("wide", "return 0;") + "_Static_assert(STATE_OFF == 0, \"\");\n"),
    "a header read under a macro of the unit": (
        "int low;", "int lower;",
        unit("event", "return 0;", "#define MAKE_EVENTS\n")),
    "a pragma": (
        "int wide(int port);", "int wide(int port);\n#pragma clang poison odd_name",
        unit("wide", "int odd_name = 1;\n\treturn odd_name;")),
    "a condition around it": (
        "int wide(int port);", "#ifdef NOBODY\nint wide(int port);\n#endif",
        unit("wide", "return wide(1);")),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, {"include/wide.h": WIDE, **OTHERS})
    put(tmp_path, {f"drivers/a/f{n:02}.c": FILLER.format(n=n) for n in range(20)})
    # enough of them that no unit is taken as a sample of who includes the others
    every = "".join(f"#include <{Path(path).name}>\n" for path in OTHERS)
    put(tmp_path, {f"drivers/a/e{n}.c": every + FILLER.format(n=30 + n) for n in range(8)})
    (tmp_path / "build").mkdir()
    return tmp_path


def put(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = root / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def seen(root: Path, new: str) -> tuple[set[str], set[str]]:
    """Return the units in which something is said, and those that were compiled."""
    compiled: set[str] = set()
    diagnose = stage.diagnose

    def watched(task: stage.Job) -> stage.Diagnosis:
        compiled.add(task.path)
        return diagnose(task)

    stage.diagnose = watched  # type: ignore[assignment]
    try:
        target = Snippet(root, more=(f"-I{root}/src/include", "-Wformat"))
        series = commits_of(["1/1"], [{"include/wide.h": new.encode()}])
        found = check(series, [target], lambda _text: None)
    finally:
        stage.diagnose = diagnose  # type: ignore[assignment]
    bad = {one.path for one in found if one.severity in (Severity.ERROR, Severity.WARNING)}
    return bad, compiled


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_a_header_makes_is_seen_where_it_shows(
    root: Path, name: str
) -> None:
    old, new, text = FAULTS[name]
    before = WIDE
    if name == "what it includes":
        before = WIDE.replace("int wide(", "#include <below.h>\nint wide(")
        put(root, {"include/wide.h": before})
    put(root, {"drivers/z/odd.c": text})
    assert old in WIDE
    changed_ = WIDE.replace(old, new)
    bad, compiled = seen(root, changed_)
    assert bad & {"drivers/z/odd.c", "include/event.h"}, name
    if name not in ("a pragma", "a condition of another header", "what it includes"):
        assert len(compiled) < 20, "most of the others say nothing of it"


def test_users_that_name_nothing_of_it_are_left_out(root: Path) -> None:
    put(root, {"drivers/z/odd.c": unit("wide", "return p->high;")})
    bad, compiled = seen(root, WIDE.replace("int last;", "int end;"))
    assert not bad
    assert len(compiled) == 6


def test_words_that_no_macro_is_given_make_no_name(root: Path) -> None:
    put(root, {f"drivers/z/l{n}.c": "/* l ow */\n" + unit(
        "wide paste", "int l = 1, ow = 2;\n\treturn l + ow + FIELD(p, high_l);")
        for n in range(8)})
    _, compiled = seen(root, WIDE.replace("int low;", "int lower;"))
    assert not [one for one in compiled if one.startswith("drivers/z/")]


def test_members_of_what_may_have_another_size_are_no_types(root: Path) -> None:
    text = unit("holder", "int first = 1, last = 2;\n\treturn first + last;")
    put(root, {f"drivers/z/n{n}.c": text for n in range(8)})
    _, compiled = seen(root, WIDE.replace("int high; };", "int high; int top; };"))
    assert len([one for one in compiled if one.startswith("drivers/z/")]) == 0


def test_what_asserts_something_else_than_a_size_that_changes_is_left_out(root: Path) -> None:
    text = ("#include <wide.h>\nint odd(void);\nint odd(void)\n{\n"
            "\t_Static_assert(sizeof(int) == 4, \"\");\n\treturn 0;\n}\n")
    put(root, {f"drivers/z/n{n}.c": text for n in range(8)})
    _, compiled = seen(root, WIDE.replace("int high; };", "int high; int top; };"))
    assert not [one for one in compiled if one.startswith("drivers/z/")]


def test_an_error_in_the_header_itself_is_seen(root: Path) -> None:
    bad, _ = seen(root, WIDE.replace("part->low + part->low", "part->lower"))
    assert bad == {"include/wide.h"}


def test_an_error_in_another_header_is_seen_in_some_that_include_it(root: Path) -> None:
    text = "static inline int low_of(struct part *p)\n{\n\treturn p->low;\n}\n"
    put(root, {"drivers/z/inner.h": f"#include <wide.h>\n{text}"})
    put(root, {f"drivers/z/in{n}.c": '#include "inner.h"\n' + FILLER.format(n=50 + n)
               for n in range(8)})
    bad, compiled = seen(root, WIDE.replace("int low;", "int lower;"))
    assert "drivers/z/inner.h" in bad
    assert len([one for one in compiled if one.startswith("drivers/z/")]) == 2


@pytest.mark.parametrize(("before", "after", "names"), [
    ("int a;\nint b;\n", "int b;\nint a;\n", set()),
    ("int a; /* one */\n", "int a; // two\n", set()),
    ("struct s { int a; int b; };", "struct s { int a; int c; };", {"b", "c"}),
    ("int f(int a,\n\tint b);", "int f(int a,\n\tlong b);", {"f"}),
    ("static inline int f(void) { return g(1); }", "static inline int f(void) { return g(2); }",
     {"f"}),
    ("#define AB(x) ((x) + 1)\n", "#define AB(x) \\\n\t((x) + 2)\n", {"AB"}),
    ("extern int (*hook)(int a);", "", {"hook"}),
    ("typedef int (*fn_t)(struct s *a);", "typedef int (*fn_t)(struct t *a);", {"fn_t"}),
    ("struct s;", "", {"s"}),
    ("int x[2];\nint y;", "int x[3];\nint y;", {"x"}),
])
def test_the_names_that_a_change_of_a_header_is_about(
    before: str, after: str, names: set[str]
) -> None:
    assert changed(before.encode(), after.encode()).names == {one.encode() for one in names}
