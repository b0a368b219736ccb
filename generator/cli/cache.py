# SPDX-License-Identifier: GPL-2.0-only
"""`portwright cache`: what is kept for the next run, how large it is, and what of it may go."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from generator.errors import PortwrightError, UsageError
from generator.kernel import pin
from generator.system.cache import cache
from generator.system.entries import KINDS, Entry, about, entries, excess, remove
from generator.system.progress import say


def run(args: argparse.Namespace) -> int:
    """Show what is kept by kind, or remove what was not used for the longest time.

    Errors: UsageError, EnvironmentFault.
    """
    for kind in args.kind:
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no kind of what is kept: there are {', '.join(KINDS)}")
    if args.kind and args.cache_limit != args.parser().parse_args(["cache"]).cache_limit:
        raise UsageError("--kind removes all of a kind, whatever is kept: drop --cache-limit")
    if args.action == "show":
        if args.kind or args.dry_run:
            raise UsageError("--kind and -n go with `cache prune`; `cache show` shows every kind")
        return _show(args)
    found = entries(_stays)
    if args.kind:
        mine = tuple(one for one in found if one.kind in args.kind)
        chosen = excess(mine, -1)
    else:
        mine, chosen = found, excess(found, args.cache_limit)
    gone = chosen if args.dry_run else remove(chosen)
    _pruned(args, found, mine, gone)
    return 0


def trim(limit: int, made: Sequence[Path]) -> None:
    """Remove what was not used for the longest time when more than `limit` bytes are kept.

    `made` is what this run has added. What keeps us from it is said: the run that made the cache
    too large has its result.
    """
    try:
        kept = about(made, limit)
        if kept is not None and kept <= limit:
            return
        gone = remove(excess(entries(_stays), limit))
    except (PortwrightError, OSError) as fault:
        say(f"the cache may be larger than {_bytes(limit)}: {fault}")
        return
    if gone:
        say(f"cache: {_bytes(sum(one.size for one in gone))} went that were not used for longest: "
            + ", ".join(sorted({one.kind for one in gone})) + "; the limit is " + _bytes(limit))


def _stays(path: Path) -> str:
    """Return why an entry is never pruned: what came from the network may not be there again."""
    top = path.relative_to(cache()).parts[0]
    if top in ("apt", "foreign"):
        return "fetched"
    if top not in ("tree", "deb"):
        return ""
    pins = [(one.package, one.package_version) for one in pin.read_pins().values()]
    pinned = {f"{name}-{version}" for name, version in pins}
    pinned |= {f"{name}_{version}.deb" for name, version in pins}
    return "pinned" if path.name in pinned else ""


def _show(args: argparse.Namespace) -> int:
    found = entries(_stays)
    rows = [_row(kind, [one for one in found if one.kind == kind]) for kind in KINDS]
    total = sum(one.size for one in found)
    if args.json:
        print(json.dumps({
            "path": str(cache()), "size": total, "limit": args.cache_limit,
            "kinds": [row for row in rows if row["entries"]],
        }, indent=2))
        return 0
    print(cache())
    print(f"{'kind':<10}{'entries':>8}{'size':>10}  last use          in use, or never pruned")
    for row in rows:
        if row["entries"]:
            kept = [f"{row['held']} in use"] * bool(row["held"])
            kept += [f"{row['stays']} stay"] * bool(row["stays"])
            print(f"{row['kind']:<10}{row['entries']:>8}{_bytes(int(str(row['size']))):>10}  "
                  f"{row['used']}  {', '.join(kept)}".rstrip())
    print(f"{'together':<10}{len(found):>8}{_bytes(total):>10}  the limit is "
          f"{_bytes(args.cache_limit)}")
    return 0


def _row(kind: str, mine: Sequence[Entry]) -> dict[str, object]:
    return {
        "kind": kind, "entries": len(mine), "size": sum(one.size for one in mine),
        "used": _when(max((one.used for one in mine), default=0.0)),
        "held": sum(one.held for one in mine), "stays": sum(bool(one.stays) for one in mine),
    }


def _pruned(
    args: argparse.Namespace, found: Sequence[Entry], mine: Sequence[Entry], gone: Sequence[Entry]
) -> None:
    """Print what went, or would go, and what did not although more had to."""
    size = sum(one.size for one in gone)
    left = sum(one.size for one in found) - size
    if args.json:
        print(json.dumps({
            "path": str(cache()), "size": left, "limit": args.cache_limit,
            "dry_run": args.dry_run,
            "gone": [{"kind": one.kind, "name": one.name, "size": one.size,
                      "used": _when(one.used)} for one in gone],
        }, indent=2))
        return
    would = "would go" if args.dry_run else "went"
    large = [one for one in gone if one.size >= 1 << 20]
    for one in large:
        print(f"{would}: {one.name}, {_bytes(one.size)}, last used {_when(one.used)}")
    if len(large) < len(gone):
        print(f"{would}: {len(gone) - len(large)} entries of less than 1M")
    print(f"{would} together: {_bytes(size)}; {_bytes(left)} stay, the limit is "
          f"{_bytes(args.cache_limit)}")
    gone_names = {one.name for one in gone}
    busy = [one.name for one in mine if one.held and one.name not in gone_names]
    over = bool(args.kind) or left > args.cache_limit
    if busy and over:
        print(f"in use by a running program, and left: {', '.join(busy[:5])}"
              + (f" and {len(busy) - 5} more" if len(busy) > 5 else ""))


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _bytes(size: int) -> str:
    """Return a size as `ls -h` writes it."""
    if size < 1024:
        return str(size)
    unit = min((size.bit_length() - 1) // 10, 4)
    return f"{size / (1 << 10 * unit):.1f}{' KMGT'[unit]}"
