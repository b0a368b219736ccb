# SPDX-License-Identifier: GPL-2.0-only
"""Units parsed in a line: of a base with its overlay, without kbuild, and several at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from generator.kernel import variant
from generator.kernel.kbuild import Base
from generator.parsing.job import Directories, Job, Overlay
from generator.parsing.unit import Unit, job, parse_job


def parse(base: Base, path: str, overlay: Overlay | None = None) -> Unit:
    """Parse one unit of a prepared base; the Kconfig files and Makefiles of an overlay count."""
    return parse_job(job(variant.at(base, overlay or {}), path, overlay or {}))


def parse_at(
    where: Directories,
    flags: Sequence[str],
    path: str,
    overlay: Overlay | None = None,
    generated: Mapping[str, bytes] | None = None,
) -> Unit:
    """Parse one unit without kbuild: `generated` maps build-relative paths to their text."""
    return parse_job(Job(where, tuple(flags), path, overlay or {}, generated or {}))


def parse_many(jobs: Iterable[Job], threads: int = 2) -> Iterator[Unit]:
    """Parse units at the same time; they come in the order given."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(parse_job, jobs)
