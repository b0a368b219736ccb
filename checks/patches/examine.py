# SPDX-License-Identifier: GPL-2.0-only
"""Every check of a directory of patches, in one table for `generate` and `validate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from checks.compiling import compile
from checks.compiling.matrix import configurations
from checks.compiling.outcome import name_of
from checks.compiling.pool import LOCAL, Pool
from checks.compiling.target import KernelTarget
from checks.finding import Finding, Severity
from checks.patches import checkpatch, commits, deep, inert, lives, people, rendered, rules
from checks.patches.choice import DEEP, EVERYTHING, Choice, told, waived
from checks.patches.commits import at
from checks.patches.context import Context
from checks.patches.mails import Patch, edits, view
from checks.patches.work import Work
from checks.report.record import FAILS
from checks.verdict.parallel import PROCESSES, results
from generator.errors import ProgramFailed, UsageError
from generator.intake.posting import Posting
from generator.kernel import kbuild, tree
from generator.kernel.configurations import CONFIGS
from generator.kernel.ground import Ground, ground
from generator.series.commit import Commit, commits_of
from generator.series.identity import canonical
from generator.series.spec import SeriesSpec
from generator.system import stopping
from generator.system.cache import cache, keep
from generator.system.plumbing import git
from generator.system.progress import say
from generator.system.visible import visible


@dataclass(frozen=True)
class Examined:
    """What the checks said, check by check, what they took for granted, and what was `chosen`.

    `unmade` are checks that were not made, and why.
    `configurations` are those under which the tree was built.
    """

    patches: tuple[Patch, ...]
    found: dict[str, tuple[Finding, ...]]
    assumed: tuple[str, ...]
    chosen: tuple[str, ...] = ()
    unmade: tuple[tuple[str, str], ...] = ()
    configurations: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Return whether nothing was found that a maintainer would object to."""
        return not any(one.severity in FAILS for said in self.found.values() for one in said)


@dataclass(frozen=True)
class Check:
    """A kind of check: how it is run, and what a series that passed it says was checked.

    `said` is empty for what is no judgement. `doing` is told while it runs, with the number of
    commits and configurations. A check of `conventions` is named together with the others of them,
    on one line. `of_series` is only made when it is known which series the patches are, `of_others`
    only when that is not known, for it asks what a series' designs say better. One that
    `builds` wants the tree under each configuration. `assumed` is what it takes for granted.
    """

    run: Callable[[Work], tuple[Finding, ...]]
    said: str
    doing: str
    conventions: bool = False
    of_series: bool = False
    of_others: bool = False
    builds: bool = True
    assumed: tuple[str, ...] = ()
    assumed_of_others: tuple[str, ...] = ()

    def taken(self, spec: SeriesSpec | None) -> tuple[str, ...]:
        """Return what is taken for granted of a series of ours, or of somebody else's."""
        others = self.assumed_of_others or self.assumed
        return others if spec is None else self.assumed


