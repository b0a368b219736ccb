# SPDX-License-Identifier: GPL-2.0-only
"""Ways of writing that kernels differ in, read off the tree at hand and never off its version."""

from __future__ import annotations

import re

from generator.editing.draft import Draft

# name -> the file that decides, and what stands there when the tree has the newer way.
# That a macro exists is not enough (6.12.117 defines kzalloc_obj(), and its drivers do not
# use it): the code next to ours is asked how it writes.
PROBES = {
    "kzalloc_obj": ("drivers/pci/pcie/portdrv.c", r"\bkzalloc_obj\("),
}


def idioms(draft: Draft) -> frozenset[str]:
    """Return the newer ways that a tree has; templates have them as `c.idioms`."""
    return frozenset(
        name
        for name, (path, text) in PROBES.items()
        if draft.has(path) and re.search(text, draft.text(path))
    )
