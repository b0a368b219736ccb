# SPDX-License-Identifier: GPL-2.0-only
"""The rules of a series that can be read off its mails: subjects, logs, tags, cover letter.

One function per rule; each yields findings. `checks/patches/rules.py` lists them.
Source: Documentation/process/submitting-patches.rst, 5.Posting.rst, maintainer-tip.rst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.finding import Finding, Severity
from checks.patches.context import Context, at_log
from checks.patches.mails import Patch, whole
from generator.intake.thread import queued, spans
from generator.kernel.cited import title
from generator.kernel.configurations import PREFIXES

MAX_SUBJECT = 75
MAX_BODY = 75
MAX_PATCHES = 15

_FORM = re.compile(r"([\w/.,+ -]+?(?:: [\w/.-]+)*): (\S.*)")
_TAG = re.compile(r"([A-Z][\w]*(?:-[\w]+)*): (.+)")
# only the person named may give these
_GIVEN = frozenset(
    ("Reported-by", "Tested-by", "Reviewed-by", "Acked-by", "Suggested-by", "Originally-by")
)
_TAGS = _GIVEN | {
    "Fixes", "Closes", "Co-developed-by", "Signed-off-by", "Cc", "Link", "Assisted-by",
}  # fmt: skip


def _log_lines(patch: Patch) -> Iterator[tuple[int, str]]:
    return enumerate(patch.log.split("\n"), 1)


_IDENT = re.compile(rb"^Message-ID:\s*<([^>\s]{5,})>", re.I | re.M)


def as_read(what: Context) -> Iterator[Finding]:
    """What was noticed while the series was read: what was left out, or mended, or guessed."""
    for one in what.series.remarks:
        patch = next((p for p in what.series.patches
                      if (p.piece.file, p.piece.line) == (one.file, one.line)), None)  # fmt: skip
        yield Finding(
            "series:reading", one.text, one.file, one.line,
            severity=Severity.ERROR if one.error else Severity.NOTE,
            commit=patch.name if patch else "",
        )  # fmt: skip


def subject_form(what: Context) -> Iterator[Finding]:
    """A subject is `prefix: Summary`, and the prefix is no file name."""
    for patch in what.series.patches:
        if patch.subject.startswith('Revert "'):
            continue
        match = _FORM.fullmatch(patch.subject[:200])
        if not match:
            yield at_log(
                patch, "series:subject-form",
                "the subject is not `subsystem: Summary`; see git log of the touched files",
            )  # fmt: skip
        elif re.search(r"\.[ch]\b", match[1]):
            yield at_log(patch, "series:subject-form", "the prefix is a file name")


def subject_style(what: Context) -> Iterator[Finding]:
    """A summary has an imperative start in upper case and no period, and names no tool."""
    for patch in what.series.patches:
        match = _FORM.fullmatch(patch.subject[:200])
        if not match:
            continue
        summary = match[2]
        if not summary[0].isupper() and not summary[0].isdigit():
            yield at_log(patch, "series:subject-style", "the summary starts in lower case")
        if patch.subject.endswith("."):
            yield at_log(patch, "series:subject-style", "the subject ends with a period")
        if re.search(r"checkpatch|sparse|smatch|coccinelle", patch.subject, re.I):
            yield at_log(
                patch, "series:subject-style", "the subject names a tool instead of the change"
            )


def subject_length(what: Context) -> Iterator[Finding]:
    """A subject has at most 75 characters without its brackets."""
    for patch in what.series.patches:
        if len(patch.subject) > MAX_SUBJECT:
            yield at_log(
                patch, "series:subject-length",
                f"the subject has {len(patch.subject)} characters, more than {MAX_SUBJECT}",
            )  # fmt: skip


def subject_prefix(what: Context) -> Iterator[Finding]:
    """A subject has a prefix that the history of one of the touched files uses.

    PREFIXES is a table of few directories, which is enough for series of ours alone: below arch/x86
    and drivers/base there are as well KVM, perf, crypto, regmap.
    """
    for patch in what.series.patches:
        wanted = [
            next((forms for top, forms in PREFIXES if diff.path.startswith(top)), "")
            for diff in patch.diffs
        ]
        known = [forms for forms in wanted if forms]
        formed = ": " in patch.subject
        if (
            known
            and formed
            and not any(re.match(rf"(?:{forms}): ", patch.subject) for forms in known)
        ):
            seen = ", ".join(dict.fromkeys(known))
            yield at_log(
                patch, "series:subject-prefix",
                f"the prefix is not one that these files use (patterns: {seen})",
            )  # fmt: skip


def subjects_unique(what: Context) -> Iterator[Finding]:
    """No two patches have the same subject."""
    seen: dict[str, Patch] = {}
    for patch in what.series.patches:
        first = seen.setdefault(patch.subject.lower(), patch)
        if first is not patch:
            yield at_log(patch, "series:subjects-unique", f"{first.file} has the same subject")


def numbering(what: Context) -> Iterator[Finding]:
    """Patches are numbered from 1 without a gap, with one total, in their order.

    Nothing is wrong where none has a number, or whole series of others follow one another, as in a
    distribution's queue.
    """
    patches = what.series.patches
    if what.series.missing:
        first = patches[0]
        yield at_log(
            first, "series:numbering",
            f"of {first.total} patches {spans(what.series.missing)} are not here",
        )  # fmt: skip
        return
    if not any(patch.total for patch in patches):
        return
    if not what.ours and queued([(patch.number, patch.total) for patch in patches]):
        return
    for index, patch in enumerate(patches, 1):
        if (patch.number, patch.total) != (index, len(patches)):
            said = f"{patch.number}/{patch.total}" if patch.total else "no number"
            yield at_log(
                patch, "series:numbering",
                f"the subject says {said}, this is {index}/{len(patches)}",
            )  # fmt: skip


def series_size(what: Context) -> Iterator[Finding]:
    """A posting has at most 15 patches."""
    count = len(what.series.patches)
    if count > MAX_PATCHES:
        patch = what.series.patches[-1]
        yield at_log(patch, "series:size", f"{count} patches, more than {MAX_PATCHES}; split it")


def log_present(what: Context) -> Iterator[Finding]:
    """A log says why, in sentences, besides its tags."""
    for patch in what.series.patches:
        prose = [x for _, x in _log_lines(patch) if x.strip() and not _is_tag(x)]
        if len(" ".join(prose)) < 40:
            yield at_log(patch, "series:log-present", "the log does not say why")


def log_wrapped(what: Context) -> Iterator[Finding]:
    """A log is wrapped at 75 columns; tags, addresses and quoted output may be longer."""
    for patch in what.series.patches:
        for number, line in _log_lines(patch):
            free = _is_tag(line) or line.startswith((" ", "\t", ">")) or "://" in line
            if len(line) > MAX_BODY and not free:
                yield at_log(
                    patch, "series:log-wrapped",
                    f"the line has {len(line)} characters, more than {MAX_BODY}", number,
                )  # fmt: skip


def log_clean(what: Context) -> Iterator[Finding]:
    """A log has nothing that git or a maintainer's tools would take for something else."""
    for patch in what.series.patches:
        for number, line in _log_lines(patch):
            if re.match(r"diff --git |\+\+\+ \S|--- \S|@@ -\d|Index: ", line):
                yield at_log(
                    patch, "series:log-clean", "git apply takes this line for a diff", number
                )
            elif line.startswith("#"):
                yield at_log(
                    patch, "series:log-clean", "git drops a line that starts with #", number
                )
            elif re.match(r"v\d+( ->|:| *changes)", line, re.I):
                yield at_log(
                    patch, "series:log-clean", "notes on versions belong below the ---", number
                )


