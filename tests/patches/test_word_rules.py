# SPDX-License-Identifier: GPL-2.0-only
"""What a series says of its base, of other kernels and of what was checked; what it documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mailed import COVER, FRESH, KCONFIG, LOG, SOUND, Mail, ids, port
from mailed import read as context

from checks.finding import Finding
from checks.patches import doc_rules, rules, word_rules
from checks.patches.context import Context
from generator.kernel.cited import CITED
from generator.system.plumbing import git
from generator.tree_facts.table import BY_NAME

Rule = Callable[[Context], Iterator[Finding]]


@pytest.fixture(autouse=True)
def own_cache(cached: Path) -> None:
    """Let no test see what another left."""


def said(rule: Rule, where: Path, *mails: Mail, cover: str = COVER) -> list[str]:
    return [one.message for one in rule(context(where, *(mails or (SOUND,)), cover=cover))]


def logged(text: str) -> Mail:
    return replace(SOUND, log=f"{LOG}\n\n{text}")


@pytest.mark.parametrize(("old", "new", "wanted"), [
    ("Based on Linux 6.12.117, x:", "Based on what I have:", "no release is named"),
    ("Based on", "For", "nothing says which source"),
    ("`git am` there gives", "It gives", "nothing says which tree `git am` has to give"),
])
def test_anybody_can_find_the_base(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    assert old in COVER
    (told,) = said(word_rules.base_found, tmp_path, cover=COVER.replace(old, new))
    assert told.startswith(wanted)


def test_the_trees_of_the_base_and_of_the_result_are_those_that_are_named(tmp_path: Path) -> None:
    what = replace(context(tmp_path, SOUND), repository=tmp_path / "tree/.git")
    real = git(tmp_path / "tree/.git", "rev-parse", "HEAD^{tree}").decode().strip()
    (told,) = word_rules.base_found(what)
    assert told.message == f"the tree of the base is {real[:12]}, not {'1' * 12}"
    assert told.line > 0


@pytest.mark.parametrize(("text", "sound"), [
    ("Only x86 can add vectors.", False),
    ("In this tree only x86 can add vectors.", True),
    ("Only x86 can add vectors in 6.12.", True),
    ("The perf core cannot detach events from a PMU.", False),
    ("In this kernel perf\ncannot detach events.", True),
    ("Later kernels differ in this:\n\n- Bandwidth notification has a driver.", True),
    ("This is so:\n\n- Bandwidth notification has a driver.", False),
])
def test_what_kernels_differ_in_is_said_of_this_tree(
    tmp_path: Path, text: str, sound: bool
) -> None:
    told = said(word_rules.elsewhere, tmp_path, logged(text))
    assert (told == []) is sound
    assert all(one.startswith("kernels differ in this (") for one in told)


def test_what_is_spoken_of_is_a_fact_about_trees() -> None:
    assert set(word_rules.SPOKEN) <= set(BY_NAME)


ONE = "Checked:\n- each commit's design, explored over hardware answers with\n  1 port, 1 cpmu\n"


@pytest.mark.parametrize(("cover", "log", "sound"), [
    (ONE, "Two CPMUs can have one message.", False),
    (ONE, "A CPMU may have the message of another\nCPMU.", False),
    (ONE, "A CPMU may have the message of a service.", True),
    (ONE + "- the last design, explored with 2 cpmu\n", "Two CPMUs can have one message.", True),
    ("", "Two CPMUs can have one message.", True),
])
def test_who_speaks_of_several_has_explored_several(
    tmp_path: Path, cover: str, log: str, sound: bool
) -> None:
    text = COVER.replace("Based on", cover + "\nBased on")
    told = said(word_rules.bounds, tmp_path, logged(log), cover=text)
    assert (told == []) is sound
    assert all(one.endswith("it was explored with one cpmu alone") for one in told)


CLASS = port(more="static int ids = { PCI_DEVICE_CLASS(1, ~0) };\nint *x = &ids;\n")
BOOTED = "Checked:\n- booted in QEMU as a, and as b,\n  which is without CPMUs\n"


@pytest.mark.parametrize(("cover", "files", "wanted"), [
    ("", CLASS, "drivers/pci/port.c binds by class"),
    ("", port(), ""),
    (BOOTED, CLASS, ""),
    (BOOTED.replace("without", "with"), CLASS, "no machine without what this is for"),
    (BOOTED.replace("Checked", "Not checked"), CLASS, "drivers/pci/port.c binds by class"),
])
def test_what_runs_on_every_machine_was_booted_on_one_without(
    tmp_path: Path, cover: str, files: tuple[tuple[str, str | None], ...], wanted: str
) -> None:
    text = COVER.replace("Based on", cover + "\nBased on")
    told = said(word_rules.booted, tmp_path, replace(SOUND, files=files), cover=text)
    assert [one[: len(wanted)] for one in told] == ([wanted] if wanted else [])


SELECTS = KCONFIG + "\nconfig PCI_X\n\tbool\n\tselect BUS\n\nconfig PCI_Y\n\tbool \"Y\"\n" \
    "\tselect BUS\n\thelp\n\t  Say N.\n"


@pytest.mark.parametrize(("text", "wanted"), [
    ("BUS is selected by PCI_X.", ["PCI_Y selects BUS as well"]),
    ("BUS is selected by PCI_Y.", ["PCI_X selects BUS as well"]),
    ("BUS is selected by PCI_Y, and by a hidden option.", []),
    ("BUS is what this is on.", []),
])
def test_who_says_who_selects_names_everybody(
    tmp_path: Path, text: str, wanted: list[str]
) -> None:
    mail = replace(logged(text), files=(("drivers/pci/Kconfig", SELECTS),))
    assert said(word_rules.selected, tmp_path, mail) == wanted


COMMIT, TITLE = next(iter(CITED.items()))
FIXES = f'Fixes: {COMMIT} ("{TITLE}")'
STABLE = "Cc: stable@vger.kernel.org"
MORE = Mail("PCI: Two", files=port("return port + 2;"))


@pytest.mark.parametrize(("mails", "wanted"), [
    ((logged(f"{FIXES}\n{STABLE}"), MORE), []),
    ((MORE, logged(FIXES)), ["a fix behind "]),
    ((logged(STABLE),), ["stable asks since when"]),
    ((logged(f"{FIXES}\nCc: linux stable@kernel.org"),), ["the form is: Cc: stable@"]),
    ((logged(FIXES), replace(MORE, log=f"{LOG}\n\n{FIXES}\n{STABLE}")),
     ["an earlier patch changes drivers/pci/port.c as well"]),
    ((replace(SOUND, log=f"{LOG}\nThis series needs it.\n\n{FIXES}\n{STABLE}"),),
     ["`series`: in stable it is alone"]),
    ((replace(logged(FIXES), files=(*port(), ("include/cxl/event.h", FRESH))),),
     ["a fix of several directories"]),
])
def test_a_fix_stands_alone(tmp_path: Path, mails: tuple[Mail, ...], wanted: list[str]) -> None:
    told = said(word_rules.fix_alone, tmp_path, *mails)
    assert [one[: len(start)] for one, start in zip(told, wanted, strict=True)] == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    (f'This is since {COMMIT} ("{TITLE}").', []),
    (f'This is since {COMMIT} ("PCI: Other").', [f"{COMMIT} is {TITLE!r}"]),
    ('This is since 0123456789ab ("PCI: Other").', ["nobody has looked up 0123456789ab"]),
])
def test_a_commit_that_is_cited_was_looked_up(
    tmp_path: Path, text: str, wanted: list[str]
) -> None:
    assert said(word_rules.cited, tmp_path, logged(text)) == wanted


def test_a_fix_of_a_commit_that_was_looked_up_needs_no_history(tmp_path: Path) -> None:
    assert ids(context(tmp_path, logged(FIXES))) == set()


def test_a_function_that_a_log_names_is_there(tmp_path: Path) -> None:
    what = context(tmp_path, logged("It is called by do_initcalls(), as probe() is."))
    (told,) = word_rules.named(what)
    assert told.rule == "series:not-run"
    (told,) = word_rules.named(replace(what, repository=tmp_path / "tree/.git"))
    assert told.message == "nothing in the tree or in the series is do_initcalls()"
    (tmp_path / "other").mkdir()
    other = context(tmp_path / "other", logged("MODULE_INFO() is what it comes to."))
    there = replace(other, repository=tmp_path / "other/tree/.git")
    assert list(word_rules.named(there)) == []


NAMES = port('return devm_kasprintf(dev, 0, "x_%04x.%u", port, 1);')


@pytest.mark.parametrize(("text", "wanted"), [
    ("It is x_<SSSS>.<Y>: SSSS is the port, Y counts.", ""),
    ("It is y_<SSSS>.<Y>.", "no documentation of this patch has a name x_"),
    ("It is x_<SSSS>: SSSS is the port.", "no documentation of this patch has a name x_"),
    ("It is x_<BBDF>.<Y>: BBDF is the port, Y counts.", "<BBDF>: a field is one number"),
    ("It is x_<SSS>.<Y>: SSS is the port, Y counts.", "<SSS> has 3 digits, the format 4"),
    ("It is x_<SSSS>.<Y>: SSSS is the port.", "nothing says what Y is"),
])
def test_a_name_is_documented_field_by_field(tmp_path: Path, text: str, wanted: str) -> None:
    mail = replace(SOUND, files=(*NAMES, ("Documentation/x.rst", f".. SPDX\n{text}\n")))
    told = said(doc_rules.documented_names, tmp_path, mail)
    assert [one[: len(wanted)] for one in told] == ([wanted] if wanted else [])


DOC = "\n/**\n * helper - help\n * @port: the port\n *\n * Return: it\n */"
OPEN = "\nint helper(int port)\n{\n\treturn port;\n}\n"


def test_a_function_for_other_files_has_a_kernel_doc(tmp_path: Path) -> None:
    (told,) = said(doc_rules.documented_functions, tmp_path,
                   replace(SOUND, files=port("return helper(port);", OPEN)))
    assert told == "helper() is for other files, and no kernel-doc says what it is"
    assert said(doc_rules.documented_functions, _new(tmp_path),
                replace(SOUND, files=port("return helper(port);", DOC + OPEN))) == []


def test_a_kernel_doc_follows_what_the_function_does(tmp_path: Path) -> None:
    first = replace(SOUND, files=port("return helper(port);", DOC + OPEN))
    calls = OPEN.replace("return port;", "return other(port);")
    later = Mail("PCI: Two", files=port("return helper(port);", DOC + calls))
    (told,) = said(doc_rules.doc_follows, tmp_path, first, later)
    assert told.startswith("helper() calls other() from here on")
    changed = DOC.replace("Return: it", "Return: what other() says")
    assert said(doc_rules.doc_follows, _new(tmp_path), first,
                replace(later, files=port("return helper(port);", changed + calls))) == []


# Of each rule the smallest that breaks it: what is found, the mails, the cover letter.
BROKEN: dict[Rule, tuple[str, tuple[Mail, ...], str]] = {
    word_rules.base_found: ("base-found", (SOUND,), COVER.replace("Based on", "For")),
    word_rules.elsewhere: ("elsewhere", (logged("Only x86 can add vectors."),), COVER),
    word_rules.bounds: (
        "bounds", (logged("Two CPMUs meet."),), COVER.replace("Based on", ONE + "\nBased on"),
    ),
    word_rules.booted: ("not-booted", (replace(SOUND, files=CLASS),), COVER),
    word_rules.selected: (
        "selected",
        (replace(logged("BUS is selected by PCI_X."), files=(("drivers/pci/Kconfig", SELECTS),)),),
        COVER,
    ),
    word_rules.fix_alone: ("fix", (logged(STABLE),), COVER),
    word_rules.cited: ("cited", (logged('This is since 0123456789ab ("PCI: No").'),), COVER),
    word_rules.named: ("named", (logged("It is called by do_initcalls()."),), COVER),
    doc_rules.documented_names: (
        "documented-name",
        (replace(SOUND, files=(*NAMES, ("Documentation/x.rst", "It is y_<SSSS>.\n"))),), COVER,
    ),
    doc_rules.documented_functions: (
        "documented-function", (replace(SOUND, files=port("return helper(port);", OPEN)),), COVER,
    ),
    doc_rules.doc_follows: (
        "doc-follows",
        (replace(SOUND, files=port("return helper(port);", DOC + OPEN)),
         Mail("PCI: Two", files=port("return helper(port);", DOC + OPEN.replace(
             "return port;", "return other(port);")))), COVER,
    ),
}


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_what_breaks_a_rule_is_found_by_it(tmp_path: Path, rule: Rule) -> None:
    name, mails, cover = BROKEN[rule]
    what = context(tmp_path, *mails, cover=cover)
    if rule is word_rules.named:
        what = replace(what, repository=tmp_path / "tree/.git")
    assert {one.rule for one in rule(what)} == {f"series:{name}"}


def test_every_rule_of_words_has_a_case_that_breaks_it() -> None:
    homes = (word_rules.__name__, doc_rules.__name__)
    every = (*rules.MAILS, *rules.LOGS, *rules.FILES, *rules.OURS)
    assert {rule for rule in every if rule.__module__ in homes} == set(BROKEN)


def _new(where: Path) -> Path:
    found = where / "again"
    found.mkdir()
    return found


