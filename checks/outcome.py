# SPDX-License-Identifier: GPL-2.0-only
"""What one commit came to under one configuration, kept until anything that decided it changes."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from checks.frontend import diagnostic
from generator.view import Diagnostic, content_id


@dataclass(frozen=True)
class Outcome:
    """New diagnostics with their rules, files compiled, and touched files that were not."""

    said: tuple[tuple[str, Diagnostic], ...]
    compiled: tuple[str, ...]
    unbuilt: tuple[str, ...]


def name_of(identity: str, overlays: Sequence[Mapping[str, bytes | None]], words: object) -> str:
    """Return the name of an outcome: by tree and configuration, by every text, and by our code."""
    texts = [
        {path: "-" if text is None else content_id(text) for path, text in sorted(overlay.items())}
        for overlay in overlays
    ]
    return content_id(json.dumps([identity, _ourselves(), texts, words]).encode())


@functools.cache
def _ourselves() -> str:
    """Return the identity of the code that decides: an edit of it makes every outcome unknown."""
    top = Path(__file__).parent.parent
    files = [*sorted(top.glob("checks/**/*.py")), *sorted(top.glob("generator/**/*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def recall(file: Path) -> Outcome | None:
    """Return an outcome that was kept, None when there is none."""
    try:
        data = json.loads(file.read_text())
        said = tuple((rule, diagnostic(item)) for rule, item in data["said"])
        return Outcome(said, tuple(data["compiled"]), tuple(data["unbuilt"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(file: Path, outcome: Outcome) -> None:
    """Keep an outcome."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(asdict(outcome)))
    os.replace(part, file)
