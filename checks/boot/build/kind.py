# SPDX-License-Identifier: GPL-2.0-only
"""Kinds of kernels to boot: what is switched on beside what every one has, and what it changes.

A kind is fragments of a configuration, on any architecture. What it does to a life is said here,
so predictions follow: a kernel that binds every driver twice is walked through the design's
machine so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COMMON = ("lab", "debug")  # what every kernel has, beside its architecture's


@dataclass(frozen=True)
class Kind:
    """A kind of kernel; `twice`: each driver is bound, unbound, and bound again.

    `slower` is by how much more time everything may take. Most objects of a kind that is
    `near` are those of the plain one, so the two are built in one place.

    Source of `twice`: drivers/base/dd.c really_probe(), test_remove.
    """

    name: str
    fragments: tuple[str, ...] = ()
    twice: bool = False
    near: bool = False
    leaks: bool = False  # it can look for memory that nobody refers to any more
    slower: float = 1.0
    memory: str = "512M"
    kernel_args: tuple[str, ...] = ()

    def probes(self, depth: int) -> int:
        """Return how often a probe runs that is `depth` deep inside those of other drivers."""
        return 2 ** (depth + 1) if self.twice else 1


PLAIN = Kind("plain")
# A service is probed four times as often, and hotplug takes a second each time.
REMOVE = Kind("remove", ("remove",), twice=True, near=True, slower=4.0)
# No more than 36 objects know of kmemleak.
KMEMLEAK = Kind("kmemleak", ("kmemleak",), near=True, leaks=True, slower=2.0)
KASAN = Kind(
    "kasan", ("kmemleak", "kasan"), leaks=True, slower=4.0, memory="1G",
    # KASAN is silent after its first report otherwise.
    kernel_args=("kasan_multi_shot",),
)


def of_fragments(names: tuple[str, ...]) -> Kind:
    """Return the kind that has just these fragments beside what every kernel has."""
    found = (one for one in KINDS.values() if one.fragments == names)
    return next(found, Kind("-".join(names), names))


KINDS: Mapping[str, Kind] = {one.name: one for one in (PLAIN, REMOVE, KMEMLEAK, KASAN)}
