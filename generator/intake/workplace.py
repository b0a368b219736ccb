# SPDX-License-Identifier: GPL-2.0-only
"""A place where a series becomes commits: a repository for one run, over somebody's objects."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.kernel.clone import scratch
from generator.system.cache import cache, locked


@contextmanager
def workplace(objects: Path) -> Iterator[Path]:
    """Make a bare repository of ours that reads the objects of another, and remove it at the end.

    What killed runs left is removed as well: a directory that nobody holds the lock of.
    Errors: TreeError, EnvironmentFault when the cache cannot be written.
    """
    home = cache() / "series"
    with locked("series"):
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home)
        name = Path(tempfile.mkdtemp(prefix="tmp-", dir=home))
        held = (name / "lock").open("wb")
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        work = name / "series.git"
        scratch(work, objects)
        yield work
    finally:
        shutil.rmtree(name, ignore_errors=True)
        held.close()


def _sweep(home: Path) -> None:
    for left in home.glob("tmp-*"):
        try:
            with (left / "lock").open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except OSError:
            pass  # half made or half removed
        shutil.rmtree(left, ignore_errors=True)
