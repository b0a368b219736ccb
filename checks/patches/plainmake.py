# SPDX-License-Identifier: GPL-2.0-only
"""Makefiles read as GNU make reads them, only to tell plain lines from those that may execute.

    makefile(text) -> the lines that are more than plain, in order

Plain are `obj-y += x.o dir/`, `name-$(CONFIG_X) := a.o b.o`, comments and empty lines. Contained
are conditions on symbols, lists of .dtb, and flags that do nothing but compile: make reads them in
a sandbox, and they run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator.kernel.sound import harmless


@dataclass(frozen=True)
class Line:
    """A line that is more than plain; `at` is its number, `why` what reading it may do.

    contained: it runs nothing, so that a sandbox is enough for it.
    """

    text: str
    at: int
    why: str
    contained: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Return what must be the same before and after a commit."""
        return self.text, self.why


_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.+,-]*"
_ASSIGNMENT = re.compile(
    rf" *({_NAME}?)-(?:y|m|objs|\$\(CONFIG_[A-Za-z0-9_]+\))[ \t]*(?::|\+)?=([^#]*)(?:#.*)?"
)
_OBJECT = re.compile(rf"(?:{_NAME}/)*{_NAME}\.o|(?:{_NAME}/)+")
# A dollar is not needed in a comment, and make expands those that stand in recipes.
_COMMENT = re.compile(r" *(?:#[^$\\\x00-\x08\x0a-\x1f\x7f]*)?")
_UNSEEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_DEFINE = re.compile(r"[ \t]*(?:(?:override|export|private)[ \t]+)*define\b")
_ENDEF = re.compile(r"[ \t]*endef\b")
# lists of kbuild, by which directories are entered
_DIRECTORIES = ("obj", "lib", "core", "drivers")
# lists of kbuild that are no lists of a module's objects
_RESERVED = re.compile(
    r"(?i)always|extra|targets?|clean|no-clean|dtb|generic|generated|mandatory|.*subdir.*|.*host.*|"
    r".*user.*|.*flags.*|.*hdr.*|.*header.*|.*include.*|.*plugin.*|platform|mach.*|kbuild.*"
)


_CONDITION = (
    r"ifn?def[ \t]+CONFIG_[A-Za-z0-9_]+|"
    r"ifn?eq[ \t]+\(\$\(CONFIG_[A-Za-z0-9_]+\),[ \t]*[A-Za-z0-9_]*\)"
)
_CONDITIONAL = re.compile(rf" *(?:{_CONDITION}|else(?:[ \t]+(?:{_CONDITION}))?|endif)[ \t]*")
_FLAGS = re.compile(
    rf" *(?:(?:subdir-)?(?:cc|as)flags(?:-remove)?-(?:y|m|\$\(CONFIG_[A-Za-z0-9_]+\))"
    rf"|[CA]FLAGS_(?:REMOVE_)?{_NAME}\.o)[ \t]*(?::|\+)?=([^#]*)"
)
_FLAG = re.compile(r"-[A-Za-z][A-Za-z0-9_.+=-]*")
_LOOKS_IN = re.compile(
    r"-I\$\((src|obj|srctree|objtree)\)((?:/(?:\.\.|[A-Za-z0-9_][A-Za-z0-9_.+-]*))*)/?"
)
_DTBS = re.compile(
    rf" *dtb-(?:y|\$\(CONFIG_[A-Za-z0-9_]+\))[ \t]*(?::|\+)?=(?:[ \t]+(?:{_NAME}/)*{_NAME}\.dtbo?)*"
    r"[ \t]*"
)


def makefile(data: bytes, depth: int = 0) -> tuple[Line, ...]:
    """Return the lines of a Makefile that are more than plain, in order.

    depth: of the directory that it is in, below the top of the tree.
    """
    found = []
    defines = 0
    after_plain = False
    for text, at in _lines(data):
        if defines or _DEFINE.match(text):
            defines += bool(_DEFINE.match(text)) - bool(_ENDEF.match(text))
            found.append(Line(text, at, "in a define, which is read as make or as a command later"))
        elif _COMMENT.fullmatch(_joined(text)):
            continue
        elif _plain(_joined(text)):
            after_plain = True
            continue
        else:
            contained = _contained(_joined(text), depth)
            found.append(Line(text, at, _why(text, after_plain), contained))
            if contained:  # as a plain line is: what it stands before is none of its own
                after_plain = True
                continue
        after_plain = False
    return tuple(found)


def _lines(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield lines with their numbers, continued ones whole: an odd number of \\ goes on."""
    # Bytes stay what they are, and nothing but a newline ends a line.
    rows = data.decode("latin-1").split("\n")
    parts: list[str] = []
    for at, row in enumerate(rows, 1):
        parts.append(row)
        goes_on = (len(row) - len(row.rstrip("\\"))) % 2
        if not goes_on or at == len(rows):
            yield "\n".join(parts), at - len(parts) + 1
            parts = []


def _joined(text: str) -> str:
    return text.replace("\\\n", " ")


def _plain(text: str) -> bool:
    match = _ASSIGNMENT.fullmatch(text)
    if not match or not _COMMENT.fullmatch(text[match.end(2) :]) or _RESERVED.fullmatch(match[1]):
        return False
    words = [word for word in re.split(r"[ \t]+", match[2]) if word]
    return all(
        _OBJECT.fullmatch(word) and (word.endswith(".o") or match[1] in _DIRECTORIES)
        for word in words
    )


def _contained(text: str, depth: int) -> bool:
    """Return whether a line, which is not plain, runs nothing when make reads it."""
    flags = _FLAGS.fullmatch(text)
    if flags is None:
        return bool(_CONDITIONAL.fullmatch(text) or _DTBS.fullmatch(text))
    words = re.sub(r"-I[ \t]+", "-I", flags[1]).split()
    return all(
        _inside(word, depth) or (_FLAG.fullmatch(word) and harmless(word)) for word in words
    )


def _inside(word: str, depth: int) -> bool:
    """Return whether a flag names a directory of the tree, and on its way never leaves that."""
    found = _LOOKS_IN.fullmatch(word)
    at = depth if found and found[1] in ("src", "obj") else 0
    for part in found[2].split("/")[1:] if found else ():
        at += -1 if part == ".." else 1
        if at < 0:
            return False
    return found is not None


def _why(text: str, after_plain: bool) -> str:
    if text.startswith("\t"):
        turned = ", and not that of the rule before" if after_plain else ""
        return f"a recipe: make runs those with + or $(MAKE) in a dry run as well{turned}"
    if re.search(r"\$[({][ \t]*shell\b|!=|`", text):
        return "make runs a command when it reads this"
    if re.search(r"(?i)flags", text):
        return "gives flags to the compiler, which loads plugins and writes files by them"
    if re.match(r" *[-s]?include\b", text):
        return "reads another file as a Makefile"
    if "$" in text and not re.fullmatch(r"(?:[^$]|\$\(CONFIG_[A-Za-z0-9_]+\))*", text):
        return "make expands this, which may run a command"
    if _UNSEEN.search(text.replace("\\\n", "")):
        return "has a control character, so make and a reader may see two things"
    if ":" in text and "=" not in text:
        return "a rule, which says when commands are run"
    return "more than `obj-... += x.o`"
