# SPDX-License-Identifier: GPL-2.0-only
"""Symbols that nobody gives, and code that refers to what is freed after booting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from snippet import CLANG, FILES, Snippet, laid, run, where

from checks.compiling.backend import build
from checks.compiling.elsewhere import Line
from checks.compiling.rest import _HELPER
from checks.compiling.sections import mismatches, placed
from checks.finding import Finding
from generator.kernel.kbuild import Base
from generator.parsing.unit import job

pytestmark = pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")

PORT, CORE, PMU = "drivers/pci/port.c", "drivers/cxl/core.c", "drivers/perf/pmu.c"
CLOCK = "net/clock/clock.c"
CLOCK_C = "int clock_set(int x);\nint clock_set(int x)\n{\n\treturn x;\n}\n"
MAKEFILES = {
    "net/Makefile": "obj-y += clock/\n",
    "net/clock/Makefile": "obj-$(CONFIG_CLOCK) += clock.o\n",
}


def uses(path: str, name: str, more: str = "") -> dict[str, str | None]:
    old = "return port;" if "return port;" in FILES[path] else "return service_start(port);"
    new = old.replace("return ", f"return {name}(port) + ")
    return {path: f"int {name}(int x);\n{FILES[path].replace(old, new)}{more}"}


def tree(tmp_path: Path, clock: str = CLOCK_C, **more: object) -> Snippet:
    """Return a target with a unit that is far from those which are looked at."""
    laid(tmp_path, {**FILES, CLOCK: clock, **MAKEFILES})
    symbols = ("SERVICE", "CLOCK") if more.pop("on", True) else ("SERVICE",)
    return replace(Snippet(tmp_path, symbols=symbols, apart=(CLOCK,)), **more)  # type: ignore[arg-type]


def only(found: tuple[Finding, ...]) -> tuple[str, str]:
    (one,) = found
    return one.rule, one.message


def test_a_symbol_of_a_unit_that_is_not_built_is_undefined(tmp_path: Path) -> None:
    off = tree(tmp_path, on=False, unbuilt=(CLOCK,))
    rule, text = only(run([off], uses(PORT, "clock_set")))
    assert rule == "link:undefined"
    assert CLOCK in text
    assert "takes CONFIG_CLOCK" in text
    on = replace(off, symbols=("SERVICE", "CLOCK"), unbuilt=())
    assert run([on], uses(PORT, "clock_set")) == ()


def test_a_definition_that_the_configuration_leaves_out_is_none(tmp_path: Path) -> None:
    text = f"#ifdef CONFIG_TICKS\n{CLOCK_C}#endif\n"
    target = tree(tmp_path, text)
    rule, said = only(run([target], uses(PORT, "clock_set")))
    assert (rule, "leaves it out" in said) == ("link:undefined", True)
    on = replace(target, symbols=(*target.symbols, "TICKS"))
    assert run([on], uses(PORT, "clock_set")) == ()


def test_a_symbol_that_nothing_defines_is_undefined(tmp_path: Path) -> None:
    target = tree(tmp_path)
    (found,) = run([target], uses(PORT, "clock_get"))
    assert where(found) == (PORT, 1, "1/1", "y")
    assert found.message == "undefined symbol clock_get: nothing in the tree defines it"


def test_what_a_built_unit_of_the_base_uses_is_made_by_a_macro(tmp_path: Path) -> None:
    target = tree(tmp_path, CLOCK_C.replace("return x", "return clock_get(x)"))
    assert run([target], uses(PORT, "clock_get")) == ()


def test_a_module_needs_exports_of_far_units_too(tmp_path: Path) -> None:
    target = tree(tmp_path)
    rule, text = only(run([target], uses(PMU, "clock_set")))
    assert (rule, text) == ("link:export", f"a module uses clock_set(), which {CLOCK} does not "
                                           "export")
    (tmp_path / "src" / CLOCK).write_text(f"{CLOCK_C}EXPORT_SYMBOL_NS_GPL(clock_set, TIME);\n")
    rule, text = only(run([target], uses(PMU, "clock_set")))
    assert "MODULE_IMPORT_NS(TIME)" in text
    assert run([target], uses(PMU, "clock_set", "MODULE_IMPORT_NS(TIME);\n")) == ()


def test_built_in_code_cannot_use_a_far_module(tmp_path: Path) -> None:
    target = tree(tmp_path, modules=(CLOCK,))
    target = replace(target, symbols=("SERVICE", "CLOCK_MODULE"))
    assert only(run([target], uses(PORT, "clock_set")))[0] == "R22"


def test_an_export_that_goes_is_missed_by_modules_that_the_commit_does_not_touch(
    tmp_path: Path,
) -> None:
    files = {**FILES, PMU: str(uses(PMU, "cxl_find", "MODULE_IMPORT_NS(CXL);\n")[PMU])}
    laid(tmp_path, files)
    target = Snippet(tmp_path)
    bare = FILES[CORE].replace("EXPORT_SYMBOL_NS_GPL(cxl_find, CXL);\n", "")
    (found,) = run([target], {CORE: bare})
    assert (found.rule, found.path) == ("link:export", PMU)
    moved = FILES[CORE].replace("CXL);", "CXL2);")
    assert "MODULE_IMPORT_NS(CXL2)" in only(run([target], {CORE: moved}))[1]
    assert run([target], {CORE: FILES[CORE] + "int cxl_more;\n"}) == ()


def test_a_function_that_goes_is_missed_by_units_that_the_commit_does_not_touch(
    tmp_path: Path,
) -> None:
    laid(tmp_path)
    other = FILES["drivers/pci/service.c"].replace("service_start(int", "service_begin(int")
    found = run([Snippet(tmp_path)], {"drivers/pci/service.c": other})
    assert ("link:undefined", PORT) in [(one.rule, one.path) for one in found]


def test_arithmetic_that_the_machine_lacks_is_an_undefined_symbol(tmp_path: Path) -> None:
    laid(tmp_path)
    text = FILES[PORT].replace(
        "return service_start(port);", "return (int)((unsigned long long)port / (port + 1));"
    )
    assert run([Snippet(tmp_path)], {PORT: text}) == ()
    narrow = Snippet(tmp_path, "i386", more=("-m32",))
    (found,) = run([narrow], {PORT: text})
    assert (found.rule, found.config) == ("link:undefined", "i386")
    assert "__udivdi3" in found.message
    assert found.line == text[: text.index("(int)((unsigned")].count("\n") + 1
    (either,) = run([narrow], {PORT: text + "int half(int);\nint half(int a) { return a / 2; }\n"})
    assert either.line == 0  # which of two lines it is, nobody knows
    (still,) = run([narrow], {PORT: text + "/*\n * and / or\n */ // no / code\n"})
    assert still.line == found.line


@pytest.mark.parametrize("name", ["__udivdi3", "__umoddi3", "__divdi3", "__ashldi3", "__muldi3",
                                  "__aeabi_uldivmod", "__adddf3", "__floatundidf", "__ucmpdi2"])
def test_what_compilers_call_is_known(name: str) -> None:
    assert _HELPER.fullmatch(name)
    assert not _HELPER.fullmatch("__divide")


@pytest.mark.parametrize(("text", "defines"), [
    ("int x_set(struct x *x)", True),
    ("x_set(struct x *x)", True),
    ("int x_set(struct x *x);", False),
    ("extern int x_set;", False),
    ("static int x_set(void)", False),
    ("int x_set __read_mostly = 1;", True),
    ("struct x x_set[] = {", True),
    ("__printf(1, 2) int x_set(const char *f, ...)", True),
    ("DEFINE_STATIC_KEY_FALSE(x_set);", True),
    ("EXPORT_SYMBOL_GPL(x_set);", False),
    ("module_init(x_set);", False),
    ("#define Y x_set(1)", False),
])
def test_what_looks_like_a_definition(text: str, defines: bool) -> None:
    assert Line("a.c", 1, text).defines("x_set") == defines


def test_symbols_of_sections_that_are_freed() -> None:
    text = ("int __init a(void)\n{\n}\nstatic int __init b(void)\n{\n}\nint __init c(void);\n"
            "void __exit d(void)\n{\n}\nint e __initdata = 3;\nint f(void)\n{\n}\n"
            "const char g[] __initconst = {};\n")
    assert placed(text) == {"a": ".init.text", "d": ".exit.text", "e": ".init.data",
                            "g": ".init.rodata"}


def test_what_modpost_says_is_read() -> None:
    told = ("WARNING: modpost: vmlinux: section mismatch in reference: f+0x12 (section: .text) -> "
            "g (section: .init.text)\n"
            "WARNING: modpost: vmlinux: h: EXPORT_SYMBOL used for init symbol. Remove __init or "
            "EXPORT_SYMBOL.\n")
    one, other = mismatches(told)
    assert one.said == "section mismatch: f (.text) refers to g (.init.text)"
    assert other.said.startswith("h: EXPORT_SYMBOL used for init symbol")


@pytest.mark.kernel
def test_modpost_of_the_tree_sees_sections_of_a_unit_and_of_what_is_beside_it(base: Base) -> None:
    path = "drivers/pci/pcie/rcec.c"
    text = (base.tree.work / path).read_text()
    inside = (f"{text}\nstatic int rcec_n;\nstatic noinline void __init rcec_once(void)\n"
              "{\n\trcec_n++;\n}\nvoid rcec_late(void);\nvoid rcec_late(void)\n"
              "{\n\trcec_once();\n}\n")
    across = (f"{text}\nvoid rcec_once(void);\nvoid rcec_late(void);\nvoid rcec_late(void)\n"
              "{\n\trcec_once();\n}\n")

    def seen(text: str, **beside: str) -> list[tuple[str, str]]:
        task = job(base, path, {path: text.encode()})
        made = build(task, frozenset(), base.config.compiler, beside=beside)
        return [(one.user, one.used) for one in made.mismatched]

    assert seen(text) == []
    assert seen(inside) == [("rcec_late", "rcec_once")]
    assert seen(across) == []
    assert seen(across, rcec_once=".text") == []
    assert seen(across, rcec_once=".init.text") == [("rcec_late", "rcec_once")]
