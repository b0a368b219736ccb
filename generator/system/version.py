# SPDX-License-Identifier: GPL-2.0-only
"""The version that is installed."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Return the version of this program."""
    try:
        return metadata.version("portwright")
    except metadata.PackageNotFoundError:
        return "unknown"
