# SPDX-License-Identifier: GPL-2.0-only
"""Nothing of a series is executed by judging it: what is not plain is refused, by name."""

import re
import shutil
from pathlib import Path

import pytest
from clones import shell

from checks.patches import inert
from checks.patches.mails import edits, view
from checks.patches.plainkconfig import kconfig
from checks.patches.plainmake import makefile
from generator.errors import Refused, UsageError
from generator.intake.posting import Asked, on
from generator.kernel.tree import Tree

MAKE = """# SPDX-License-Identifier: GPL-2.0
obj-y += a.o \\
\t b.o
obj-$(CONFIG_OLD) += old.o
ccflags-y := -I$(src)

$(obj)/table.h: $(src)/table FORCE
\t$(call if_changed,table)

define note
obj-y += c.o
endef
ifeq ($(CONFIG_X),y)
obj-y += d.o
endif
"""
KCONFIG = """config OLD
\tbool "Old"
\tdefault $(success,true)
\thelp
\t  It is old.

\t    And long.

MACRO := $(shell,true)
config NEXT
\tstring
\tdefault "next"
"""
FILES = {
    "Makefile": "VERSION = 6\n",
    "drivers/x/Makefile": MAKE,
    "drivers/x/Kconfig": KCONFIG,
    "scripts/run.sh": "true\n",
    "arch/x86/tools/gen.sh": "true\n",
    "drivers/x/old.c": "int old;\n",
}


def series(tmp_path: Path, *commits: dict[str, str | None]) -> Path:
    """Return a directory of patches, as git format-patch makes them of commits on FILES."""
    repo, out = tmp_path / "repo", tmp_path / "series"
    for path, text in FILES.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    shell(repo, "git init -q; git add -f -A; git commit -qm base; git tag base")
    for number, commit in enumerate(commits):
        for path, new in commit.items():
            (repo / path).parent.mkdir(parents=True, exist_ok=True)
            if new is None:
                (repo / path).unlink()
            else:
                (repo / path).write_bytes(new.encode())
        shell(repo, f"git add -f -A; git commit -qm 'x: change {number}' -m because")
    shell(repo, f"git format-patch -q --no-renames -o {out} base")
    return out


def judged(where: Path) -> str:
    """Return what the gate says of a directory of patches, empty when it lets it through."""
    def base(path: str) -> bytes | None:
        return FILES[path].encode() if path in FILES else None

    repo = where.parent / "repo"
    tip = shell(repo, "git rev-parse base").strip()
    with on(Asked((str(where),)), Tree(repo / ".git", tip, "", repo, "here")) as made:
        text, changes = view(made), edits(made)
    try:
        inert.check(text, changes, base)
    except Refused as refused:
        return str(refused)
    return ""


