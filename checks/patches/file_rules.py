# SPDX-License-Identifier: GPL-2.0-only
"""The rules of a series that read the files before and after each patch.

One function per rule; each yields findings. `checks/patches/rules.py` lists them.
Source: Documentation/process/license-rules.rst, 5.Posting.rst, submit-checklist.rst,
Documentation/core-api/symbol-namespaces.rst, Documentation/doc-guide/kernel-doc.rst.
"""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Iterator

from checks.finding import Finding, Severity
from checks.patches.context import Context, as_text, at_log
from checks.patches.inert import HELPERS
from checks.patches.mails import FileDiff, Patch

# Characters that change the direction of text, and those that a terminal obeys.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def hidden(what: Context) -> Iterator[Finding]:
    """No character makes a text look like another than a compiler, or git, takes it for.

    Source: CVE-2021-42574; b4 am refuses such mails.
    """
    for index, patch, diff in _diffs(what):
        if not _binary(what.after(index)(diff.path)):
            for line, text in diff.added():
                if found := _UNSEEN.search(text):
                    yield _at_file(patch, "series:hidden", diff.path, line, _said(found[0]))
    for patch in what.series.patches:
        log = f"{patch.piece.log.decode('utf-8', 'replace').partition(chr(10))[0]}\n{patch.log}"
        for number, text in enumerate(log.split("\n")):
            if found := _UNSEEN.search(text):
                yield at_log(patch, "series:hidden", _said(found[0]), number)


def _said(character: str) -> str:
    name = unicodedata.name(character, "control character")
    kind = "changes the direction of text" if ord(character) > 0x9F else "a terminal may obey it"
    return f"U+{ord(character):04X} ({name.lower()}): {kind}, so it reads as what it is not"


def _diffs(what: Context) -> Iterator[tuple[int, Patch, FileDiff]]:
    for index, patch in enumerate(what.series.patches):
        for diff in patch.diffs:
            yield index, patch, diff


def _at_file(
    patch: Patch, rule: str, path: str, line: int, text: str, severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(rule, text, path, line, severity=severity, commit=patch.name)


def _binary(data: bytes | None) -> bool:
    # what git takes for binary
    return data is not None and b"\0" in data[:8000]


_SOURCES = (".c", ".h", ".S", ".rs", ".dts", ".dtsi", ".sh", ".py", ".pl", ".rst", ".txt", ".yaml")


def binary(what: Context) -> Iterator[Finding]:
    """What is in a binary file nobody reads here, and that is said; source is never binary."""
    for index, patch, diff in _diffs(what):
        data = what.after(index)(diff.path)
        if data is None or not _binary(data):
            continue
        name = os.path.basename(diff.path)
        if name.endswith(_SOURCES) or name.startswith(("Kconfig", "Makefile", "Kbuild")):
            line = data[: data.index(b"\0")].count(b"\n") + 1
            yield _at_file(patch, "series:binary", diff.path, line, "a NUL byte: git shows nobody "
                           "what is in this file, and no check reads it")
        else:
            yield _at_file(patch, "series:not-text", diff.path, 0, "a binary file", Severity.NOTE)


# What the tree wants: scripts/checkpatch.pl, where it looks for a licence. Nothing else must have
# one: JSON, configurations and Documentation/ABI/ have no comments, or no licence anywhere.
_SPDX_FORM = (
    *((end, "// ") for end in (".c", ".rs", ".dts", ".dtsi")),
    *((end, "/* ") for end in (".h", ".s", ".S")),
    *((end, "# ") for end in (".sh", ".pl", ".py", ".awk", ".tc", ".yaml")),
    (".rst", ".. "),
)


def spdx(what: Context) -> Iterator[Finding]:
    """A new file starts with its licence, in the form of comment that its kind wants."""
    for index, patch, diff in _diffs(what):
        if not diff.new or _binary(what.after(index)(diff.path)):
            continue
        rows = as_text(what.after(index)(diff.path)).split("\n", 2)
        script = rows[0].startswith("#!")
        if diff.mode not in ("", "100644", *(("100755",) if script else ())):
            yield _at_file(
                patch, "series:spdx", diff.path, 0, f"a new file has mode {diff.mode}, not 100644"
            )
        first = rows[1] if script and len(rows) > 1 else rows[0]
        name = os.path.basename(diff.path)
        form = next((form for end, form in _SPDX_FORM if name.endswith(end)), "")
        if not form and (script or name.startswith(("Kconfig", "Makefile", "Kbuild"))):
            form = "# "
        if form and not first.startswith(f"{form}SPDX-License-Identifier: "):
            yield _at_file(
                patch, "series:spdx", diff.path, 1,
                f"line {1 + script} is not `{form}SPDX-License-Identifier: ...`",
            )  # fmt: skip


def maintainers(what: Context) -> Iterator[Finding]:
    """A new file belongs to an entry of MAINTAINERS once its patch is applied."""
    for index, patch, diff in _diffs(what):
        if diff.status in ("A", "R"):
            text = as_text(what.after(index)("MAINTAINERS"))
            if not maintained(text, diff.path):
                yield _at_file(
                    patch, "series:maintainers", diff.path, 1,
                    "no entry of MAINTAINERS has this new file; add its F: line in this patch",
                )  # fmt: skip


def maintained(text: str, path: str) -> bool:
    """Return whether an entry of MAINTAINERS, other than THE REST, covers a path."""
    entries = re.split(r"\n[ \t]*\n", text.partition("\nMaintainers List")[2] or text)
    for entry in entries:
        lines = [(x[0], x[2:].strip()) for x in entry.split("\n") if x[1:2] == ":"]
        if entry.lstrip().startswith("THE REST"):
            continue
        if any(kind == "X" and _matches(pattern, path) for kind, pattern in lines):
            continue
        if any(kind == "F" and _matches(pattern, path) for kind, pattern in lines):
            return True
    return False


def _matches(pattern: str, path: str) -> bool:
    """Return whether an F: pattern covers a path: `*` does not cross a slash, a dir's end does."""
    if pattern.endswith("/"):
        return path.startswith(pattern) or fnmatch.fnmatch(path, pattern + "*")
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)


