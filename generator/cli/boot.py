# SPDX-License-Identifier: GPL-2.0-only
"""`portwright boot DESIGN`: the running kernel must do what the model predicts."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from itertools import cycle

from checks.boot import report
from checks.boot.beside import with_today
from checks.boot.build.arch import Arch
from checks.boot.build.kernel import Kernel, kernel
from checks.boot.build.kind import KINDS, PLAIN, Kind
from checks.boot.evidence import booted, case
from checks.boot.guest.lost import HANG, NO_BOOT, TIMEOUT
from checks.boot.many import Task, run_all
from checks.boot.model.guest_object import program, with_port_model
from checks.boot.predict.board import BOARDS, USUAL
from checks.boot.run import AS_PREDICTED, Run
from checks.boot.scenario import ALL, usual
from checks.report.forms import FORMS, SHARED
from checks.show import report_text
from generator.cli import boot_forms, boot_refused
from generator.cli.boot_source import (
    RANGE,
    Source,
    beside,
    pinned_design,
    rendered_trees,
    sources,
)
from generator.cli.given import scope
from generator.cli.tree import chosen, told
from generator.errors import UsageError
from generator.kernel.tree import Tree
from generator.load import load
from generator.system.plumbing import run as command
from generator.system.progress import say

_LATE = 124


def run(args: argparse.Namespace) -> int:
    """Build, boot, compare; 0 when everything is as predicted, 1 when not, 124 for a timeout.

    Errors: UsageError, ModelError, TreeError, EnvironmentFault.
    """
    form = "json" if args.json else args.format
    if args.kernel in KINDS:
        raise UsageError(f"--kernel {args.kernel}: this names a pinned tree; a configuration of "
                         f"the lab is named by --config {args.kernel}")
    if args.every and form in SHARED:
        raise UsageError(f"--every goes with text, and json has it: not with --format {form}")
    if args.refused:
        _refuse_beside(args, "--refused boots designs of its own")
        return boot_refused.run(args.refused, chosen(args), keeping=args.keep, form=form,
                                scope=scope(args))
    if not args.design:
        raise UsageError("name a design, or with --refused a rule to be broken")
    loaded = load(args.design)
    if hasattr(loaded.module, "REFUSED"):
        _refuse_beside(args, f"{args.design}, a refused design, is booted as it says")
        broken = (case.of_file(loaded.file),)
        return boot_refused.boot(broken, chosen(args), keeping=args.keep, form=form,
                                 scope=scope(args))
    if args.keep and (args.diffs or (args.commit and RANGE not in args.commit)):
        raise UsageError("--keep goes with neither --with nor one commit: what is kept is of the "
                         "series as it is rendered; name all of its commits, --commit A..B")
    asked = _names(args.scenario, ALL, "scenario", ())
    boards = _names(args.board, BOARDS, "board", USUAL)
    (kind,) = _names(args.config, KINDS, "configuration", (PLAIN.name,))
    found = sources(args)

    def tasks_of(one: Source, *, keep: bool = False) -> list[Task]:
        built = {arch: _kernel(one.name or one.design.name, one.tree, one.overlay, KINDS[kind],
                               arch)
                 for arch in dict.fromkeys(BOARDS[board].platform.arch for board in boards)}
        inside = {arch: program(one.tree, arch) for arch in built}
        said = told(one.tree)
        return [
            Task(one.design, built[arch], inside[arch], board, asked or usual(BOARDS[board]),
                 keep=keep, name=one.name, source=one.of, said=said)
            for board in boards for arch in [BOARDS[board].platform.arch]
        ]

    tasks: list[Task] = []
    if found[0].overlay or args.commit:  # what the pinned kernel complains of is not its fault
        base = beside(args, found[0].tree) if args.commit else found[0].tree
        start = pinned_design(load(args.design, told(base)))
        tasks = tasks_of(Source(start, base, {}, base.base, ""), keep=True)
    for one in found:
        tasks += tasks_of(one)
    runs = run_all(tasks)
    ours = runs[len(boards):] or runs  # of the pinned kernel itself: its own
    bases = runs[:len(boards)]
    done = list(zip(ours, cycle(bases), strict=False))
    if len(runs) > len(boards):
        done = [(with_today(one, base), base) for one, base in done]
    if args.keep:
        _keep(args, found, kind, done)
    code = _code([report.verdict(one, base) for one, base in done])
    if form in SHARED:
        seen = [boot_forms.Booted(f"{one.design} on {one.board}", one, base)
                for one, base in done]
        print(FORMS[form](boot_forms.of_runs(
            seen, loaded.design.name, report_text.short(str(loaded.file)), scope(args),
            shlex.join(["portwright", *sys.argv[1:]]), code)))
    elif form == "json":
        print(json.dumps([report.record(one, base) for one, base in done], indent=2))
    else:
        print("\n\n".join(report.text(one, base, every=args.every) for one, base in done))
    return code


def _keep(
    args: argparse.Namespace, found: Sequence[Source], kind: str, done: list[tuple[Run, Run]]
) -> None:
    """Write on which boards everything was as predicted, for the cover letter to say.

    Errors: UsageError.
    """
    last, each = found[-1], bool(args.commit)
    if each and rendered_trees(args.design, last.tree) != tuple(one.its_tree for one in found):
        raise UsageError(f"nothing is kept: {args.commit} is not the series as it is rendered")
    held = [one for one, base in done if report.verdict(one, base) == AS_PREDICTED]
    machines = booted.of_each(held, kind, len(found))
    if not machines:
        say("nothing is kept: no board was as predicted")
        return
    qemu = command([BOARDS[held[0].board].setup().program, "--version"])
    say(str(booted.keep(booted.Booted(
        last.design.name, last.its_tree, last.tree.version, qemu.decode().split("\n")[0],
        () if each else machines, machines if each else (),
    ))))


def _refuse_beside(args: argparse.Namespace, why: str) -> None:
    """Refuse what says nothing where a refused design has it all: boards, scenarios, objects."""
    given = {"a design": args.design if args.refused else "", "--board": args.board,
             "--config": args.config, "--scenario": args.scenario, "--every": args.every,
             "--with": args.diffs, "--commit": args.commit}
    for name, value in given.items():
        if value:
            raise UsageError(f"{why}: leave {name} out")


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


def _names(
    asked: str, known: Collection[str], what: str, usual: tuple[str, ...]
) -> tuple[str, ...]:
    names = tuple(asked.split(",")) if asked else usual
    for name in names:
        if name not in known:
            raise UsageError(f"no {what} {name!r}: there are {', '.join(known)}")
    return names