PLAIN_MAKE = [
    "obj-$(CONFIG_NEW) += new.o",
    "obj-y += dir/ other/dir/  # and why",
    "obj-m := one.o \\\n  two.o",
    "new-y := one.o two.o",
    "new-objs += sub/three.o",
    "new-$(CONFIG_X) += four.o",
    "lib-y += l.o",
    "obj-y =",
    "# a comment: with a colon, = and 'quotes'",
    "  # indented by blanks",
    "",
]
ODD_MAKE = [
    ("NOTE := $(shell touch hit)", "make runs a command when it reads this"),
    ("obj-y += ${shell touch hit}.o", "make runs a command"),
    ("obj-y += $(wildcard *.o)", "make expands this"),
    ("obj-$(shell touch hit) += x.o", "make runs a command"),
    ("obj-$(CONFIG_X)$(Y) += x.o", "make expands this"),
    ("NOTE != touch hit", "make runs a command"),
    ("NOTE := `touch hit`", "make runs a command"),
    ("include /etc/evil.mk", "reads another file"),
    ("-include $(src)/evil", "reads another file"),
    ("ccflags-y += -fplugin=/evil.so", "gives flags to the compiler"),
    ("ccflags-y += evil.o", "gives flags to the compiler"),
    ("CFLAGS_x.o := -DX -B/evil", "gives flags to the compiler"),
    ("ccflags-y += -Wp,-MD,/evil", "gives flags to the compiler"),
    ("ccflags-y += -o/evil", "gives flags to the compiler"),
    ("ccflags-y += @/evil", "gives flags to the compiler"),
    ("ccflags-y += -include /etc/passwd", "gives flags to the compiler"),
    ("ccflags-y += -I/etc", "gives flags to the compiler"),
    ("ccflags-y += -I$(src)/../../../..", "gives flags to the compiler"),
    ("ccflags-y += -I $(obj)/y/../../../..", "gives flags to the compiler"),
    ("ccflags-y += -I$(srctree)/..", "gives flags to the compiler"),
    ("ccflags-y += -I$(srctree)/drivers/../../include", "gives flags to the compiler"),
    ("ccflags-y += -DX=`x`", "make runs a command"),
    ("ifeq ($(shell touch hit),y)", "make runs a command"),
    ("include-y += evil.o", "reads another file"),
    ("always-y += evil.o", "more than"),
    ("hostprogs := evil", "more than"),
    ("hostprogs-always-y += evil.o", "more than"),
    ("gcc-plugin-y := evil.o", "more than"),
    ("new-y := dir/", "more than"),
    ("x: FORCE", "a rule"),
    ("\t+touch hit", "a recipe"),
    ("\tobj-y += x.o", "a recipe"),
    ("\t# $(shell touch hit)", "a recipe"),
    ("# $(shell touch hit)", "make runs a command"),
    ("# ends in a \\\\", "more than"),
    ("define evil", "in a define"),
    ("$(eval x)", "make expands this"),
    ("ifdef X", "more than"),
    ("export PATH", "more than"),
    ("SHELL = /evil", "more than"),
    ("obj-y += ../../../outside/", "more than"),
    ("obj-y += /outside/", "more than"),
    ("obj-y += -x.o", "more than"),
    ("obj-y += x.o;touch", "more than"),
    ("obj-y += x.o\r y.o", "has a control character"),
    ("obj-y += \\\\", "more than"),
    ("obj-y\xa0+= x.o", "more than"),
    ("obj-y += \x85x.o", "more than"),
]


@pytest.mark.parametrize("line", PLAIN_MAKE)
def test_plain_lines_of_makefiles_pass(line: str, tmp_path: Path) -> None:
    assert makefile(f"{line}\n".encode()) == ()
    assert judged(series(tmp_path, {"drivers/x/Makefile": f"{MAKE}{line}\nobj-y += e.o\n"})) == ""


@pytest.mark.parametrize(("line", "why"), ODD_MAKE)
def test_other_lines_of_makefiles_are_named(line: str, why: str, tmp_path: Path) -> None:
    said = judged(series(tmp_path, {"drivers/x/Makefile": f"{MAKE}{line}\n"}))
    at = MAKE.count("\n") + 1
    patch = re.search(r"0001-x-change-0\.patch:(\d+): drivers/x/Makefile:(\d+): `.*`: (.*)", said)
    assert patch is not None, said
    assert patch[2] == str(at)
    assert patch[3].startswith(why)
    mail = next((tmp_path / "series").iterdir()).read_bytes().decode().split("\n")
    assert mail[int(patch[1]) - 1].startswith("+" + line.split("\n")[0])


