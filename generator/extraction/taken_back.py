# SPDX-License-Identifier: GPL-2.0-only
"""What others take back for a driver: who closes its network device, or removes a directory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from generator.context import queued
from generator.expr import Fact
from generator.extraction.contexts import SetUp
from generator.extraction.interfaces import functions_by_member
from generator.extraction.texts import arguments, callees, text_of
from generator.parsing.cursors import Unit


def closing(units: Sequence[Unit]) -> Iterator[str]:
    """Yield the text of each function that closes a network device, and of what it calls."""
    bodies = {name: text_of(unit, one.cursor) for unit in units
              for name, one in unit.definitions.items()}
    queue = [function for _, member, function in functions_by_member(units, ("net_device_ops",))
             if member == "ndo_stop" and function in bodies]
    for name in queue:
        yield bodies[name]
        queue += [one for one in sorted(callees(bodies[name]))
                  if one in bodies and one not in queue]


_FLUSHES = re.compile(r"\b(?:flush|drain|destroy)_workqueue\s*\([^()]*?(\w+)\s*\)")


def flushed(text: str, units: Sequence[Unit], there: Sequence[SetUp]) -> frozenset[Fact]:
    """Return the works of the queues that a function with this text flushes or destroys."""
    queues = frozenset(_FLUSHES.findall(text))
    whole = "\n".join(unit.text.decode("utf-8", "replace") for unit in units) if queues else ""
    return frozenset(
        queued(one.function) for one in there for queue in queues if re.search(
            rf"\b(?:queue|mod)_(?:delayed_)?work\s*\([^,;]*\b{queue}\s*,[^;]*\b{one.member}\b",
            whole)
    )


_DIRECTORY = re.compile(
    r"(?:([\w>.\-]+)\s*=\s*)?\bdebugfs_create_(dir|file)\s*\(((?:[^()]|\([^()]*\))*)\)")


def in_a_directory_of_others(units: Sequence[Unit]) -> frozenset[Fact]:
    """Return that of debugfs nothing is known where files are in a directory of somebody else.

    They go with that: fs/debugfs/inode.c debugfs_remove() removes what is in it. Whose it is says
    the last member by which it is named.
    """
    text = "\n".join(unit.text.decode("utf-8", "replace") for unit in units)
    made, above = set(), []
    for kept, kind, inside in _DIRECTORY.findall(text):
        given = [one.strip() for one in arguments(f"{inside})")]
        parent = "".join(given[1:2] if kind == "dir" else given[2:3])
        made.add(_last(kept))
        above.append((parent, _last(parent) == _last(kept) and parent != kept))
    strange = [path for path, same in above
               if path not in ("", "NULL") and (same or _last(path) not in made)]
    return frozenset({queued("debugfs")} if strange else ())


def _last(path: str) -> str:
    return "".join(re.findall(r"\w+", path)[-1:])
