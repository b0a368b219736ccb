# SPDX-License-Identifier: GPL-2.0-only
"""Commits that our series cite. The pinned trees have no history in which they could be looked up.

Each was read in a copy of Linux' history: id, title, and the first release that has it.
"""

from __future__ import annotations

from collections.abc import Mapping

CITED: Mapping[str, str] = {
    "5d7107c72796": "perf: CXL Performance Monitoring Unit driver",  # v6.5
    "da916e96e2de": "perf: Make perf_pmu_unregister() useable",  # v6.15
}


def title(commit: str) -> str | None:
    """Return the title of a commit that is cited here, given 12 digits or more of its id."""
    return CITED.get(commit[:12])
