# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a design is made of holds what its fields say, or is one error at its line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from design_parts import NAMES, WHOLE, changed

from generator.__main__ import main
from generator.errors import ModelError
from generator.load import load

# None of them is what any field of anything takes.
NEVER = ("1.5", "[1]", r"'a\nb'", r"'\x1b[31mred'", "print")


def fields(name: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "whole.py"
    path.write_text(WHOLE)
    part = getattr(load(str(path)).module, name)
    return [one.name for one in dataclasses.fields(part) if one.name != "where"]


def test_the_design_that_is_varied_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "whole.py"
    path.write_text(WHOLE)

    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().err == ""
    assert len(NAMES) > 30


@pytest.mark.parametrize("name", NAMES)
def test_no_field_takes_what_it_cannot_hold(name: str, tmp_path: Path) -> None:
    for field in fields(name, tmp_path):
        for value in NEVER:
            path = tmp_path / "design.py"
            path.write_text(changed(name, field, value))
            with pytest.raises(ModelError) as told:
                load(str(path))
            assert told.value.where.file == str(path), (field, value, told.value)
            assert 1 <= told.value.where.line <= WHOLE.count("\n") + 2
            assert str(told.value).isprintable()
            assert len(str(told.value)) < 600, (field, value)


# of what the types allow: what part, which field, what value, and what is said of it
SENSELESS: list[tuple[str, str, str, str]] = [
    ("LEAVE", "ok", "'no'", "Return(): ok= is True or False, not 'no'"),
    ("LEAVE", "ok", "0", "Return(): ok= is True or False, not 0"),
    ("PORT", "count", "True", "device port: count= is a number, not True"),
    ("PORT", "name", "''", "device : name= is empty: give it a name"),
    ("PORT", "name", r"'a\x1b[31m'", "name= is a line of text, and 'a\\x1b[31m' is none: take out"),
    ("PART", "names", "('one',)", "part: names= has a name for each of count=2, all different"),
    ("PART", "names", "('one', 'one')", "part: names= has a name for each of count=2"),
    ("FIRST", "index", "2", "there is no instance 2 of part: take one from 0 to 1"),
    ("FIRST", "index", "-1", "there is no instance -1 of part"),
    ("PARENT", "of", "PART", "the condition 'it runs': there are several of part; put it into"),
    ("COMPARED", "op", "'='", "'=' is none of + - == != < <= and or min max has with without"),
    ("RANGED", "kind", "'some'", "'some' is none of any, all, max"),
    ("ONE", "value", "10**30", "is no number that a fact could have"),
    ("BOTH", "parts", "()", "an If: the And: it joins no conditions: give it some"),
    ("RUNS", "top", "0", "the Fact card runs: top=0: a fact counts up to something from 1 to 255"),
    ("RUNS", "top", "10**30", "a fact counts up to something from 1 to 255"),
    ("RUNS", "values", "('off', 'on', 'odd')", "it is 0 to 1, and values= has 3 names: give it"),
    ("RUNS", "question", "True", "a question has its possible answers in values="),
    ("START", "roles", "'dev'", "card_start: roles= is a tuple of texts, not 'dev': write ("),
    ("STARTED", "label", "'good'", "label='good' is none of ok, fail"),
    ("PRINT", "callees", "()", "callees=() has none in it: name the function of C"),
    ("START", "outcomes", "()", "outcomes=() has none in it, so it could never end: give it ok()"),
    ("START", "needs_d0", "'it'", "needs_d0= names 'it', which is not among its roles: dev"),
    ("START", "acts_on", "'it'", "acts_on= names 'it', which is not among its roles: dev"),
    ("START", "needs_of", "'it'", "needs_of= names 'it', which is not among its roles: dev"),
    ("START", "kinds", "(('it', ('pci',)),)", "kinds= names 'it', which is not among its roles"),
    ("START", "ranges", "(('n', 0, 3),)", "ranges= names 'n', which is not among its params: nr"),
    ("START", "ordered", "(('nr', 'n'),)", "ordered= names 'n', which is not among its params"),
    ("START", "does", "'queue'", "context= names '', which is not among its kinds of contexts"),
    ("DONE", "places", "()", "a Do of card_start has another number of devices or parameters"),
    ("WAIVER", "op", "'pci_disble_device'", "op='pci_disble_device' is no operation: did you mean "
     "'pci_disable_device'?"),
    ("WAIVER", "inside", "'removes'", "inside='removes' is no entry point or helper: did you mean "
     "'remove'?"),
    ("WAIVER", "op", "'xyzzy'", "op='xyzzy' is no operation: write its name as the design does"),
    ("WAIVER", "rule", "'R99'", "a waiver of R99, which is no rule: N1"),
    ("WAIVER", "reason", "' '", "the waiver of R14 needs its reason="),
]


@pytest.mark.parametrize(
    ("name", "field", "value", "message"), SENSELESS, ids=lambda one: str(one)[:30]
)
def test_what_means_nothing_is_one_error_at_its_line(
    name: str, field: str, value: str, message: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "design.py"
    path.write_text(changed(name, field, value))

    assert main(["check", str(path), "--states", "50"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"portwright check: {path}:")
    assert said.err.count("\n") == 1
    assert message in said.err