# what runs nothing, so that a sandbox is enough
CONTAINED_MAKE = [
    "ifdef CONFIG_X", "ifndef CONFIG_X", "ifeq ($(CONFIG_X),y)", "ifneq ($(CONFIG_X), )", "else",
    "else ifeq ($(CONFIG_Y),m)", "endif", "ccflags-y += -DX=1 -Wno-unused -I$(src)/more",
    "subdir-ccflags-$(CONFIG_X) := -Werror", "CFLAGS_x.o := -DX", "CFLAGS_REMOVE_x.o = -O2",
    "ccflags-remove-y += -I$(srctree)/drivers/y", "ccflags-y += -I$(src)/../y/include -DX",
    "subdir-ccflags-y += -I $(src)/../ -I $(srctree)/drivers/../include",
    "dtb-$(CONFIG_X) += a.dtb sub/b.dtbo",
]
CONTAINED_KCONFIG = [
    'choice\n\tprompt "x"\n\tdefault X\nconfig X\n\tbool "x"\nendchoice\n',
    'menu "x"\n\tvisible if X\nendmenu\n', "config X\n\tboolean\n",
    "config X\n\tdepends on (A && (B)\n", "config if\n\tbool\n", "config X\n\toption env=PATH\n",
]
PLAIN_KCONFIG = [
    'config NEW\n\ttristate "It\'s new" if OLD || (NEXT = "x" && !X86)\n\tdefault m if PCI\n'
    "\tdepends on OLD && NEXT != 3\n\tselect FOO if BAR\n\timply B4Z\n\thelp\n"
    "\t  What costs $5 and `why`:\n\n\t  source \"it\"\n\t  X := 3\n",
    'menuconfig M\n\tbool\n\tprompt "M"\n',
    "config N\n\tint\n\trange 1 N_MAX\n\tdefault -1\n",
    "config H\n\thex\n\tdefault 0x10  # why\n",
    'config S\n\tstring "S"\n\tdefault "lib/firmware,x y"\n',
    "config D\n\tdef_tristate y\n\tdef_bool OLD\n",
    'if OLD\nmenu "x"\ncomment "y"\nendmenu\nendif\n',
    'source "drivers/y/Kconfig"\nsource "Kconfig.more"\n',
    "# why\n   \n",
    "config NOHELP\n\tbool\n\thelp\n",
]
ODD_KCONFIG = [
    ("config X\n\tdef_bool $(shell,touch hit)", 2, "conf expands this"),
    ("config X\n\tbool \"$(shell,touch hit)\"", 2, "conf expands this"),
    ("config X\n\tbool\n\thelp\n\t  $(shell,touch hit)", 4, "$( in a help text"),
    ("# $(shell,touch hit)", 1, "conf expands this"),
    ("X := $(shell,touch hit)", 1, "conf expands this"),
    ("CC = touch hit;", 1, "an assignment"),
    ("X += y", 1, "an assignment"),
    ('source "/etc/passwd"', 1, "reads another file"),
    ('source "../Kconfig"', 1, "reads another file"),
    ('source "drivers/notes.txt"', 1, "reads another file"),
    ('source "scripts/Kconfig.include"', 1, "reads another file"),
    ('osource "Kconfig"', 1, "reads another file"),
    ('config X\n\tstring\n\tdefault "-fplugin=/evil.so"', 3, "a value"),
    ('config X\n\tstring\n\tdefault "a -fplugin"', 3, "a value"),
    ("config X\n\tstring\n\tdefault -fplugin", 3, "a value"),
    ('config X\n\tstring\n\tdefault "`touch hit`"', 3, "a value"),
    ('config X\n\tstring\n\tdefault "a;touch hit"', 3, "a value"),
    ("config X\n\tbool \"x\\\"\n", 2, "more than"),
    # after a syntax error, help is no help: what follows would be statements
    ("config X\n\tdefault\n\thelp\n\t  CC = touch hit", 2, "a value"),
    ('menu "x"\n\thelp\n\t  CC = touch hit\nendmenu', 2, "help of no entry"),
    ("config X\n\thelp\n\t  x\n\tCC = touch hit", 4, "an assignment"),
    ("config X\n\thelp\n        x\n\tx\n       CC = touch hit", 5, "an assignment"),
    ("config X\n\thelp\n\n\n\n\nCC = touch hit", 7, "an assignment"),
    ("config X\n\thelp\nx\nCC = touch hit", 4, "an assignment"),
    # after a line that conf does not understand, help may be none either
    ("config X\n\tboolean\n\thelp\n\t  CC = touch hit", 4, "an assignment"),
    ("config X\n\tdepends on " + "(" * 3000 + "A" + ")" * 3000, 2, "more than"),
    ("config X\ry\n\tbool", 1, "more than"),
]


@pytest.mark.parametrize("text", PLAIN_KCONFIG)
def test_plain_entries_pass(text: str, tmp_path: Path) -> None:
    assert judged(series(tmp_path, {"drivers/x/Kconfig": KCONFIG + text})) == ""
    assert judged(read_anew(tmp_path, {"drivers/y/Kconfig": text})) == ""


def read_anew(tmp_path: Path, commit: dict[str, str | None]) -> Path:
    shutil.rmtree(tmp_path / "repo")
    shutil.rmtree(tmp_path / "series")
    return series(tmp_path, commit)