def examine(
    posting: Posting, spec: SeriesSpec | None, signoff: str = "", chosen: Choice = EVERYTHING,
    steps: tuple[Mapping[str, bytes | None], ...] = (), pool: Pool = LOCAL,
) -> Examined:
    """Make the chosen checks of CHECKS; those of a series' designs only with `spec`.

    `steps` is what those of `spec` leave, each all files that differ from the base, when they
    have been rendered already. `pool` is who compiles.

    Errors: UsageError when nothing is left to check, Refused when kbuild would execute something,
    and whatever keeps a check from being made: a check that cannot run is never a pass.

    Example:
        done = examine(Path("patches/6.12/auxbus"), pinned(), None)
        done.clean, list(done.found)
        -> True, ["checkpatch", "series", "compile", ...]  # each that CHECKS has
    """
    where = posting.where

    def read(path: str) -> bytes | None:
        return tree.read(where, where.base, path)

    text = view(posting)
    changes = edits(posting)
    # Before anything reads it: from here on kbuild and conf execute what Makefiles say.
    inert.check(text, changes, read)
    commits = commits_of([patch.name for patch in text.patches], changes)
    made = {name: one for name, one in CHECKS.items()
            if chosen.wanted(name) and not (one.of_series if spec is None else one.of_others)}
    if not made:
        raise UsageError(f"{text.directory}: only a series that says whose design it is has one "
                         "to be held to; name it with --design" if spec is None else
                         f"{text.directory}: what is asked of others' drivers, the designs of this "
                         "series say: leave --only out")
    building = any(one.builds for one in made.values())
    if chosen.matrix and not building:
        raise UsageError("--matrix is for checks that compile, and none of them was asked for")
    further = configurations(chosen.matrix, where.work) if chosen.matrix else ()
    below = Ground((), {})
    if building:
        below = ground(where, (*CONFIGS.values(), *further))
    bases, more = below.bases[: len(CONFIGS)], below.bases[len(CONFIGS) :]
    work = Work(text, changes, commits, where, read, bases, posting.work.git_dir, spec, signoff,
                steps, below.laid, pool, more)
    found: dict[str, tuple[Finding, ...]] = {}
    late = False
    for name, one in made.items():
        doing = one.doing.format(commits=len(commits), configurations=len((*bases, *more)))
        say(visible(f"{text.directory}: {doing}"))
        said = stopping.attempted(partial(one.run, work))
        if said is not None:
            found[name] = said
        if late := stopping.asked():
            break
    found = waived(found, chosen.expected)
    return Examined(
        text.patches, found, tuple(text for one in made.values() for text in one.taken(spec)),
        tuple(told(found, chosen)),
        tuple((name, "interrupted" if late and name in made else _unmade(name, chosen))
              for name in CHECKS if name not in found),
        (*(CONFIGS if bases else ()), *(base.config.name for base in more)),
    )


def _unmade(name: str, chosen: Choice) -> str:
    """Return why a check was not made."""
    if name == DEEP and name not in chosen.skip:
        return "sparse, coccinelle and smatch were not asked for; --deep runs those that there are"
    if not chosen.wanted(name):
        return "left out, as asked"
    return ("the designs of the series say it" if CHECKS[name].of_others
            else "no series.json and no --design says whose design it is")


def checked() -> list[str]:
    """Return what a series of which every check found nothing says was checked."""
    told = [one for one in CHECKS.values() if one.said]
    deepest = [one.said for one in reversed(told) if not one.conventions]
    conventions = ", ".join(one.said for one in told if one.conventions)
    return [*deepest, *([conventions] if conventions else [])]


def assumed() -> list[str]:
    """Return what the checks take for granted."""
    return [text for one in CHECKS.values() for text in one.assumed]


def _history(where: tree.Tree) -> Path | None:
    """Return the repository in which commits that logs cite can be looked up, None for none.

    The pinned tree is one commit, and what a shallow clone lacks may be there all the same.
    """
    if (where.git_dir / "shallow").exists():
        return None
    try:
        git(where.git_dir, "rev-parse", "--verify", "--quiet", f"{where.base}^")
    except ProgramFailed:
        return None
    return where.git_dir


def _title(history: Path, commit: str) -> str | None:
    """Return the subject of a commit, None when there is none of this id, or several."""
    try:
        told = git(history, "show", "-s", "--no-show-signature", "--format=%s",
                   "--end-of-options", f"{commit}^{{commit}}", "--")
    except ProgramFailed:
        return None
    return told.decode(errors="replace").strip()


def _checkpatch(work: Work) -> tuple[Finding, ...]:
    found = checkpatch.check(
        work.tree.work, work.series.patches, _history(work.tree), ours=work.spec is not None
    )
    if work.series.form == "draft":  # nobody has written its log yet
        files = {patch.file for patch in work.series.patches}
        found = tuple(one for one in found if one.path not in files)
    return found


def _rules(work: Work) -> tuple[Finding, ...]:
    history = _history(work.tree)
    return rules.check(Context(
        work.series, work.read, work.changes, work.tree.base, work.tree.work,
        resolve=partial(_title, history) if history else None,
        signoff=work.signoff, ours=work.spec is not None, repository=work.repository,
    ))


