# SPDX-License-Identifier: GPL-2.0-only
"""A wheel in an environment of its own does what a checkout does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from house import HOUSE
from leak import LEAK

from generator.__main__ import VERBS


def run(where: Path, *argv: str, code: int = 0) -> str:
    env = {key: value for key, value in os.environ.items()
           if key not in ("PYTHONPATH", "PORTWRIGHT_CACHE")}
    env["XDG_CACHE_HOME"] = f"{where}/home"
    done = subprocess.run([where / "env/bin/portwright", *argv], cwd=where, env=env,
                          capture_output=True, text=True, check=False)
    assert done.returncode == code, (argv, done.stdout[-500:], done.stderr[-2000:])
    return done.stdout


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with nothing of ours but `env`, into which the wheel is installed."""
    where = tmp_path_factory.mktemp("installed")
    copy = where / "source"
    names = ("generator", "checks", "templates", "patches", "pyproject.toml", "setup.py",
             "MANIFEST.in", "README.md", "LICENSE")
    ignored = shutil.ignore_patterns("__pycache__", "shipped")
    copy.mkdir()
    for name in names:
        if (HOUSE / name).is_dir():
            shutil.copytree(HOUSE / name, copy / name, ignore=ignored)
        else:
            shutil.copy(HOUSE / name, copy / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", where, copy],
                   check=True, capture_output=True)
    shutil.rmtree(copy)
    (wheel,) = where.glob("*.whl")
    venv.create(where / "env", with_pip=False, symlinks=True)
    site = next((where / "env/lib").glob("python3*/site-packages"))
    subprocess.run([*pip, "--python", where / "env/bin/python", "install", "--no-deps", wheel],
                   check=True, capture_output=True)
    # what it depends on is taken from here: the tests need no network
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return where


def test_all_of_it_is_its_own(there: Path) -> None:
    told = subprocess.run(
        [there / "env/bin/python", "-c", "import generator, checks; print(generator.__file__); "
         "from generator.system.house import HOUSE; print(HOUSE)"],
        cwd=there, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert all(one.startswith(f"{there}/env/lib/") for one in told), told
    shipped = Path(told[1])
    assert (shipped / "patches/6.12/auxbus/series.json").is_file()
    ours, theirs = ({str(one.relative_to(top)) for one in top.rglob("*") if one.is_file()}
                    for top in (HOUSE / "templates", shipped / "templates"))
    assert ours == theirs


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_help(there: Path, verb: str) -> None:
    assert f"portwright {verb}" in run(there, verb, "--help")


def test_what_needs_no_kernel_is_done(there: Path) -> None:
    (there / "leak.py").write_text(LEAK)

    assert "auxbus" in run(there, "designs")
    assert "R14 CHILDREN_BEFORE_PARENT_VECTORS" in run(there, "rules", "R14")
    assert "request_irq" in run(there, "operations", "request_irq")
    assert "MODE" in run(there, "facts", "MODE")
    assert "VIOLATED" in run(there, "check", "leak.py", code=1)
    assert run(there, "--version").startswith("portwright 0")


def test_a_series_is_applied_to_a_clone(there: Path) -> None:
    git = "git -c user.name=U -c user.email=u@e.org"
    subprocess.run(
        ["sh", "-ec", f"git init -q clone; cd clone; echo 1 >a; git add a; {git} commit -qm one; "
         f"echo 2 >a; {git} commit -qam two; git format-patch -q -o ../out HEAD~; "
         "git reset -q --hard HEAD~"], cwd=there, check=True)
    run(there, "apply", "out", "--repo", "clone", "--branch", "topic")
    run(there, "undo", "--repo", "clone", "--branch", "topic")
    assert (there / "home/portwright").is_dir(), "what can be made again lies at the user's"


@pytest.mark.kernel
def test_a_series_is_rendered_below_where_one_stands(there: Path, pinned: object) -> None:
    env = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [there / "env/bin/portwright", "generate", "auxbus", "--render-only"], cwd=there, env=env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = {one.name for one in (there / "patches/6.12/auxbus").glob("*.patch")}
    assert made == {one.name for one in (HOUSE / "patches/6.12/auxbus").glob("*.patch")}