def change_id(what: Context) -> Iterator[Finding]:
    """`change-id:`, `base-commit:` and `prerequisite-*:` never stand in a log."""
    for patch in what.series.patches:
        for number, line in _log_lines(patch):
            if re.match(r"(change-id|base-commit|prerequisite-[\w-]+): *\S", line, re.I):
                yield at_log(patch, "series:change-id", "this line belongs below the ---", number)


def placeholders(what: Context) -> Iterator[Finding]:
    """Nothing is left in a cover letter of what git or b4 puts there to be written over."""
    cover = what.series.cover
    if cover is None:
        return
    text = f"{cover.subject}\n{cover.log}"
    for word in ("*** SUBJECT HERE ***", "*** BLURB HERE ***", "EDITME"):
        if word in text:
            line = next((n for n, x in _log_lines(cover) if word in x), 0)
            yield at_log(cover, "series:cover-letter", f"the placeholder {word} is left", line)


def cover_letter(what: Context) -> Iterator[Finding]:
    """A series of several patches has a cover letter, and that argues."""
    cover = what.series.cover
    if cover is None:
        if len(what.series.patches) > 1:
            yield Finding(
                "series:cover-letter",
                "no cover letter; write one with git format-patch --cover-letter",
                what.series.directory,
            )
        return
    prose = re.split(r"^\S.* \(\d+\):$", cover.log, maxsplit=1, flags=re.M)[0]
    if len(prose.split()) < 30:
        yield at_log(cover, "series:cover-letter", "the cover letter does not argue", 1)


