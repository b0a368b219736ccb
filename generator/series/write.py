# SPDX-License-Identifier: GPL-2.0-only
"""A series as mails: git format-patch, a cover that says how it was made, series.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.kernel import tree
from generator.kernel.tree import Tree
from generator.rendering.templates import text_of
from generator.series import manifest, objects
from generator.series.generate import Series
from generator.series.identity import digest
from generator.system.version import version


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
    based = {
        "version": tree_.version, "source": tree_.source,
        "tree": tree.tree_id(tree_, series.base), "result": series.tree_id,
    }
    body = f"{text}\n\n{_provenance(said, based)}{link}{links}\n"
    patches = objects.format_patch(
        tree_, series.base, series.tip, series.cover_subject, body, out, series.prefix
    )
    listed = manifest.describe(
        tree_, series.base, series.tip, series.name, [path.name for path in patches[1:]]
    )
    data = json.loads(listed.text())
    data["provenance"] = said
    (out / "series.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return patches


def _provenance(said: Mapping[str, object], base: Mapping[str, str]) -> str:
    """Return the block of the cover letter that says how the series was made, and of what."""
    return text_of(
        "messages/provenance.txt.j2", said={**said, "lists": _lists(said)}, base=base
    ).strip("\n")


def _lists(said: Mapping[str, object]) -> list[tuple[str, Sequence[str]]]:
    titles = {"checked": "Checked", "not_checked": "Not checked", "refused": "Refused under"}
    return [
        (titles.get(name, name), [str(item) for item in value])
        for name, value in said.items()
        if isinstance(value, list | tuple)
    ]
