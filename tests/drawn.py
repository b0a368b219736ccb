# SPDX-License-Identifier: GPL-2.0-only
"""What `make test` takes of a test that could go on for half an hour: a sample, always the same.

`pytest --whole` draws none and tries everything.
"""

from __future__ import annotations

import hashlib


def drawn(key: str, every: int) -> bool:
    """Return whether something is among those that are drawn: one of so many."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % every == 0
