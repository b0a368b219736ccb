# SPDX-License-Identifier: GPL-2.0-only
"""A series as a path of designs: steps of edits, rendered as commits on a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from generator.design import Design
from generator.editing.draft import CONFIG, Draft
from generator.editing.idioms import answers
from generator.errors import ModelError, TreeError
from generator.kernel import kbuild, tree
from generator.kernel.configurations import CONFIGS
from generator.kernel.tree import Tree
from generator.rendering.templates import text_of
from generator.series import objects
from generator.series.commit import Commit
from generator.series.objects import NewCommit
from generator.series.spec import SeriesSpec, Step
from generator.spelling import names_in
from generator.system.plumbing import git

AUTHOR = "portwright <portwright@localhost>"
Texts = dict[str, bytes | None]  # path -> what becomes of it, None where it goes
Drawn = Sequence[tuple[Texts, Texts]]  # of each step what it changes, and all that differs after it
MINUTE = 60  # commits are that many seconds apart, from the date of the base on


@dataclass(frozen=True)
class Series:
    """Commits on a base, not yet written anywhere but as objects."""

    name: str
    base: str
    tip: str
    tree_id: str
    commits: tuple[Commit, ...]
    cover_subject: str
    cover_body: str
    prefix: str = "RFC PATCH"
    design: Design | None = field(default=None, compare=False)


def generate(
    spec: SeriesSpec, tree_: Tree, signoff: str = "", drawn: Drawn | None = None
) -> Series:
    """Return a series rendered on a tree, as commits that exist as objects only.

    `signoff` is "Name <address>" of who signs; nobody does without it. `drawn` is what each step
    changes and leaves, as texts() has it, when that was rendered already.
    Errors: TreeError when the tree does not look as the edits expect, ModelError when the
    design cannot be rendered.

    Example:
        made = generate(load("auxbus").series("to render"), pinned())
        [one.name for one in made.commits]
        -> ["perf/cxlpmu: Accept interrupt message number 0", ...]  # one for each step
    """
    author, born = signoff or AUTHOR, _date(tree_)
    said = answers(spec.said)
    numbers = {step.key: at + 1 for at, step in enumerate(spec.steps)}
    found: list[tuple[Step, str, Texts, Texts]] = []
    steps = texts(spec, tree_) if drawn is None else (
        (step, *both) for step, both in zip(spec.steps, drawn, strict=True))
    for step, changed, overlay in steps:
        message = text_of(step.message, spec.templates, number=numbers, tree=said)
        message = message.strip("\n") + "\n"
        if signoff:
            message += f"\nSigned-off-by: {signoff}\n"
        found.append((step, message, changed, overlay))
    changes = [
        NewCommit(message, author, f"{born + MINUTE * (at + 1)} +0000", changed)
        for at, (_, message, changed, _) in enumerate(found)
    ]
    ids = objects.commits(tree_, tree_.base, changes)
    commits = tuple(
        Commit(
            message.split("\n", 1)[0], changed, whole, step.design, step.unchanged, step.beside,
            id_, step.key, message,
        )
        for id_, (step, message, changed, whole) in zip(ids, found, strict=True)
    )
    cover = text_of(spec.cover, spec.templates, number=numbers, last=len(numbers), tree=said)
    subject, _, text = (cover.strip("\n") + "\n").partition("\n")
    return Series(
        spec.name, tree_.base, ids[-1], tree.tree_id(tree_, ids[-1]), commits, subject,
        text.strip("\n") + "\n", spec.prefix, spec.steps[-1].design,
    )


def texts(spec: SeriesSpec, tree_: Tree) -> Iterator[tuple[Step, Texts, Texts]]:
    """Yield each step of a series with the files that it changes, and all that differ after it.

    Errors: TreeError when the tree does not look as the edits expect, ModelError when the
    design cannot be rendered.
    """
    base = kbuild.prepare(tree_, CONFIGS[CONFIG])
    overlay: dict[str, bytes | None] = {}
    before = spec.start
    for number, step in enumerate(spec.steps, 1):
        draft = Draft(
            tree_, base, overlay, before, step.design, spec.templates, names_in(spec.said),
            spec.said,
        )
        changed = _edited(step, draft, number)
        if not changed:
            raise ModelError(step.design.where, f"step {step.key} changes nothing")
        overlay = {**overlay, **changed}
        yield step, changed, dict(overlay)
        before = step.design


def _edited(step: Step, draft: Draft, number: int) -> dict[str, bytes | None]:
    """Return the files that a step changes, all its edits made."""
    start = draft
    paths: list[str] = []
    for edit in step.edits:
        try:
            texts = edit.apply(draft)
        except TreeError as error:
            raise TreeError(
                f"{error.text} (patch {number}, {type(edit).__name__})", error.where
            ) from error
        for path, text in texts.items():
            text = draft.spelt(text)
            paths.append(path)
            draft = draft.with_text(path, text)
    return {
        path: draft.overlay[path]
        for path in sorted(set(paths))
        if not start.has(path) or start.text(path) != draft.text(path)
    }


def _date(tree_: Tree) -> int:
    """Return when the base was committed, in seconds."""
    text = git(tree_.git_dir, "show", "-s", "--format=%ct", tree_.base)
    return int(text.decode().strip())
