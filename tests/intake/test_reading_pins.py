# SPDX-License-Identifier: GPL-2.0-only
"""Without a clone a series is put on a pinned tree: on which one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from clones import shell
from postings import make_clone

from generator.errors import Conflict, UsageError
from generator.intake import posting
from generator.intake.posting import Asked, opened
from generator.kernel.pin import read_pins
from generator.kernel.tree import Tree


@pytest.mark.parametrize("right", [True, False])
def test_the_pinned_tree_has_the_base_that_it_has(
    right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = make_clone(tmp_path / "clone")
    tip = shell(clone, "git rev-parse HEAD").strip()
    where = Tree(clone / ".git", tip, "6.12.117", clone, "here")
    monkeypatch.setattr(posting, "pinned", lambda kernel, allow_newer: where)
    words = tmp_path / "words"
    words.write_text("no patch\n")
    said = "neither a mail nor a diff" if right else "one base only"
    for base in ("v6.12.117", "6.12.117", tip, tip[:12]) if right else ("v6.13", tip[:4], "HEAD"):
        with pytest.raises(UsageError, match=said), opened(Asked((str(words),)), None, base):
            pass


def test_without_a_clone_a_series_is_put_on_the_pin_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees: dict[str, Tree] = {}
    for name in ("old", "new"):
        clone = make_clone(tmp_path / name)
        shell(clone, f"echo {name} >one; git add -f one; git commit -qm {name}")
        tip = shell(clone, "git rev-parse HEAD").strip()
        trees[name] = Tree(clone / ".git", tip, f"1.{name}", clone, name)
    model = next(iter(read_pins().values()))
    monkeypatch.setattr(posting, "pinned", lambda kernel, allow_newer: trees[kernel or "old"])
    monkeypatch.setattr(posting, "read_pins", lambda: {
        name: replace(model, name=name, version=one.version, commit=one.base)
        for name, one in trees.items()
    })
    patch = tmp_path / "a.patch"
    diff = "diff --git a/one b/one\n--- a/one\n+++ b/one\n@@ -1 +1 @@\n-{}\n+other\n"
    head = "From: A <a@b>\nSubject: x\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n\nx\n---\n"
    patch.write_text(f"{head}{diff.format('new')}-- \n2.39\n\nbase-commit: {trees['new'].base}\n")
    asked = Asked((str(patch),))
    with opened(asked, None, None) as made:
        assert made.where == trees["new"]
    for base in ("v1.new", trees["new"].base[:12]):
        with opened(asked, None, base) as made:
            assert made.where == trees["new"]
    with opened(asked, None, None, kernel="new") as made:
        assert made.where == trees["new"]
    with pytest.raises(Conflict), opened(asked, None, None, kernel="old"):
        pass
