# SPDX-License-Identifier: GPL-2.0-only
"""The rules of what a series of ours says: of its base, of other kernels, of what was checked.

One function per rule; each yields findings. `checks/patches/rules.py` lists them. What these ask
for is written by `templates/messages/provenance.txt.j2`, and by who writes a log.
Source: Documentation/process/submitting-patches.rst (base tree information, Fixes:),
Documentation/process/stable-kernel-rules.rst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from checks.finding import Finding, Severity
from checks.patches.context import Context, as_text, at_log
from checks.patches.file_rules import symbols
from checks.patches.mails import Patch
from generator.errors import ProgramFailed
from generator.kernel.cited import title
from generator.system.plumbing import git

_RELEASE = r"\bv?\d+\.\d+(?:\.\d+)?\b"
_ID = r"[0-9a-f]{40}"


def _line(mail: Patch, at: int) -> int:
    return mail.log.count("\n", 0, at) + 1


def base_found(what: Context) -> Iterator[Finding]:
    """Anybody can find the base: by release and source, tree, and the tree that comes out.

    A base-commit that only its author has is of no use.
    """
    cover = what.series.cover
    if cover is None:
        return
    based = re.search(rf"^Based on ([^\n]+):\s+tree ({_ID})\.$", cover.log, re.M)
    comes = re.search(rf"^`git am` there gives\s+tree ({_ID})\.$", cover.log, re.M)
    if not based:
        yield at_log(cover, "series:base-found", "nothing says which source this is for; say "
                     "`Based on Linux RELEASE, PACKAGE:` and `tree ID.` below it")
    elif not re.search(_RELEASE, based[1]):
        yield at_log(cover, "series:base-found", "no release is named: nobody else has this base",
                     _line(cover, based.start()))
    if not comes:
        yield at_log(cover, "series:base-found", "nothing says which tree `git am` has to give")
    last = what.series.patches[-1].commit
    for found, commit, kind in ((based, what.base, "base"), (comes, last, "result")):
        real = _tree(what.repository, commit)
        said = found[found.re.groups] if found else ""
        if found and real and said != real:
            yield at_log(cover, "series:base-found", f"the tree of the {kind} is {real[:12]}, not "
                         f"{said[:12]}", _line(cover, found.start(found.re.groups)))


def _tree(repository: Path | None, commit: str) -> str:
    if repository is None or not commit:
        return ""
    try:
        return git(repository, "rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()
    except ProgramFailed:
        return ""


# A sentence that says where it is true, or that is about where it is not.
_WHERE = re.compile(
    rf"\bin (?:this|any|every) (?:tree|kernel)\b|\blater kernels\b|{_RELEASE}", re.I
)
# fact of tree_facts/ -> what speaks of it: on that, kernels are known to differ
SPOKEN: Mapping[str, re.Pattern[str]] = {
    "dynamic MSI-X": re.compile(
        r"\bx86\b.*\bonly\b|\bonly\b.*\bx86\b|\bonly architecture\b", re.I
    ),
    "open events": re.compile(
        r"\bperf(?:_pmu_unregister\(\))? (?:cannot|frees|does not detach)|\bcannot detach\b"
        r"|\bnot be unregistered while\b"
    ),
    "bandwidth service": re.compile(r"\bbandwidth notification\b", re.I),
    "register locator": re.compile(r"\buapi/linux/pci_regs\.h\b|\bdrivers/cxl/cxlpci\.h\b"),
    "no service left": re.compile(r"\bpcie_port_device_register\(\) (?:fails|returns)\b"),
}


def elsewhere(what: Context) -> Iterator[Finding]:
    """What is said of a thing on which kernels differ is said of this tree, or of a release.

    An item of a list may leave that to the sentence before the list.
    """
    for mail in what.series.mails:
        for at, text in _sentences(_prose(mail)):
            for fact, words in SPOKEN.items():
                if words.search(text) and not _WHERE.search(text):
                    yield at_log(mail, "series:elsewhere", f"kernels differ in this ({fact}): say "
                                 "`in this tree`, or in which release", _line(mail, at))


def _prose(mail: Patch) -> str:
    """Return what somebody wrote of a log: in a cover letter a list of the patches follows."""
    return re.split(r"^\S.* \(\d+\):$", mail.log, maxsplit=1, flags=re.M)[0]


def _sentences(log: str) -> Iterator[tuple[int, str]]:
    """Yield (where, text) of each sentence, on one line; before it, what leads a list to it."""
    lead = ""
    for part in re.finditer(r"(?:[^\n]|\n(?!\n|- ))+", log):
        block = part[0]
        item = block.lstrip("\n").startswith("- ")
        if not item:
            lead = " ".join(block.split()) if block.rstrip().endswith(":") else ""
        for one in re.finditer(r"\S.*?(?:[.?!](?=\s|$)|\Z)", block, re.S):
            text = " ".join(one[0].split())
            yield part.start() + one.start(), f"{lead} {text}" if item and lead else text


_EXPLORED = re.compile(r"\b(\d+) ([a-z][\w-]*)")


def bounds(what: Context) -> Iterator[Finding]:
    """Who speaks of several of a device has explored with several.

    What was explored is what the cover letter says was: `explored ... with 1 port, 2 cpmu`.
    """
    cover = what.series.cover
    if cover is None:
        return
    most: dict[str, int] = {}
    for line in re.finditer(r"^- (?:[^\n]|\n  )*\bexplored\b(?:[^\n]|\n  )*", cover.log, re.M):
        for count, name in _EXPLORED.findall(" ".join(line[0].split())):
            most[name] = max(most.get(name, 0), int(count))
    for name in (one for one, count in most.items() if count < 2):
        words = re.compile(
            rf"\b(?:several|two|both|another|others? of the|two or more)\b(?:\s+[\w']+){{0,2}}?\s+"
            rf"(?:\w+ )?{re.escape(name)}s?\b", re.I,
        )
        for mail in what.series.mails:
            for found in words.finditer(mail.log):
                yield at_log(
                    mail, "series:bounds", f"`{' '.join(found[0].split())}`: it was explored with "
                    f"one {name} alone", _line(mail, found.start()),
                )  # fmt: skip


_BY_CLASS = re.compile(rb"\bPCI_DEVICE_CLASS\(|\bPCI_CLASS_\w+ ?<< ?8\b")


def booted(what: Context) -> Iterator[Finding]:
    """A driver that binds by class runs on every machine: that it was booted is said, and on what.

    One of the machines has nothing of what the series is for.
    """
    cover = what.series.cover
    last = what.after(len(what.edits) - 1)
    touched = sorted({path for edit in what.edits for path in edit if path.endswith(".c")})
    hit = [path for path in touched if _BY_CLASS.search(last(path) or b"")]
    if cover is None or not hit:
        return
    checked = cover.log.partition("\nChecked:\n")[2].partition("\n\n")[0]
    item = re.search(r"^- booted(?:[^\n]|\n  )*", checked, re.M)
    if item is None:
        yield at_log(cover, "series:not-booted", f"{hit[0]} binds by class, so it runs on nearly "
                     "every machine: portwright boot DESIGN --keep", severity=Severity.NOTE)
    elif "without" not in item[0]:
        yield at_log(cover, "series:booted", "no machine without what this is for was booted",
                     _line(cover, cover.log.find(item[0])))


_SELECTS = re.compile(r"^\s+select (\w+)", re.M)


def selected(what: Context) -> Iterator[Finding]:
    """A sentence that says who selects a symbol names every option of the series that does.

    One that nobody is asked about can be called hidden.
    """
    chosen: dict[str, set[str]] = {}
    hidden: set[str] = set()
    for number, edit in enumerate(what.edits):
        for path in (one for one in edit if one.rpartition("/")[2].startswith("Kconfig")):
            old = symbols(as_text(what.before(number)(path)))
            for name, (_, body) in symbols(as_text(edit[path])).items():
                if not re.search(r'^[ \t]+(?:bool|tristate|prompt)[ \t]+"', body, re.M):
                    hidden.add(name)
                was = set(_SELECTS.findall(old[name][1])) if name in old else set()
                for one in set(_SELECTS.findall(body)) - was:
                    chosen.setdefault(one, set()).add(name)
    for mail in what.series.mails:
        for at, text in _sentences(_prose(mail)):
            for symbol, by in chosen.items():
                if not re.search(rf"\b{symbol}\b", text) or "select" not in text:
                    continue
                for name in sorted(by):
                    told = re.search(rf"\b{name}\b", text) or (name in hidden and "hidden" in text)
                    if not told:
                        yield at_log(mail, "series:selected", f"{name} selects {symbol} as well",
                                     _line(mail, at))


def fix_alone(what: Context) -> Iterator[Finding]:
    """A fix goes before what is none, in one subsystem; what stable takes needs nothing else.

    Its log speaks of no series: there it is alone.
    """
    other: Patch | None = None
    before: set[str] = set()
    for index, patch in enumerate(what.series.patches):
        fixes = re.search(r"^Fixes: ", patch.log, re.M)
        stable = re.search(r"^(Cc: .*)?.*\bstable@\S+.*$", patch.log, re.M)
        paths = set(what.edits[index])
        if fixes and other is not None and len(what.series.patches) > 1:
            yield at_log(patch, "series:fix", f"a fix behind {other.file}, which is none",
                         _line(patch, fixes.start()))
        if fixes and len({path.rpartition("/")[0] for path in paths}) > 1:
            yield at_log(patch, "series:fix", "a fix of several directories: split it")
        if stable:
            if not re.fullmatch(r"Cc: (?:<stable@vger\.kernel\.org>|stable@vger\.kernel\.org)"
                                r"(?: # .*)?", stable[0]):
                yield at_log(patch, "series:fix", "the form is: Cc: stable@vger.kernel.org",
                             _line(patch, stable.start()))
            if not fixes:
                yield at_log(patch, "series:fix", "stable asks since when it is wrong: Fixes:")
            if shared := sorted(paths & before):
                yield at_log(patch, "series:fix", f"an earlier patch changes {shared[0]} as well, "
                             "so it does not apply alone")
            for found in re.finditer(r"\b(?:series|later patch(?:es)?|next patch)\b", patch.log):
                yield at_log(patch, "series:fix", f"`{found[0]}`: in stable it is alone",
                             _line(patch, found.start()))
        if not fixes:
            other = other or patch
        before |= paths


def cited(what: Context) -> Iterator[Finding]:
    """A commit that is cited by id and title is one that somebody has looked up."""
    for mail in what.series.mails:
        for found in re.finditer(r'(?<!^Fixes: )\b([0-9a-f]{12,40}) \("((?:[^"]|"(?!\)))+)"\)',
                                 mail.log, re.M):
            real = (what.resolve or title)(found[1])
            if real != " ".join(found[2].split()):
                yield at_log(mail, "series:cited", f"{found[1][:12]} is {real!r}" if real else
                             f"nobody has looked up {found[1][:12]}", _line(mail, found.start()))


_CALL = re.compile(r"(?<![\w>.-])([A-Za-z_]\w+)\(\)")
# where functions that logs speak of mostly are; the whole tree is asked for the rest
_NEAR = ("include", "kernel", "drivers/base", "drivers/pci", "lib")


def named(what: Context) -> Iterator[Finding]:
    """A function that a log names is there before the series, or in it."""
    told: dict[str, tuple[Patch, int]] = {}
    for mail in what.series.mails:
        for found in _CALL.finditer(mail.log):
            told.setdefault(found[1], (mail, _line(mail, found.start())))
    texts = [as_text(reader(path)) for number, edit in enumerate(what.edits) for path in edit
             for reader in (what.before(number), what.after(number))]
    left = {name for name in told if not any(re.search(rf"\b{name}\b", text) for text in texts)}
    if not left:
        return
    if what.repository is None:
        yield Finding("series:not-run", "functions that logs name: there is no tree to look in",
                      severity=Severity.NOTE)
        return
    touched = {"/".join(path.split("/")[:2]) for edit in what.edits for path in edit}
    for where in ((*_NEAR, *sorted(touched)), ()):
        left -= _there(what.repository, what.base, left, where)
    for name in sorted(left):
        mail, line = told[name]
        yield at_log(mail, "series:named", f"nothing in the tree or in the series is {name}()",
                     line)


def _there(repository: Path, base: str, names: set[str], where: tuple[str, ...]) -> set[str]:
    """Return those of some names that files of a commit have as a word."""
    if not names:
        return set()
    asked = [word for name in sorted(names) for word in ("-e", name)]
    try:
        told = git(repository, "grep", "-howF", *asked, base, "--", *where)
    except ProgramFailed as failed:
        if failed.status != 1:  # which says that there is none
            raise
        return set()
    return set(told.decode("utf-8", "replace").split())
