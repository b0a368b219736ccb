# SPDX-License-Identifier: GPL-2.0-only
"""Flags, units and configurations are those of the tree's own kbuild and kconfig."""

import re
import shlex
import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from generator.__main__ import main
from generator.errors import Refused, TreeError
from generator.kernel import kbuild
from generator.kernel.compiled import words
from generator.kernel.configurations import CONFIGS, DIRS, Config
from generator.kernel.kbuild import (
    Base,
    flags,
    prepare,
    units,
)
from generator.kernel.kconfig import check_wanted, configure, make, seed
from generator.kernel.tree import Tree, read
from generator.kernel.variant import _is_kconfig, _is_makefile, at, autoconf

PORTDRV = "drivers/pci/pcie/portdrv.c"
PMU = "drivers/perf/cxl_pmu.c"
MAKEFILE = "drivers/pci/pcie/Makefile"
KCONFIG = "drivers/pci/pcie/Kconfig"


def text(tree: Tree, path: str) -> str:
    found = read(tree, tree.base, path)
    assert found is not None
    return found.decode()


def test_a_wanted_line_replaces_an_earlier_one_about_the_same_symbol(tmp_path: Path) -> None:
    defaults = tmp_path / "arch/x86/configs/x86_64_defconfig"
    defaults.parent.mkdir(parents=True)
    defaults.write_text("CONFIG_PCI=m\nCONFIG_FOO=y\n# CONFIG_BAR is not set\n")
    asked = Config("t", "x86_64", ("# CONFIG_FOO is not set", "CONFIG_BAR=m"))
    lines = seed(asked, tmp_path).splitlines()
    assert "CONFIG_PCI=y" in lines
    assert {line for line in lines if re.search("FOO|BAR", line)} == {
        "# CONFIG_FOO is not set",
        "CONFIG_BAR=m",
    }


def test_every_line_that_kconfig_did_not_grant_is_named() -> None:
    told = "CONFIG_PCI_MSI=y\n"
    asked = Config("t", "x86_64", ("# CONFIG_PCI_MSI is not set", "CONFIG_FOO=m"))
    with pytest.raises(TreeError) as wrong:
        check_wanted(asked, asked.wanted, told, "somewhere")
    assert "asked for # CONFIG_PCI_MSI is not set, got CONFIG_PCI_MSI=y" in str(wrong.value)
    assert "asked for CONFIG_FOO=m, got # CONFIG_FOO is not set" in str(wrong.value)


def test_what_kbuild_reads_is_recognised() -> None:
    paths = ("a/Kconfig", "a/Kconfig.debug", "Makefile", "lib/Kbuild", "a/x.c", "a/Makefile.txt")
    assert [path for path in paths if _is_kconfig(path)] == ["a/Kconfig", "a/Kconfig.debug"]
    assert [path for path in paths if _is_makefile(path)] == ["Makefile", "lib/Kbuild"]


@pytest.mark.kernel
def test_flags_name_the_composite_module_and_only_absolute_paths(base: Base) -> None:
    got = flags(base, PORTDRV)
    assert got.neighbour is None
    assert got.modname == "pcieportdrv"
    assert '-DKBUILD_MODNAME="pcieportdrv"' in got.args
    assert '-DKBUILD_MODFILE="drivers/pci/pcie/pcieportdrv"' in got.args
    for arg, value in zip(got.args, got.args[1:], strict=False):
        assert not arg.startswith("-I") or Path(arg[2:]).is_dir(), arg
        assert arg != "-include" or Path(value).is_file()
    assert "-DMODULE" not in got.args
    assert "-DMODULE" in flags(base, PMU).args


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("name", "absent", "present", "defines"),
    [
        ("m", [], [PMU, "drivers/pci/msi/msi.c"], ["CONFIG_CXL_BUS_MODULE 1"]),
        ("y", [], [PMU, "drivers/cxl/core/pmu.c"], ["CONFIG_CXL_BUS 1", "CONFIG_CXL_PMU 1"]),
        ("n", [PMU, "drivers/cxl/core/pmu.c"], [PORTDRV], []),
        ("no-msi", ["drivers/pci/msi/msi.c"], [PMU, PORTDRV], []),
        ("no-aer", ["drivers/pci/pcie/aer.c"], ["drivers/pci/pcie/pme.c", PMU], []),
        ("no-pm", ["drivers/pci/pcie/pme.c"], ["drivers/pci/pcie/aer.c", PMU], []),
        ("i386", [], [PMU, PORTDRV], ["CONFIG_X86_32 1", "CONFIG_CXL_PMU_MODULE 1"]),
    ],
)
def test_a_configuration_builds_what_it_should(
    pinned: Tree, name: str, absent: list[str], present: list[str], defines: list[str]
) -> None:
    under = prepare(pinned, CONFIGS[name])
    built = units(under, DIRS)
    assert not set(absent) & set(built)
    assert set(present) <= set(built)
    for define in defines:
        assert f"#define {define}\n" in under.autoconf
    for symbol in re.findall(r"# CONFIG_(\w+) is not set", "\n".join(CONFIGS[name].wanted)):
        assert not re.search(rf"#define CONFIG_{symbol}(_MODULE)? ", under.autoconf)
    assert all((pinned.work / unit).is_file() for unit in built)
    assert under.autoconf == under.autoconf_path.read_text()


