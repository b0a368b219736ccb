# SPDX-License-Identifier: GPL-2.0-only
"""What one commit came to under one configuration, kept until anything that decided it changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from checks.compiling.branches import Branch
from checks.compiling.frontend import diagnostic
from generator.parsing.job import Diagnostic, content_id
from generator.system import cache


@dataclass(frozen=True)
class Outcome:
    """New diagnostics with their rules, files compiled, and touched files that were not.

    `silent` are branches of touched files in which nothing was compiled, `heard` those in which
    something was; `idle` are members and macros (name, file, line) of which the last use goes here,
    `busy` the names of those that are used after a commit which takes away a use. `strays` are
    files that name what changes in a header, and are not built.
    """

    said: tuple[tuple[str, Diagnostic], ...]
    compiled: tuple[str, ...]
    unbuilt: tuple[str, ...]
    silent: tuple[Branch, ...] = ()
    heard: tuple[Branch, ...] = ()
    idle: tuple[tuple[str, str, int], ...] = ()
    busy: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


def name_of(identity: str, overlays: Sequence[Mapping[str, bytes | None]], words: object) -> str:
    """Return the name of an outcome: by tree and configuration, by every text, and by our code."""
    texts = [
        {path: "-" if text is None else content_id(text) for path, text in sorted(overlay.items())}
        for overlay in overlays
    ]
    ours = cache.code("checks", "generator", "templates/explorer")  # C that lives are searched by
    return content_id(json.dumps([identity, ours, texts, words]).encode())


def recall(file: Path) -> Outcome | None:
    """Return an outcome that was kept, None when there is none."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        with suppress(OSError):
            os.utime(file)  # the oldest go first
        said = tuple((rule, diagnostic(item)) for rule, item in data["said"])
        silent, heard = (tuple(map(_branch, data[key])) for key in ("silent", "heard"))
        return Outcome(said, tuple(data["compiled"]), tuple(data["unbuilt"]), silent, heard,
                       tuple((name, path, line) for name, path, line in data["idle"]),
                       tuple(data["busy"]), tuple(data["strays"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _branch(row: Mapping[str, Any]) -> Branch:
    return Branch(row["path"], row["first"], row["last"], tuple(row["conditions"]),
                  tuple(row["symbols"]))


def keep(file: Path, outcome: Outcome) -> None:
    """Keep an outcome."""
    cache.keep(file, json.dumps(asdict(outcome)))
