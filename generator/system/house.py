# SPDX-License-Identifier: GPL-2.0-only
"""Where our own files lie: in a checkout of the project, or where a wheel has put them."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # what generator/ and checks/ lie in
_SHIPPED = ROOT / "generator" / "shipped"  # made by setup.py, of a wheel alone
INSTALLED = _SHIPPED.is_dir()
HOUSE = _SHIPPED if INSTALLED else ROOT  # what templates/ and patches/ lie in


def cache_home() -> Path:
    """Return where what can be made again goes when the user names no place for it."""
    if not INSTALLED:
        return ROOT / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "portwright"
