# SPDX-License-Identifier: GPL-2.0-only
"""New lines that the preprocessor leaves out are tried with their symbols on, or named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from snippet import CLANG, FILES, Snippet, laid, run, where

from checks.compiling.branches import branches, fresh, spoken
from checks.finding import Finding, Severity

pytestmark = pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")

PORT = "drivers/pci/port.c"


class Switched(Snippet):
    """A target whose symbols can be switched on, but for those of other machines."""

    def switched(self, symbols: object) -> Snippet:
        on = [one for one in symbols if one != "SPARC"]  # type: ignore[attr-defined]
        return replace(self, name="+".join((self.name, *on)), symbols=(*self.symbols, *on))


def with_lines(lines: str) -> dict[str, str | None]:
    return {PORT: FILES[PORT].replace("\treturn", f"{lines}\treturn")}


def found(tmp_path: Path, lines: str) -> tuple[Finding, ...]:
    laid(tmp_path)
    return run([Switched(tmp_path, symbols=("SERVICE",)), Switched(tmp_path, "n", ())],
               with_lines(lines))


def test_a_branch_that_no_configuration_has_is_compiled_with_its_symbols_on(
    tmp_path: Path,
) -> None:
    (one,) = found(tmp_path, "#if defined(CONFIG_TRACE)\n\tport = no_such;\n#endif\n")
    assert where(one) == (PORT, 6, "1/1", "y+TRACE")
    assert "no_such" in one.message


def test_a_branch_that_nothing_switches_on_is_named_with_its_condition(tmp_path: Path) -> None:
    (one,) = found(tmp_path, "#ifdef CONFIG_SPARC\n\tport = no_such;\n\tport++;\n#endif\n")
    assert (one.rule, one.severity) == ("compile:not-compiled", Severity.WARNING)
    assert one.message == ("lines 6 to 7 are compiled under no configuration: it takes "
                           "defined(CONFIG_SPARC)")


def test_what_no_symbol_decides_is_only_a_note(tmp_path: Path) -> None:
    (one,) = found(tmp_path, "#ifdef PORT_DEBUG\n\tport = no_such;\n#endif\n")
    assert (one.rule, one.severity) == ("compile:not-compiled", Severity.NOTE)


def test_a_branch_that_one_configuration_compiles_is_right(tmp_path: Path) -> None:
    assert found(tmp_path, "#ifdef CONFIG_SERVICE\n\tport++;\n#else\n\tport--;\n#endif\n") == ()


def test_comments_and_macros_leave_nothing_and_are_not_minded(tmp_path: Path) -> None:
    assert found(tmp_path, "#ifdef CONFIG_SPARC\n/* no\n * more */\n#define X(a) \\\n\ta\n#endif\n"
                 ) == ()


def test_branches_have_the_conditions_of_all_that_they_stand_in() -> None:
    text = ("#ifndef _A_H\n#define _A_H\n#ifdef CONFIG_A\na;\n#if IS_ENABLED(CONFIG_B) && \\\n"
            "  !defined(CONFIG_C)\nb;\n#elif defined(CONFIG_D)\nd;\n#else\ne;\n#endif\n#endif\n"
            "#endif\n")
    told = {(one.first, one.last): one for one in branches("a.h", text)}
    assert told[7, 7].symbols == ("A", "B")
    assert told[9, 9].symbols == ("A", "D")
    assert told[11, 11].symbols == ("A",)
    assert told[4, 12].conditions == ("!defined(_A_H)", "defined(CONFIG_A)")
    assert (1, 14) not in told


def test_the_innermost_branch_of_a_new_line_is_taken() -> None:
    old = "#ifdef CONFIG_A\na;\n#ifdef CONFIG_B\nb;\n#endif\n#endif\n"
    (one,) = fresh("a.c", old, old.replace("b;", "b;\nc;"))
    assert (one.first, one.last, one.symbols) == (4, 5, ("A", "B"))
    assert fresh("a.c", old, f"x;\n{old}") == ()


def test_a_branch_that_comes_a_second_time_is_new() -> None:
    once = "int a;\n#ifdef CONFIG_A\nint b;\n#endif\nint c;\n"
    twice = f"{once}#ifdef CONFIG_A\nint b;\n#endif\n"

    assert [one.first for one in fresh("a.c", once, twice)] == [7]
    assert fresh("a.c", once, once.replace("int c", "int d")) == ()


def test_lines_that_are_left_are_those_of_the_markers() -> None:
    told = '# 1 "/x/a.c"\na\n\n# 1 "/x/a.h" 1\nh\n# 7 "/x/a.c" 2\nb\nc\n'
    assert spoken(told, "x/a.c") == {1, 7, 8}
    assert spoken(told, "x/a.h") == {1}


def test_a_header_that_a_neighbour_includes_is_the_same_file() -> None:
    text = ('# 1 "drivers/pci/hotplug/a.c"\nint a;\n'
            '# 3 "drivers/pci/hotplug/../pcie/x.h" 1\nint b;\n')

    assert spoken(text, "drivers/pci/pcie/x.h") == {3}
