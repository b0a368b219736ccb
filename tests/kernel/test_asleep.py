# SPDX-License-Identifier: GPL-2.0-only
"""What of Makefiles and Kconfig files is nothing to a configuration; in doubt nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.kernel import kbuild, variant
from generator.kernel.apart import note, untouched
from generator.kernel.asleep import Known, awake, kconfig, makefile, read_by
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base, units
from generator.kernel.tree import Tree, read

ON = frozenset({"CONFIG_PCI", "CONFIG_NAME"})
KNOWN = Known(frozenset({"PCI", "OFF", "NAME"}), frozenset({"DANGLING"}))


@pytest.mark.parametrize(("text", "asleep"), [
    ("", True),
    ("# obj-y += a.o\nobj-$(CONFIG_OFF) += a.o b/\na-y := c.o \\\n\td.o\nccflags-y := -I$(src)\n",
     True),
    ("obj-$(CONFIG_PCI) += a.o\n", False),
    ("obj-y += a.o\n", False), ("lib-y += a.o\n", False), ("obj-y :=\n", True),
    ("obj-$(CONFIG_OFF) += $(wildcard *.o)\n", False),
    ("ifdef CONFIG_OFF\nendif\n", False), ("include more.mk\n", False),
    ("a.o: b.o\n", False), ("X := $(shell true)\n", False), ("ccflags-y += $(more)\n", False),
])
def test_a_makefile_of_which_all_is_off_builds_nothing(text: str, asleep: bool) -> None:
    assert makefile(text.encode(), ON) is asleep


ACTIVE = "obj-$(CONFIG_PCI) += pci.o\npci-y := a.o\n"


@pytest.mark.parametrize(("more", "same"), [
    ("obj-$(CONFIG_OFF) += off.o\n", True),
    ("obj-$(CONFIG_OFF) += off.o\noff-y := b.o \\\n\tc.o\n# a word\n\n", True),
    ("obj-$(CONFIG_NAME) += name.o\n", False),
    ("pci-y += b.o\n", False), ("pci-$(CONFIG_OFF) += b.o\n", False),
    ("obj-$(CONFIG_OFF) += pci.o\npci-y += b.o\n", False),
    ("off-y := b.o\n", False), ("ifdef X\nendif\n", False), ("ccflags-y += -DX\n", False),
    ("define x\nobj-$(CONFIG_OFF) += off.o\nendef\n", False),
])
def test_lines_of_a_makefile_that_may_build_something(more: str, same: bool) -> None:
    assert (awake(ACTIVE.encode(), ON) == awake((ACTIVE + more).encode(), ON)) is same


OLD = ('menu "x"\n\nconfig OFF\n\tbool "off"\n\thelp\n\t  Text.\n\n'
       'config PCI\n\tbool "on"\n\nendmenu\n')
NEW = 'config COMES\n\ttristate "comes"\n\tdepends on PCI\n\tselect NAME\n\thelp\n\t  default y\n\n'


@pytest.mark.parametrize(("old", "new", "same"), [
    ("endmenu", f"{NEW}endmenu", True),
    ("Text.", "Another text.", True),
    ('bool "off"', 'bool "off"\n\tselect PCI\n\tdepends on NAME', True),
    ("endmenu", f"{NEW}endmenu".replace("select NAME", "default y"), False),
    ("endmenu", f"{NEW}endmenu".replace("select NAME", "def_bool PCI"), False),
    ("endmenu", f"{NEW}endmenu".replace("tristate", "int"), False),
    ("endmenu", f"{NEW}endmenu".replace("COMES", "DANGLING"), False),
    ("endmenu", f"{NEW}endmenu".replace("COMES", "PCI"), False),
    ("endmenu", f"choice\n{NEW}endchoice\nendmenu", False),
    ("endmenu", f"if COMES\n{NEW}endif\nendmenu", False),
    ('bool "on"', 'bool "on"\n\tselect OFF', False),
    ('bool "on"', 'bool "on"\n\tdepends on OFF', False),
    ('bool "off"', 'bool "off"\n\tdefault y', False),
    ('bool "off"', 'def_bool y', False),
    ('config OFF\n\tbool "off"\n', "", False),
    ("endmenu", 'source "a/Kconfig"\nendmenu', True),
    ("endmenu", 'source "b/Kconfig"\nendmenu', False),
    ("endmenu", 'source "c/Kconfig"\nendmenu', False),
])
def test_kconfig_files_that_only_change_what_is_off(old: str, new: str, same: bool) -> None:
    before = {"Kconfig": OLD.encode(), "a/Kconfig": None, "b/Kconfig": None}
    after = {"Kconfig": OLD.replace(old, new).encode(),
             "a/Kconfig": f'menuconfig FIRST\n\tbool "f"\n\nif FIRST\n{NEW}endif\n'.encode(),
             "b/Kconfig": b"config FIRST\n\tdef_bool y\n"}
    assert kconfig(KNOWN, before, after, ON) is same


@pytest.mark.parametrize(("place", "same"), [("endchoice\n", False), ("endmenu\n", True)])
def test_what_comes_in_a_choice_may_be_what_is_taken(place: str, same: bool) -> None:
    old = f'choice\n\tprompt "x"\n\nconfig ONE\n\tbool "1"\n\nendchoice\n\n{OLD}'
    new = old.replace(place, f'config TWO\n\tbool "2"\n\n{place}')

    assert kconfig(KNOWN, {"Kconfig": old.encode()}, {"Kconfig": new.encode()}, ON) is same


@pytest.mark.parametrize(("path", "lists", "settings", "same"), [
    ("drivers/a/new.c", "obj-$(CONFIG_PCI) += pci.o\n", "CONFIG_PCI=y\n", True),
    ("drivers/a/new.c", "obj-$(CONFIG_OFF) += new.o\n", "CONFIG_PCI=y\n", True),
    ("drivers/a/new.c", "obj-$(CONFIG_PCI) += new.o\n", "CONFIG_PCI=y\n", False),
    ("drivers/a/new.c", "obj-y += $(patsubst %.c,%.o,$(wildcard *.c))\n", "CONFIG_PCI=y\n", False),
    ("drivers/a/old.c", "obj-$(CONFIG_PCI) += pci.o\n", "CONFIG_PCI=y\n", False),  # is there
    ("drivers/b/old.c", "obj-$(CONFIG_PCI) += pci.o\n", "CONFIG_PCI=y\n", True),  # elsewhere
    ("drivers/a/new.c", "obj-$(CONFIG_PCI) += pci.o\n", "CONFIG_OFF=y\n", False),
])
def test_what_a_commit_has_that_make_reads_for_a_directory(
    tmp_path: Path, path: str, lists: str, settings: str, same: bool
) -> None:
    work, own = tmp_path / "work", tmp_path / "variant"
    for top in (work, own / "farm"):
        for name in ("drivers/a", "drivers/b"):
            (top / name).mkdir(parents=True)
        (top / "drivers/a/Makefile").write_text(lists)
    for name in ("drivers/a/old.c", "drivers/b/old.c"):
        (work / name).write_text("")
    (tmp_path / "auto.conf").write_text("CONFIG_PCI=y\n")
    (own / "auto.conf").write_text(settings)
    note(own, [path])

    assert untouched(own, tmp_path / "auto.conf", work, ["drivers/a"]) is same


def test_a_file_that_goes_is_no_small_change() -> None:
    assert not kconfig(KNOWN, {"Kconfig": OLD.encode()}, {"Kconfig": None}, ON)


def test_files_that_conf_has_read() -> None:
    noted = b"autoconfig := x\n\ndeps_config := \\\n\tKconfig \\\n\tinit/Kconfig\n\n$(auto): a\n"
    assert list(read_by(noted)) == ["Kconfig", "init/Kconfig"]


def test_what_files_define_and_select(tmp_path: Path) -> None:
    file = tmp_path / "Kconfig"
    file.write_text(NEW)
    assert Known.of((file, tmp_path / "none")) == Known(frozenset({"COMES"}), frozenset({"NAME"}))


@pytest.mark.kernel
def test_conf_says_the_same_of_a_driver_that_is_off(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "drivers/watchdog/Kconfig"
    old = read(base.tree, base.tree.base, path)
    assert old is not None
    entry = NEW.replace("COMES", "PORTWRIGHT_COMES").replace("NAME", "CRC7").encode()
    changed: dict[str, bytes | None] = {path: old.replace(b"endif # WATCHDOG", entry + b"endif #")}
    assert variant._off(base, changed)
    asking = replace(base.config, wanted=("CONFIG_PORTWRIGHT_COMES=m",))
    assert not variant._off(replace(base, config=asking), changed)  # which would have it on

    monkeypatch.setattr(variant, "_read", set())
    assert variant.at(base, changed).autoconf == base.autoconf
    monkeypatch.setattr(kbuild, "_ask", None)
    now = variant.at(base, {**changed, "drivers/watchdog/comes.c": b""})
    assert units(now, ("drivers/pci",)) == units(base, ("drivers/pci",))


@pytest.mark.kernel
def test_conf_reads_what_is_off_once_for_configurations_of_the_same_sources(
    base: Base, pinned: Tree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = "drivers/watchdog/Kconfig"
    old = read(base.tree, base.tree.base, path)
    assert old is not None
    entry = f"{NEW}# {tmp_path}\n".replace("COMES", "PORTWRIGHT_COMES").replace("NAME", "CRC7")
    changed: dict[str, bytes | None] = {
        path: old.replace(b"endif # WATCHDOG", entry.encode() + b"endif #")}
    asked: list[str] = []
    conf = variant._conf

    def noted(base: Base, *rest: Any, **more: Any) -> None:
        asked.append(base.config.name)
        conf(base, *rest, **more)

    monkeypatch.setattr(variant, "_read", set())
    monkeypatch.setattr(variant, "_conf", noted)
    for one in (base, kbuild.prepare(pinned, CONFIGS["i386"])):
        assert variant.at(one, changed).autoconf == one.autoconf
    assert asked == [base.config.name]
