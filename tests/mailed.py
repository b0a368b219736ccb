# SPDX-License-Identifier: GPL-2.0-only
"""A small tree, series for it as they are mailed, and what the rules of series say of them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from clones import shell

from checks.finding import Severity
from checks.patches import rules
from checks.patches.context import Context
from checks.patches.mails import edits, view
from generator.intake.posting import Asked, on
from generator.kernel import tree

BASE = "0123456789abcdef0123456789abcdef01234567"
TREE = {
    "MAINTAINERS": "List of maintainers\n\nMaintainers List\n----------------\n\n"
    "PCI SUBSYSTEM\nM:\tA <a@b>\nF:\tdrivers/pci/\n\n"
    "CXL\nF:\tinclude/cxl/event.h\n\nTHE REST\nF:\t*\nF:\t*/\n",
    "include/linux/module.h": "#define MODULE_IMPORT_NS(ns) "
    "MODULE_INFO(import_ns, __stringify(ns))\n",
    "drivers/pci/Kconfig": 'config PCI\n\tbool "PCI support"\n\thelp\n\t  Say Y.\n',
    "drivers/pci/port.c": "// SPDX-License-Identifier: GPL-2.0-only\n"
    "static int probe(int port)\n{\n\treturn port;\n}\nmodule_init(probe);\n",
}
FRESH = "// SPDX-License-Identifier: GPL-2.0-only\n"
KCONFIG = TREE["drivers/pci/Kconfig"]
LOG = (
    "probe() returns the port itself. Count one more, because the first port has\n"
    "number zero and zero means success."
)
COVER = (
    """This series does what it says for reasons that are told here at some length, so
that a reader knows why it is wanted, how it was designed, what was tested, what
was not tested, and what remains to be done before anybody could merge it.

Based on Linux 6.12.117, x:
tree 1111111111111111111111111111111111111111.
`git am` there gives
tree 2222222222222222222222222222222222222222.

portwright (1):
  PCI/portdrv: Count from one

 drivers/pci/port.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)


base-commit: """
    + BASE
)


@dataclass(frozen=True)
class Mail:
    """A patch to be: its subject, log, and the files after it."""

    subject: str = "PCI/portdrv: Count from one"
    log: str = LOG
    files: tuple[tuple[str, str | None], ...] = ()
    tags: str = "RFC PATCH"
    number: str = ""
    mode: str = "100644"  # of new files


def port(text: str = "return port + 1;", more: str = "") -> tuple[tuple[str, str | None], ...]:
    return (
        ("drivers/pci/port.c", TREE["drivers/pci/port.c"].replace("return port;", text) + more),
    )


SOUND = Mail(files=port())


def diff(path: str, old: str | None, new: str | None, mode: str = "100644") -> str:
    """Return what git format-patch writes for one file."""
    head = f"diff --git a/{path} b/{path}\n"
    head += f"new file mode {mode}\n" if old is None else ""
    head += "deleted file mode 100644\n" if new is None else ""
    head += "index 1111111..2222222\n"
    lines = difflib.unified_diff(
        (old or "").splitlines(True),
        (new or "").splitlines(True),
        f"a/{path}" if old is not None else "/dev/null",
        f"b/{path}" if new is not None else "/dev/null",
    )
    return head + "".join(lines)


def write(where: Path, mails: tuple[Mail, ...], cover: str | None = COVER) -> Path:
    now: dict[str, str | None] = dict(TREE)
    if cover is not None:
        (where / "0000-cover-letter.patch").write_text(
            f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: A B <a@b>\n"
            "Date: Sun, 22 Nov 2026 07:00:00 +0000\n"
            f"Subject: [RFC PATCH 0/{len(mails)}] PCI: Count ports\n\n{cover}\n-- \n2.39.5\n"
        )
    for index, mail in enumerate(mails, 1):
        body = "".join(diff(path, now.get(path), text, mail.mode) for path, text in mail.files)
        now.update(dict(mail.files))
        number = mail.number or (f" {index}/{len(mails)}" if len(mails) > 1 or cover else "")
        (where / f"{index:04}-patch.patch").write_text(
            f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: A B <a@b>\n"
            "Date: Sun, 22 Nov 2026 07:00:00 +0000\n"
            f"Subject: [{mail.tags}{number}] {mail.subject}\n\n{mail.log}\n---\n"
            f" {len(mail.files)} files changed\n\n{body}-- \n2.39.5\n\n"
        )
    return where


def base(where: Path) -> tree.Tree:
    """Return a repository with one commit, of the files of TREE."""
    for name, text in TREE.items():
        file = where / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    shell(where / "tree", "git init -q; git add -A; git commit -q -m base --date=@1700000000")
    commit = shell(where / "tree", "git rev-parse HEAD").strip()
    return tree.Tree(where / "tree" / ".git", commit, "", where / "tree", "here")


def read(
    where: Path, *mails: Mail, cover: str | None = COVER, inputs: tuple[str, ...] = ()
) -> Context:
    home = base(where)
    series = where / "series"
    series.mkdir()
    write(series, mails, cover.replace(BASE, home.base) if cover else None)
    with on(Asked(inputs or (str(series),)), home) as made:

        def reader(path: str) -> bytes | None:
            return tree.read(home, home.base, path)

        changes = edits(made)
        now = {path: reader(path) for path in TREE}
        return Context(view(made), now.get, changes, home.base)


def ids(what: Context) -> set[str]:
    return {one.rule for one in rules.check(what) if one.severity is not Severity.NOTE}
