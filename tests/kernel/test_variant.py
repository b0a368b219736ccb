# SPDX-License-Identifier: GPL-2.0-only
"""Kconfig and Makefiles of a commit that want more than to be read: nothing comes of it.

The gate refuses most of these before; here it is left out, and the sandbox has to hold alone.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from generator.errors import Refused, TreeError
from generator.kernel.kbuild import Base, complaints, flags, units
from generator.kernel.sound import harmless, sound
from generator.kernel.tree import read
from generator.kernel.unbuildable import Complaint, Unbuildable
from generator.kernel.variant import at, ungranted

PTM = "drivers/pci/pcie/ptm.c"
MAKEFILE = "drivers/pci/pcie/Makefile"
KCONFIG = "drivers/pci/pcie/Kconfig"
DIR = ("drivers/pci",)

pytestmark = pytest.mark.kernel


def more(base: Base, path: str, text: str) -> dict[str, bytes | None]:
    old = read(base.tree, base.tree.base, path)
    assert old is not None
    return {path: old + text.encode()}


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("config SECRET_WORD\n\tboolean_secret\n")
    return tmp_path / "canary"


HOSTILE_MAKE = {
    "shell": "X := $(shell touch {})\n",
    "shell assignment": "X != touch {}\n",
    "recipe": "$(obj)/ptm.o: evil\nevil:\n\t+touch {}\n.PHONY: evil\n",
    "file": "$(file >{},x)\n",
    "path": "SHELL := /bin/touch\nexport PATH := {}\nX := $(shell {})\n",
}


@pytest.mark.parametrize("how", HOSTILE_MAKE)
def test_a_makefile_runs_nothing_on_the_machine(base: Base, canary: Path, how: str) -> None:
    text = HOSTILE_MAKE[how].replace("{}", str(canary))
    under = at(base, more(base, MAKEFILE, text))
    assert under.variant is not None
    with suppress(TreeError):  # make says that its recipe failed
        units(under, DIR)
    assert not canary.exists()


@pytest.mark.parametrize("text", [
    "config X\n\tdef_bool $(shell,touch {}; echo y)\n", "X := $(shell,touch {})\n",
    "config X\n\tdef_bool $(success,touch {})\n",
])
def test_a_kconfig_file_runs_nothing_on_the_machine(base: Base, canary: Path, text: str) -> None:
    at(base, more(base, KCONFIG, text.replace("{}", str(canary))))
    assert not canary.exists()


def test_a_kconfig_file_does_not_read_the_machine(base: Base, canary: Path) -> None:
    secret = canary.with_name("secret")
    with pytest.raises(Unbuildable) as wrong:
        at(base, more(base, KCONFIG, f'source "{secret}"\n'))
    assert "can't open file" in str(wrong.value)
    assert "SECRET_WORD" not in str(wrong.value)
    assert "boolean_secret" not in str(wrong.value)


@pytest.mark.parametrize("flag", ["-fplugin=/evil.so", "-include /etc/passwd", "-I/etc"])
def test_flags_that_do_more_than_compile_are_refused(base: Base, flag: str) -> None:
    under = at(base, more(base, MAKEFILE, f"CFLAGS_ptm.o := {flag}\n"))
    with pytest.raises(Refused, match=r"drivers/pci/pcie/ptm\.c: after this series"):
        units(under, DIR)


def test_harmless_flags_conditions_and_choices_are_those_of_kbuild(base: Base) -> None:
    text = "ifdef CONFIG_PCI\nCFLAGS_ptm.o := -DNOTE=1 -I$(src)/..\nelse\nobj-y += no.o\nendif\n"
    changed = more(base, MAKEFILE, text)
    changed |= more(base, KCONFIG, 'choice\n\tprompt "X"\nconfig PCIE_X\n\tbool "x"\nendchoice\n')
    under = at(base, changed)
    assert "#define CONFIG_PCIE_X 1\n" in under.autoconf
    assert "-DNOTE=1" in flags(under, PTM).args
    assert f"-I{base.tree.work}/drivers/pci" in [
        str(Path(arg).resolve()) if not arg.startswith("-I") else f"-I{Path(arg[2:]).resolve()}"
        for arg in flags(under, PTM).args
    ]
    assert complaints(under, DIR) == ()


@pytest.mark.parametrize(("path", "text", "said"), [
    (MAKEFILE, "obj-y += none.o\n",
     Complaint("drivers/pci/pcie/none.o", 0,
               "drivers/pci/pcie/Makefile builds it, and there is nothing to make it of")),
    (MAKEFILE, "obj-y += none/\n",
     Complaint("drivers/pci/pcie/none/Makefile", 0, "a directory is entered that has no Makefile")),
    (MAKEFILE, "ifdef CONFIG_PCI\n", Complaint(MAKEFILE, 15, "missing 'endif'.")),
])
def test_what_make_cannot_do_is_said_of_the_commit(
    base: Base, path: str, text: str, said: Complaint
) -> None:
    found = complaints(at(base, more(base, path, text)), DIR)
    assert said.path in [one.path for one in found]
    assert said.text in [one.text for one in found]


def test_kconfig_that_does_not_parse_is_said_with_its_lines(base: Base) -> None:
    broken = more(base, KCONFIG, "config X\n\tboolean\n")
    at_line = (broken[KCONFIG] or b"").count(b"\n")
    with pytest.raises(Unbuildable) as wrong:
        at(base, broken)
    assert (KCONFIG, at_line) in [(one.path, one.line) for one in wrong.value.complaints]


def test_symbols_that_need_each_other_are_said_of_the_commit(base: Base) -> None:
    rings = more(base, KCONFIG, "config RING_A\n\tbool \"a\"\n\tselect RING_B\n"
                                "\tdepends on RING_C\n"
                                "config RING_B\n\tbool\n"
                                "config RING_C\n\tbool \"c\"\n\tdepends on RING_B\n")
    with pytest.raises(Unbuildable) as wrong:
        at(base, rings)
    (said,) = wrong.value.complaints
    assert said.path == KCONFIG
    assert said.text.startswith("recursive dependency detected")
    assert "RING_A" in said.text


def test_what_a_commit_does_not_grant_any_more_is_known(base: Base) -> None:
    old = read(base.tree, base.tree.base, KCONFIG)
    assert old is not None
    gone = old.replace(b"config PCIE_PTM", b"config PCIE_PTM_NOW")
    assert gone != old
    assert ungranted(at(base, {KCONFIG: gone})) == (
        "asked for CONFIG_PCIE_PTM=y, got # CONFIG_PCIE_PTM is not set",
    )


def test_a_flag_is_taken_from_the_base_or_known_to_be_harmless(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    sound({"a.c": ["-fbase", "-DX", f"-I{tmp_path}"]}, [{"-fbase"}], (tmp_path,))
    for arg in ("-fother", f"-I{tmp_path}/../..", f"-I{tmp_path}/link"):
        with pytest.raises(Refused, match=r"a\.c: after this series"):
            sound({"a.c": ["-fbase", arg]}, [{"-fbase"}], (tmp_path,))


def test_flags_of_the_base_are_asked_for_as_far_as_it_takes() -> None:
    asked: list[str] = []

    def known() -> Iterator[set[str]]:
        for one in ("-fone", "-ftwo", "-fthree"):
            asked.append(one)
            yield {one}

    sound({"a.c": ["-DX"]}, known(), ())
    assert asked == []
    sound({"a.c": ["-fone"], "b.c": ["-ftwo", "-fone"]}, known(), ())
    assert asked == ["-fone", "-ftwo"]


@pytest.mark.parametrize("flag", [
    "-fplugin=/evil.so", "-Xclang", "-load", "-B/evil", "@/evil", "-include", "/etc/passwd",
    "-Wp,-MD,/evil", "-Wl,-x", "-Wa,-I/etc", "-fprofile-generate=/evil", "-ftime-trace=/evil",
    "--config=/evil", "-o/evil", "-MD", "-MF", "-isystem", "-imacros", "-specs=/evil", "-x", "-E",
])
def test_a_flag_that_names_a_file_or_a_program_is_not_harmless(flag: str) -> None:
    assert not harmless(flag)
