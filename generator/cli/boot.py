# SPDX-License-Identifier: GPL-2.0-only
"""`portwright boot DESIGN`: the running kernel must do what the model predicts."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

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
from checks.patches import inert
from checks.report.forms import FORMS, SHARED
from checks.show import report_text
from generator.cli import boot_forms, boot_refused
from generator.cli.given import scope
from generator.cli.tree import chosen, told
from generator.design import Design
from generator.errors import UsageError
from generator.kernel.clone import own, users_objects
from generator.kernel.nearest import nearest as nearest_pin
from generator.kernel.pin import pinned
from generator.kernel.tree import Tree, read, tree_id
from generator.load import Loaded, base_of, load
from generator.series import generate
from generator.series.manifest import read_bounded
from generator.series.overlay import between, nearest, with_diffs
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
    if args.refused:
        _refuse_beside(args)
        return boot_refused.run(args.refused, chosen(args), keeping=args.keep, form=form,
                                scope=scope(args))
    if not args.design:
        raise UsageError("name a design, or with --refused a rule to be broken")
    loaded = load(args.design)
    if hasattr(loaded.module, "REFUSED"):
        broken = (case.of_file(loaded.file),)
        return boot_refused.boot(broken, chosen(args), keeping=args.keep, form=form,
                                 scope=scope(args))
    if args.keep and (args.diffs or args.commit):
        raise UsageError("--keep goes with neither --with nor --commit: what is kept is of the "
                         "series as it is rendered")
    asked = _names(args.scenario, ALL, "scenario", ())
    boards = _names(args.board, BOARDS, "board", USUAL)
    (kind,) = _names(args.config, KINDS, "configuration", (PLAIN.name,))
    source = _source(args)

    def tasks_of(
        design: Design, where: Tree, files: Mapping[str, bytes | None], of: str = "",
        *, keep: bool = False,
    ) -> list[Task]:
        built = {arch: _kernel(design.name, where, files, KINDS[kind], arch)
                 for arch in dict.fromkeys(BOARDS[board].platform.arch for board in boards)}
        inside = {arch: program(where, arch) for arch in built}
        said = told(where)
        return [
            Task(design, built[arch], inside[arch], board, asked or usual(BOARDS[board]),
                 keep=keep, source=of, said=said)
            for board in boards for arch in [BOARDS[board].platform.arch]
        ]

    tasks: list[Task] = []
    if source.overlay or args.commit:  # what the pinned kernel complains of is not its fault
        base = _beside(args, source.tree) if args.commit else source.tree
        tasks = tasks_of(_pinned(load(args.design, told(base))), base, {}, keep=True)
    tasks += tasks_of(source.design, source.tree, source.overlay, source.of)
    runs = run_all(tasks)
    ours = runs[-len(boards):]
    bases = runs[:len(boards)]  # of the pinned kernel itself: its own
    if len(runs) > len(boards):
        ours = tuple(with_today(one, base) for one, base in zip(ours, bases, strict=True))
    done = list(zip(ours, bases, strict=True))
    if args.keep:
        _keep(source, kind, done)
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


def _keep(source: _Source, kind: str, done: list[tuple[Run, Run]]) -> None:
    """Write on which boards everything was as predicted, for the cover letter to say.

    Errors: UsageError.
    """
    held = [one for one, base in done if report.verdict(one, base) == AS_PREDICTED]
    if not held:
        say("nothing is kept: no board was as predicted")
        return
    qemu = command([BOARDS[held[0].board].setup().program, "--version"])
    say(str(booted.keep(booted.Booted(
        source.design.name, tree_id(source.tree, source.commit), source.tree.version,
        qemu.decode().split("\n")[0], tuple(booted.machine(one, kind) for one in held),
    ))))


def _refuse_beside(args: argparse.Namespace) -> None:
    """Refuse what says nothing beside --refused, which boots designs of its own."""
    given = {"a design": args.design, "--board": args.board, "--config": args.config,
             "--scenario": args.scenario, "--every": args.every, "--with": args.diffs,
             "--commit": args.commit}
    for name, value in given.items():
        if value:
            raise UsageError(f"--refused boots designs of its own: leave {name} out")


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


@dataclass(frozen=True)
class _Source:
    """What a kernel is built of: a tree, and what differs; `of` says whose it is, if not ours.

    design: what it does, as the tree answers to facts. commit: the last one of the series, or the
    user's.
    """

    design: Design
    tree: Tree
    overlay: Mapping[str, bytes | None]
    commit: str
    of: str = ""


def _pinned(loaded: Loaded) -> Design:
    """Return the design of the pinned kernel, from which a design sets out.

    Errors: UsageError when the design does not say which.
    """
    has_series = hasattr(loaded.module, "SERIES")
    found = loaded.series("to set out from").start if has_series else base_of(loaded.design)
    if found is None:
        raise UsageError(
            f"{loaded.file}: defines no SERIES, and no device of it says as_in=: it is not known "
            "what the pinned kernel does without it"
        )
    return found


def _beside(args: argparse.Namespace, where: Tree) -> Tree:
    """Return the pinned tree that a commit of the user's is booted beside: the nearest to it.

    Errors: UsageError, TreeError, EnvironmentFault.
    """
    near = nearest_pin(where.git_dir, where.base) if not args.kernel else None
    return near.tree if near else pinned(args.kernel, allow_newer=args.allow_newer)


def _source(args: argparse.Namespace) -> _Source:
    """Return the series' last commit, or a commit of the user's, with the diffs laid over it.

    Errors: UsageError for a design that has no C, Conflict for a diff that does not apply, Refused
    for one by which building it would run or read more than the kernel's.
    """
    diffs = [(name, read_bounded(Path(name))) for name in args.diffs]
    if args.commit:
        where, commit, overlay = _commit(args)
        loaded = load(args.design, told(where))
    else:
        where = chosen(args)
        loaded = load(args.design, told(where))
        commit, overlay = _rendered(loaded, where)
    if args.commit:
        inert.check_files(args.commit, overlay, partial(read, where, where.base))
    if diffs:
        laid = with_diffs(where, commit, diffs)
        inert.check_files(", ".join(name for name, _ in diffs), laid, partial(read, where, commit))
        overlay = {**overlay, **laid}
    if args.commit:
        there = _beside(args, where)
        if there.work == where.work:
            where = there  # the same files, of which there may be a build
    said = [f"of {args.commit}"] if args.commit else []
    said += [f"with {Path(name).name}" for name in args.diffs]
    return _Source(loaded.design, where, overlay, commit, " ".join(said))


def _commit(args: argparse.Namespace) -> tuple[Tree, str, dict[str, bytes | None]]:
    """Return the user's tree, the commit to boot, and its files that differ from the tree's base.

    Errors: UsageError.
    """
    if not args.tree:
        raise UsageError("--commit needs --tree: the clone that has it")
    _, commit = users_objects(Path(args.tree), args.commit)
    where = own(Path(args.tree), args.base or nearest(Path(args.tree), args.commit))
    return where, commit, between(where, where.base, commit)


def _rendered(loaded: Loaded, where: Tree) -> tuple[str, dict[str, bytes | None]]:
    """Return the series' last commit, and its files; the pinned kernel's design has none.

    Errors: UsageError for a design that has no C.
    """
    if base_of(loaded.design) == loaded.design and not hasattr(loaded.module, "SERIES"):
        return where.base, {}
    spec = loaded.series("so there is no kernel of it to boot")
    say(f"{loaded.design.name}: rendering")
    last = generate.generate(spec, where).commits[-1]
    return last.id, dict(last.overlay)


def _names(
    asked: str, known: Collection[str], what: str, usual: tuple[str, ...]
) -> tuple[str, ...]:
    names = tuple(asked.split(",")) if asked else usual
    for name in names:
        if name not in known:
            raise UsageError(f"no {what} {name!r}: there are {', '.join(known)}")
    return names
