# SPDX-License-Identifier: GPL-2.0-only
"""The examples in docstrings: those that need no kernel tree are run, all others are calls."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from house import HOUSE

from checks.boot.run import run
from checks.patches.examine import CHECKS, examine
from checks.search.explore import explore
from checks.show.report_text import life
from checks.show.table import table
from checks.verdict.explored import matrix
from checks.verdict.judge import judge
from checks.verdict.likeness import compare
from generator.cli import validate
from generator.graphs.design_lts import project
from generator.intake.apply import apply
from generator.load import load
from generator.reading.reader import read
from generator.rendering.render import body
from generator.series.generate import generate

# Where one begins to read: from a design to its verdict, its C and a branch.
RUN = (load, explore, judge, compare, matrix, table, life, project, body, read)
SHOWN = (generate, examine, apply, run, validate.run)


def _name(function: Any) -> str:
    return f"{function.__module__}.{function.__name__}"


def _test(function: Any) -> doctest.DocTest:
    space = dict(vars(importlib.import_module(function.__module__)))
    [found] = doctest.DocTestFinder(recurse=False).find(
        function, _name(function), globs=space
    )
    return found


def _example(function: Any) -> list[ast.stmt]:
    """Return the statements of an example that is not run."""
    text = inspect.cleandoc(function.__doc__).partition("\nExample:\n")[2]
    return ast.parse("\n".join(
        line.strip() for line in text.splitlines() if not line.strip().startswith("->")
    )).body


@pytest.mark.parametrize("function", RUN, ids=_name)
def test_an_example_does_what_it_shows(function: Any, cached: Path) -> None:
    test = _test(function)
    said: list[str] = []

    done = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)

    assert done.attempted > 1
    assert "".join(said) == ""


@pytest.mark.parametrize("function", SHOWN, ids=_name)
def test_an_example_that_is_not_run_is_a_call_of_it(function: Any) -> None:
    """Its arguments are some that the function takes, and it says what comes out."""
    statements = _example(function)
    calls = [node for one in statements for node in ast.walk(one) if isinstance(node, ast.Call)
             and ast.unparse(node.func) == function.__name__]

    assert len(calls) == 1
    inspect.signature(function).bind(
        *calls[0].args, **{one.arg: one.value for one in calls[0].keywords if one.arg}
    )
    assert "\n    -> " in inspect.cleandoc(function.__doc__)


def test_what_such_examples_say_is_so() -> None:
    """As far as that can be told without a tree."""
    patches = sorted((HOUSE / "patches/6.12/auxbus").glob("*.patch"))[1:]  # the first is the cover
    subject = re.search(r"^Subject: \[RFC PATCH 0*1/\d+\] (.+)$",
                        patches[0].read_text(encoding="utf-8"), re.MULTILINE)

    assert subject is not None
    assert subject[1] in (generate.__doc__ or "")
    assert f'"refs/heads/auxbus", {len(patches)}' in (apply.__doc__ or "")
    assert '", "'.join([*CHECKS][:3]) in (examine.__doc__ or "")


def test_no_example_is_left_out() -> None:
    """A docstring with a `>>>` or an `Example:` is of one of these functions."""
    found = {
        f"{'.'.join(path.relative_to(HOUSE).with_suffix('').parts)}.{node.name}"
        for folder in ("generator", "checks")
        for path in (HOUSE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and any(mark in (ast.get_docstring(node) or "") for mark in (">>> ", "\nExample:\n"))
    }

    assert found == {_name(one) for one in (*RUN, *SHOWN)}
