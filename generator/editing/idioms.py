# SPDX-License-Identifier: GPL-2.0-only
"""Ways of writing that kernels differ in, read off the tree at hand and never off its version."""

from __future__ import annotations

from collections.abc import Mapping

from generator.editing.draft import Draft
from generator.errors import TreeError
from generator.tree_facts.fact import read
from generator.tree_facts.table import BY_NAME, FACTS

# name in templates -> the fact and its answer when the tree has the newer way. That a macro exists
# is not enough (6.12.117 defines kzalloc_obj(), and its drivers do not use it): the code next to
# ours is asked how it writes.
IDIOMS = {
    "kzalloc_obj": ("allocation", "kzalloc_obj"),
    "cxl_pci_header": ("register block types", "include/cxl/pci.h"),
}


def answers(said: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a tree answers to every fact: as the default pin does where nothing is said.

    Templates of messages and of prose have it as `tree`, for sentences that are true in some.
    """
    return {fact.name: said.get(fact.name, fact.answers[0]) for fact in FACTS}


def idioms(draft: Draft) -> frozenset[str]:
    """Return the newer ways that a tree has; templates have them as `c.idioms`."""
    return frozenset(name for name, (fact, newer) in IDIOMS.items() if _says(draft, fact, newer))


def _says(draft: Draft, fact: str, newer: str) -> bool:
    def text(path: str) -> str | None:
        return draft.text(path) if draft.has(path) else None

    try:
        return read(BY_NAME[fact], text, lambda _: ()).text == newer
    except TreeError:  # nothing next to ours writes it
        return False
