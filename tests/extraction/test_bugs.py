# SPDX-License-Identifier: GPL-2.0-only
"""The pages of checks/bugs/: each bug is found in the pinned tree, and is not with its patch."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from textwrap import indent

import pytest
from house import HOUSE

from checks.show.report_text import violation
from checks.verdict.judge import judge
from generator.extraction import source
from generator.extraction.extract import drivers, extract
from generator.kernel.tree import Tree

BUGS = HOUSE / "checks" / "bugs"
ROWS = re.findall(r"^\| \[([\w-]+)\]\(\1\.md\) \| `([^`]+)` \| (\w+) \| (.+) \|$",
                  (BUGS / "README.md").read_text(encoding="utf-8"), re.M)


def _found(tree: Tree, path: str, text: bytes | None = None) -> dict[str, str]:
    """Return the rules that the drivers of a file break, each with the whole life that shows it."""
    unit = source.parsed(tree, path, {} if text is None else {path: text}, exact=False).unit
    return {one.rule: "\n".join(violation(one)) for driver in drivers(unit)
            for one in judge(extract((unit,), driver).design, seconds=60).counterexamples}


def test_each_page_has_its_row_and_its_patch() -> None:
    names = {name for name, *_ in ROWS}

    assert len(names) >= 9
    assert names == {one.stem for one in BUGS.glob("*.patch")}
    assert names == {one.stem for one in BUGS.glob("*.md")} - {"README"}


@pytest.mark.kernel
@pytest.mark.parametrize(("name", "path", "rule", "title"), ROWS, ids=[row[0] for row in ROWS])
def test_a_bug_is_found_and_mended(
    pinned: Tree, tmp_path: Path, name: str, path: str, rule: str, title: str
) -> None:
    page = (BUGS / f"{name}.md").read_text(encoding="utf-8")
    mail = (BUGS / f"{name}.patch").read_text(encoding="utf-8")
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_bytes((pinned.work / path).read_bytes())
    subprocess.run(["git", "apply", BUGS / f"{name}.patch"], cwd=tmp_path, check=True)
    before, after = _found(pinned, path), _found(pinned, path, file.read_bytes())

    assert page.split("\n")[1] == f"# {name}: {title}"
    assert f"base-commit: {pinned.base}" in mail
    assert rule not in after
    life = page.partition("## The life\n\n")[2].partition("\n\n## ")[0]
    assert life == indent(before[rule], " " * 4)
