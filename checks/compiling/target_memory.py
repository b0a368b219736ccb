# SPDX-License-Identifier: GPL-2.0-only
"""What is known of one configuration of the base, filled while commits are tried under it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.compiling.backend import Object, build
from checks.compiling.frontend import diagnose
from checks.compiling.pool import Pool
from checks.compiling.reach import Graphs
from checks.compiling.target import Target
from generator.kernel.unbuildable import Unbuildable
from generator.parsing.job import Diagnostic, Job

_NUMBER = re.compile(r"\d+")


def key(item: Diagnostic) -> tuple[str, str, str, str]:
    """Return what makes two diagnostics the same although lines have moved."""
    return item.path, item.option, item.function, _NUMBER.sub("N", item.text)


def rule(item: Diagnostic) -> str:
    """Return the rule of what a compiler says."""
    return f"compile:{item.option or item.severity}"


@dataclass(frozen=True)
class TargetMemory:
    """What is known of one target, filled while its commits are tried.

    everywhere: users of a header are looked for in the whole tree. laid: what the base has
    otherwise than the tree of the target. alone: only what a commit touches is compiled, of a
    configuration that was made for that.
    """

    target: Target
    pool: Pool
    graphs: Graphs
    everywhere: bool = False
    laid: Mapping[str, bytes | None] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    alone: bool = False
    jobs: dict[str, Job] = field(default_factory=dict)
    said: dict[str, frozenset[tuple[str, str, str, str]]] = field(default_factory=dict)

    def base_job(self, path: str) -> Job:
        """Return the job of a unit as the base has it."""
        if path not in self.jobs:
            far = self.everywhere and path in self.target.everywhere()
            under = self.target if far else self._under()
            self.jobs[path] = (under.far if far else under.job)(path, self.laid)
        return self.jobs[path]

    def _under(self) -> Target:
        """Return the target as the base has it, whose Makefiles may be others."""
        try:
            return self.target.at(self.laid) if self.laid else self.target
        except Unbuildable:
            return self.target

    def has(self, path: str) -> bool:
        """Return whether the base has a file."""
        if path in self.laid:
            return self.laid[path] is not None
        return (self.target.source / path).exists()

    def base_says(self, path: str) -> frozenset[tuple[str, str, str, str]]:
        """Return the keys of what the base says of a unit; nothing for a new one."""
        if path not in self.said:  # a new unit may be in a directory that is new as well
            said = diagnose(self.base_job(path)).diagnostics if self.has(path) else ()
            self.said[path] = frozenset(map(key, said))
        return self.said[path]

    def base_object(self, path: str) -> Object | None:
        """Return what the back end makes of a unit of the base, None when it has none."""
        if not self.has(path):
            return None
        task = self.base_job(path)
        return build(task, diagnose(task).includes, self.target.compiler)
