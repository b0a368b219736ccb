# SPDX-License-Identifier: GPL-2.0-only
"""`portwright boot DESIGN`: the running kernel must do what the model predicts."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping

from checks.boot import case, report
from checks.boot.arch import Arch
from checks.boot.board import BOARDS, USUAL
from checks.boot.guest import program, with_port_model
from checks.boot.kernel import Kernel, kernel
from checks.boot.kind import KINDS, PLAIN, Kind
from checks.boot.lost import HANG, NO_BOOT, TIMEOUT
from checks.boot.many import Task, run_all
from checks.boot.run import AS_PREDICTED
from checks.boot.scenario import ALL
from checks.boot.scenario import USUAL as SCENARIOS
from generator import series
from generator.cli import refused
from generator.cli.tree import chosen
from generator.design import Design
from generator.errors import UsageError
from generator.load import load
from generator.progress import say
from generator.tree import Tree

BASE = "today"  # the design of the pinned kernel
_LATE = 124


def run(args: argparse.Namespace) -> int:
    """Build, boot, compare; 0 when everything is as predicted, 1 when not, 124 for a timeout.

    Errors: UsageError, ModelError, TreeError, EnvironmentFault.
    """
    if args.refused:
        asked = case.chosen(args.refused, case.cases())
        return refused.run(asked, chosen(args), keeping=args.keep, as_json=args.json)
    if not args.design:
        raise UsageError("name a design, or with --refused a rule to be broken")
    loaded = load(args.design)
    if hasattr(loaded.module, "REFUSED"):
        asked = (case.of_file(loaded.file),)
        return refused.run(asked, chosen(args), keeping=args.keep, as_json=args.json)
    scenarios = _names(args.scenario, ALL, "scenario", SCENARIOS)
    boards = _names(args.board, BOARDS, "board", USUAL)
    (kind,) = _names(args.kernel, KINDS, "kernel", (PLAIN.name,))
    where = chosen(args)
    overlay = _overlay(loaded.module, loaded.design, where)

    def tasks_of(design: Design, files: Mapping[str, bytes | None], keep: bool) -> list[Task]:
        built = {arch: _kernel(design.name, where, files, KINDS[kind], arch)
                 for arch in dict.fromkeys(BOARDS[board].platform.arch for board in boards)}
        inside = {arch: program(where, arch) for arch in built}
        return [Task(design, built[arch], inside[arch], board, scenarios, keep)
                for board in boards for arch in [BOARDS[board].platform.arch]]

    # What the pinned kernel complains of is not the series' fault.
    tasks = tasks_of(load(BASE).design, {}, keep=True) if overlay else []
    tasks += tasks_of(loaded.design, overlay, keep=False)
    runs = run_all(tasks)
    ours = runs[-len(boards):]
    bases = runs[:len(boards)]  # of the pinned kernel itself: its own
    done = list(zip(ours, bases, strict=True))
    if args.json:
        print(json.dumps([report.record(one, base) for one, base in done], indent=2))
    else:
        print("\n\n".join(report.text(one, base, every=args.every) for one, base in done))
    return _code([report.verdict(one, base) for one, base in done])


def _code(verdicts: list[str]) -> int:
    if all(one == AS_PREDICTED for one in verdicts):
        return 0
    return _LATE if any(one in (TIMEOUT, HANG, NO_BOOT) for one in verdicts) else 1


def _kernel(
    name: str, where: Tree, overlay: Mapping[str, bytes | None], kind: Kind, arch: Arch
) -> Kernel:
    built = kernel(where, with_port_model(where, overlay), kind, arch)
    if built.seconds:
        say(f"{name}: kernel built in {built.seconds:.0f} s")
    return built


def _overlay(module: object, design: Design, where: Tree) -> Mapping[str, bytes | None]:
    """Return the files of the series' last commit; the pinned kernel's design has none.

    Errors: UsageError for a design that has no C.
    """
    spec = getattr(module, "SERIES", None)
    if isinstance(spec, series.SeriesSpec):
        say(f"{design.name}: rendering")
        return series.generate(spec, where).commits[-1].overlay
    if design.name == BASE:
        return {}
    raise UsageError(f"{design.name}: defines no SERIES, so there is no kernel of it to boot")


def _names(
    asked: str, known: Collection[str], what: str, usual: tuple[str, ...]
) -> tuple[str, ...]:
    names = tuple(asked.split(",")) if asked else usual
    for name in names:
        if name not in known:
            raise UsageError(f"no {what} {name!r}: there are {', '.join(known)}")
    return names