@pytest.mark.kernel
def test_a_configuration_that_kconfig_cannot_grant_is_an_error(base: Base) -> None:
    # AMD_IOMMU selects it.
    for _ in range(2):
        with pytest.raises(TreeError, match="asked for # CONFIG_PCI_MSI is not set, got"):
            at(base, {}, ("# CONFIG_PCI_MSI is not set",))


@pytest.mark.kernel
def test_a_caller_of_make_changes_nothing(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARCH", "CROSS_COMPILE", "KCFLAGS", "MAKEFLAGS", "CC", "LLVM", "O", "W"):
        monkeypatch.setenv(name, "k" if name == "MAKEFLAGS" else "-DWRONG")
    assert kbuild._ask(base, ("drivers/perf",))[PMU] == flags(base, PMU)


@pytest.mark.kernel
@pytest.mark.slow
def test_flags_are_those_of_a_real_build(pinned: Tree, tmp_path: Path) -> None:
    # The 32-bit one, because it builds no host program for an object.
    under = prepare(pinned, CONFIGS["i386"])
    build = tmp_path / "build"
    shutil.copytree(under.build, build, symlinks=True)
    make(pinned.work, build, under.config, "W=1", PORTDRV.replace(".c", ".o"))
    line = (build / "drivers/pci/pcie/.portdrv.o.cmd").read_text().splitlines()[0]
    told = shlex.split(line.partition(":= ")[2])
    real = [arg for arg in told[1:] if not re.match(r"-Wp,-MMD|-c$|-o$|\S+\.[oc]$", arg)]
    there = re.compile(r"(^-I)(?!/)(\./)?")
    real = [there.sub(rf"\1{under.build}/", arg) for arg in real]
    made = f"-I{under.build}/drivers/pci/pcie"
    assert list(flags(under, PORTDRV).args) == [arg for arg in real if arg != made]


@pytest.mark.kernel
def test_a_file_that_kbuild_does_not_build_takes_a_neighbours_flags_and_says_so(
    base: Base,
) -> None:
    got = flags(base, "drivers/pci/pcie/portdrv-new.c")
    assert got.neighbour == PORTDRV
    assert got.modname == "portdrv_new"
    assert '-DKBUILD_BASENAME="portdrv_new"' in got.args
    assert '-DKBUILD_MODFILE="drivers/pci/pcie/portdrv-new"' in got.args
    assert len(got.args) == len(flags(base, PORTDRV).args)
    with pytest.raises(TreeError, match="builds nothing in drivers/pci/nowhere"):
        flags(base, "drivers/pci/nowhere/x.c")


@pytest.mark.kernel
def test_a_commit_that_kbuild_does_not_see_is_the_base(base: Base) -> None:
    assert (
        at(base, {PORTDRV: b"int x;\n", "include/linux/new.h": b"", "Documentation/x": b""}) is base
    )


@pytest.mark.kernel
def test_the_makefile_of_a_commit_decides_the_module_of_a_new_file(base: Base) -> None:
    makefile = text(base.tree, MAKEFILE)
    changed = {
        MAKEFILE: makefile.replace("portdrv.o rcec.o", "portdrv.o rcec.o auxbus.o").encode(),
        "drivers/pci/pcie/auxbus.c": b"",
        "drivers/pci/pcie/rcec.c": None,
    }
    assert makefile != changed[MAKEFILE]
    changed[MAKEFILE] = (changed[MAKEFILE] or b"").replace(b" rcec.o", b"")
    under = at(base, changed)
    assert under.autoconf == base.autoconf
    assert set(units(under, DIRS)) ^ set(units(base, DIRS)) == {
        "drivers/pci/pcie/auxbus.c",
        "drivers/pci/pcie/rcec.c",
    }
    got = flags(under, "drivers/pci/pcie/auxbus.c")
    assert (got.modname, got.neighbour) == ("pcieportdrv", None)
    assert flags(under, PORTDRV) == flags(base, PORTDRV)
    assert flags(under, PMU) == flags(base, PMU)


@pytest.mark.kernel
def test_the_kconfig_of_a_commit_decides_its_configuration(pinned: Tree) -> None:
    under = prepare(pinned, CONFIGS["i386"])
    new = (
        'config PCIEPORTBUS_SPARE\n\ttristate "Spare"\n\tdepends on PCIEPORTBUS\n'
        "\tselect AUXILIARY_BUS\n\tselect UNRELATED_NAME\n\n"
    )
    changed = {KCONFIG: (new + text(pinned, KCONFIG)).encode()}
    without = autoconf(under, changed)
    assert without == under.autoconf
    having = autoconf(under, changed, ("CONFIG_PCIEPORTBUS_SPARE=m",))
    lines = set(having.splitlines()) - set(under.autoconf.splitlines())
    assert "#define CONFIG_PCIEPORTBUS_SPARE_MODULE 1" in lines
    assert lines <= {
        "#define CONFIG_PCIEPORTBUS_SPARE_MODULE 1",
        "#define CONFIG_AUXILIARY_BUS 1",
    }
    with pytest.raises(TreeError, match="asked for CONFIG_PCIEPORTBUS_SPARE=m, got"):
        at(under, {KCONFIG: text(pinned, KCONFIG).encode()}, ("CONFIG_PCIEPORTBUS_SPARE=m",))


@pytest.mark.kernel
def test_kconfig_that_does_not_parse_is_an_error_with_its_line(base: Base) -> None:
    broken = "config\n" + text(base.tree, KCONFIG)
    with pytest.raises(TreeError, match=r"drivers/pci/pcie/Kconfig:1: syntax error"):
        at(base, {KCONFIG: broken.encode()})


@pytest.mark.kernel
@pytest.mark.slow
def test_a_preparation_that_was_interrupted_is_done_again(
    pinned: Tree,
) -> None:
    asked = replace(CONFIGS["i386"], name="interrupted")
    whole = prepare(pinned, asked)
    try:
        (whole.build / "prepared.json").unlink()
        whole.autoconf_path.write_text("half")
        assert prepare(pinned, asked).autoconf == whole.autoconf
    finally:
        shutil.rmtree(whole.build)


@pytest.mark.kernel
def test_a_directory_that_is_entered_from_elsewhere_has_its_units(base: Base) -> None:
    # drivers/Makefile enters it, and drivers/input/Makefile does not
    i8042 = "drivers/input/serio/i8042.c"
    assert i8042 in units(base, ("drivers/input/serio",))
    assert flags(base, i8042).neighbour is None


@pytest.mark.kernel
def test_make_is_asked_of_a_directory_once_and_not_of_each_below_it(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    below, unit = ("block/partitions",), "block/partitions/core.c"
    assert unit in units(base, ("block",))
    alone = kbuild._table(base, below)[unit]
    asked: list[tuple[str, ...]] = []
    table = kbuild._table

    def listed(base: Base, dirs: tuple[str, ...]) -> Mapping[str, kbuild.Flags]:
        asked.append(dirs)
        return table(base, dirs)

    monkeypatch.setattr(kbuild, "_table", listed)
    assert flags(base, unit) == alone
    assert asked == [("block",)]


@pytest.mark.kernel
@pytest.mark.parametrize(("path", "asked"), [
    ("drivers/watchdog/Makefile", False), ("drivers/watchdog/Kconfig", False),
    ("drivers/Makefile", True), ("drivers/pci/pcie/Makefile", True), ("lib/Makefile", True),
    ("drivers/pci/Makefile", False),
    ("drivers/pci/pcie/nobody_names_it.c", False),
])
def test_make_is_asked_again_where_a_commit_has_what_it_reads(
    base: Base, monkeypatch: pytest.MonkeyPatch, path: str, asked: bool
) -> None:
    before = units(base, ("drivers/pci",))
    new = path.endswith(".c")
    more = "ccflags-y += -DCOMES\n" if asked else "# of this commit\n"
    now = at(base, {path: b"" if new else f"{text(base.tree, path)}{more}".encode()})
    found: list[tuple[str, ...]] = []

    def ask(base: Base, dirs: tuple[str, ...]) -> dict[str, kbuild.Flags]:
        found.append(dirs)
        return dict(kbuild._table(kbuild._without(base), dirs))

    kbuild._table.cache_clear()
    monkeypatch.setattr(kbuild, "_ask", ask)
    monkeypatch.setattr(kbuild, "keep", lambda *_: None)
    for kept in now.variant.glob("flags-*") if now.variant else ():
        kept.unlink()
    assert units(now, ("drivers/pci",)) == before
    assert bool(found) is asked
    kbuild._table.cache_clear()


@pytest.mark.kernel
def test_make_is_not_asked_of_a_directory_in_which_all_is_off(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    table = kbuild._table

    def listed(base: Base, dirs: tuple[str, ...]) -> Mapping[str, kbuild.Flags]:
        asked.append(dirs)
        return table(base, dirs)

    monkeypatch.setattr(kbuild, "_table", listed)
    assert units(base, ("drivers/usb/typec/tcpm",)) == ()
    assert asked == [("drivers/usb",)]


@pytest.mark.kernel
def test_conf_touches_the_symbols_that_are_other_ones(base: Base, tmp_path: Path) -> None:
    lines = f"{seed(base.config, base.tree.work)}CONFIG_I6300ESB_WDT=m\n"
    configure(base.build, base.config, base.tree.work, tmp_path / "out", lines,
              (base.tree.work, base.build))
    touched = {one.name for one in (tmp_path / "out/include/config").iterdir()}
    assert "I6300ESB_WDT" in touched
    assert len(touched) < 20  # of more than a thousand


def test_words_of_a_line_are_those_of_a_shell() -> None:
    line = "clang -DX='\"a b\"' -D\"Y(x)\"=\\ 1 '' -o x.o"
    assert words(line) == shlex.split(line)


@pytest.mark.kernel
def test_a_directory_in_which_nothing_is_on_has_no_units_until_a_symbol_is(base: Base) -> None:
    assert units(base, ("drivers/watchdog",)) == ()
    on = at(base, {}, ("CONFIG_I6300ESB_WDT=m",))
    assert "drivers/watchdog/i6300esb.c" in units(on, ("drivers/watchdog",))
    assert flags(on, "drivers/watchdog/i6300esb.c").neighbour is None


@pytest.mark.kernel
def test_flags_that_a_symbol_of_the_tree_brings_are_not_those_of_a_series(base: Base) -> None:
    new = "drivers/pci/pcie/new.c"
    makefile = f"{text(base.tree, MAKEFILE)}obj-y += new.o\n"
    on = at(base, {new: b"", MAKEFILE: makefile.encode()}, ("CONFIG_KASAN=y",), strict=False)
    assert "-fsanitize=kernel-address" in flags(on, new).args
    worse = makefile + "CFLAGS_new.o += -fplugin=/tmp/x.so\n"
    bad = at(base, {new: b"", MAKEFILE: worse.encode()}, ("CONFIG_KASAN=y",), strict=False)
    with pytest.raises(Refused, match=r"gets '-fplugin=/tmp/x\.so'"):
        flags(bad, new)


def test_a_set_up_begins_with_two_architectures_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Host programs, and what the compiler says of itself, are of an architecture."""
    where = Tree(tmp_path / "none.git", "0" * 40, "0.0", tmp_path, "nothing")
    both = threading.Barrier(2)
    begun: list[str] = []

    def prepare(tree: Tree, config: Config) -> Base:
        begun.append(config.arch)
        if len(begun) <= both.parties:
            both.wait(60)
        return Base(tree, config, tmp_path, tmp_path / "autoconf.h", "")

    monkeypatch.setattr("generator.cli.tree.chosen", lambda _: where)
    monkeypatch.setattr(kbuild, "prepare", prepare)
    monkeypatch.setattr(kbuild, "units", lambda *_: ())
    assert main(["tree", "setup"]) == 0
    assert sorted(begun[:2]) == ["i386", "x86_64"]
