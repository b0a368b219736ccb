# SPDX-License-Identifier: GPL-2.0-only
"""`portwright generate`: explore every step, render, check every commit, and only then write."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from checks.boot.evidence import booted
from checks.finding import Verdict
from checks.patches.examine import assumed, checked, examine
from checks.patches.reported import reported
from checks.report import text
from checks.report.record import kept_elsewhere
from checks.search.told import Report
from checks.show import report_text
from checks.show.table import WIDTH
from checks.verdict.explored import holds
from checks.verdict.judge import ALL
from checks.verdict.parallel import PROCESSES, results
from generator.cli.differing import beside_nearest
from generator.cli.tree import chosen, told
from generator.design import SUBDEVICES
from generator.designs.refused.refusal import PREFIX
from generator.errors import EnvironmentFault, PortwrightError, ProgramFailed, UsageError
from generator.intake import posting
from generator.kernel.pin import name_of, read_pins
from generator.kernel.tree import Tree
from generator.load import DEFAULT, load, names
from generator.rendering.templates import text_of
from generator.resize import with_children
from generator.series import generate, output
from generator.series.spec import SeriesSpec
from generator.series.write import write
from generator.system import stopping
from generator.system.house import HOUSE, INSTALLED
from generator.system.plumbing import run as command
from generator.system.progress import say

_LONG = 3600.0  # seconds for a search that has to end, on a machine that does much else as well
PATCHES = Path("patches") if INSTALLED else HOUSE / "patches"


def run(args: argparse.Namespace) -> int:
    """Write the series of a design, or of all that have one, or say why not.

    A series of which something was found is not written; with --all the others are.
    Errors: UsageError for a design without a series; Refused when the directory holds patches
    of somebody else's; TreeError, EnvironmentFault, ModelError.
    """
    code = _all(args)
    if stopping.asked():
        print("portwright generate: interrupted: this is what was found so far; nothing was "
              "written after it", file=sys.stderr)
        return stopping.INTERRUPTED
    return code


def _all(args: argparse.Namespace) -> int:
    if args.all:
        if args.design or args.out or args.refused:
            raise UsageError("--all goes with no design, and with neither --out nor --refused")
        where = chosen(args)
        codes = [_one(args, spec, where) for spec in shipped(told(where))
                 if not stopping.asked()]
        return max(codes, default=0)
    if not args.design:
        raise UsageError("name a design, or give --all for every shipped one that has a series")
    load(args.design).series("so there is no C to it")  # before a tree is set up for it
    if args.out:
        output.refuse(Path(args.out))
    where = chosen(args)
    return _one(args, load(args.design, told(where)).series("so there is no C to it"), where)


def shipped(said: Mapping[str, str] = DEFAULT) -> list[SeriesSpec]:
    """Return the series of the shipped designs, as they are in a tree that answers so."""
    loaded = [load(name, said) for name in names()]
    return [one.series("") for one in loaded
            if isinstance(getattr(one.module, "SERIES", None), SeriesSpec)]


def _one(args: argparse.Namespace, spec: SeriesSpec, where: Tree) -> int:
    if args.refused:
        return _refused(args, spec, where)
    out = Path(args.out) if args.out else PATCHES / name_of(where) / spec.name
    if not args.out:
        output.refuse(out)
    drawn: generate.Drawn | PortwrightError | None = None
    if not args.render_only:
        works: list[Callable[[], Report | generate.Drawn | PortwrightError | None]] = [
            partial(_drawn, spec, where), *_explorations(spec)]
        with stopping.collecting(), closing(results(works, PROCESSES)) as found:
            for one in found:
                if isinstance(one, Report):
                    print(report_text.text(one))
                    print(_unwritten(out))
                    return 1
                drawn = drawn if one is None else one
    if stopping.asked():
        return stopping.INTERRUPTED
    for line in beside_nearest(where, spec.name, [step.design for step in spec.steps]):
        print(line)
    signer = _signer() if args.signoff else ""
    if isinstance(drawn, PortwrightError):
        raise drawn
    if drawn is None:
        say(f"{spec.name}: rendering {len(spec.steps)} commits")
    made = generate.generate(spec, where, signer, drawn)
    said = provenance(spec, where, args.render_only, made.tree_id, spec.children)
    return _written(made, spec, where, out, said, signer,
                    checking=not args.render_only, dry=args.dry_run)


def _explorations(spec: SeriesSpec) -> Iterator[Callable[[], Report | None]]:
    """Yield what says of each design of a series whether it holds, as explored.holds()."""
    for design in dict.fromkeys(step.design for step in spec.steps):
        yield partial(holds, design)
    if spec.children:
        yield partial(holds, with_children(spec.steps[-1].design, spec.children), seconds=_LONG)


def _drawn(spec: SeriesSpec, where: Tree) -> generate.Drawn | PortwrightError:
    """Return what the steps of a series change, or why not: a design that is broken goes first."""
    say(f"{spec.name}: rendering {len(spec.steps)} commits")
    try:
        return tuple((changed, after) for _, changed, after in generate.texts(spec, where))
    except PortwrightError as fault:
        return fault


def _refused(args: argparse.Namespace, spec: SeriesSpec, where: Tree) -> int:
    """Write the series of a design that is refused; everything else is checked as ever.

    Errors: UsageError for a design that is not, or without a place to write to.
    """
    if not args.out or args.render_only or args.signoff:
        raise UsageError("--refused needs --out, and goes with neither --render-only nor --signoff")
    design = spec.steps[-1].design
    report = holds(design)
    if report is None or report.verdict is not Verdict.VIOLATED:
        how = "holds" if report is None else "could not be explored to the end"
        raise UsageError(f"{design.name}: {how}, so it is not refused: leave --refused out")
    say(f"{spec.name}: rendering {len(spec.steps)} commits")
    made = generate.generate(spec, where)
    cover = text_of("messages/refused.txt.j2", found=[
        (one.title, one.rule, textwrap.wrap(one.message, WIDTH), _symptom(one.rule),
         "\n".join(report_text.example(one))) for one in report.counterexamples
    ])
    made = replace(made, prefix=PREFIX, cover_body=f"{cover.strip()}\n\n{made.cover_body}")
    keys = [one.rule for one in report.counterexamples]
    print(f"{design.name}: refused under {', '.join(keys)}")
    said = {"refused": keys, **provenance(spec, where, False, made.tree_id)}
    return _written(made, spec, where, Path(args.out), said, "", checking=True, dry=args.dry_run)


def _symptom(key: str) -> list[str]:
    (rule,) = [one for one in ALL if one.key == key]
    return textwrap.wrap(f"A kernel is expected to show: {rule.symptom}.", WIDTH)


def _written(
    made: generate.Series, spec: SeriesSpec, where: Tree, out: Path,
    said: Mapping[str, object], signer: str, *, checking: bool, dry: bool,
) -> int:
    """Write a rendered series, if the checks find nothing; say what would be written if `dry`."""
    with tempfile.TemporaryDirectory(prefix="portwright-") as scratch:
        fresh = Path(scratch) / spec.name
        try:
            write(made, where, fresh, said)
        except OSError as fault:
            raise EnvironmentFault(f"{out}: not written: {fault}") from fault
        if checking and not _clean(fresh, out, where, spec, signer, made):
            print(_unwritten(out))
            return 1
        if dry:
            print("\n".join(_would(fresh, out)))
            return 0
        output.put(fresh, out)
    for key, why in spec.left_out:
        print(f"{out}: step {key} left out: the tree has it ({why})")
    print(f"{out}: {len(spec.steps)} patches on {where.base[:12]} ({where.source})")
    return 0


def _unwritten(out: Path) -> str:
    """Return that a set is not written, and what the one that is there is of."""
    there = out.is_dir() and any(out.glob("*.patch"))
    return f"{out}: not written" + ("; what is there is of an earlier run" if there else "")


def _would(fresh: Path, out: Path) -> Iterator[str]:
    """Yield what writing a set would do to each file of a directory."""
    yield f"{out}: not written, -n; it would be:"
    for path in sorted(fresh.iterdir()):
        there = out / path.name
        same = there.is_file() and there.read_bytes() == path.read_bytes()
        how = "as it is" if same else "replaced" if there.exists() else "new"
        yield f"  {how:<10}{path.name}"
    for path in sorted(out.glob("*.patch")) if out.is_dir() else ():
        if not (fresh / path.name).exists():
            yield f"  {'removed':<10}{path.name}"


def _signer() -> str:
    """Return "Name <address>" of the user's own git identity.

    Errors: EnvironmentFault when git knows none.
    """
    try:
        said = command(["git", "var", "GIT_COMMITTER_IDENT"], env=os.environ)
    except ProgramFailed as failed:
        raise EnvironmentFault(
            f"--signoff: git knows no user.name and user.email of yours\n{failed.stderr.strip()}"
        ) from failed
    name, _, rest = said.decode().partition(" <")
    address = rest.partition(">")[0]
    if not name or not address:
        raise EnvironmentFault("--signoff: git knows no user.name and user.email of yours")
    return f"{name} <{address}>"


def _clean(
    directory: Path, out: Path, where: Tree, spec: SeriesSpec, signer: str, made: generate.Series
) -> bool:
    with posting.on(posting.Asked((str(directory),)), where) as read:
        done = examine(read, spec, signer, steps=tuple(one.overlay for one in made.commits))
        report = reported(done, read, "generate", lambda _: f"portwright generate {spec.name}")
    print(text.render(kept_elsewhere(report, str(directory), str(out))))
    return report.clean and not stopping.asked()


def provenance(
    spec: SeriesSpec, where: Tree, render_only: bool, tree: str, children: int = 0
) -> Mapping[str, object]:
    """Return what is said of the checks; `children`: the last design was explored with as many."""
    if render_only:
        return {"not_checked": ["anything: it was rendered with --render-only"]}
    design = spec.steps[-1].design
    known = ", ".join(f"{one.name} ({one.version})" for one in read_pins().values())
    words = [] if any(one.commit == where.base for one in read_pins().values()) else [
        f"what the messages say of this tree: it is none of {known}, of which they were read; they "
        "know what `portwright tree facts` does"
    ]
    seen = booted.sentence(spec.name, tree)
    bounds = ", ".join(f"{device.count} {device.name}" for device in design.devices)
    more = ", ".join(f"{children} {device.name}" for device in design.devices
                     if device.kind in SUBDEVICES and device.count < children)
    return {
        "checked": [
            f"each commit's design, explored over hardware and platform answers with {bounds}"
            + (f", and the last one with {more}" if more else ""),
            *checked(),
            *([seen] if seen else []),
        ],
        "not_checked": [
            *assumed(), "hardware" if seen else "a running kernel, or hardware", *words,
        ],
    }
