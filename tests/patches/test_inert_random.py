# SPDX-License-Identifier: GPL-2.0-only
"""What the gate lets through executes nothing: told in other words, by make, and by conf itself."""

import os
import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.patches.plainkconfig import kconfig
from checks.patches.plainmake import makefile
from generator.kernel.kbuild import Base

# What could execute, told in other words than the gate's: make and conf expand dollars, run what
# stands in recipes, define names, and read files; nothing else of theirs reaches a shell.

def may_execute_in_make(text: str) -> bool:
    """Return whether make could do more with a text than extend lists of objects."""
    text = re.sub(r"\\\n", " ", text)
    for row in text.split("\n"):
        bare = row.split("#")[0]
        if "$" in re.sub(r"^ *[\w.+,-]+-\$\(CONFIG_\w+\)", "", row, flags=re.ASCII):
            return True
        if row.startswith("\t") or "\\" in row or "\r" in row or "\0" in row:
            return True
        if bare.strip(" \t") and not re.match(r" *[\w.+,-]+(-\$\(CONFIG_\w+\))?[ \t]*[:+]?=",
                                              bare, re.ASCII):
            return True
        name, _, value = bare.partition("=")
        if re.search(r"[!?`;|&<>(){}'\"*~%@]|(^|[ \t/])[-/.]", value):
            return True
        if re.search(r"flags|include|plugin|host|always", name, re.IGNORECASE):
            return True
    return False


PIECES = [
    "obj-y", "obj-", "$(CONFIG_A)", "$(CONFIG_A", "$(shell touch hit)", "${X}", "$X", " += ", ":=",
    " = ", "!=", "a.o", "dir/", "../", "/", "-x", "\\\n", "\\\\\n", "\\", "\n", "\n", "\t", " ",
    "#", "`x`", ";", "%", "include ", "define x", "endef", "ccflags-y", "include-y", "a-objs",
    "x:", "\r", "\0", "\x85", "\xa0", "é", "endif", "ifdef A", "'", '"', "@", "(", ")",
]


@settings(max_examples=3000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_makefile_that_is_let_through_cannot_execute(text: str) -> None:
    if not makefile(text.encode("latin-1")):
        assert not may_execute_in_make(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_make_reads_what_is_let_through_and_runs_nothing(text: str) -> None:
    if makefile(text.encode("latin-1")):
        return
    there = f"{text}\nprobe: ;\n".encode("latin-1")
    done = subprocess.run(
        ["make", "-s", "-n", "-f", "-", "SHELL=/bin/false", "probe"], input=there,
        capture_output=True, cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, check=False,
    )
    assert done.returncode == 0, done.stderr


KPIECES = [
    "config A", "\n", "\n", "\n\t", "\n\t  ", "\n        ", "bool", ' "text"', " 'text'", "help",
    "default ", "y", "$(shell,touch hit)", "$(", "$X", "X := y", "CC = touch hit", "CC += x",
    "source ", '"/etc/passwd"', '"drivers/Kconfig"', "depends on ", "A", " && ", "(", ")", "!",
    "\\\n", "\\", "#", "`", ";", "-f", '"-f"', '"`x`"', "menu", "endmenu", "if A", "endif",
    "\r", "\0", "\xa0", " if ", "choice", "string",
]


@pytest.mark.kernel
@settings(max_examples=400, deadline=None)
@given(text=st.lists(st.sampled_from(KPIECES), max_size=14).map("".join))
def test_conf_expands_and_assigns_nothing_that_is_let_through(
    text: str, base: Base, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The tree's own conf is given what passes: no command of it runs, and no macro changes."""
    if kconfig(text.encode("latin-1")):
        return
    assert "$(" not in text
    where = tmp_path_factory.mktemp("conf")
    # A macro that runs CC: whoever can assign to CC, or calls a shell, makes a file.
    tail = '\nconfig LAST\n\tdef_bool $(shell,$(CC) >/dev/null 2>&1 && echo y)\n'
    (where / "Kconfig").write_bytes(text.encode("latin-1") + tail.encode())
    (where / "drivers").mkdir()
    (where / "drivers/Kconfig").write_text("")
    done = subprocess.run(
        [base.build / "scripts/kconfig/conf", "--olddefconfig", "Kconfig"],
        cwd=where, capture_output=True, check=False,
        env={"PATH": os.environ["PATH"], "CC": "true", "KCONFIG_CONFIG": "out", "srctree": "."},
    )
    assert not (where / "hit").exists(), text
    assert b"root:" not in done.stderr, text