def rfc(what: Context) -> Iterator[Finding]:
    """What nobody ran on the hardware is marked RFC in every subject."""
    for mail in what.series.mails:
        if "RFC" not in mail.tags or "PATCH" not in mail.tags:
            yield at_log(mail, "series:rfc", "the subject is not marked [RFC PATCH]")


_BASE = re.compile(r"^base-commit: ([0-9a-f]{40})$", re.M)


def base_commit(what: Context) -> Iterator[Finding]:
    """The base is named once, at the end of the cover letter (of the first patch without one)."""
    place = what.series.cover or what.series.patches[0]
    found = _BASE.findall(whole(place))
    if not found:
        yield at_log(place, "series:base-commit", "no `base-commit:` line; use --base")
    elif found[-1] != what.base:
        yield at_log(
            place, "series:base-commit",
            f"base-commit {found[-1][:12]} is not the base {what.base[:12]}",
        )  # fmt: skip


def fixes_resolved(what: Context) -> Iterator[Finding]:
    """A Fixes tag names a commit of a real history with its title."""
    for patch in what.series.patches:
        for number, line in _log_lines(patch):
            if not line.startswith("Fixes:"):
                continue
            match = re.fullmatch(r'Fixes: ([0-9a-f]{12,40}) \("(.+)"\)', line)
            if not match:
                text = 'the form is: Fixes: <12 hex digits> ("title")'
            elif what.resolve is None:
                if title(match[1]) == match[2]:
                    continue
                text = "cannot be resolved: the tree has no history; give a clone with --tree"
                if not what.ours:
                    yield at_log(patch, "series:fixes-resolved", text, number, Severity.NOTE)
                    continue
            else:
                real = what.resolve(match[1])
                if real == match[2]:
                    continue
                text = f"{match[1]} is {real!r} there" if real else f"no commit {match[1]}"
            yield at_log(patch, "series:fixes-resolved", text, number)


def own_link(what: Context) -> Iterator[Finding]:
    """A log links to reports and discussions, not to the mail that it is itself.

    Source: Documentation/process/maintainer-tip.rst: whoever applies a patch adds that link.
    """
    mails = what.series.mails
    own = {found[1].decode("utf-8", "replace") for mail in mails
           if (found := _IDENT.search(mail.piece.raw.partition(b"\n\n")[0]))}
    for patch in what.series.patches:
        for number, line in _log_lines(patch):
            if line.startswith("Link:") and any(one in line for one in own):
                yield at_log(patch, "series:own-link", "this links to the posting itself; whoever "
                             "applies it adds that", number, Severity.WARNING)


def tags_given(what: Context) -> Iterator[Finding]:
    """Nobody's Reviewed-by, Tested-by, Acked-by or Reported-by is invented."""
    for patch in what.series.patches:
        for number, line in _log_lines(patch):
            match = _TAG.fullmatch(line)
            if not match or line in what.given:
                continue
            if match[1] in _GIVEN:
                yield at_log(
                    patch, "series:tags-given", f"{match[1]} was not given by that person", number
                )
            elif match[1] == "Signed-off-by" and match[2] not in (what.signoff, patch.author):
                yield at_log(
                    patch, "series:tags-given",
                    "only the author signs this, with --signoff", number,
                )  # fmt: skip
            elif match[1].endswith("-by") and match[1] not in _TAGS:
                yield at_log(
                    patch, "series:tags-given", f"{match[1]} is not a tag of this kernel", number
                )


def _is_tag(line: str) -> bool:
    match = _TAG.fullmatch(line)
    return bool(match and (match[1] in _TAGS or match[1].endswith("-by")))
