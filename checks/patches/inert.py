# SPDX-License-Identifier: GPL-2.0-only
"""That nothing of a series is executed by judging it: what kbuild and kconfig would run is refused.

`make -n` expands $(shell ...), runs recipes that start with +, and gives the compiler the flags
that Makefiles name; conf runs $(shell,...). So each commit may only add or take away plain lines:
what is not plain must stand after it as it did before, in the same order and place. What is
contained may change as well: it runs nothing, and is only read in a sandbox. Files are read in the
way that make and scripts/kconfig/lexer.l read them: a line is what they hold for one.

    check(series, changes, read)      Refused, with every place
    check_files(name, changes, read)  the same of files that are built and booted, without a sandbox
    refused_path(path)                why a path may not be touched at all
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from checks.patches.mails import Reader, SeriesText
from checks.patches.plainkconfig import kconfig
from checks.patches.plainmake import Line, makefile
from generator.errors import Refused

MOST = 10  # places that are named
_WHOLE = re.compile(r"(?:scripts|tools/objtool|arch/[^/]+/(?:[^/]+/)*tools)/.*")
# of those what people run over a tree, and what it reads: no check runs it but as the base has it
HELPERS = re.compile(
    r"scripts/(?:checkpatch\.pl|const_structs\.checkpatch|spelling\.txt|kernel-doc(?:\.pl|\.py)?|"
    r"get_maintainer\.pl|spdxcheck\.py|faddr2line|decode_stacktrace\.sh|bloat-o-meter|tags\.sh)"
)
# programs of user space, whose Makefiles nothing reads that builds a kernel, and no check
_APART = re.compile(r"tools/(?!arch/|bpf/|build/|include/|lib/|objtool/|scripts/)[^/]+/.*")
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
            found += _said(_Place(patch.head(path), patch.file, partial(patch.sent, path)),
                           path, before, after)
    if found:
        more = f"\n  and {len(found) - MOST} more" if len(found) > MOST else ""
        raise Refused(
            "nothing of the series was run, and nothing checked: a Makefile may only change in "
            "lines like `obj-$(CONFIG_X) += x.o`, conditions on symbols and harmless flags, a "
            "Kconfig file in entries that run nothing, and what builds the kernel not at all\n"
            + "\n".join(f"  {row}" for row in found[:MOST]) + more
        )


def check_files(name: str, changes: Mapping[str, bytes | None], read: Reader) -> None:
    """See that files which are built on this machine change in plain lines alone.

    name: what the user gave them as. Nothing contained is let through, for no sandbox contains it,
    and no include or .incbin that may be of a file of the machine.
    Errors: Refused naming path, line and what would be executed or read.
    """
    found: list[str] = []
    for path, after in changes.items():
        before = read(path)
        place = _Place(name, name, lambda _line: 0, contains=False)
        found += _said(place, path, before, after)
        if after is not None and after != before and _READ_BY_MAKE.fullmatch(path):
            found += _reads(name, path, before or b"", after)
    if found:
        more = f"\n  and {len(found) - MOST} more" if len(found) > MOST else ""
        raise Refused(
            "nothing was built: a kernel is built on this machine, so that Makefiles and Kconfig "
            "files may only change in plain lines, and what builds the kernel not at all\n"
            + "\n".join(f"  {row}" for row in found[:MOST]) + more
        )


# an absolute file, one that climbs above the tree, one that a macro names; what assemblers include
_FOREIGN = re.compile(
    rb'[ \t]*#[ \t]*(?:include|include_next|embed|import)\b(?![ \t]*["<][^/"<>][^"<>]*[">])|'
    rb".*\.(?:incbin|include)\b"
)
_INCLUDED = re.compile(rb'[ \t]*#[ \t]*include[ \t]*["<]([^"<>]*)')


def _reads(name: str, path: str, before: bytes, after: bytes) -> Iterator[str]:
    """Yield the new lines of a C file by which it may read a file of the machine."""
    old = set(before.split(b"\n"))
    for number, line in enumerate(after.replace(b"\\\n", b"  ").split(b"\n"), 1):
        name_of = _INCLUDED.match(line)
        high = name_of is not None and name_of[1].split(b"/").count(b"..") > path.count("/")
        if line not in old and (high or _FOREIGN.match(line)):
            text = shown(line.decode("latin-1"))
            yield f"{name}: {path}:{number}: `{text}`: may read a file of the machine"


@dataclass(frozen=True)
class _Place:
    """Where a file is in what the user gave: its first line, and that of one of its lines or 0."""

    first: str
    file: str
    sent: Callable[[int], int]
    contains: bool = True


def _said(
    where: _Place, path: str, before: bytes | None, after: bytes | None
) -> Iterator[str]:
    """Yield what one commit does to one file that is not let through."""
    if before == after:  # another mode, which nothing here looks at
        return
    first = where.first
    why = refused_path(path)
    if why and not (where.contains and HELPERS.fullmatch(path)):
        yield f"{first}: {shown(path)}: {why}"
        return
    scan = scanner(path)
    # A file that goes away has nothing that could run.
    if scan is None or after is None or (where.contains and _APART.fullmatch(path)):
        return
    old, new = (
        tuple(line for line in scan(text or b"") if not (where.contains and line.contained))
        for text in (before, after)
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
    sent = where.sent(line.at)
    place = f"{where.file}:{sent}" if sent else first
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
    makes = name in ("Makefile", "Kbuild", "Platform") or name.endswith((".mk", ".make"))
    if makes or name.startswith(("Makefile.", "Kbuild.")):
        return partial(makefile, depth=path.count("/"))
    return None