_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.S)
_DEFINED = re.compile(
    r"^(?P<head>[A-Za-z_][\w \t*]*?[ \t*\n])(?P<name>[A-Za-z_]\w*)\((?P<args>[^;{}]*?)\)\s*\{", re.M
)
_NOT_NAMES = frozenset(["if", "for", "while", "switch", "return", "else", "do", "sizeof"])


def bare(text: str) -> str:
    """Return C without comments and strings; every line keeps its number."""
    return _COMMENT.sub(lambda match: " " + "\n" * match[0].count("\n"), text)


def functions(text: str) -> dict[str, tuple[int, bool]]:
    """Return name -> (line, whether static) of the functions that start in column 1."""
    clean = bare(text)
    return {
        match["name"]: (
            clean.count("\n", 0, match.start("name")) + 1,
            "static" in match["head"].split(),
        )
        for match in _DEFINED.finditer(clean)
        if match["name"] not in _NOT_NAMES and "inline" not in match["head"].split()
    }


def _used(name: str, text: str) -> bool:
    """Return whether a text uses a function: neither definition, declaration nor export."""
    clean = re.sub(rf"\bEXPORT_SYMBOL\w*\(\s*{name}\b[^)]*\)", "", bare(text))
    declared = re.compile(
        rf"^[A-Za-z_][\w \t*\n]*?[ \t*\n]{name}\([^;{{}}]*?\)[\w \t()]*?\s*[;{{]", re.M
    )
    # a statement is indented, a declaration or definition is not
    clean = declared.sub("", clean)
    return re.search(rf"\b{name}\b", clean) is not None


def no_dead_code(what: Context) -> Iterator[Finding]:
    """A function has a user in the patch that adds it."""
    for index, patch in enumerate(what.series.patches):
        touched = {path for edit in what.edits for path in edit}
        sources = sorted(path for path in touched if path.endswith((".c", ".h")))
        before, after = what.before(index), what.after(index)
        for diff in patch.diffs:
            if not diff.path.endswith(".c") or diff.deleted:
                continue
            old = functions(as_text(before(diff.old)))
            for name, (line, static) in functions(as_text(after(diff.path))).items():
                if name in old or any(
                    name in functions(as_text(before(path)))
                    for path in sources
                    if path.endswith(".c")
                ):
                    continue
                homes = [diff.path] if static else sources
                if any(_used(name, as_text(after(path))) for path in homes):
                    continue
                later = next(
                    (
                        other
                        for number, other in enumerate(what.series.patches[index + 1 :], index + 1)
                        if any(_used(name, as_text(what.after(number)(path))) for path in homes)
                    ),
                    None,
                )
                tail = f"until {later.file}" if later else "until the end of the series"
                yield _at_file(
                    patch, "series:dead-code", diff.path, line, f"{name}() is unused {tail}"
                )


_CONFIG = re.compile(r"^(?:menu)?config (\w+)\n((?:[ \t].*\n|\n)*)", re.M)


def symbols(text: str) -> dict[str, tuple[int, str]]:
    """Return name -> (line, body) of the symbols that a Kconfig file defines."""
    return {
        match[1]: (text.count("\n", 0, match.start()) + 1, match[2])
        for match in _CONFIG.finditer(text + "\n")
    }


