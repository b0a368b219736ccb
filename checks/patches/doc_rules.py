# SPDX-License-Identifier: GPL-2.0-only
"""The rules of what a series of ours documents: names that it makes, functions, what they do.

One function per rule; each yields findings. `checks/patches/rules.py` lists them.
Source: Documentation/doc-guide/kernel-doc.rst; Documentation/ABI/README: a name is for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.finding import Finding
from checks.patches.context import Context, as_text
from checks.patches.file_rules import bare, functions

# a string that is nothing but a name: letters, then conversions with a point or a dash between
_NAME = re.compile(
    r'\b(?:devm_)?kasprintf\([^;"]*"([a-z]\w*?_?)((?:%[0-9]*l?[a-z][.:-]?)+)"'
    r'|\bdev_set_name\([^;"]*"([a-z]\w*?_?)((?:%[0-9]*l?[a-z][.:-]?)+)"'
)
_CONVERSION = re.compile(r"%0?(\d*)l?[a-z]")


def documented_names(what: Context) -> Iterator[Finding]:
    """A name that a new format makes stands in the documentation field by field, each explained.

    A field is one number, so its letters are the same: SSSS, not BBDF.
    """
    for index, patch in enumerate(what.series.patches):
        docs = [as_text(data) for path, data in what.edits[index].items()
                if path.startswith("Documentation/")]
        if not docs:
            continue
        for diff in (one for one in patch.diffs if one.path.endswith(".c")):
            old, new = as_text(what.before(index)(diff.old)), as_text(what.after(index)(diff.path))
            known = {found.group(0) for found in _NAME.finditer(old)}
            for found in _NAME.finditer(new):
                if found[0] in known:
                    continue
                start, fields = found[1] or found[3], found[2] or found[4]
                line = new.count("\n", 0, found.start(1 if found[1] else 3)) + 1
                if wrong := _wrong(start, fields, "\n".join(docs)):
                    yield Finding("series:documented-name", wrong, diff.path, line,
                                  commit=patch.name)


def _wrong(start: str, fields: str, docs: str) -> str:
    """Return what is wrong with what is written of a name, empty when nothing is."""
    shape = _CONVERSION.sub("<>", fields)
    written = [re.findall(r"<(\w+)>", one) for one in
               re.findall(rf"(?<!\w){re.escape(start)}((?:<\w+>[.:-]?)*<\w+>)", docs)
               if re.sub(r"<\w+>", "<>", one) == shape]
    if not written:
        return (f"no documentation of this patch has a name {start}... with fields as in "
                f"{start}{shape}")
    for field, width in zip(written[0], _CONVERSION.findall(fields), strict=True):
        if len(set(field)) > 1:
            return f"<{field}>: a field is one number, so its letters are the same"
        if width and len(field) != int(width):
            return f"<{field}> has {len(field)} digits, the format {width}"
        if not re.search(rf"(?<![<\w]){field}(?![\w>])", docs):
            return f"nothing says what {field} is"
    return ""


_DOC = re.compile(r"/\*\*\n(?: \*[^\n]*\n)*? \*/\n\Z")


def _before(text: str, line: int) -> str:
    """Return the kernel-doc comment that ends on the line before a definition, or nothing."""
    lines = text.split("\n")
    while line > 1 and re.match(r"[A-Za-z_]", lines[line - 2]):  # the type stands on its own line
        line -= 1
    found = _DOC.search("\n".join(lines[: line - 1]) + "\n")
    return found[0] if found else ""


def documented_functions(what: Context) -> Iterator[Finding]:
    """A new function that other files call has a kernel-doc comment."""
    for index, patch in enumerate(what.series.patches):
        for diff in (one for one in patch.diffs if one.path.endswith(".c") and not one.deleted):
            old = functions(as_text(what.before(index)(diff.old)))
            text = as_text(what.after(index)(diff.path))
            for name, (line, static) in functions(text).items():
                if name not in old and not static and not _before(text, line):
                    yield Finding("series:documented-function",
                                  f"{name}() is for other files, and no kernel-doc says what it is",
                                  diff.path, line, commit=patch.name)


def doc_follows(what: Context) -> Iterator[Finding]:
    """A patch that makes a function of the series call others says so in its kernel-doc."""
    for index, patch in enumerate(what.series.patches):
        for diff in (one for one in patch.diffs if one.path.endswith(".c") and not one.deleted):
            base = functions(as_text(what.read(diff.old)))
            old, new = as_text(what.before(index)(diff.old)), as_text(what.after(index)(diff.path))
            then, now = functions(old), functions(new)
            for name in (one for one in now if one in then and one not in base):
                said = _before(new, now[name][0])
                if not said or said != _before(old, then[name][0]):
                    continue
                more = _called(new, now[name][0]) - _called(old, then[name][0])
                if more:
                    yield Finding("series:doc-follows", f"{name}() calls {min(more)}() from here "
                                  "on, and its kernel-doc says what it said before", diff.path,
                                  now[name][0], commit=patch.name)


_NO_CALL = frozenset(("if", "for", "while", "switch", "return", "sizeof"))


def _called(text: str, line: int) -> frozenset[str]:
    """Return the names that the function which begins on a line calls."""
    body = "\n".join(bare(text).split("\n")[line:]).partition("\n}")[0]
    return frozenset(re.findall(r"\b([A-Za-z_]\w*)\(", body)) - _NO_CALL
