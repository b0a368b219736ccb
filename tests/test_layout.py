# SPDX-License-Identifier: GPL-2.0-only
"""The map of the house: who may import whom, and what every file begins with."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from house import HOUSE
from imported import computed, imports
from rooms import COMPUTED, MAY_IMPORT
from setuptools import find_packages

from generator.kernel.configurations import COMPILER
from generator.kernel.pin import read_pin

SOURCES = sorted([*HOUSE.glob("generator/**/*.py"), *HOUSE.glob("checks/**/*.py")])
TOP = {
    "generator", "templates", "patches", "checks", "tests", "README.md", "pyproject.toml",
    "setup.py", "MANIFEST.in", "LICENSE", "Makefile", ".ci", "CONTRIBUTING.md", ".gitignore",
}  # fmt: skip

# Packages that are slow to import, or know a language of their own, and who may know them.
HEAVY = {
    "clang": ("generator/parsing", "generator/reading", "generator/editing/anchors.py",
              "checks/compiling/frontend.py"),
    "jinja2": ("generator/rendering/templates.py",),
    "git": ("generator/intake/users.py",),
}


# Who starts programs: plumbing, and those who talk with one while it runs.
STARTS = {
    "generator.system.plumbing", "generator.kernel.unpack", "checks.search.spin",
    "checks.boot.guest.qemu", "checks.compiling.worker",
}


def _name(path: Path) -> str:
    name = path.relative_to(HOUSE).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


FILES = {_name(path): path for path in SOURCES}


def _imports(path: Path) -> set[str]:
    return imports(path.read_text(encoding="utf-8"))


def _files(path: Path) -> set[Path]:
    """Return the files of ours that a file imports."""
    return {FILES[name] for name in _imports(path) if name in FILES}


def _row(path: Path) -> str:
    name = path.relative_to(HOUSE).as_posix()
    return name if name in MAY_IMPORT else path.parent.relative_to(HOUSE).as_posix()


def _allowed(path: Path, other: Path) -> bool:
    folder, row = path.parent, MAY_IMPORT[_row(path)]
    name, room = (one.relative_to(HOUSE).as_posix() for one in (other, other.parent))
    return (other.parent == folder or name in row or room in row
            or any(name.startswith(one[:-1]) for one in row if one.endswith("*")))


def test_nothing_lies_beside_the_rooms() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=HOUSE, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert {path.split("/")[0] for path in tracked} <= TOP


def test_every_file_lies_in_a_room() -> None:
    rooms = {path.parent.relative_to(HOUSE).as_posix() for path in SOURCES}

    assert rooms <= MAY_IMPORT.keys()
    assert {room for room in MAY_IMPORT if not (HOUSE / room).exists()} == set()


def test_who_may_import_whom() -> None:
    wrong = [
        f"{_name(path)}: {_name(other)}"
        for path in SOURCES
        for other in sorted(_files(path))
        if not _allowed(path, other)
    ]

    assert wrong == []


@pytest.mark.parametrize(("importer", "imported"), [
    ("generator/expr.py", "generator/kernel/tree.py"),
    ("generator/graphs/flow.py", "generator/drivers/portdrv.py"),
    ("generator/rendering/render.py", "checks/finding.py"),
    ("checks/search/explore.py", "checks/show/table.py"),
    ("checks/boot/guest/qemu.py", "checks/boot/run.py"),
])
def test_a_wrong_import_would_be_seen(importer: str, imported: str) -> None:
    assert not _allowed(HOUSE / importer, HOUSE / imported)
    assert _allowed(HOUSE / imported, HOUSE / imported)


def test_what_is_imported_by_a_name_that_is_computed_has_a_row() -> None:
    """A row says how each such name begins, in this order; "" is nothing that can be read here."""
    found = {path.relative_to(HOUSE).as_posix(): computed(path.read_text(encoding="utf-8"))
             for path in SOURCES}

    assert {name: tuple(ways) for name, ways in found.items() if ways} == {
        name: ways for name, (ways, _) in COMPUTED.items()}


@pytest.mark.parametrize("text", [
    "import importlib\nimportlib.import_module('checks.finding')",
    "from importlib import import_module\ndef f():\n    import_module('checks.finding')",
    "__import__('checks.finding')",
    "exec('import checks.finding')",
    "import builtins\nbuiltins.exec('from checks import finding')",
])
def test_a_call_that_names_a_module_imports_it(text: str) -> None:
    assert "checks.finding" in imports(text)
    assert computed(text) == []


@pytest.mark.parametrize(("text", "begins"), [
    ("importlib.import_module(f'checks.{name}')", "checks."),
    ("importlib.import_module(f'{room}.finding')", ""),
    ("importlib.import_module('.finding', 'checks')", ""),
    ("importlib.import_module(name='checks.finding')", ""),
    ("__import__('checks.' + name)", ""),
    ("exec(text)", ""),
    ("eval(compile(text, 'x', 'eval'))", ""),
    ("take = importlib.import_module", ""),
    ("from importlib import import_module as take", ""),
    ("from builtins import exec as do", ""),
    ("getattr(importlib, 'import_module')('checks.finding')", ""),
    ("runpy.run_path(name)", ""),
])
def test_a_call_that_computes_a_module_is_seen(text: str, begins: str) -> None:
    assert computed(text)[0] == begins


def test_what_only_looks_like_it_is_none() -> None:
    assert computed("git.exec(x)\nre.compile(y)\nif 'exec' in checks: pass") == []


def test_imports_inside_of_functions_count() -> None:
    assert HOUSE / "generator/system/version.py" in _files(HOUSE / "generator/__main__.py")


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {path.relative_to(HOUSE).as_posix(): lines
            for path in (*SOURCES, *(HOUSE / "tests").rglob("*.py"))
            if (lines := path.read_text(encoding="utf-8").count("\n")) > 400}

    assert long == {}


def test_every_folder_is_installed() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    finding = project["tool"]["setuptools"]["packages"]["find"]
    found = find_packages(str(HOUSE), include=finding["include"])

    assert set(found) == {
        path.relative_to(HOUSE).parent.as_posix().replace("/", ".") for path in SOURCES
    }


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
    found = {_name(path) for path in SOURCES if "subprocess" in _imports(path)}
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


def test_no_file_of_tests_needs_another_one() -> None:
    """What two of them need is a module of its own, so that each can lie in any folder."""
    wrong = [
        f"{path.name}: {name}"
        for path in sorted((HOUSE / "tests").rglob("*.py"))
        for name in sorted(_imports(path))
        if name.rpartition(".")[2].startswith("test_")
    ]

    assert wrong == []


def test_no_circular_imports() -> None:
    graph = {_name(path): {_name(other) for other in _files(path)} for path in SOURCES}
    state: dict[str, int] = {}
    circles: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if state.get(name) == 1:
            circles.append(" -> ".join((*way[way.index(name):], name)))
            return
        if name in state:
            return
        state[name] = 1
        for other in sorted(graph[name]):
            visit(other, (*way, name))
        state[name] = 2

    for name in sorted(graph):
        visit(name, ())

    assert circles == []


def _tracked(*patterns: str) -> dict[str, str]:
    names = subprocess.run(
        ["git", "ls-files", *patterns], cwd=HOUSE, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return {name: (HOUSE / name).read_text(encoding="utf-8") for name in names}


def test_the_version_of_the_kernel_is_said_in_few_places() -> None:
    """Moving the pin touches what CONTRIBUTING.md lists; two cite what was read in which."""
    texts = _tracked("*.md", "Makefile", ".ci", "generator", "checks", "templates")
    version = read_pin().version

    assert {
        name for name, text in texts.items()
        if version in text
        and not name.startswith(("checks/boot/witnesses/", "checks/boot/booted/"))
    } == {"generator/kernel/pin.toml", "generator/editing/idioms.py", "README.md",
        "generator/tree_facts/table.py"}


def test_a_path_that_a_text_names_is_there() -> None:
    """In READMEs, comments and docstrings; what a README tells to add has its text below it."""
    texts = _tracked("*.md", "*.py", "*.j2", "*.in", "*.sh", "*.c", "*.h", "*.toml", "Makefile",
                     ".ci")
    new = {name for text in texts.values() for name in re.findall(r"^`([\w./]+)`:$", text, re.M)}
    new |= {"checks/patches/reviewable.py", "templates/NAME"}
    gone = [
        f"{name}: {path}"
        for name, text in texts.items() if name != "tests/rendering/test_render.py"
        for path in re.findall(r"(?<![\w/.-])(?:generator|checks|templates|tests)/[\w./-]*\w", text)
        if path not in new and not (HOUSE / path).exists()
    ]

    assert gone == []


def test_every_file_of_tests_is_on_their_map() -> None:
    text = (HOUSE / "tests/README.md").read_text(encoding="utf-8")
    words = re.findall(r"[\w*]+\.py", text)
    named = {one for word in words for one in (HOUSE / "tests").rglob(word)}
    tests = HOUSE / "tests"
    there = {*tests.glob("*.py"), *tests.rglob("test_*.py")}

    assert {path.name for path in there - named} == set()


def test_no_two_files_of_tests_bear_one_name() -> None:
    """Pytest imports a file by its name alone: the second of two ends a whole run."""
    names = Counter(path.name for path in (HOUSE / "tests").rglob("test_*.py"))

    assert [name for name, times in names.items() if times > 1] == []


def test_tests_lie_in_folders_that_are_called_as_what_they_test() -> None:
    rooms = {room.partition("/")[2] for room in MAY_IMPORT}
    folders = {path.parent.name for path in (HOUSE / "tests").glob("*/test_*.py")}

    assert len(folders) > 10
    assert folders <= rooms


def test_every_source_file_names_its_licence() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.j2", "*.in", "*.sh", "*.toml", "Makefile", ".ci/*"],
        cwd=HOUSE, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    bare = [
        name
        for name in tracked
        if (text := (HOUSE / name).read_text(encoding="utf-8")).strip()
        and "SPDX-License-Identifier: GPL-2.0-only" not in "\n".join(text.splitlines()[:3])
    ]

    assert bare == []
