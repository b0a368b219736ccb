# SPDX-License-Identifier: GPL-2.0-only
"""Inputs that nobody wrote: real ones with bytes, lines and words changed, and pieces in a heap.

    python tests/fuzzed.py KIND COUNT [SEED]     that many of a kind; says what failed, by its seed

Each input has a seed of its own, so that `KIND 1 SEED` makes it again. What is read must end,
soon, with a result or one typed error; 3 and 125 would be faults of the machine and of ours.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from clones import shell
from house import HOUSE
from malformed import GOOD
from postings import mails, make_clone, two_patches

from checks.patches.choice import choice
from checks.patches.examine import CHECKS
from checks.patches.inert import check_files
from checks.patches.plainkconfig import kconfig
from checks.patches.plainmake import makefile
from generator.errors import PortwrightError
from generator.intake.mail import numbered
from generator.intake.outline import outline, strange
from generator.intake.persons import filled
from generator.intake.posting import Asked, gather
from generator.intake.replay import made
from generator.intake.workplace import workplace
from generator.load import load
from generator.series import manifest

SECONDS = 60  # in which one input must be done with, on a machine that is busy
_PUT = (
    b"From 0 Mon Sep 17 00:00:00 2001", b"---", b"-- ", b"", b"Content-Type: text/html",
    b"Content-Transfer-Encoding: base64", b"diff --git a/x b/y", b"@@ -1 +1 @@", b"+++ b/../x",
    b"rename to ../x", b"GIT binary patch", b"Subject: [PATCH 99999/0", b"\x00\xff\xfe",
    b"Content-Type: multipart/mixed; boundary=\"\"", b"old mode 160000", b"commit 1234567",
    b"index 0..0 120000", b"@@ -" + b"9" * 30 + b" +1 @@", b"Date: " + b"9" * 20, b"\\",
    b"\t$(shell x)", b"obj-$(CONFIG_", b"ifdef", b"endif", b"config", b"source \"/x\"", b"{", b"]",
    b"1e999", b"null", b"\xe2\x80\xae", b"\x1b[2J", b"\r",
)  # fmt: skip


def mutated(dice: random.Random, whole: bytes, most: int = 6) -> bytes:
    """Lines and bytes taken out, doubled, moved, cut, joined or replaced."""
    rows = whole.split(b"\n")
    for _ in range(dice.randint(1, most)):
        at, other = dice.randrange(len(rows)), dice.randrange(len(rows))
        kind = dice.randrange(8)
        if kind == 0 and len(rows) > 2:
            del rows[at]
        elif kind == 1:
            rows[at:at] = rows[at : at + dice.randint(1, 30)]
        elif kind == 2:
            rows[at] = rows[at][: dice.randint(0, 20)]
        elif kind == 3:
            rows[at], rows[other] = rows[other], rows[at]
        elif kind == 4:
            rows.insert(at, dice.choice(_PUT))
        elif kind == 5 and at + 1 < len(rows):
            rows[at] += rows.pop(at + 1)
        elif kind == 6:
            rows = rows[: at + 1]
        elif rows[at]:
            place = dice.randrange(len(rows[at]))
            rows[at] = rows[at][:place] + bytes([dice.randrange(256)]) + rows[at][place + 1 :]
    return b"\n".join(rows)


def heap(dice: random.Random, pieces: Sequence[bytes], most: int = 14) -> bytes:
    return b"".join(dice.choice(pieces) for _ in range(dice.randrange(most)))


class Inputs:
    """What is there to be changed, and a place to write it to."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.clone = make_clone(top / "clone")
        two_patches(self.clone)
        sent = mails(self.clone)
        ours = sorted((HOUSE / "patches/6.12/auxbus").glob("*.patch"))
        self.real = [path.read_bytes() for path in ours]
        self.mails = [*self.real, *(one.encode() for one in sent)]
        self.threads = [
            "".join(sent).encode(), b"".join(self.real[:3]),
            "".join(mails(self.clone, "--attach --cover-letter")).encode(),
        ]
        self.diffs = [
            shell(self.clone, "git diff main topic").encode(),
            shell(self.clone, "git show topic").encode(),
            *(one[one.index(b"\ndiff --git") + 1 :] for one in self.real if b"\ndiff --git" in one),
        ]
        self.json = (HOUSE / "patches/6.12/auxbus/series.json").read_bytes()
        self.make = b"".join(
            row + b"\n" for one in self.real
            for row in re.findall(rb"^[ +-](obj-.*|config .*)$", one, re.M)
        ) + b"obj-y += a.o\nifdef CONFIG_A\nobj-$(CONFIG_A) += b.o c/\nendif\n"

    def read(self, text: bytes, work: Path) -> None:
        """Read a series and make commits of it, as apply does."""
        (self.top / "x.patch").write_bytes(text)
        base = shell(self.clone, "git rev-parse main").strip()
        got = gather(Asked((str(self.top / "x.patch"),)), work, self.clone)
        made(work, base, filled(work, base, got.pieces, None)[0], None)


KINDS: dict[str, Callable[[random.Random, Inputs, Path], object]] = {}


def kind(one: Callable[[random.Random, Inputs, Path], object]) -> None:
    KINDS[one.__name__.strip("_")] = one


@kind
def mail(dice: random.Random, there: Inputs, work: Path) -> None:
    there.read(mutated(dice, dice.choice(there.mails)), work)


@kind
def mbox(dice: random.Random, there: Inputs, work: Path) -> None:
    there.read(mutated(dice, dice.choice(there.threads), 12), work)


@kind
def patch(dice: random.Random, there: Inputs, work: Path) -> None:
    there.read(mutated(dice, dice.choice(there.diffs)), work)


