# SPDX-License-Identifier: GPL-2.0-only
"""A small stand-in for a kernel clone, and what a test sees of it."""

import os
import subprocess
from pathlib import Path

FILES = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\n",
    "Kconfig": "mainmenu\n",
    "scripts/kconfig/Makefile": "# kconfig\n",
    ".gitattributes": "*.c diff=cpp\n",
    ".gitignore": "/*\n",
    "drivers/pci/probe.c": "int probe(void)\n{\n\treturn 0;\n}\n",
    "drivers/pci/run.sh": "#!/bin/sh\n",
}
WHO = "A Developer <dev@example.org>"
WHEN = "1700000000 +0000"


def shell(where: Path, command: str) -> str:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "User",
        "GIT_AUTHOR_EMAIL": "user@example.org",
        "GIT_COMMITTER_NAME": "User",
        "GIT_COMMITTER_EMAIL": "user@example.org",
    }
    done = subprocess.run(
        ["sh", "-ec", command], cwd=where, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clone_at(where: Path) -> Path:
    """A clone of one commit, of a user whom git knows."""
    for name, text in FILES.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
    shell(where, "git init -q -b main; git add -f -A; git commit -qm base")
    shell(where, "git config user.name User; git config user.email user@example.org")
    return where


def clone_of_kinds(where: Path) -> Path:
    """The same with a file that can be run and a link in a second commit."""
    clone_at(where)
    (where / "drivers/pci/run.sh").chmod(0o755)
    (where / "link").symlink_to("drivers/pci")
    shell(where, "git add -f -A; git commit -qm second")
    return where


def snapshot(directory: Path) -> dict[str, bytes]:
    """Every file below a directory with its content, links by their target."""
    return {
        str(path.relative_to(directory)): (
            os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        )
        for path in sorted(directory.rglob("*"))
        if path.is_symlink() or path.is_file()
    }