def _compile(work: Work) -> tuple[Finding, ...]:
    targets = [KernelTarget(base) for base in (*work.bases, *work.matrix)]
    return compile.check(
        work.compiled, targets, memory=cache() / "outcomes", everywhere=work.spec is None,
        laid=work.laid, pool=work.pool,
    )


def _designs(work: Work) -> tuple[Finding, ...]:
    """Hold each commit's C against the design after it."""
    spec, order = work.spec, work.compiled
    assert spec is not None
    if len(spec.steps) != len(order):
        return (Finding("waypoint", f"{len(order)} patches, but the series of {spec.name} has "
                        f"{len(spec.steps)} steps: a commit without its design is not checked"),)
    steps = [
        replace(commit, design=step.design, unchanged=step.unchanged, beside=step.beside)
        for commit, step in zip(order, spec.steps, strict=True)
    ]
    jobs = [partial(_under, base, steps, work.laid) for base in work.bases]
    found = [one for said in results(jobs, PROCESSES) for one in said]
    stopping.refuse()  # else configurations that were not begun would have passed
    for commit in steps:
        found += commits.unheld(commit, work.bases)
    return tuple(found)


def _under(
    base: kbuild.Base, steps: Sequence[Commit], laid: Mapping[str, bytes | None]
) -> list[Finding]:
    """Return what the C of commits says against their designs under one configuration."""
    found: list[Finding] = []
    before = laid
    for commit in steps:
        found += _held(commit, before, base)
        before = commit.overlay
    return found


def _held(
    commit: Commit, before: Mapping[str, bytes | None], base: kbuild.Base
) -> tuple[Finding, ...]:
    """Return what a commit's C says against its design; kept when there are only notes."""
    assert commit.design is not None
    words = [commit.name, commit.unchanged, canonical(commit.design),
             *(canonical(driver) for driver in commit.beside)]
    name = name_of(f"{base.tree.base} {base.build}", [before, commit.overlay], words)
    file = cache() / "outcomes" / f"{name}.design"
    if file.is_file():
        return tuple(
            Finding(**{**one, "severity": Severity(one["severity"]), "notes": tuple(one["notes"])})
            for one in json.loads(file.read_text(encoding="utf-8"))
        )
    found = commits.strange(commit, before, base) or at(commit, before, base)
    if not any(one.severity in FAILS for one in found):
        said = [{**vars(one), "severity": one.severity.value} for one in found]
        keep(file, json.dumps(said))
    return found


# Every check of patches, in the order in which they are made: name -> how, and what is said of it.
CHECKS: dict[str, Check] = {
    "checkpatch": Check(
        _checkpatch, "checkpatch --strict of the base tree",
        "checkpatch on {commits} patches", conventions=True, builds=False,
    ),
    "series": Check(
        _rules, "kernel-doc, the rules of series",
        "the rules of series on {commits} patches", conventions=True, builds=False,
    ),
    "compile": Check(
        _compile, f"each commit compiled, front end and back end, as {', '.join(CONFIGS)}",
        "compiling {commits} commits under {configurations} configurations",
        assumed=compile.ASSUMED, assumed_of_others=compile.ASSUMED_OF_ALL,
    ),
    "deep": Check(
        deep.check, "", "sparse, coccinelle and smatch on {commits} commits, in the sandbox",
    ),
    "people": Check(
        people.check, "", "asking whom {commits} patches are for", conventions=True, builds=False,
    ),
    "design": Check(
        _designs, "each commit's C against that design, per entry point and configuration",
        "holding {commits} commits against their designs", of_series=True,
    ),
    "life": Check(
        lives.check, "", "exploring the lives of the drivers that {commits} commits change",
        of_others=True, builds=False, assumed=(), assumed_of_others=lives.ASSUMED,
    ),
    "rendered": Check(
        rendered.check, "", "holding {commits} commits to what their designs render",
        of_series=True, builds=False,
    ),
}
