# SPDX-License-Identifier: GPL-2.0-only
"""Rules that ask git, or a script of the tree: each is silent on a sound series, and fires."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clones import shell
from postings import PTM, change, mails, make_clone, threaded, two_patches, write

from checks.finding import Finding, Severity
from checks.patches import checkpatch, kerneldoc, people, rules
from checks.patches.configsymbols import unknown_symbols
from checks.patches.context import Context
from checks.patches.file_rules import binary
from checks.patches.mail_rules import own_link
from checks.patches.mails import edits, view
from checks.patches.whitespace import whitespace
from generator.errors import EnvironmentFault
from generator.intake.posting import Asked, opened
from generator.kernel import pin, tree

KCONFIG = 'config PCI\n\tbool "PCI support"\n\thelp\n\t  if you have NONE of THESE, say N.\n'


@pytest.fixture
def clone(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = make_clone(tmp_path / "clone")
    (where / "drivers/pci/Kconfig").write_text(KCONFIG)
    shell(where, "git add -f -A; git commit -q --amend --no-edit")
    monkeypatch.chdir(where)
    return where


@contextlib.contextmanager
def context(clone: Path, *inputs: str) -> Iterator[Context]:
    with opened(Asked(inputs or ("main..topic",)), clone, "main") as made:
        def read(path: str) -> bytes | None:
            return tree.read(made.where, made.where.base, path)

        yield Context(view(made), read, edits(made), made.where.base, ours=False,
                      repository=made.work.git_dir)


def found(clone: Path, rule: Callable[[Context], Iterator[Finding]], *commands: str
          ) -> list[Finding]:
    """Return what a rule says of a series with a commit for each shell command."""
    shell(clone, "git checkout -q -B topic main")
    for number, command in enumerate(commands, 1):
        change(clone, f"PCI: Change it, step {number}", command)
    with context(clone) as what:
        return list(rule(what))


def test_a_blank_line_at_the_end_and_a_conflict_marker_are_found(clone: Path) -> None:
    blank, marker = found(
        clone, whitespace, f"printf '\\n\\n' >> {PTM}", "echo '<<<<<<< HEAD' >> drivers/pci/dos.c",
    )

    assert (blank.message, blank.path) == ("git diff --check: new blank line at EOF", PTM)
    assert (marker.message, marker.path, marker.line) == (
        "git diff --check: leftover conflict marker", "drivers/pci/dos.c", 3
    )
    assert blank.commit != marker.commit


def test_what_checkpatch_says_is_not_said_twice_and_sound_lines_are_sound(clone: Path) -> None:
    assert found(clone, whitespace, f"printf 'int x; \\n' >> {PTM}") == []
    assert found(clone, whitespace, f"printf 'int x;\\n' >> {PTM}") == []


@pytest.mark.parametrize(("command", "name"), [
    (f"printf '#ifdef CONFIG_PCX\\n#endif\\n' >> {PTM}", "PCX"),
    (f"printf 'int x = IS_ENABLED(CONFIG_PCX_MODULE);\\n' >> {PTM}", "PCX_MODULE"),
    ("printf 'obj-$(CONFIG_PCX) += x.o\\n' >> drivers/pci/Makefile", "PCX"),
    ("printf 'config PCI_X\\n\\tbool\\n\\tdepends on PCI && PCX\\n' >> drivers/pci/Kconfig", "PCX"),
    ("printf 'config PCI_X\\n\\tbool \"Y\" if PCX\\n' >> drivers/pci/Kconfig", "PCX"),
    ("sed -i s/PCI$/PCY/ drivers/pci/Kconfig; "
     f"printf '#ifdef CONFIG_PCI\\n#endif\\n' >> {PTM}", "PCI"),
])
def test_a_symbol_that_nothing_defines_is_never_true(clone: Path, command: str, name: str) -> None:
    [one] = found(clone, unknown_symbols, command)

    assert one.message == f"no Kconfig file defines {name}: this is never true"
    assert one.line > 0


@pytest.mark.parametrize("commands", [
    (f"printf '#ifdef CONFIG_PCI\\n#endif\\n' >> {PTM}",),
    (f"printf 'int x = IS_ENABLED(CONFIG_PCI_MODULE);\\n' >> {PTM}",),
    (f"printf '/* CONFIG_PCX */ char x[] = \"CONFIG_PCX\";\\n' >> {PTM}",),
    (f"printf '#define CONFIG_PCX 1\\n#ifdef CONFIG_PCX\\n#endif\\n' >> {PTM}",),
    ("printf 'config PCI_X\\n\\tbool \"OF IT\"\\n\\tdepends on PCI # NOT\\n\\thelp\\n"
     "\\t  depends on WORDS\\n' >> drivers/pci/Kconfig",),
    ("printf '\\nconfig PCI_X\\n\\tbool\\n' >> drivers/pci/Kconfig",
     f"printf '#ifdef CONFIG_PCI_X\\n#endif\\n' >> {PTM}"),
    ("printf 'x: $(CONFIG_SHELL) # CONFIG_PCX\\n' >> drivers/pci/Makefile",),
])
def test_what_is_defined_or_no_symbol_is_not_reported(
    clone: Path, commands: tuple[str, ...]
) -> None:
    assert found(clone, unknown_symbols, *commands) == []


def test_a_symbol_is_defined_only_from_its_commit_on(clone: Path) -> None:
    [one] = found(
        clone, unknown_symbols, f"printf '#ifdef CONFIG_PCI_X\\n#endif\\n' >> {PTM}",
        "printf '\\nconfig PCI_X\\n\\tbool\\n' >> drivers/pci/Kconfig",
    )

    assert "step 1" in one.commit


def test_source_with_a_nul_byte_hides_from_everybody(clone: Path) -> None:
    [one] = found(clone, binary, f"printf 'int a;\\n/*\\0*/ int b;\\n' > {PTM}")
    assert (one.severity, one.path, one.line) == (Severity.ERROR, PTM, 2)

    [note] = found(clone, binary, "printf '\\0' > drivers/pci/logo.bin")
    assert (note.severity, note.rule) == (Severity.NOTE, "series:not-text")
    assert found(clone, binary, f"printf 'int a;\\n' > {PTM}") == []


def test_a_link_to_the_posting_itself_is_found(clone: Path, tmp_path: Path) -> None:
    two_patches(clone)
    first, second = (threaded(one, n) for n, one in enumerate(mails(clone), 1))
    link = "Link: https://lore.kernel.org/r/{}@example.org\nSigned-off-by:"
    second = second.replace("Signed-off-by:", link.format("1-2"), 1)
    first = first.replace("Signed-off-by:", link.format("9-9"), 1)
    series = write(tmp_path / "series", {"1.patch": first, "2.patch": second})

    with context(clone, str(series)) as what:
        [one] = own_link(what)

    assert one.rule == "series:own-link"
    assert one.path.endswith("2.patch")
    assert "1-2@example.org" in Path(one.path).read_text().split("\n")[one.line - 1]


SAYS = {
    "perl": "#!/usr/bin/env perl\n"
            "print STDERR \"$ARGV[-1]:5: warning: {} 'odd' not described\\n\";",
    "python": "#!/usr/bin/env python3\nimport sys\n"
              "print(f\"Warning: {{sys.argv[-1]}}:5 {0} 'odd' not described\", file=sys.stderr)\n"
              "print(f\"Warning: {{sys.argv[-1]}}:5 {0} 'odd' not described\", file=sys.stderr)\n",
    "silent": "#!/usr/bin/env perl\n",
}


@pytest.mark.parametrize("kind", SAYS)
def test_kernel_doc_is_understood_or_proves_that_it_is_not(tmp_path: Path, kind: str) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/kernel-doc").write_text(SAYS[kind].format("parameter"))

    if kind == "silent":
        with pytest.raises(EnvironmentFault, match="its silence means nothing"):
            kerneldoc._told(tmp_path, "x.c", b"/** */\n")
    else:
        told = kerneldoc._told(tmp_path, "x.c", b"/** */\n")
        assert told == [(5, "parameter 'odd' not described")]
    assert kerneldoc._told(tmp_path, "x.c", b"/* nothing */\n") == []


def test_the_rules_here_are_in_the_table() -> None:
    assert {whitespace, unknown_symbols, kerneldoc.kernel_doc, binary} <= set(rules.FILES)
    assert own_link in rules.MAILS


@pytest.mark.kernel
@pytest.mark.parametrize("kernel", sorted(pin.read_pins()))
def test_scripts_of_every_pinned_kernel_find_what_is_planted(kernel: str) -> None:
    where = pin.at_hand(pin.read_pins()[kernel])
    if where is None:
        pytest.skip(f"{kernel} is not set up")

    kerneldoc._prove.__wrapped__(where.work)
    people._prove.__wrapped__(where.work)
    checkpatch._prove.__wrapped__(where.work)
