# SPDX-License-Identifier: GPL-2.0-only
"""The series in patches/, as somebody takes them: `git am` on the untouched source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clones import shell
from house import HOUSE

from generator.cli.generate import provenance, shipped
from generator.cli.tree import told
from generator.kernel.clone import scratch
from generator.kernel.pin import at_hand, pinned, read_pin, read_pins
from generator.kernel.tree import Tree
from generator.series import generate
from generator.series.output import RECORD, put
from generator.series.write import write

SETS = sorted(path.parent for path in HOUSE.glob("patches/*/*/series.json"))


@pytest.fixture
def there(request: pytest.FixtureRequest, directory: Path) -> Tree:
    """The tree that a set is for; one that is not set up is asked of its fixture."""
    name = directory.parent.name
    if name != next(iter(read_pins())) and at_hand(read_pin(name)) is None:
        request.getfixturevalue("newer")
    return pinned(name)


def test_each_kernel_has_its_set() -> None:
    assert {path.parent.name for path in SETS} == set(read_pins())


@pytest.mark.kernel
@pytest.mark.parametrize("directory", SETS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_set_is_what_is_rendered_byte_for_byte(
    directory: Path, there: Tree, tmp_path: Path
) -> None:
    """What it says of checks is what generate says once they have passed: make golden-all."""
    (spec,) = (one for one in shipped(told(there)) if one.name == directory.name)
    made = generate.generate(spec, there)
    fresh = tmp_path / "fresh"
    write(made, there, fresh, provenance(spec, there, False, made.tree_id, spec.children))
    put(fresh, tmp_path / "out")
    ours = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir()}

    assert RECORD in ours
    assert ours == {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir()}


@pytest.mark.kernel
@pytest.mark.parametrize("directory", SETS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_git_am_on_the_untouched_source_gives_the_tree_that_is_promised(
    directory: Path, there: Tree, tmp_path: Path
) -> None:
    said = json.loads((directory / "series.json").read_text(encoding="utf-8"))
    assert said["base"] == there.base
    scratch(tmp_path / ".git", there.git_dir / "objects")
    shell(tmp_path, "git config core.bare false")
    before = [path for path, (old, _) in said["files"].items() if old]
    patches = " ".join(str(directory / name) for name in said["patches"])
    # Of the work tree, git am needs the files that it touches.
    tree = shell(tmp_path, f"git update-ref HEAD {there.base}; git read-tree HEAD; "
                 f"git checkout-index {' '.join(before)}; git am -q {patches}; "
                 "git rev-parse HEAD^{tree}")
    assert tree.strip() == said["tree"]
    cover = (directory / "0000-cover-letter.patch").read_text(encoding="utf-8")
    assert f"\ntree {said['tree']}.\n" in cover
    assert f"base-commit: {there.base}" in cover
