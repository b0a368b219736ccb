# SPDX-License-Identifier: GPL-2.0-only
"""What the machine does not give: one error that says what to do, with its code, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clones import clone_at
from house import HOUSE
from waiting import LONG

MAIL = ("From: A <a@b.c>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSubject: [PATCH] x\n\nWhy.\n---\n"
        "diff --git a/Kconfig b/Kconfig\n--- a/Kconfig\n+++ b/Kconfig\n@@ -1 +1,2 @@\n mainmenu\n"
        "+more\n-- \n2.39\n")
CARD = '''# \u00fc
from generator.design import Design, Device, Driver
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
D = Device("card", "pci")
DESIGN = Design("c\u00e4rd", "x", (D,), (
    Driver("card", D, probe=(PCI_ENABLE_DEVICE(D),), remove=(PCI_DISABLE_DEVICE(D),)),))
'''
APPLY = "apply x.patch --repo clone --branch t -n"
DONE = "would create refs/heads/t"
HOLDS = "c\u00e4rd: HOLDS"
NO_GIT = "git: program not found"
GONE = "mkdir gone; cd gone; rmdir ../gone;"
STANDS = "the directory that you stand in is gone: cd to another"

# what is amiss -> what the shell does before, the verb, what stands behind it, code, what is said
ROWS: dict[str, tuple[str, str, str, int, str]] = {
    "no git, apply": ("export PATH=/nowhere;", APPLY, "", 3, NO_GIT),
    "no git, validate": ("export PATH=/nowhere;", "validate x.patch", "", 3, NO_GIT),
    "a git that fails": (
        "printf '#!/bin/sh\\necho broken >&2; exit 1\\n' >git; chmod +x git; "
        "export PATH=$PWD:$PATH;",
        APPLY, "", 3, "git: does not run: broken; mend what `git --version` complains of"),
    "a configuration of the user that git does not read": (
        "echo '[' >bad; export GIT_CONFIG_GLOBAL=$PWD/bad;", APPLY, "", 3,
        "git: does not run: fatal: bad config line 1 in file"),
    "GIT_DIR of another repository": (
        "export GIT_DIR=/nowhere GIT_WORK_TREE=/x GIT_INDEX_FILE=/y;", APPLY, "", 0, DONE),
    "no compiler of models": (
        "export PATH=/nowhere;", "check card.py", "", 3, "tcc: program not found; as root: "),
    "a cache that is a file": (
        "export PORTWRIGHT_CACHE=$PWD/x.patch;", APPLY, "", 3,
        "x.patch/locks: Not a directory; set PORTWRIGHT_CACHE to another place"),
    "a cache where nothing can be made": (
        "export PORTWRIGHT_CACHE=/proc/nowhere;", APPLY, "", 3,
        "/proc/nowhere: No such file or directory; set PORTWRIGHT_CACHE to another place"),
    "a cache with an odd name": ("export PORTWRIGHT_CACHE=$'\u00fc b\\nc';", APPLY, "", 0, DONE),
    "no room for any file, check": (
        "export TMPDIR=; ulimit -f 0;", "check card.py", "", 3,
        "no directory for temporary files can be written to: make room, or set TMPDIR"),
    "no room for any file, apply": ("ulimit -f 0;", APPLY, "", 3, "ended by SIGXFSZ"),
    "TMPDIR that is not there": ("export TMPDIR=/nowhere;", APPLY, "", 0, DONE),
    "no HOME": ("unset HOME;", "check card.py", "", 0, HOLDS),
    "HOME that is not there": ("export HOME=/nowhere;", APPLY, "", 0, DONE),
    "a locale without letters": (
        "export LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0;", "check card.py", "", 0, HOLDS),
    "a directory that is gone, check": (GONE, "check card.py", "", 3, STANDS),
    "a directory that is gone, apply": (GONE, "apply x.patch --branch t", "", 3, STANDS),
    "a directory that is gone, validate": (GONE, "validate x.patch", "", 3, STANDS),
    "few files may be open, check": (
        "ulimit -n 8;", "check card.py", "", 3, "too many files are open: raise `ulimit -n`"),
    "few files may be open, apply": (
        "ulimit -n 9;", APPLY, "", 3, "too many files are open: raise `ulimit -n`"),
    "stdin is closed": (
        "", "apply - --repo clone --branch t -n", "<&-", 2,
        "-: stdin is closed: pipe the mails in, or name a file"),
    "stdin is empty": (
        "", "apply - --repo clone --branch t -n", "</dev/null", 2, "-: neither a mail nor a diff"),
    "stdout is closed": ("", "check card.py", ">&-", 3, "stdout is closed"),
    "stdout is full": ("", APPLY, ">/dev/full", 3, "output: No space left on device: make room"),
    "libclang is not installed": (
        "mkdir -p f/clang; touch f/clang/__init__.py; export PYTHONPATH=$PWD/f;",
        "read i6300esb", "", 3, "a Python package that it needs is missing or damaged (No module "
        "named 'clang.cindex'): install portwright again"),
    "a package that does not load": (
        "mkdir -p f/clang; echo 'raise ImportError(\"cut\")' >f/clang/__init__.py; "
        "export PYTHONPATH=$PWD/f;", "read i6300esb", "", 3,
        "a Python package that it needs is missing or damaged (cut): install portwright again"),
}  # fmt: skip


@pytest.mark.parametrize("what", ROWS)
def test_what_the_machine_does_not_give_is_one_error(what: str, tmp_path: Path) -> None:
    before, verb, behind, code, said = ROWS[what]
    clone_at(tmp_path / "clone")
    (tmp_path / "x.patch").write_text(MAIL)
    (tmp_path / "card.py").write_text(CARD, encoding="utf-8")
    here = {**os.environ, "PORTWRIGHT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": "",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    run = (f"{before} PYTHONPATH=${{PYTHONPATH:+$PYTHONPATH:}}{HOUSE} "
           f"{sys.executable} -m generator {verb} {behind}")
    done = subprocess.run(["/bin/bash", "-c", run], cwd=tmp_path, env=here, capture_output=True,
                          text=True, timeout=LONG, check=False)

    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    if code:
        assert done.stdout == ""
        assert said in done.stderr
        assert done.stderr.startswith("portwright"), done.stderr
        assert done.stderr.count("\n") <= 2
    else:
        assert said in done.stdout
