# SPDX-License-Identifier: GPL-2.0-only
"""A commit's source tree beside the base's: links, and files of its own where it differs.

    farm(work, changed, place)      make it
    digests(files)                  what tells it from another
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path


def farm(work: Path, changed: Mapping[str, bytes | None], farm: Path) -> None:
    """Make a source tree of symbolic links, with real directories only where something differs."""
    real = {""}
    for path in changed:
        while path:
            path = path.rpartition("/")[0]
            real.add(path)
    for directory in sorted(real):
        (farm / directory).mkdir(parents=True, exist_ok=True)
        if not (work / directory).is_dir():
            continue
        for entry in os.scandir(work / directory):
            below = f"{directory}/{entry.name}" if directory else entry.name
            if below not in real and below not in changed:
                os.symlink(entry.path, farm / below)
    for path, text in changed.items():
        if text is not None:
            (farm / path).write_bytes(text)


def digests(files: Mapping[str, bytes | None]) -> list[str]:
    """Return of each file its path and a hash of its text."""
    return [
        f"{path}:{'-' if text is None else hashlib.sha256(text).hexdigest()}"
        for path, text in files.items()
    ]
