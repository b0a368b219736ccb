# SPDX-License-Identifier: GPL-2.0-only
"""What we are doing, said on stderr to somebody who watches."""

from __future__ import annotations

import os
import sys


def say(text: str) -> None:
    """Print one line of progress when stderr is a terminal or PORTWRIGHT_PROGRESS=1."""
    if sys.stderr.isatty() or os.environ.get("PORTWRIGHT_PROGRESS") == "1":
        print(f"portwright: {text}", file=sys.stderr, flush=True)  # noqa: T201