@kind
def outlined(dice: random.Random, there: Inputs, work: Path) -> None:
    """The half of a patch that we read ourselves: where its files and hunks begin."""
    text = mutated(dice, dice.choice([*there.diffs, *there.mails]), 10)
    for section in outline(text):
        strange(section)
    numbered(text[:300].decode("latin-1"))


@kind
def series(dice: random.Random, there: Inputs, work: Path) -> None:
    directory = there.top / "series"
    directory.mkdir(exist_ok=True)
    if dice.random() < 0.5:
        text = mutated(dice, there.json)
    else:  # what is JSON, and not what it should be
        said = json.loads(there.json)
        odd = [None, 0, -1, "", "x" * 9999, [], {}, [None], {"": ""}, 1e308, True, "../x", "\0"]
        for _ in range(dice.randint(1, 3)):
            said[dice.choice([*said, "more"])] = dice.choice(odd)
        text = json.dumps(said).encode()
    (directory / manifest.FILE_NAME).write_bytes(text)
    manifest.read(directory)


_MAKE = (b"obj-y", b"obj-", b"$(CONFIG_A)", b"$(", b"${X}", b" += ", b":=", b"!=", b"a.o", b"../",
         b"\\\n", b"\\", b"\n", b"\n", b"\t", b"#", b"`x`", b";", b"include ", b"define x\n",
         b"endef\n", b"ccflags-y", b"\r", b"\0", b"\xa0", b"endif\n", b"ifdef A\n", b"'", b'"')


@kind
def make(dice: random.Random, there: Inputs, work: Path) -> None:
    text = heap(dice, _MAKE, 40) if dice.random() < 0.5 else mutated(dice, there.make)
    makefile(text)
    check_files("x", {"drivers/x/Makefile": text}, lambda _path: there.make)


_CONF = (b"config A", b"\n", b"\n\t", b"\n\t  ", b"bool", b' "text"', b"help", b"default ", b"y",
         b"$(shell,x)", b"$(", b"X := y", b"source ", b'"/etc/passwd"', b"depends on ", b" && ",
         b"(", b")", b"!", b"\\\n", b"\\", b"#", b"menu", b"endmenu", b"if A", b"endif", b"\r",
         b"\0", b"\xa0", b"choice", b"'", b'"')
_ENTRY = b'config A\n\tbool "text"\n\tdepends on B && !C\n\tdefault y\n\thelp\n\t  What it is.\n\n'


@kind
def conf(dice: random.Random, there: Inputs, work: Path) -> None:
    text = heap(dice, _CONF, 40) if dice.random() < 0.5 else mutated(dice, _ENTRY * 3)
    kconfig(text)
    check_files("x", {"drivers/x/Kconfig": text}, lambda _path: _ENTRY)


_WORDS = re.findall(r"\w+|\s+|.", GOOD)


@kind
def design(dice: random.Random, there: Inputs, work: Path) -> None:
    """A design in words; a file that does something else is held elsewhere."""
    words = list(_WORDS)
    for _ in range(dice.randint(1, 3)):
        at, other = dice.randrange(len(words)), dice.randrange(len(words))
        words[at] = dice.choice(["", words[at] * 2, words[other], "None", "0", "()", ",", "'"])
    (there.top / "design.py").write_text("".join(words), encoding="utf-8")
    load(str(there.top / "design.py"))


@kind
def waiver(dice: random.Random, there: Inputs, work: Path) -> None:
    """A waiver of the command line, or one of a design."""
    text = mutated(dice, b"checkpatch:LONG_LINE: a table\nR14:why\ncompile:error:it is so", 4)
    if dice.random() < 0.9:
        choice([], [], [text.decode("latin-1")], list(CHECKS))
        return
    said = ", ".join(repr(dice.choice([text.decode("latin-1"), "R14", "", None, 7, "kzalloc"]))
                     for _ in range(dice.randint(1, 4)))
    (there.top / "design.py").write_text(GOOD.replace(
        "    serves=", f"    waivers=(Waiver({said}),),\n    serves="), encoding="utf-8",
        errors="backslashreplace")
    load(str(there.top / "design.py"))


def failures(name: str, seeds: Sequence[int]) -> list[str]:
    """Return what went wrong, with the seed that makes it again; nothing when all is well."""
    found = []

    def late(*_given: object) -> None:
        raise TimeoutError(f"no end within {SECONDS} s")

    handler = signal.signal(signal.SIGALRM, late)
    top = Path(tempfile.mkdtemp(prefix="fuzzed-"))
    try:
        there = Inputs(top)
        with workplace(there.clone / ".git/objects") as work:
            for seed in seeds:
                signal.alarm(SECONDS)
                try:
                    KINDS[name](random.Random(f"{name} {seed}"), there, work)
                except PortwrightError as told:
                    if told.exit_code in (3, 125) or not str(told).strip():
                        found.append(f"{name} {seed}: {type(told).__name__}: {told}")
                except Exception as fault:  # noqa: BLE001 - whatever it is, it is what we look for
                    found.append(f"{name} {seed}: {type(fault).__name__}: {fault}")
                finally:
                    signal.alarm(0)
        if shell(there.clone, "git status --porcelain; git fsck 2>&1 | grep error || true"):
            found.append(f"{name}: the clone is not as it was")
    finally:
        signal.signal(signal.SIGALRM, handler)
        shutil.rmtree(top, ignore_errors=True)
    return found


if __name__ == "__main__":
    first = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 40)
    wrong = failures(sys.argv[1], range(first, first + int(sys.argv[2])))
    print("\n".join([*wrong, f"{sys.argv[1]}: {sys.argv[2]} from {first}, {len(wrong)} wrong"]))
    sys.exit(bool(wrong))
