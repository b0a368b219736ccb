# SPDX-License-Identifier: GPL-2.0-only
"""That nothing of a series is executed by judging it: what kbuild and kconfig would run is refused.

`make -n` expands $(shell ...), runs recipes that start with +, and gives the compiler the flags
that Makefiles name; conf runs $(shell,...). So each commit may only add or take away plain lines:
what is not plain must stand after it as it did before, in the same order and place. What is
contained may change as well: it runs nothing, and is only read in a sandbox. Files are read in the
way that make and scripts/kconfig/lexer.l read them: a line is what they hold for one.

    check(series, changes, read)      Refused, with every place
    refused_path(path)                why a path may not be touched at all
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from checks.patches.mails import Patch, Reader, SeriesText
from checks.patches.plainkconfig import kconfig
from checks.patches.plainmake import Line, makefile
from generator.errors import Refused

MOST = 10  # places that are named
_WHOLE = re.compile(r"(?:scripts|tools/objtool|arch/[^/]+/(?:[^/]+/)*tools)/.*")
_READ_BY_MAKE = re.compile(r".*\.(?:c|h|S)")
# names that the shell and make take for nothing but a name: they come to both in `make -n DIR/`
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+,-]*(?:/[A-Za-z0-9_.][A-Za-z0-9._+,-]*)*")


def check(
    series: SeriesText, changes: Sequence[Mapping[str, bytes | None]], read: Reader
) -> None:
    """See that no commit changes what kbuild or kconfig executes; `read` gives the base's files.

    Errors: Refused naming patch file, path, line and what would be executed.
    """
    now: dict[str, bytes | None] = {}
    found: list[str] = []
    for patch, change in zip(series.patches, changes, strict=True):
        for path, after in change.items():
            before = now[path] if path in now else read(path)
            now[path] = after
            found += _said(patch, path, before, after)
    if found:
        more = f"\n  and {len(found) - MOST} more" if len(found) > MOST else ""
        raise Refused(
            "nothing of the series was run, and nothing checked: a Makefile may only change in "
            "lines like `obj-$(CONFIG_X) += x.o`, conditions on symbols and harmless flags, a "
            "Kconfig file in entries that run nothing, and what builds the kernel not at all\n"
            + "\n".join(f"  {row}" for row in found[:MOST]) + more
        )


def _said(
    patch: Patch, path: str, before: bytes | None, after: bytes | None
) -> Iterator[str]:
    """Yield what one commit does to one file that is not let through."""
    if before == after:  # another mode, which nothing here looks at
        return
    first = patch.head(path)
    why = refused_path(path)
    if why:
        yield f"{first}: {shown(path)}: {why}"
        return
    scan = scanner(path)
    # A file that goes away has nothing that could run.
    if scan is None or after is None:
        return
    old, new = (
        tuple(line for line in scan(text or b"") if not line.contained) for text in (before, after)
    )
    if [line.key for line in old] == [line.key for line in new]:
        return
    line = _first_new(old, new)
    if line is None:
        gone = next(one for at, one in enumerate(old)
                    if at >= len(new) or new[at].key != one.key)
        yield (f"{first}: {path}: takes away `{shown(gone.text)}`, which is more than "
               "a plain line: what follows it would be read in another way")
        return
    sent = patch.sent(path, line.at)
    place = f"{patch.file}:{sent}" if sent else first
    yield f"{place}: {path}:{line.at}: `{shown(line.text)}`: {line.why}"


def _first_new(old: Sequence[Line], new: Sequence[Line]) -> Line | None:
    """Return the first line that was not at this place; None when lines only went away."""
    rest = iter(old)
    return next((line for line in new if all(line.key != one.key for one in rest)), None)


def shown(text: str) -> str:
    """Return a text for a message: one line, nothing that moves a terminal's cursor."""
    whole = "".join(
        letter if " " <= letter <= "~" else f"\\x{ord(letter):02x}" for letter in text.strip(" \t")
    )
    return whole if len(whole) <= 100 else f"{whole[:100]}..."


def refused_path(path: str) -> str:
    """Return why no commit may touch a path, empty when it may."""
    if path == "Makefile":
        return "the top Makefile is executed by every make, a dry run as well"
    if _WHOLE.fullmatch(path):
        return "what builds the kernel is executed on the building machine"
    if path.rpartition("/")[2] in (".gitattributes", ".gitmodules", ".gitconfig"):
        return "git takes from it what to run"
    if (scanner(path) or _READ_BY_MAKE.fullmatch(path)) and not _PLAIN_PATH.fullmatch(path):
        return "make and a shell are given this name, and would take it for more than a name"
    return ""


def scanner(path: str) -> Callable[[bytes], tuple[Line, ...]] | None:
    """Return what reads a file as its program does, None when neither make nor conf reads it."""
    name = path.rpartition("/")[2]
    if name.startswith("Kconfig"):
        return kconfig
    if name in ("Makefile", "Kbuild", "Platform") or name.startswith(("Makefile.", "Kbuild.")):
        return makefile
    return makefile if name.endswith((".mk", ".make")) else None