@pytest.mark.parametrize(("text", "at", "why"), ODD_KCONFIG)
def test_other_entries_are_named(text: str, at: int, why: str, tmp_path: Path) -> None:
    said = judged(series(tmp_path, {"drivers/x/Kconfig": f"{KCONFIG}{text}\n"}))
    place = re.search(r"0001-\S+patch:\d+: drivers/x/Kconfig:(\d+): `.*`: (.*)", said)
    assert place is not None, said
    assert int(place[1]) == KCONFIG.count("\n") + at
    assert place[2].startswith(why)


@pytest.mark.parametrize(("path", "old", "new"), [
    # an innocent line that is read in another way where it stands
    ("drivers/x/Makefile", "obj-y += c.o\n", "obj-y += c.o\nobj-y += f.o\n"),
    ("drivers/x/Makefile", "FORCE\n", "FORCE\nobj-y += f.o\n"),
    ("drivers/x/Makefile", "-I$(src)\n", "-I$(src) \\\n f.o\n"),
    ("drivers/x/Makefile", "ccflags-y", "# \\\nccflags-y"),
    ("drivers/x/Kconfig", "\thelp\n", "\thelp\n\tx\nconfig Z\n\thelp\n"),
    # what is not plain goes away, or elsewhere
    ("drivers/x/Makefile", "endef\n", ""),
    ("drivers/x/Kconfig", "MACRO := $(shell,true)\n", ""),
])
def test_what_a_line_is_depends_on_the_lines_around_it(
    path: str, old: str, new: str, tmp_path: Path
) -> None:
    assert old in FILES[path]
    said = judged(series(tmp_path, {path: FILES[path].replace(old, new)}))
    harmless = (path, new) == ("drivers/x/Kconfig", "\thelp\n\tx\nconfig Z\n\thelp\n")
    assert bool(said) is not harmless, said


@pytest.mark.parametrize("line", CONTAINED_MAKE)
def test_what_runs_nothing_is_left_to_the_sandbox(line: str, tmp_path: Path) -> None:
    assert [one.contained for one in makefile(f"{line}\n".encode(), depth=2)] == [True]
    assert judged(series(tmp_path, {"drivers/x/Makefile": f"{MAKE}{line}\nobj-y += e.o\n"})) == ""


@pytest.mark.parametrize("text", CONTAINED_KCONFIG)
def test_entries_that_conf_may_not_know_run_nothing(text: str, tmp_path: Path) -> None:
    assert any(one.contained for one in kconfig(text.encode()))
    assert judged(series(tmp_path, {"drivers/x/Kconfig": KCONFIG + text})) == ""


def test_a_recipe_does_not_get_to_another_rule_behind_flags(tmp_path: Path) -> None:
    moved = MAKE.replace("FORCE\n", "FORCE\nccflags-y += -DX\n")
    assert "a recipe" in judged(series(tmp_path, {"drivers/x/Makefile": moved}))


def test_lines_that_are_not_plain_keep_their_order(tmp_path: Path) -> None:
    first, second = "MACRO := $(shell,true)\n", "\tdefault $(success,true)\n"
    swapped = KCONFIG.replace(first, "@").replace(second, first).replace("@", second)
    assert "drivers/x/Kconfig" in judged(series(tmp_path, {"drivers/x/Kconfig": swapped}))


def test_plain_lines_may_go_and_files_may_go_whole(tmp_path: Path) -> None:
    less = MAKE.replace("obj-$(CONFIG_OLD) += old.o\n", "")
    assert judged(series(
        tmp_path, {"drivers/x/Makefile": less, "drivers/x/old.c": None},
        {"drivers/x/Makefile": None, "drivers/x/Kconfig": None},
    )) == ""


def test_every_commit_is_looked_at_and_the_one_that_does_it_is_named(tmp_path: Path) -> None:
    odd = MAKE + "NOTE := $(shell touch hit)\n"
    said = judged(series(
        tmp_path, {"drivers/x/Kconfig": KCONFIG + "config A\n\tbool\n"},
        {"drivers/x/Makefile": odd}, {"drivers/x/Makefile": MAKE},
    ))
    added, taken = said.splitlines()[1:]
    assert re.search(r"0002-x-change-1\.patch:\d+: .*`NOTE := \$\(shell touch hit\)`: make", added)
    assert re.search(r"0003-x-change-2\.patch:\d+: .*: takes away `NOTE", taken)


