# SPDX-License-Identifier: GPL-2.0-only
"""Sets of patches as `generate` leaves them: an old one and a new one, and what is there of one."""

from pathlib import Path

from clones import FILES, WHEN, WHO, shell, snapshot

from generator.kernel.clone import own
from generator.series import manifest, output
from generator.series.objects import NewCommit, commits, format_patch

PROBE = "drivers/pci/probe.c"
OLD = [NewCommit("PCI: One\n\nBecause.\n", WHO, WHEN, {PROBE: b"int probe(void);\n"}),
       NewCommit("PCI: Two\n", WHO, WHEN, {"drivers/pci/two.c": b"int two;\n"})]
NEW = [NewCommit("PCI: One\n\nNow.\n", WHO, WHEN, {PROBE: b"int probe(int);\n"}),
       NewCommit("PCI: Three\n", WHO, WHEN, {"drivers/pci/three.c": b"int three;\n"}),
       NewCommit("PCI: Four\n", WHO, WHEN, {"drivers/pci/four.c": b"int four;\n"})]
Set = dict[str, bytes]


def rendered(where: Path) -> tuple[Path, Path]:
    """Return two rendered sets, as series.write() leaves them."""
    for name, text in FILES.items():
        (where / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        (where / "clone" / name).write_text(text)
    shell(where / "clone", "git init -q -b main; git add -f -A; git commit -qm base")
    tree = own(where / "clone", "HEAD")
    for name, steps in (("old", OLD), ("new", NEW)):
        out = where / name
        tip = commits(tree, tree.base, steps)[-1]
        paths = format_patch(tree, tree.base, tip, "Subject", "Body", out)
        told = manifest.describe(tree, tree.base, tip, "x", paths)
        (out / manifest.FILE_NAME).write_text(told.text())
    return where / "old", where / "new"


def files(where: Path) -> Set:
    return {name: text for name, text in snapshot(where).items() if name != output.RECORD}


def whole(where: Path, fresh: Path) -> bool:
    """Return whether a set is there, and no other patch that git am would take."""
    there = {path.name for path in (*where.glob("[!.]*.patch"), *where.glob("*.json"))}
    return there == files(fresh).keys() and files(fresh).items() <= files(where).items()
