# SPDX-License-Identifier: GPL-2.0-only
"""A planted error in any commit is reported with file, line, commit and configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from snippet import CLANG, FILES, SERVICE_H, Snippet, laid, run, where

from checks.compiling.compile import check
from checks.finding import Finding, Severity
from generator.series.commit import commits_of

pytestmark = pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return laid(tmp_path)


def both(root: Path) -> list[Snippet]:
    off = Snippet(root, "n", (), unbuilt=("drivers/pci/service.c",))
    return [Snippet(root), off]


def port(old: str, new: str) -> dict[str, str]:
    text = FILES["drivers/pci/port.c"]
    assert old in text
    return {"drivers/pci/port.c": text.replace(old, new)}


def test_a_sound_series_has_no_finding(root: Path) -> None:
    edit = port("return service_start(port);", "return service_start(port) + 1;")

    assert run(both(root), edit, {"drivers/pci/service.h": SERVICE_H + "\n"}) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("return service_start(port);", "return service_start(port)", 5, "compile:error"),
        ("int port)\n{", "void *port)\n{", 3, "compile:error"),
        (
            "return service_start(port);",
            "return readq(port);",
            5,
            "compile:-Wimplicit-function-declaration",
        ),
        ("\treturn", "\tint idle;\n\treturn", 5, "compile:-Wunused-variable"),
    ],
)
def test_an_error_in_the_second_commit_is_reported_there(
    root: Path, old: str, new: str, line: int, rule: str
) -> None:
    found = run(both(root), {"drivers/pci/service.h": SERVICE_H + "\n"}, port(old, new))

    assert (("drivers/pci/port.c", line, "2/2", "y n"), rule) in [
        (where(one), one.rule) for one in found
    ]


def test_a_stub_missing_under_one_configuration_is_seen_in_the_users_of_the_header(
    root: Path,
) -> None:
    text = SERVICE_H.replace(
        "static inline int service_start(int port) { return port - port; }", ""
    )
    found = run(both(root), {"drivers/pci/service.h": text})

    assert [where(one) for one in found] == [("drivers/pci/port.c", 5, "1/1", "n")]


def test_what_clang_says_of_dead_code_behind_an_error_is_no_finding(root: Path) -> None:
    dead = "int dead(int x);\nint dead(int x)\n{\n\treturn sizeof(x) > 4 ? x << 40 : x;\n}\n"
    text = (root / "src/drivers/pci/port.c").read_text(encoding="utf-8")

    assert run(both(root), {"drivers/pci/port.c": text + dead}) == ()
    error = "static inline int bad(void)\n{\n\treturn nope;\n}\n"
    found = run(both(root), {"drivers/pci/port.c": error + text + dead})

    assert [one.message for one in found] == ["use of undeclared identifier 'nope'"]
    live = "int live(int x);\nint live(int x)\n{\n\treturn x << 40;\n}\n"
    found = run(both(root), {"drivers/pci/port.c": text + live + error})
    assert [one.rule for one in found] == ["compile:-Wshift-count-overflow", "compile:error"]


def test_an_error_in_a_header_is_reported_once(root: Path) -> None:
    text = SERVICE_H.replace("#define SERVICE_H", "#define SERVICE_H\nunknown_type x;")
    found = run(both(root), {"drivers/pci/service.h": text})

    assert [where(one) for one in found] == [("drivers/pci/service.h", 3, "1/1", "y n")]


def test_what_the_base_says_already_is_not_a_finding(root: Path) -> None:
    text = "\n\n" + FILES["drivers/pci/noisy.c"] + "static int new_noise(void) { return 0; }\n"
    found = run([Snippet(root)], {"drivers/pci/noisy.c": text})

    assert [(one.message, one.line) for one in found] == [("unused function 'new_noise'", 8)]
    assert found[0].severity is Severity.WARNING


def test_an_error_that_stays_is_reported_at_its_first_commit(root: Path) -> None:
    bad = port("return service_start(port);", "return nothing;")
    more = {"drivers/pci/port.c": "\n" + bad["drivers/pci/port.c"]}
    (found,) = run([Snippet(root)], bad, more)

    assert found.commit == "1/2"
    assert found.notes[-1] == "still there after 2/2"


def test_an_error_mended_by_a_later_commit_is_still_a_finding(root: Path) -> None:
    bad = port("return service_start(port);", "return nothing;")
    found = run([Snippet(root)], bad, {"drivers/pci/port.c": FILES["drivers/pci/port.c"]})

    assert [one.commit for one in found] == ["1/2"]


def test_a_deleted_header_is_an_error_where_it_is_included(root: Path) -> None:
    found = run([Snippet(root)], {"drivers/pci/service.h": None})

    text = FILES["drivers/pci/port.c"]
    line = 1 + text[: text.index('"service.h"')].count("\n")
    column = len('#include "')
    assert ("drivers/pci/port.c", line, column) in [
        (one.path, one.line, one.column) for one in found]
    assert {one.message for one in found} == {
        "'service.h' file not found: drivers/pci/service.h does not exist after this commit"}


def test_a_deleted_unit_that_is_still_built_is_an_error(root: Path) -> None:
    found = run([Snippet(root)], {"drivers/pci/service.c": None})

    assert [(one.path, one.severity) for one in found] == [
        ("drivers/pci/service.c", Severity.ERROR)
    ]


def test_a_unit_not_built_is_a_note_and_never_built_a_warning(root: Path) -> None:
    edit = {"drivers/pci/service.c": FILES["drivers/pci/service.c"] + "\n"}

    (once,) = run(both(root), edit)
    assert (once.rule, once.severity, once.config) == ("compile:not-built", Severity.NOTE, "n")

    (never,) = run(both(root)[1:], edit)
    assert never.severity is Severity.WARNING


def test_a_header_that_no_unit_includes_is_not_passed_silently(root: Path) -> None:
    (found,) = run(both(root), {"drivers/pci/lonely.h": "syntax error\n"})

    assert (found.path, found.severity) == ("drivers/pci/lonely.h", Severity.WARNING)
    assert "no unit that is built includes it" in found.message


def test_a_header_whose_users_another_machine_builds_is_a_note(root: Path) -> None:
    arm, header, where = "drivers/pci/arm.c", "drivers/pci/lonely.h", root / "src/drivers/pci"
    (where / "arm.c").write_text('#include "lonely.h"\n')
    (where / "Makefile").write_text("obj-$(CONFIG_ARM_PCI) += arm.o\n")
    (found,) = run([replace(one, unbuilt=(*one.unbuilt, arm)) for one in both(root)],
                   {header: "struct lonely;\n"})

    assert (found.path, found.severity) == (header, Severity.NOTE)
    assert f"; {arm} includes it, and it takes CONFIG_ARM_PCI" in found.message
    (where / "arm.c").write_text("#ifdef ARM\n#include \"lonely.h\"\n#endif\n")
    (found,) = run(both(root), {header: "struct lonely;\n"})
    assert found.severity is Severity.WARNING, "arm.c is built, and leaves it out"


def test_a_file_that_a_unit_includes_is_compiled_as_a_part_of_it(root: Path) -> None:
    part = "drivers/pci/part.c"
    whole = Snippet(root, never=(part,))
    sound = "static int part(int port)\n{\n\treturn port;\n}\n"
    host = '#include "service.h"\n#include "part.c"\nint more(int port);\n' \
        "int more(int port)\n{\n\treturn part(port);\n}\n"
    begin = {part: sound, **port('#include "service.h"\n', host)}

    assert run([whole], begin, {part: sound.replace("port;", "port + 1;")}) == ()
    (wrong,) = run([whole], begin, {part: sound.replace("port;", "lost;")})
    assert where(wrong) == (part, 3, "2/2", "y")


def test_a_new_unit_is_compiled_when_its_makefile_builds_it(root: Path) -> None:
    edit = {
        "drivers/pci/fresh.c": "int fresh(void)\n{\n\treturn 0;\n}\n",
        "drivers/pci/Makefile": "drivers/pci/fresh.c",
    }
    found = run([Snippet(root)], edit)

    assert [(one.path, one.rule) for one in found] == [
        ("drivers/pci/fresh.c", "compile:-Wmissing-prototypes")
    ]


BUILD_BUG = """extern void no(void) __attribute__((error("BUILD_BUG_ON failed: wide")));
int probe(int port);
int probe(int port)
{
	if (sizeof(port) != 8)
		no();
	return port;
}
"""
FRAME = """int probe(int port);
int probe(int port)
{
	volatile char room[4000];

	room[port] = 1;
	return room[0];
}
"""


def test_build_bug_on_is_seen_by_the_back_end(root: Path) -> None:
    (found,) = run([Snippet(root)], {"drivers/pci/port.c": BUILD_BUG})

    assert where(found) == ("drivers/pci/port.c", 6, "1/1", "y")
    assert "BUILD_BUG_ON failed: wide" in found.message


def test_a_frame_too_large_is_seen_by_the_back_end(root: Path) -> None:
    target = Snippet(root, more=("-Wframe-larger-than=2048",))
    (found,) = run([target], {"drivers/pci/port.c": FRAME})

    assert (found.rule, found.severity) == ("compile:-Wframe-larger-than", Severity.WARNING)


def uses_cxl(path: str, extra: str = "") -> dict[str, str]:
    text = f"int cxl_find(int port);\n{FILES[path]}"
    old = "return port;" if "return port;" in text else "return service_start(port);"
    return {path: text.replace(old, "return cxl_find(port);") + extra}


def test_built_in_code_that_uses_a_module_is_seen_although_it_compiles(root: Path) -> None:
    builtin = Snippet(root, "y", modules=())
    (found,) = run([builtin, Snippet(root, "m")], uses_cxl("drivers/pci/port.c"))

    assert (found.rule, found.config) == ("R22", "m")
    assert "cxl_find()" in found.message
    assert "drivers/cxl/core.c" in found.message


def test_a_module_must_import_the_namespace_of_what_it_uses(root: Path) -> None:
    (found,) = run([Snippet(root, "m")], uses_cxl("drivers/perf/pmu.c"))
    assert found.rule == "link:export"
    assert "MODULE_IMPORT_NS(CXL)" in found.message

    assert run([Snippet(root)], uses_cxl("drivers/perf/pmu.c", "MODULE_IMPORT_NS(CXL);\n")) == ()


def test_a_module_can_use_only_what_is_exported(root: Path) -> None:
    core = FILES["drivers/cxl/core.c"].replace("EXPORT_SYMBOL_NS_GPL(cxl_find, CXL);\n", "")
    edit = {**uses_cxl("drivers/perf/pmu.c"), "drivers/cxl/core.c": core}
    (found,) = run([Snippet(root, "m")], edit)

    assert "does not export" in found.message


def test_a_second_run_answers_the_same_from_memory(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = {
        **port("return service_start(port);", "return nothing;"),
        **uses_cxl("drivers/perf/pmu.c"),
    }
    first = run(both(root), edit)
    monkeypatch.setattr("checks.compiling.worker.read", None)
    monkeypatch.setattr("checks.compiling.backend._compile", None)

    assert run(both(root), edit) == first


def test_an_outcome_is_kept_until_a_text_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(text: str) -> tuple[Finding, ...]:
        edit = {
            path: new.encode() for path, new in port("return service_start(port);", text).items()
        }
        series = commits_of(["1/1"], [edit])
        return check(series, both(root), lambda text: None, memory=root / "kept")

    first = attempt("return nothing;")
    assert [where(one) for one in first] == [("drivers/pci/port.c", 5, "1/1", "y n")]
    with monkeypatch.context() as patch:
        patch.setattr("checks.compiling.compile.compile_commit", None)
        assert attempt("return nothing;") == first
    assert attempt("return port;") == ()


WIDE_H = "int wide(int port);\n#define WIDELY(x) wide(x)\n#define OTHER 1\n"


def far(root: Path, number: int, uses: str) -> str:
    """Put a unit that includes a header of the whole kernel where the commit does not look."""
    path = f"drivers/far/u{number:02}.c"
    file = root / "src" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    (root / "src/include/linux").mkdir(parents=True, exist_ok=True)
    (root / "src/include/linux/broad.h").write_text(WIDE_H)
    name = f"u{number}(void)"
    text = f"#include <linux/broad.h>\nint {name};\nint {name}\n{{\n\t{uses}\n}}\n"
    file.write_text(text)
    return path


def test_users_of_a_header_are_compiled_wherever_they_are(root: Path) -> None:
    units = tuple(far(root, number, "return OTHER;") for number in range(20))
    plain, by_macro = far(root, 30, "return wide(2);"), far(root, 31, "return WIDELY(2);")
    every = (*units, plain, by_macro)
    target = Snippet(root, unbuilt=every, wide=every, more=(f"-I{root}/src/include",))
    edit = {"include/linux/broad.h": WIDE_H.replace("int wide(int port)", "int wide(char *port)")}
    texts = [{path: text.encode() for path, text in edit.items()}]
    series = commits_of(["1/1"], texts)
    found = check(series, [target], lambda _text: None, everywhere=True)
    errors = {one.path for one in found if one.severity is Severity.ERROR}
    assert errors == {plain, by_macro}
    (note,) = [one for one in found if one.rule == "compile:not-all"]
    assert note.message.startswith("14 more units of other directories include it and name nothing")
    assert not [one for one in check(series, [target], lambda _text: None)
                if one.severity is Severity.ERROR]


def test_what_no_kernel_is_made_of_is_not_compiled_and_no_fault(root: Path) -> None:
    (found,) = run([Snippet(root)], {"tools/testing/selftests/x.c": "int main(void);\n"})
    assert (found.rule, found.severity, found.fix) == ("compile:not-built", Severity.NOTE, "")
    assert found.message.endswith("; no kernel is made of it")


def test_what_kconfig_does_not_give_here_is_named_and_no_fault_of_the_commit(root: Path) -> None:
    path = "drivers/perf/pmu.c"
    off = Snippet(root, unbuilt=(path,), never=(path,))
    (root / "src/drivers/perf/Makefile").write_text("obj-$(CONFIG_PMU) += pmu.o\n")
    (found,) = run([off], {path: "int broken(void);\n"})
    assert (found.rule, found.severity) == ("compile:not-built", Severity.NOTE)
    assert "it takes CONFIG_PMU" in found.message
    assert "--matrix" in found.fix


def test_another_configuration_compiles_users_in_which_a_change_can_show(root: Path) -> None:
    for number in range(20):
        far(root, number, "return OTHER;")
    plain = far(root, 30, "return wide(2);")
    more = (f"-I{root}/src/include",)
    targets = [Snippet(root, more=more), Snippet(root, "n", more=more)]
    edit = {"include/linux/broad.h": WIDE_H.replace("int wide(int port)", "int wide(char *port)")}
    series = commits_of(["1/1"], [{path: text.encode() for path, text in edit.items()}])
    told: list[str] = []
    found = check(series, targets, told.append, everywhere=True)
    assert [(one.path, one.config) for one in found if one.severity is Severity.ERROR] == [
        (plain, "y n")
    ]
    assert [int(line.split()[-2]) for line in told] == [6 + 1, 6 + 1]
