# SPDX-License-Identifier: GPL-2.0-only
"""A small clone, a series of two patches on it, and every form in which one may get them."""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Callable
from pathlib import Path

from clones import FILES, shell

BODY = "".join(
    f"int step_{n}(int port)\n{{\n\tint level = {n};\n\n\treturn port + level;\n}}\n\n"
    for n in range(1, 9)
)
LOG = "A message helps to find out why a clock is not there, and who has\nswitched it off."
WHO = "A Reporter <reporter@example.org>"
WHEN = "Tue, 14 Nov 2023 22:13:20 +0000"
FIRST = "PCI/PTM: Say when the level is two"
SECOND = "PCI/PTM: Say when the level is seven"
PTM = "drivers/pci/ptm.c"

Files = dict[str, str | bytes]


def make_clone(where: Path) -> Path:
    """Return a clone with one commit on `main`; its user is U Ser."""
    for name, text in {**FILES, PTM: BODY, "drivers/pci/dos.c": "int a;\nint b;\n"}.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
    (where / "drivers/pci/run.sh").chmod(0o755)
    shell(where, "git init -q -b main; git add -f -A; git commit -qm base --date=@1700000000")
    shell(where, "git config user.name 'U Ser'; git config user.email u@example.org")
    return where


def change(clone: Path, subject: str, command: str, author: str = WHO) -> str:
    """Commit on a branch what a shell command makes; the id of the commit."""
    shell(clone, f"{command}; git add -f -A")
    (clone.parent / "log").write_text(f"{subject}\n\n{LOG}\n\nSigned-off-by: {WHO}\n")
    who = f"--author='{author}' --date='{WHEN}'"
    shell(clone, f"git commit -q --allow-empty {who} -F ../log")
    return shell(clone, "git rev-parse HEAD").strip()


def two_patches(clone: Path) -> tuple[str, str]:
    """Make the series on the branch `topic`, and return its commits; `main` is checked out."""
    shell(clone, "git checkout -q -b topic")
    first = change(clone, FIRST, f"sed -i '12s|.*|\\tlevel += port; /* two */\\n&|' {PTM}")
    second = change(clone, SECOND, f"sed -i '48s|.*|\\tlevel -= port; /* seven */\\n&|' {PTM}")
    shell(clone, "git checkout -q main")
    return first, second


def mails(clone: Path, more: str = "", span: str = "main..topic") -> list[str]:
    """Return what git format-patch writes."""
    out = clone.parent / "out"
    shell(clone, f"rm -rf {out}; git format-patch -q -o {out} {more} {span}")
    return [path.read_text() for path in sorted(out.iterdir())]


def encoded(mail: str, how: str) -> str:
    """Return a mail with its body in a transfer encoding."""
    head, _, body = mail.partition("\n\n")
    if how == "base64":
        text = base64.encodebytes(body.encode()).decode()
    else:
        text = quopri.encodestring(body.encode()).decode()
    kind = "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
    return f"{head}\n{kind}Content-Transfer-Encoding: {how}\n\n{text}"


def threaded(mail: str, number: int, version: int = 1, answers: str = "") -> str:
    """Return a mail with a Message-Id, as one that was sent."""
    ident = f"Message-Id: <{version}-{number}@example.org>\n"
    reply = f"In-Reply-To: <{answers}@example.org>\n" if answers else ""
    return mail.replace("Subject: ", f"{ident}{reply}Subject: ", 1)


def reply(to: str, text: str, subject: str = "Re: [PATCH 1/2] " + FIRST) -> str:
    """Return an answer to a mail."""
    return (
        "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
        f"From: Other Person <other@example.org>\nDate: {WHEN}\nMessage-Id: <r-{to}@example.org>\n"
        f"In-Reply-To: <{to}@example.org>\nSubject: {subject}\n\n> {LOG}\n\n{text}\n"
    )


def flowed(mail: str) -> str:
    """Return a mail marked format=flowed, its lines stuffed and not flowed."""
    head, _, body = mail.partition("\n\n")
    rows = [f" {row}" if row.startswith(" ") else row for row in body.split("\n")]
    kind = "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8; format=flowed\n"
    return f"{head}\n{kind}\n" + "\n".join(rows)


def headless(mail: str) -> str:
    """Return the diff of a mail, with no word before it."""
    return mail[mail.index("diff --git ") :].partition("-- \n")[0]


def without_git_lines(mail: str) -> str:
    """Return a mail with a plain unified diff."""
    return re.sub(r"^(diff --git|index) .*\n", "", mail, flags=re.M)


# name -> what is in the directory, of the mails of the series
FORMS: dict[str, Callable[[list[str]], Files]] = {
    "format-patch": lambda m: {"0001-a.patch": m[0], "0002-b.patch": m[1]},
    "two mails in one patch": lambda m: {"both.patch": m[0] + m[1]},
    "an mbox": lambda m: {"series.mbox": m[0] + m[1]},
    "no suffix": lambda m: {"0001": m[0], "0002": m[1]},
    "names out of order": lambda m: {"10.patch": m[1], "9.patch": m[0]},
    "eml without From_": lambda m: {
        "a.eml": m[0].partition("\n")[2], "b.eml": m[1].partition("\n")[2],
    },
    "quoted-printable": lambda m: {"1.patch": encoded(m[0], "quoted-printable"), "2.patch": m[1]},
    "base64": lambda m: {"1.patch": m[0], "2.patch": encoded(m[1], "base64")},
    "CRLF": lambda m: {"1.patch": m[0].replace("\n", "\r\n"), "2.patch": m[1]},
    "folded subject": lambda m: {
        "1.patch": m[0].replace("Say when", "Say\n when"), "2.patch": m[1],
    },
    "From: in the body": lambda m: {
        "1.patch": m[0].replace(f"From: {WHO}", "From: S Ender <s@e.org>").replace(
            "\n\n", f"\n\nFrom: {WHO}\n\n", 1),
        "2.patch": m[1],
    },
    "git show --format=email": lambda m: {
        "1.patch": re.sub(r"^---\n .*\n .*\n\n", "", m[0], flags=re.M), "2.patch": m[1],
    },
    "plain diff": lambda m: {"1.patch": without_git_lines(m[0]), "2.patch": m[1]},
    "plain diff second": lambda m: {"1.patch": m[0], "2.patch": without_git_lines(m[1])},
    "an offset": lambda m: {
        "1.patch": m[0].replace("@@ -9,6 +9,7", "@@ -16,6 +16,7"), "2.patch": m[1],
    },
    "context without its blank": lambda m: {
        "1.patch": re.sub(r"^ $", "", m[0], flags=re.M), "2.patch": m[1],
    },
    "a byte order mark": lambda m: {"1.patch": "\ufeff" + m[0], "2.patch": m[1]},
    "quilt with its order": lambda m: {
        "series": "z.patch # first\n# nothing\na.patch -p1\n", "z.patch": m[0].replace(" 1/2", ""),
        "a.patch": m[1].replace(" 2/2", ""),
    },
    "maildir": lambda m: {"cur/2:2,S": m[1], "new/1": m[0], "tmp/x": "not yet"},
}  # fmt: skip


def write(where: Path, files: Files) -> str:
    """Write files, and return their directory as a user names it."""
    for name, text in files.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            (where / name).write_bytes(text)
        else:
            (where / name).write_text(text, newline="")
    return str(where)
