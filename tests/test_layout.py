# SPDX-License-Identifier: GPL-2.0-only
"""The map of the house: who may import whom, and what every file begins with."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from house import HOUSE
from setuptools import find_packages

from generator.kernel.configurations import COMPILER

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


# Who starts programs: plumbing, and those who talk with one while it runs.
STARTS = {"plumbing", "unpack", "spin", "qemu"}


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


def test_every_folder_is_installed() -> None:
    settings = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = find_packages(str(HOUSE), include=settings["packages"]["find"]["include"])

    assert set(found) == {
        path.relative_to(HOUSE).parent.as_posix().replace("/", ".") for path in SOURCES
    }


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


def test_programs_are_started_in_few_places() -> None:
    found = {path.stem for path in SOURCES if "subprocess" in _imports(path)}
    others = {"os": ("system", "popen", "spawnv", "posix_spawn", "execv"), "pty": ("spawn",)}
    wrong = [
        f"{_name(path)}: {module}.{name}"
        for path in SOURCES
        for module, names in others.items()
        for name in names
        if f"{module}.{name}(" in path.read_text(encoding="utf-8")
    ]

    assert found == STARTS
    assert wrong == []


def test_the_compiler_is_named_once_and_set_up() -> None:
    named = [_name(path) for path in SOURCES
             if re.search(r"clang-\d", path.read_text(encoding="utf-8"))]

    assert named == ["generator.kernel.configurations"]
    assert f"\n{COMPILER} {COMPILER}\n" in (HOUSE / ".ci/setup").read_text(encoding="utf-8")


def test_text_is_utf_8_whatever_the_locale_says() -> None:
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _reads_text(node) \
                    and "encoding" not in {one.arg for one in node.keywords}:
                wrong.append(f"{_name(path)}:{node.lineno}: {ast.unparse(node)}")

    assert wrong == []


def _reads_text(call: ast.Call) -> bool:
    """Whether a call is of what turns bytes into text, or text into bytes."""
    words = ast.unparse(call.func)
    name = words.rpartition(".")[2]
    if name in ("read_text", "write_text"):
        return True
    if name in ("run", "Popen") and words.startswith("subprocess."):
        return any(one.arg in ("text", "universal_newlines", "errors") for one in call.keywords)
    if name not in ("open", "fdopen", "NamedTemporaryFile") or words in ("os.open", "tarfile.open"):
        return False
    modes = [one.value for one in (*call.args, *(k.value for k in call.keywords if k.arg == "mode"))
             if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return not any("b" in mode for mode in modes)


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
