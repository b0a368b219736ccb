# SPDX-License-Identifier: GPL-2.0-only
"""A series as a path of designs: steps of edits, rendered as commits on a tree."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from generator.design import Design, Driver
from generator.editing.draft import CONFIG, Draft
from generator.editing.function_edits import Edit
from generator.errors import ModelError, TreeError
from generator.kernel import kbuild, tree
from generator.kernel.configurations import CONFIGS
from generator.kernel.tree import Change, Tree
from generator.rendering.templates import text_of
from generator.series import manifest
from generator.series.commit import Commit
from generator.system.plumbing import git

AUTHOR = "portwright <portwright@localhost>"
MINUTE = 60  # commits are that many seconds apart, from the date of the base on


@dataclass(frozen=True)
class Step:
    """A commit to be: its message's template, its edits, the design that holds after it.

    `unchanged` claims that no entry point behaves differently. `beside` has drivers of the
    touched code that the design does not explore, as they are after the step.
    """

    key: str
    message: str
    edits: tuple[Edit, ...]
    design: Design
    unchanged: bool = False
    beside: tuple[Driver, ...] = ()


@dataclass(frozen=True)
class SeriesSpec:
    """A series as a design module writes it: from the design `start`, step by step.

    `templates` is its room: the folder of templates/, or a path, where its own templates are.
    """

    name: str
    start: Design
    steps: tuple[Step, ...]
    cover: str
    prefix: str = "RFC PATCH"
    templates: str = ""


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


def generate(spec: SeriesSpec, tree_: Tree, signoff: str = "") -> Series:
    """Return a series rendered on a tree, as commits that exist as objects only.

    `signoff` is "Name <address>" of who signs; nobody does without it.
    Errors: TreeError when the tree does not look as the edits expect, ModelError when the
    design cannot be rendered.
    """
    base = kbuild.prepare(tree_, CONFIGS[CONFIG])
    author, born = signoff or AUTHOR, _date(tree_)
    numbers = {step.key: at + 1 for at, step in enumerate(spec.steps)}
    overlay: dict[str, bytes | None] = {}
    before = spec.start
    found: list[tuple[Step, str, dict[str, bytes | None], dict[str, bytes | None]]] = []
    for at, step in enumerate(spec.steps):
        draft = Draft(tree_, base, overlay, before, step.design, spec.templates)
        changed = _edited(step, draft, at + 1)
        if not changed:
            raise ModelError(step.design.where, f"step {step.key} changes nothing")
        overlay = {**overlay, **changed}
        message = text_of(step.message, spec.templates, number=numbers).strip("\n") + "\n"
        if signoff:
            message += f"\nSigned-off-by: {signoff}\n"
        found.append((step, message, changed, dict(overlay)))
        before = step.design
    changes = [
        Change(message, author, f"{born + MINUTE * (at + 1)} +0000", changed)
        for at, (_, message, changed, _) in enumerate(found)
    ]
    ids = tree.commits(tree_, tree_.base, changes)
    commits = tuple(
        Commit(
            message.split("\n", 1)[0], changed, whole, step.design, step.unchanged, step.beside,
            id_, step.key, message,
        )
        for id_, (step, message, changed, whole) in zip(ids, found, strict=True)
    )
    cover = text_of(spec.cover, spec.templates, number=numbers, last=len(numbers))
    subject, _, text = (cover.strip("\n") + "\n").partition("\n")
    return Series(
        spec.name, tree_.base, ids[-1], tree.tree_id(tree_, ids[-1]), commits, subject,
        text.strip("\n") + "\n", spec.prefix, spec.steps[-1].design,
    )


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


def canonical(design: Design | Driver, *, whole: bool = False) -> str:
    """Return a design, or a driver, as text: equal for equal ones, wherever they were written.

    With `whole`, also what digests are made without: for who remembers how a design behaves.
    """
    return _text(design, {}, whole)


def _text(value: object, known: dict[int, str], whole: bool) -> str:
    """Return a value's text: dataclasses by their compared fields, mappings sorted.

    known: texts of parts of the same design, by identity; a device is part of all that is done.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if id(value) not in known:
            inner = ", ".join(
                f"{one.name}={_text(getattr(value, one.name), known, whole)}"
                for one in dataclasses.fields(value)
                if one.compare and (whole or not one.metadata.get("no digest"))
            )
            known[id(value)] = f"{type(value).__name__}({inner})"
        return known[id(value)]
    if isinstance(value, Mapping):
        pairs = sorted((_text(key, known, whole), _text(item, known, whole))
                       for key, item in value.items())
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, frozenset | set):
        return "{" + ", ".join(sorted(_text(item, known, whole) for item in value)) + "}"
    if isinstance(value, tuple | list):
        return "(" + ", ".join(_text(item, known, whole) for item in value) + ")"
    return repr(value)


def digest(design: Design) -> str:
    """Return the sha256 of a design's canonical text."""
    return hashlib.sha256(canonical(design).encode()).hexdigest()


def version() -> str:
    """Return the version of this program."""
    try:
        return metadata.version("portwright")
    except metadata.PackageNotFoundError:
        return "unknown"


def provenance_of(series: Series, given: Mapping[str, object]) -> dict[str, object]:
    """Return what a series says of its making: tool, design, base, and what was given."""
    assert series.design is not None
    return {
        "tool": f"portwright {version()}",
        "design": series.design.name,
        "design_sha256": digest(series.design),
        **given,
    }


def write(
    series: Series, tree_: Tree, out: Path, provenance: Mapping[str, object] | None = None
) -> tuple[Path, ...]:
    """Write a series as git format-patch does, cover first, and series.json beside it.

    `provenance` has what was checked and what was not, as lists of sentences.
    """
    said = provenance_of(series, provenance or {})
    text, link, links = series.cover_body.rstrip("\n").partition("\n\nLink: ")
    body = f"{text}\n\n{_provenance(said)}{link}{links}\n"
    patches = tree.format_patch(
        tree_, series.base, series.tip, series.cover_subject, body, out, series.prefix
    )
    listed = manifest.describe(
        tree_, series.base, series.tip, series.name, [path.name for path in patches[1:]]
    )
    data = json.loads(listed.text())
    data["provenance"] = said
    (out / "series.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return patches


def _provenance(said: Mapping[str, object]) -> str:
    """Return the block of the cover letter that says how the series was made."""
    return text_of("messages/provenance.txt.j2", said={**said, "lists": _lists(said)}).strip("\n")


def _lists(said: Mapping[str, object]) -> list[tuple[str, Sequence[str]]]:
    titles = {"checked": "Checked", "not_checked": "Not checked", "refused": "Refused under"}
    return [
        (titles.get(name, name), [str(item) for item in value])
        for name, value in said.items()
        if isinstance(value, list | tuple)
    ]
