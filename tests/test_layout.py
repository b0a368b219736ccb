# SPDX-License-Identifier: GPL-2.0-only
"""The map of the house: who may import whom, and what every file begins with."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from house import HOUSE

SOURCES = sorted([*HOUSE.glob("generator/**/*.py"), *HOUSE.glob("checks/**/*.py")])
TOP = {
    "generator", "templates", "patches", "checks", "tests", "README.md", "pyproject.toml",
    "LICENSE", "Makefile", ".ci", "CONTRIBUTING.md", ".gitignore",
}  # fmt: skip

# The model knows nothing of C, of git, or of templates; reading C knows nothing of the model.
MODEL = (
    "expr", "meaning", "facts", "operation", "program", "flow", "design", "ops", "lts",
    "fingerprint", "errors", "projection", "resize",
)  # fmt: skip
OUTSIDE_MODEL = ("tree", "kbuild", "csource", "clts", "render", "edits", "series", "apply", "pin")
HEAVY = {"clang": ("generator/c", "generator/edits", "generator/anchors", "checks/frontend"),
         "jinja2": ("generator/render", "generator/templates"), "git": ("generator/",)}  # fmt: skip


def _name(path: Path) -> str:
    return path.relative_to(HOUSE).with_suffix("").as_posix().replace("/", ".")


def _imports(path: Path, *, top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_nothing_lies_beside_the_rooms() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=HOUSE, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert {path.split("/")[0] for path in tracked} <= TOP


def test_only_the_command_line_imports_checks() -> None:
    wrong = [
        _name(path)
        for path in SOURCES
        if path.is_relative_to(HOUSE / "generator")
        and not path.is_relative_to(HOUSE / "generator" / "cli")
        and any(name == "checks" or name.startswith("checks.") for name in _imports(path))
    ]

    assert wrong == []


def test_the_model_knows_nothing_of_c_or_git() -> None:
    wrong = []
    for path in SOURCES:
        parts = path.relative_to(HOUSE).with_suffix("").parts
        if parts[0] == "generator" and parts[1] in MODEL:
            outside = {f"generator.{name}" for name in OUTSIDE_MODEL}
            wrong += [f"{_name(path)}: {name}" for name in _imports(path) & outside]

    assert wrong == []


@pytest.mark.parametrize("package", sorted(HEAVY))
def test_heavy_packages_are_imported_where_they_are_owned(package: str) -> None:
    wrong = [
        _name(path)
        for path in SOURCES
        if any(name.split(".")[0] == package for name in _imports(path))
        and not path.relative_to(HOUSE).as_posix().startswith(HEAVY[package])
    ]

    assert wrong == []


def test_no_circular_imports() -> None:
    graph = {
        _name(path): _imports(path, top_only=True) for path in SOURCES
    }
    state: dict[str, int] = {}
    circles: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if state.get(name) == 1:
            circles.append(" -> ".join((*way[way.index(name):], name)))
            return
        if name in state:
            return
        state[name] = 1
        for other in sorted(graph[name] & graph.keys()):
            visit(other, (*way, name))
        state[name] = 2

    for name in sorted(graph):
        visit(name, ())

    assert circles == []


def test_every_source_file_names_its_licence() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.j2", "*.sh", "*.toml", "Makefile", ".ci/*"],
        cwd=HOUSE, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    bare = [
        name
        for name in tracked
        if (text := (HOUSE / name).read_text()).strip()
        and "SPDX-License-Identifier: GPL-2.0-only" not in "\n".join(text.splitlines()[:3])
    ]

    assert bare == []
