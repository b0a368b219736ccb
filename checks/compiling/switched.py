# SPDX-License-Identifier: GPL-2.0-only
"""Configurations in which what commits touch is switched on, and as few of them as will do.

    absent(commit, read)        what its Makefiles build and nobody has
    switched(target, wish)      what one commit wants, as far as kconfig gives it
    together(target, wishes)    for each of several commits one, the same for all that it serves

A configuration costs a run of conf and of make, and what is compiled under one serves no other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from checks.compiling.needs import needed
from checks.compiling.target import Target, text_at
from checks.compiling.unbuilt import Text, Why
from generator.kernel.unbuildable import Unbuildable
from generator.series.commit import Commit


@dataclass(frozen=True)
class Wish:
    """Why files of a commit are not built, and symbols that branches of its files take."""

    commit: Commit
    reasons: tuple[Why, ...]
    branches: frozenset[str] = frozenset()

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the symbols to be asked for."""
        return tuple(sorted({one for why in self.reasons for one in why.wanted} | self.branches))

    def missing(self, target: Target) -> frozenset[str]:
        """Return what a target has off of what builds the files, and what the branches take."""
        wanted = frozenset(one for why in self.reasons for one in why.symbols) | self.branches
        try:
            told = target.at(self.commit.overlay).autoconf
        except Unbuildable:  # said where it is compiled
            return wanted
        return frozenset(one for one in wanted if not re.search(
            rf"^#define CONFIG_{one}(_MODULE)? ", told, re.M))


_COMPOSITE = re.compile(r"^([\w.-]+?)-(?:y|objs|m|\$\(CONFIG_\w+\))[ \t]*[:+]?=", re.M)


def absent(commit: Commit, read: Text) -> list[str]:
    """Return the units that a commit's Makefiles name and that are not there: make has to say."""
    found: list[str] = []
    for path in commit.touched:
        directory, _, name = path.rpartition("/")
        if name not in ("Makefile", "Kbuild"):
            continue
        text = (read(path) or b"").decode("utf-8", "replace")
        composite = set(_COMPOSITE.findall(text))
        for stem in re.findall(r"(?<=[ \t])([\w-]+)\.o\b", text):
            near = f"{directory}/{stem}"
            if stem not in composite and not any(read(near + end) is not None
                                                 for end in (".c", ".S", ".rs")):
                found.append(f"{near}.c")
    return list(dict.fromkeys(found))


def switched(target: Target, wish: Wish) -> Target:
    """Return a target with the symbols on by which files and branches are compiled.

    Where what they depend on does not do, what that needs is asked for as well: only then, for what
    one `depends on` names in vain is often one of several.
    """
    asked = wish.asked
    if not asked:
        return target
    on = target.switched(asked)
    if not wish.missing(on):
        return on
    more = needed(asked, partial(text_at, wish.commit.overlay, target.source), target.autoconf)
    return on if set(more) == set(asked) else target.switched(tuple(sorted(more)))


def together(target: Target, wishes: Sequence[Wish]) -> list[Target]:
    """Return a target for each wish: that of all of them, where it grants what this one wants."""
    if len({one.asked for one in wishes}) < 2:
        return [switched(target, one) for one in wishes]
    every = switched(target, Wish(
        wishes[-1].commit,
        tuple(dict.fromkeys(why for one in wishes for why in one.reasons)),
        frozenset().union(*(one.branches for one in wishes)),
    ))
    return [_better(target, every, one) for one in wishes]


def _better(target: Target, every: Target, wish: Wish) -> Target:
    """Return what serves all, if a commit's own would not grant it more."""
    lacking = wish.missing(every)
    if not lacking:
        return every
    own = switched(target, wish)
    return own if wish.missing(own) < lacking else every