def not_run(what: Context) -> Iterator[Finding]:
    """What a series makes of checkpatch and its like is not run: those of the base judge it."""
    for _, patch, diff in _diffs(what):
        if HELPERS.fullmatch(diff.path):
            yield _at_file(patch, "series:not-run", diff.path, 0,
                           "as this commit leaves it it was not run: that of the base judges",
                           Severity.NOTE)


def kconfig(what: Context) -> Iterator[Finding]:
    """A new symbol is hidden, or has a help text and is off by default.

    A default under a condition follows other symbols: it is told, and left to who reads it.
    """
    for index, patch, diff in _diffs(what):
        if not os.path.basename(diff.path).startswith("Kconfig"):
            continue
        old = symbols(as_text(what.before(index)(diff.old)))
        for name, (line, body) in symbols(as_text(what.after(index)(diff.path))).items():
            if name in old:
                continue
            prompt = re.search(r'^[ \t]+(?:bool|tristate|int|hex|string|prompt)[ \t]+"', body, re.M)
            if prompt and not re.search(r"^[ \t]+help[ \t]*$", body, re.M):
                yield _at_file(
                    patch, "series:kconfig", diff.path, line, f"{name} has a prompt but no help"
                )
            ways = re.findall(r"^[ \t]+default[ \t]+[ym]\b[ \t]*(?:if[ \t]+(.+))?", body, re.M)
            if prompt and ways:
                where = "" if "" in ways else f" where {' or '.join(ways)}"
                yield _at_file(patch, "series:kconfig", diff.path, line,
                               f"{name} is on by default{where}",
                               Severity.NOTE if where else Severity.ERROR)


def kconfig_read(what: Context) -> Iterator[Finding]:
    """A new symbol is read by something in the patch that adds it."""
    for index, patch, diff in _diffs(what):
        if not os.path.basename(diff.path).startswith("Kconfig"):
            continue
        old = symbols(as_text(what.before(index)(diff.old)))
        for name, (line, _) in symbols(as_text(what.after(index)(diff.path))).items():
            if name in old:
                continue
            read = re.compile(rf"\bCONFIG_{name}(?:_MODULE)?\b")
            chosen = re.compile(rf"\b(?:select|depends on|if)\b.*\b{name}\b")
            uses = any(
                (chosen if "Kconfig" in path else read).search(as_text(text))
                for path, text in what.edits[index].items()
            )
            if not uses:
                yield _at_file(
                    patch, "series:kconfig-read", diff.path, line,
                    f"nothing in this patch reads CONFIG_{name}",
                )  # fmt: skip


def documented_in_place(what: Context) -> Iterator[Finding]:
    """Kconfig, documentation and MAINTAINERS change in the patch that needs them."""
    patches = what.series.patches
    if len(patches) < 2:
        return
    last = patches[-1]
    paths = [diff.path for diff in last.diffs]
    aside = [
        path
        for path in paths
        if path == "MAINTAINERS"
        or path.startswith("Documentation/")
        or os.path.basename(path).startswith("Kconfig")
    ]
    if paths and len(aside) == len(paths):
        yield at_log(
            last, "series:documented-in-place",
            "the last patch has only Kconfig, documentation or MAINTAINERS: "
            "move each line to the patch that needs it",
        )  # fmt: skip


def namespace_idiom(what: Context) -> Iterator[Finding]:
    """Symbol namespaces are written as this tree writes them: bare words, or strings."""
    probe = as_text(what.read("include/linux/module.h"))
    match = re.search(r"#define\s+MODULE_IMPORT_NS\(ns\)\s+(.*)", probe)
    if not match:
        return
    words = "__stringify(ns)" in match[1].replace(" ", "")
    wrong = re.compile(
        r'\bMODULE_IMPORT_NS\(\s*"|\bEXPORT_SYMBOL_NS(?:_GPL)?\([^)]*"'
        if words
        else r"\bMODULE_IMPORT_NS\(\s*\w|\bEXPORT_SYMBOL_NS(?:_GPL)?\(\s*\w+\s*,\s*\w"
    )
    form = "bare words" if words else "strings"
    for _, patch, diff in _diffs(what):
        for line, text in diff.added():
            if wrong.search(text):
                yield _at_file(
                    patch, "series:namespace-idiom", diff.path, line,
                    f"this tree writes symbol namespaces as {form}",
                )  # fmt: skip


def dropped_maintainers(what: Context) -> Iterator[Finding]:
    """No F: line of MAINTAINERS is left for a file that a patch deletes."""
    for index, patch, diff in _diffs(what):
        if diff.deleted and f"F:\t{diff.path}\n" in as_text(what.after(index)("MAINTAINERS")):
            yield _at_file(
                patch, "series:maintainers", "MAINTAINERS", 0, f"names {diff.path}, which is gone"
            )