def test_a_byte_that_ends_a_line_for_make_is_seen() -> None:
    (line,) = makefile(b"obj-y += x.o\0 y.o\n")
    assert line.why.startswith("has a control character")


def test_what_people_run_over_a_tree_may_change_where_that_of_the_base_is_run(
    tmp_path: Path
) -> None:
    path = "scripts/checkpatch.pl"
    assert judged(series(tmp_path, {path: "system('touch hit');\n"})) == ""
    with pytest.raises(Refused, match=path):  # who builds on this machine may run it
        inert.check_files("x.patch", {path: b"system('touch hit');\n"}, lambda _path: None)


@pytest.mark.parametrize(("path", "apart"), [
    ("tools/testing/selftests/Makefile", True), ("tools/perf/Makefile.perf", True),
    ("tools/Makefile", False), ("tools/build/Makefile.include", False),
    ("tools/lib/subcmd/Makefile", False),
])
def test_makefiles_of_what_no_kernel_is_built_with_may_say_what_they_like(
    path: str, apart: bool, tmp_path: Path
) -> None:
    text = "X := $(shell touch hit)\n"
    assert (judged(series(tmp_path, {path: text})) == "") is apart
    with pytest.raises(Refused):
        inert.check_files("x.patch", {path: text.encode()}, lambda _path: None)


@pytest.mark.parametrize("path", [
    "Makefile", "scripts/run.sh", "scripts/kconfig/conf.c", "arch/x86/tools/gen.sh",
    "tools/objtool/check.c", ".gitattributes", "drivers/x/.gitattributes",
    "drivers/x;touch${IFS}hit/a.c", "drivers/$(touch hit)/Makefile", "-f/a.c",
    "drivers/x/`x`.c", "drivers/x y/a.h", "drivers/a=b/c.c",
])
def test_some_files_are_not_touched_at_all(path: str, tmp_path: Path) -> None:
    assert inert.refused_path(path)
    if re.search(r"[ `]", path):  # the reader of mails refuses these before
        return
    said = judged(series(tmp_path, {path: "# x\n"}))
    assert re.search(r"0001-x-change-0\.patch:\d+: ", said)
    assert path in said


@pytest.mark.parametrize("path", [
    "drivers/x/a.c", "include/linux/x.h", "Documentation/a b,c.rst", "MAINTAINERS",
    "arch/x86/entry/syscalls/syscall_64.tbl", "tools/testing/selftests/x/a$b.yaml",
])
def test_other_files_are(path: str) -> None:
    assert not inert.refused_path(path)


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_a_link_is_no_makefile(mode: str, tmp_path: Path) -> None:
    where = series(tmp_path, {"drivers/y/Makefile": "obj-y += a.o\n"})
    (mail,) = where.iterdir()
    mail.write_text(mail.read_text().replace("new file mode 100644", f"new file mode {mode}"))
    said = (r"git refuses it: corrupt patch for submodule drivers/y/Makefile" if mode == "160000"
            else r"drivers/y/Makefile is no regular file but a link")
    with pytest.raises(UsageError, match=rf"patch(:\d+)?: {said}"):
        judged(where)


def test_another_mode_is_no_other_content(tmp_path: Path) -> None:
    where = series(tmp_path, {"scripts/run.sh": "false\n"})
    (mail,) = where.iterdir()
    mode = "old mode 100644\nnew mode 100755\n"
    head, index, diff = mail.read_text().partition("index ")
    mail.write_text(f"{head}{mode}-- \n2.39.5\n")

    assert judged(where) == ""

    mail.write_text(f"{head}{mode}{index}{diff.replace(' 100644', '', 1)}")

    assert "scripts/run.sh: what builds the kernel" in judged(where)


def test_what_is_shown_moves_no_cursor(tmp_path: Path) -> None:
    said = judged(series(tmp_path, {"drivers/x/Makefile": MAKE + "X := \x1b[2Jy\x9b\n"}))
    assert "\\x1b[2Jy\\xc2\\x9b" in said
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said)
