# SPDX-License-Identifier: GPL-2.0-only
"""What was printed already while one rebase goes on: `git rebase -x 'portwright validate HEAD'`.

    running(clone) -> name          of the rebase that goes on there, "" when none does
    told(name) -> lines             what was said in it so far
    say_once(name, lines)           say no more what stands here
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from generator.errors import TreeError
from generator.system.cache import cache, code, keep
from generator.system.plumbing import users_git

_SAYS = ("onto", "orig-head")  # what one rebase has and no other


def running(clone: Path) -> str:
    """Return what tells the rebase that goes on in a clone from others, "" when there is none."""
    try:
        asked = users_git(clone, "rev-parse", "--path-format=absolute", "--git-path",
                          "rebase-merge")
        place = Path(os.fsdecode(asked.rstrip(b"\n")))
        if not (place / "interactive").exists():
            return ""
        words = [str(place), *((place / one).read_text(encoding="utf-8") for one in _SAYS)]
        # written when it begins: the same once more is another rebase
        words.append(str((place / _SAYS[0]).stat().st_mtime_ns))
    except (TreeError, OSError, ValueError):
        return ""
    words.append(code("checks", "generator"))  # whose words they are: others are told anew
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:24]


def told(name: str) -> frozenset[str]:
    """Return the lines that were printed while a rebase went on."""
    try:
        return frozenset(json.loads(_file(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return frozenset()


def say_once(name: str, lines: Iterable[str]) -> None:
    """Add to the lines that were printed."""
    keep(_file(name), json.dumps(sorted(told(name).union(lines))))


def _file(name: str) -> Path:
    return cache() / "outcomes" / f"{name}.told"
