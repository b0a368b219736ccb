# SPDX-License-Identifier: GPL-2.0-only
"""Each rule of series is silent on a series as it should be, and speaks when one thing is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mailed import BASE, COVER, FRESH, KCONFIG, LOG, SOUND, TREE, Mail, ids, port, read

from checks.finding import Severity
from checks.patches import doc_rules, rules, word_rules
from checks.patches.file_rules import functions, maintained


@pytest.fixture(autouse=True)
def own_cache(cached: Path) -> None:
    """Let no test see what another left."""


def test_a_sound_series_has_no_finding(tmp_path: Path) -> None:
    (note,) = rules.check(read(tmp_path, SOUND))

    assert str(note) == "note: kernel-doc: there is no checkout of the base [series:not-run]"


HELPER = "\nstatic int helper(int port)\n{\n\treturn port;\n}\n"
DOCUMENTED = "\n/**\n * helper - help\n * @port: the port\n *\n * Return: the port\n */\n"
VISIBLE = '\nconfig PCI_X\n\tbool "X"\n'

BROKEN: dict[str, tuple[str, tuple[Mail, ...]]] = {
    "no prefix": ("series:subject-form", (replace(SOUND, subject="Count from one"),)),
    "lower case": ("series:subject-style", (replace(SOUND, subject="PCI/portdrv: count"),)),
    "period": ("series:subject-style", (replace(SOUND, subject="PCI/portdrv: Count."),)),
    "file name": ("series:subject-form", (replace(SOUND, subject="PCI: port.c: Count"),)),
    "tool named": ("series:subject-style", (replace(SOUND, subject="PCI: Fix checkpatch noise"),)),
    "too long": ("series:subject-length", (replace(SOUND, subject="PCI: C" + "o" * 75),)),
    "foreign prefix": ("series:subject-prefix", (replace(SOUND, subject="net/mlx5: Count"),)),
    "subject twice": (
        "series:subjects-unique",
        (SOUND, replace(SOUND, files=port("return port + 2;"))),
    ),
    "wrong number": (
        "series:numbering",
        (SOUND, Mail("PCI: Two", files=port("return port + 2;"), number=" 3/2")),
    ),
    "sixteen": (
        "series:size",
        tuple(Mail(f"PCI: Count {n}", files=port(f"return port + {n};")) for n in range(1, 17)),
    ),
    "empty log": ("series:log-present", (replace(SOUND, log=""),)),
    "only tags": ("series:log-present", (replace(SOUND, log="Cc: A <a@b.c>\nCc: B <b@b.c>"),)),
    "long line": ("series:log-wrapped", (replace(SOUND, log=LOG.replace("\n", " ")),)),
    "hidden in code": ("series:hidden", (Mail(files=port("return port; // \u202e")),)),
    "hidden in a log": ("series:hidden", (replace(SOUND, log=LOG + " \u2066"),)),
    "an escape in a subject": ("series:hidden", (replace(SOUND, subject="PCI: Count \x1b[2K"),)),
    "hunk in the log": ("series:log-clean", (replace(SOUND, log=LOG + "\n@@ -1 +1 @@"),)),
    "comment in the log": ("series:log-clean", (replace(SOUND, log=LOG + "\n#include it"),)),
    "version in the log": ("series:log-clean", (replace(SOUND, log=LOG + "\nv2: better"),)),
    "change-id in the log": ("series:change-id", (replace(SOUND, log=LOG + "\nchange-id: 1-x"),)),
    "no RFC": ("series:rfc", (replace(SOUND, tags="PATCH"),)),
    "Fixes without history": (
        "series:fixes-resolved",
        (replace(SOUND, log=LOG + '\n\nFixes: 0123456789ab ("PCI: Count")'),),
    ),
    "Fixes of another form": (
        "series:fixes-resolved",
        (replace(SOUND, log=LOG + "\n\nFixes: it"),),
    ),
    "invented review": (
        "series:tags-given",
        (replace(SOUND, log=LOG + "\n\nReviewed-by: A <a@b>"),),
    ),
    "invented signature": (
        "series:tags-given",
        (replace(SOUND, log=LOG + "\n\nSigned-off-by: A <a@b>"),),
    ),
    "invented tag": ("series:tags-given", (replace(SOUND, log=f"{LOG}\n\nGenerated-by: A <a@b>"),)),
    "run": ("series:spdx", (Mail(files=(("drivers/pci/x.c", FRESH),), mode="100755"),)),
    "no SPDX": ("series:spdx", (Mail(files=(("drivers/pci/x.c", "int x;\n"),)),)),
    "SPDX of another form": (
        "series:spdx",
        (Mail(files=(("drivers/pci/x.h", FRESH + "int x;\n"),)),),
    ),
    "no maintainer": (
        "series:maintainers",
        (Mail("cxl: Add x", files=(("include/cxl/x.c", FRESH),)),),
    ),
    "a gone file maintained": (
        "series:maintainers",
        (
            Mail(
                files=(
                    ("drivers/pci/port.c", None),
                    ("MAINTAINERS", TREE["MAINTAINERS"] + "F:\tdrivers/pci/port.c\n"),
                )
            ),
        ),
    ),
    "a function never used": ("series:dead-code", (Mail(files=port(more=HELPER)),)),
    "a function used later": (
        "series:dead-code",
        (
            Mail(files=port(more=HELPER)),
            Mail("PCI: Use it", files=port("return helper(port);", more=HELPER)),
        ),
    ),
    "a function only exported": (
        "series:dead-code",
        (
            Mail(
                files=port(
                    more=DOCUMENTED + HELPER.replace("\nstatic ", "") +
                    "EXPORT_SYMBOL_GPL(helper);\n"
                    "int helper(int port);\n/* helper() helps */\n"
                )
            ),
        ),
    ),
    "prompt without help": (
        "series:kconfig",
        (Mail(files=(("drivers/pci/Kconfig", KCONFIG + VISIBLE), *port("return CONFIG_PCI_X;"))),),
    ),
    "on by default": (
        "series:kconfig",
        (
            Mail(
                files=(
                    (
                        "drivers/pci/Kconfig",
                        KCONFIG + VISIBLE + "\tdefault y\n\thelp\n\t  Say N.\n",
                    ),
                    *port("return CONFIG_PCI_X;"),
                )
            ),
        ),
    ),
    "symbol nobody reads": (
        "series:kconfig-read",
        (Mail(files=(("drivers/pci/Kconfig", KCONFIG + "\nconfig PCI_X\n\tbool\n"), *port())),),
    ),
    "Kconfig at the end": (
        "series:documented-in-place",
        (SOUND, Mail("PCI: Say more", files=(("drivers/pci/Kconfig", KCONFIG + "\t  Or N.\n"),))),
    ),
    "quoted namespace": (
        "series:namespace-idiom",
        (Mail(files=port(more='MODULE_IMPORT_NS("CXL");\n')),),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_one_thing_wrong_is_one_finding(tmp_path: Path, case: str) -> None:
    rule, mails = BROKEN[case]

    assert ids(read(tmp_path, *mails)) == {rule}


def test_every_rule_has_a_case_that_breaks_it() -> None:
    """Rules whose broken case needs more than another mail are tried below."""
    elsewhere = {
        "cover_letter", "base_commit", "kernel_doc", "dropped_maintainers", "binary",
        "placeholders", "whitespace", "unknown_symbols", "own_link", "not_run",
    }  # fmt: skip
    every = (*rules.MAILS, *rules.LOGS, *rules.FILES, *rules.OURS)
    of_words = (word_rules.__name__, doc_rules.__name__)  # test_word_rules.py has their rows
    named = {rule.__name__ for rule in every if rule.__module__ not in of_words} - elsewhere
    broken = {rule.removeprefix("series:").replace("-", "_") for rule, _ in BROKEN.values()}
    aliases = {"series_size": "size", "no_dead_code": "dead_code"}

    assert {aliases.get(name, name) for name in named} <= broken


SOUND_CASES: dict[str, tuple[Mail, ...]] = {
    "an address may be long": (replace(SOUND, log=f"{LOG}\n\nLink: https://x/{'y' * 80}"),),
    "a symbol hidden and read": (
        Mail(
            files=(
                ("drivers/pci/Kconfig", KCONFIG + "\nconfig PCI_X\n\tbool\n\tdefault y\n"),
                *port("return CONFIG_PCI_X;"),
            )
        ),
    ),
    "a function with its user": (Mail(files=port("return helper(port);", more=HELPER)),),
    "a function moved": (
        Mail(
            files=(
                ("drivers/pci/port.c", "\n"),
                ("drivers/pci/new.c", TREE["drivers/pci/port.c"]),
            )
        ),
    ),
    "a callback in a table": (
        Mail(files=port(more=HELPER + "static struct ops x = {\n\t.probe = helper,\n};\n")),
    ),
    "a new file with its line in MAINTAINERS": (
        Mail(
            "cxl: Add x",
            files=(
                ("include/cxl/x.h", "/* SPDX-License-Identifier: GPL-2.0-only */\n"),
                (
                    "MAINTAINERS",
                    TREE["MAINTAINERS"].replace("event.h\n", "event.h\nF:\tinclude/cxl/x.h\n"),
                ),
            ),
        ),
    ),
    "a bare namespace": (Mail(files=port(more="MODULE_IMPORT_NS(CXL);\n")),),
}


@pytest.mark.parametrize("case", SOUND_CASES)
def test_what_looks_wrong_but_is_not_has_no_finding(tmp_path: Path, case: str) -> None:
    assert ids(read(tmp_path, *SOUND_CASES[case])) == set()


@pytest.mark.parametrize(
    ("cover", "rule"),
    [
        (COVER.replace("This series", "*** BLURB HERE ***\nThis series"), "series:cover-letter"),
        (COVER.replace("This series", "EDITME: This series"), "series:cover-letter"),
        (f"Short.\n\n{COVER[COVER.index('Based on'):]}", "series:cover-letter"),
        (COVER.replace("base-commit", "base"), "series:base-commit"),
        (COVER.replace(BASE, BASE[::-1]), "series:base-commit"),
    ],
)
def test_a_cover_letter_has_text_and_the_base(tmp_path: Path, cover: str, rule: str) -> None:
    assert ids(read(tmp_path, SOUND, cover=cover)) == {rule}


FOREIGN = (
    Mail(
        "PCI/portdrv: count ports",
        f"{LOG}\n{'A line may be longer than ours, and that is for checkpatch to say. ' * 2}\n\n"
        "Reviewed-by: R <r@b>\nSigned-off-by: A B <a@b>\nSigned-off-by: C <c@b>",
        files=(*port(more=HELPER), ("include/cxl/x.c", FRESH)), tags="PATCH net-next v3",
    ),
    Mail("xen/pcifront: Say more", "Short.\n\nFixes: 0123456789ab (\"PCI: It\")",
         files=(("drivers/pci/Kconfig", KCONFIG + "\t  Or N.\n\nconfig PCI_X\n\tbool\n"),),
         tags="PATCH net-next v3"),
)


def test_what_only_we_promise_is_asked_of_nobody_else(tmp_path: Path) -> None:
    what = read(tmp_path, *FOREIGN, cover=None)

    assert {"series:rfc", "series:cover-letter", "series:base-commit", "series:tags-given",
            "series:subject-style", "series:subject-prefix", "series:log-present",
            "series:log-wrapped",
            "series:dead-code", "series:maintainers", "series:kconfig-read",
            "series:documented-in-place", "series:fixes-resolved", "series:fix"} == ids(what)
    assert ids(replace(what, ours=False)) == set()


@pytest.mark.parametrize("case", [
    "no prefix", "too long", "hunk in the log", "change-id in the log", "no SPDX",
    "prompt without help", "hidden in code", "wrong number", "Fixes of another form",
])
def test_what_the_kernel_asks_is_asked_of_everybody(tmp_path: Path, case: str) -> None:
    rule, mails = BROKEN[case]

    assert ids(replace(read(tmp_path, *mails), ours=False)) == {rule}


@pytest.mark.parametrize(("path", "text", "sound"), [
    ("tools/run.sh", "#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0\n", True),
    ("tools/run.sh", "#!/bin/sh\n\n# SPDX-License-Identifier: GPL-2.0\n", False),
    ("drivers/pci/x.lds", "/* SPDX-License-Identifier: GPL-2.0 */\n", True),
    ("drivers/pci/x.txt", "nothing\n", True),
    ("drivers/pci/x.json", "{}\n", True),
    ("Documentation/ABI/testing/sysfs-x", "What:\t\t/sys/x\n", True),
    ("drivers/pci/x.rs", "/* SPDX-License-Identifier: GPL-2.0 */\n", False),
    ("drivers/pci/Kconfig.x", "// SPDX-License-Identifier: GPL-2.0\n", False),
])
def test_a_licence_stands_as_its_kind_of_file_wants(
    tmp_path: Path, path: str, text: str, sound: bool
) -> None:
    mode = "100755" if text.startswith("#!") else "100644"  # a script may be run
    what = read(tmp_path, Mail(files=((path, text),), mode=mode))

    assert (ids(replace(what, ours=False)) == set()) is sound


@pytest.mark.parametrize(("default", "severity"), [
    ("y", Severity.ERROR), ("m if !PCI_AUTO\n\tdefault y", Severity.ERROR),
    ("m if !PCI_AUTO", Severity.NOTE),
])
def test_a_default_under_a_condition_is_told_and_not_held_against_a_symbol(
    tmp_path: Path, default: str, severity: Severity
) -> None:
    text = f"{KCONFIG}{VISIBLE}\tdefault {default}\n\thelp\n\t  Say N.\n"
    what = read(tmp_path, Mail(files=(("drivers/pci/Kconfig", text),
                                      *port("return CONFIG_PCI_X;"))))

    assert [one.severity for one in rules.check(what)
            if one.rule == "series:kconfig"] == [severity]


def test_a_script_that_people_run_is_said_to_be_that_of_the_base(tmp_path: Path) -> None:
    spdx = "# SPDX-License-Identifier: GPL-2.0\n"
    what = read(tmp_path, Mail(files=(("scripts/checkpatch.pl", spdx),)))

    assert "scripts/checkpatch.pl" in {one.path for one in rules.check(what)
                                       if one.rule == "series:not-run"}


def test_several_patches_want_a_cover_letter(tmp_path: Path) -> None:
    two = Mail("PCI: Two", files=port("return port + 2;"))

    assert "series:cover-letter" in ids(read(tmp_path, SOUND, two, cover=None))


def test_the_author_signs_and_nobody_else(tmp_path: Path) -> None:
    signed = replace(SOUND, log=LOG + "\n\nSigned-off-by: A B <a@b>")

    assert ids(read(tmp_path, signed)) == set()


def test_the_signature_that_was_asked_for_is_right(tmp_path: Path) -> None:
    signed = replace(SOUND, log=LOG + "\n\nSigned-off-by: C D <c@d>")
    what = replace(read(tmp_path, signed), signoff="C D <c@d>")

    assert ids(what) == set()


@pytest.mark.parametrize(
    ("title", "sound"), [("PCI: Count", True), ("PCI: Other", False), (None, False)]
)
def test_a_fixes_tag_is_held_against_the_history(
    tmp_path: Path, title: str | None, sound: bool
) -> None:
    cited = replace(SOUND, log=LOG + '\n\nFixes: 0123456789ab ("PCI: Count")')
    what = replace(read(tmp_path, cited), resolve=lambda commit: title)

    assert (ids(what) == set()) is sound


def test_findings_name_file_line_and_commit(tmp_path: Path) -> None:
    bad = replace(SOUND, log=LOG + "\n#include it")
    (found,) = (one for one in rules.check(read(tmp_path, bad)) if "log" in one.rule)
    file = tmp_path / "series/0001-patch.patch"
    lines = file.read_text().split("\n")

    assert found.path == str(file)
    assert lines[found.line - 1] == "#include it"
    assert found.commit == "1/1 PCI/portdrv: Count from one"


@pytest.mark.parametrize(
    ("entry", "path", "covered"),
    [
        ("F:\tdrivers/pci/", "drivers/pci/pcie/x.c", True),
        ("F:\tdrivers/*/", "drivers/pci/x.c", True),
        ("F:\tdrivers/pci/*", "drivers/pci/x.c", True),
        ("F:\tdrivers/pci/*", "drivers/pci/pcie/x.c", False),
        ("F:\tdrivers/pci/x.[ch]", "drivers/pci/x.h", True),
        ("F:\tdrivers/pci/\nX:\tdrivers/pci/x.c", "drivers/pci/x.c", False),
        ("THE REST\nF:\t*\nF:\t*/", "drivers/pci/x.c", False),
    ],
)
def test_patterns_of_maintainers_match_as_get_maintainer_does(
    entry: str, path: str, covered: bool
) -> None:
    assert maintained(f"X\n\nMaintainers List\n\n{entry}\n", path) is covered


def test_functions_are_found_as_the_kernel_writes_them() -> None:
    text = (
        "/* int no(void)\n{ */\nstatic void\ntwo_lines(int a,\n\t  int b)\n{\n}\n"
        "struct x *pointer(void)\n{\n\tif (x) {\n\t}\n}\n"
        "static inline int stub(void) { return 0; }\nint declared(void);\n"
    )

    assert functions(text) == {"two_lines": (4, True), "pointer": (8, False)}


DOC = "/**\n * old() - is old\n */\nint old(int a)\n{\n\treturn fresh(a);\n}\n"


@pytest.mark.kernel
def test_kernel_doc_reports_only_what_a_patch_adds(
    pinned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TREE, "drivers/pci/doc.c", DOC)
    fresh = DOC.replace("return fresh(a)", "return a").replace("old", "fresh")
    mail = Mail(files=(("drivers/pci/doc.c", f"\n\n{DOC}{fresh}"),))
    what = replace(read(tmp_path, mail), work=pinned.work)

    found = rules.check(what)
    assert {one.rule for one in found} == {"series:kernel-doc", "series:not-run"}
    assert all(one.line > DOC.count("\n") + 2 for one in found if one.rule != "series:not-run")
