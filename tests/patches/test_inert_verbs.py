# SPDX-License-Identifier: GPL-2.0-only
"""Who would run something is refused: by validate at once, by boot before a build."""

import re
from pathlib import Path

import pytest
from house import HOUSE

from checks.patches import inert
from checks.patches.mails import edits, view
from generator.__main__ import main
from generator.errors import Refused
from generator.intake.posting import Asked, on
from generator.kernel.tree import Tree, read
from generator.series.objects import NewCommit, commits, format_patch


def on_pinned(tree: Tree, out: Path, files: dict[str, str]) -> Path:
    """Return a series of one commit that adds text to the end of files of the pinned tree."""
    texts = {path: (read(tree, tree.base, path) or b"") + more.encode()
             for path, more in files.items()}
    change = NewCommit("PCI: Say more\n\nBecause.\n", "A B <a@b.org>", "1700000000 +0000", texts)
    format_patch(tree, tree.base, commits(tree, tree.base, [change])[-1], "Subject", "Body", out)
    (out / "0000-cover-letter.patch").unlink()
    return out


PCIE = "drivers/pci/pcie"


@pytest.mark.kernel
@pytest.mark.parametrize(("files", "named"), [
    ({f"{PCIE}/Makefile": "NOTE := $(shell touch HIT)\n"}, "NOTE := $(shell touch"),
    ({f"{PCIE}/Makefile": "$(obj)/aer.o: $(obj)/note\n$(obj)/note: FORCE\n\t+touch HIT\n"},
     "$(obj)/aer.o:"),
    ({f"{PCIE}/Makefile": "NOTE := $(shell sleep 100000)\n"}, "sleep 100000"),
    ({"Makefile": "NOTE := $(shell touch HIT)\n"}, "the top Makefile"),
    ({f"{PCIE}/Kconfig": "config X\n\tdef_bool $(shell,touch HIT && echo y)\n"},
     "$(shell,touch"),
    ({f"{PCIE}/Kconfig": 'source "HIT"\n'}, "source "),
    ({f"{PCIE}/Kconfig": "config X\n\tbool\n",
      "scripts/kconfig/conf.c": '__attribute__((constructor)) void x(void) {system("touch HIT");}'},
     "scripts/kconfig/conf.c"),
    ({f"{PCIE}/Makefile": "ccflags-y += -fplugin=HIT.so\n"}, "ccflags-y += -fplugin="),
    ({f"{PCIE}/Makefile": "ccflags-y += -MD -MF HIT\n"}, "ccflags-y += -MD"),
    ({"drivers/x;touch${IFS}HIT;/a.c": "int x;\n", "drivers/x;touch${IFS}HIT;/Makefile": "#\n"},
     "drivers/x;touch${IFS}"),
])
def test_validate_refuses_before_anything_is_run(
    files: dict[str, str], named: str, pinned: Tree, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hit = tmp_path / "hit"
    said = {
        path.replace("HIT", "hit"): text.replace("HIT", str(hit)) for path, text in files.items()
    }
    # Some unit of the directory as well, so that its Makefile would be read.
    said |= {f"{PCIE}/aer.c": "/* more */\n"}
    where = on_pinned(pinned, tmp_path / "series", said)
    assert main(["validate", str(where)]) == 4
    out = capsys.readouterr()
    assert re.search(rf"{where}/0001-PCI-Say-more\.patch:\d+: ", out.err)
    assert named in out.err
    assert not hit.exists()
    assert out.out == ""


@pytest.mark.kernel
def test_the_scripts_of_the_base_judge_a_series_that_changes_them(
    pinned: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hit = tmp_path / "hit"
    script = f"system('touch {hit}');\n"
    where = on_pinned(pinned, tmp_path / "series", {
        "scripts/checkpatch.pl": script, "scripts/kernel-doc": script,
        f"{PCIE}/aer.c": "/** \n * no_such() - says\n */\nint x; \n"})
    assert main(["validate", "--only", "checkpatch,series", str(where)]) == 1
    out = capsys.readouterr().out
    assert "checkpatch:TRAILING_WHITESPACE" in out
    assert ("it was not run: that of the base judges: scripts/checkpatch.pl, scripts/kernel-doc"
            in out)
    assert not hit.exists()


@pytest.mark.kernel
def test_the_shipped_series_is_let_through(pinned: Tree) -> None:
    def base(path: str) -> bytes | None:
        return read(pinned, pinned.base, path)

    with on(Asked((str(HOUSE / "patches/6.12/auxbus"),)), pinned) as made:
        text, changes = view(made), edits(made)
    assert {"drivers/pci/pcie/Makefile", "drivers/pci/pcie/Kconfig"} <= set().union(*changes)
    inert.check(text, changes, base)


def built(path: str, text: str, before: str = "") -> str:
    """Return what is said of a file that would be built here, empty when it may be."""
    try:
        inert.check_files("x.diff", {path: text.encode()}, lambda _path: before.encode())
    except Refused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(("path", "text", "why"), [
    ("drivers/x/Makefile", "X := $(shell touch hit)\n", "make runs a command"),
    ("drivers/x/Makefile", "ccflags-y += -DX\n", "gives flags"),  # no sandbox contains it
    ("drivers/x/Kconfig", "choice\n", "more than"),
    ("Makefile", "VERSION = 6\n", "executed by every make"),
    ("scripts/run.sh", "true\n", "executed on the building machine"),
    ("a/b.c", '#include "/etc/passwd"\n', "may read a file of the machine"),
    ("a/b.c", "#include </etc/passwd>\n", "may read"),
    ("a/b.c", '#include "../../etc/passwd"\n', "may read"),
    ("a/b.c", "# include FILE\n", "may read"),
    ("a/b.c", '#include\\\n "/etc/passwd"\n', "may read"),
    ("a/b.c", '#embed "/etc/passwd"\n', "may read"),
    ("a/b.c", 'asm(".incbin \\"/etc/passwd\\"");\n', "may read"),
    ("a/b.S", '\t.include "/etc/passwd"\n', "may read"),
])
def test_what_is_built_here_reads_and_runs_nothing_of_the_machine(
    path: str, text: str, why: str
) -> None:
    said = built(path, f"\n{text}")
    assert re.search(rf"\n  x\.diff: {re.escape(path)}(:2)?: ", said), said
    assert why in said


@pytest.mark.parametrize(("path", "text", "before"), [
    ("drivers/x/Makefile", "obj-y += a.o\n", ""), ("drivers/x/Kconfig", "config X\n\tbool\n", ""),
    ("a/b.c", '#include "../c/d.h"\n#include <linux/x.h>\n#include "e.h"\n', ""),
    ("a/b.h", "#include TRACE\nint more;\n", "#include TRACE\n"),
])
def test_what_is_plain_is_built(path: str, text: str, before: str) -> None:
    assert built(path, text, before) == ""


@pytest.mark.kernel
def test_a_diff_that_would_run_something_is_not_booted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = tmp_path / "canary"
    file = tmp_path / "x.diff"
    file.write_text(
        "--- a/drivers/pci/pcie/Makefile\n+++ b/drivers/pci/pcie/Makefile\n@@ -1,3 +1,4 @@\n"
        f" # SPDX-License-Identifier: GPL-2.0\n+X := $(shell touch {canary})\n #\n"
        " # Makefile for PCI Express features and port driver\n"
    )
    assert main(["boot", "today", "--with", str(file)]) == 4
    assert "x.diff: drivers/pci/pcie/Makefile:2: `X := $(shell touch" in capsys.readouterr().err
    assert not canary.exists()
