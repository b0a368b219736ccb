# SPDX-License-Identifier: GPL-2.0-only
"""Which of many mails are the series: its patches in order, its cover letter, and what is not.

    sort(mails, listed, version) -> Thread

As b4 am sorts a thread: the newest version counts, replies do not, and numbers give the order.
What is left out is named, and what is missing is said; nothing goes without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from generator.errors import UsageError
from generator.intake.mail import Mail
from generator.intake.remark import Remark
from generator.system.visible import one_line

_STAT = re.compile(rb"^ \d+ files? changed", re.M)

# one that says something behind its brackets, wherever it is in the mail
_SUBJECT = re.compile(rb"^subject:[ \t]*(?:\[[^\]\n]*\][ \t]*)*(?:\n[ \t]+)?[^\s\[]", re.I | re.M)


@dataclass(frozen=True)
class Thread:
    """A series: `missing` are numbers of patches that subjects speak of and nobody gave."""

    cover: Mail | None
    patches: tuple[Mail, ...]
    replies: tuple[Mail, ...]
    missing: tuple[int, ...]
    remarks: tuple[Remark, ...]


@dataclass
class _Sorting:
    listed: bool
    remarks: list[Remark] = field(default_factory=list)

    def out(self, mail: Mail, why: str, *, error: bool = False) -> None:
        self.remarks.append(Remark(f"left out: {why}", mail.file, mail.line, error))


def sort(mails: Sequence[Mail], *, listed: bool = False, version: int = 0) -> Thread:
    """Sort mails, given in the order of their files; `listed`: that is the order of the patches.

    `version` picks one, 0 the newest.
    Errors: UsageError when they are no series: no patch, one number twice, a damaged mail.
    """
    state = _Sorting(listed)
    mails = _without_copies(mails, state)
    replies = [mail for mail in mails if mail.reply and not mail.patch]
    proper = [mail for mail in mails if mail.patch and not mail.reply]
    taken: list[Mail] = []
    covers: list[Mail] = []
    for mail in mails:
        if mail.html and (mail.patch or (mail.posted and not mail.reply)):
            raise UsageError(
                f"{one_line(mail.place)}: an HTML mail, so a mail program has changed the patch: "
                "get it as plain text, as git send-email sends it"
            )
        if mail.patch:
            if mail.reply and proper and not listed:
                state.out(mail, f"a reply with a diff, {_quoted(mail)}; name it alone to take it")
                replies.append(mail)
                continue
            taken.append(mail)
        elif mail.number == 0 and not mail.reply:
            covers.append(mail)
        elif mail.posted and not mail.reply:
            if _STAT.search(mail.log + mail.diff):
                raise UsageError(
                    f"{one_line(mail.place)}: tells which files it changes, and has no diff: a "
                    "mail program has damaged it; get it as it was sent"
                )
            taken.append(mail)
        elif mail.reply:
            state.out(mail, f"a reply, {_quoted(mail)}, of {mail.author.name or 'nobody'}")
        else:
            state.out(mail, "no diff in it, so no commit is made of it", error=True)
    if not listed:
        taken = _one_version(taken, covers, version, state)
        covers = [mail for mail in covers if _fits(mail, taken)] or covers[:1]
    if not any(mail.patch for mail in taken):
        raise UsageError(f"{one_line(mails[0].place)}: no patch here; name mails or files that "
                         "hold a diff")
    patches, missing = _ordered(taken, state)
    for mail in taken:
        if mail.patch and mail.log.strip() and not _SUBJECT.search(mail.raw):
            state.remarks.append(Remark("no Subject: in it, so git am takes its first lines for "
                                        "one; get it as it was sent", mail.file, mail.line, True))
        if mail.patch and mail.number == 0:
            state.remarks.append(Remark("numbered as a cover letter and has a diff, which git am "
                                        "applies: taken as a patch", mail.file, mail.line, True))
        if mail.cut:
            state.remarks.append(Remark("a line of scissors is not obeyed, as git am does; with "
                                        "--scissors the log begins below it", mail.file, mail.line))
    return Thread(
        covers[0] if covers else None, tuple(patches), tuple(replies), missing,
        tuple(state.remarks),
    )  # fmt: skip


def _without_copies(mails: Iterable[Mail], state: _Sorting) -> list[Mail]:
    """Drop a mail that came over two lists; two mails of one id that differ are no copies."""
    kept: dict[str, Mail] = {}
    found = []
    for mail in mails:
        first = kept.setdefault(mail.ident, mail) if mail.ident else mail
        if first is mail:
            found.append(mail)
        elif _sent(first) == _sent(mail):
            state.out(mail, f"the same mail as {first.place}")
        else:
            raise UsageError(
                f"{one_line(mail.place)}: has the Message-Id of {one_line(first.place)} and says "
                "something else; leave one of them out"
            )
    return found


def _sent(mail: Mail) -> tuple[str, bytes]:
    # what follows the signature is of the list that it came over
    return mail.subject, mail.diff.partition(b"\n-- \n")[0].rstrip()


def _one_version(
    taken: list[Mail], covers: list[Mail], version: int, state: _Sorting
) -> list[Mail]:
    versions = sorted({mail.version for mail in taken})
    if version and version not in versions:
        there = ", ".join(f"v{one}" for one in versions)
        raise UsageError(f"no patches of v{version} here, but of {there or 'no version'}")
    if len(versions) > 1 and (version or _one_topic(taken)):
        newest = version or versions[-1]
        of = {one: [mail for mail in taken if mail.version == one] for one in versions}
        chosen = of[newest]
        for one in [one for one in reversed(versions) if one < newest]:
            chosen = _filled(chosen, of[one], state)
        for mail in taken:
            if mail not in chosen:
                state.out(mail, f"v{mail.version} of the series; v{newest} is taken")
        for mail in covers:
            if mail.version != newest and any(one.version == newest for one in covers):
                state.out(mail, f"the cover letter of v{mail.version}; v{newest} is taken")
        taken = chosen
    again = [mail for mail in taken if any(tag.upper() == "RESEND" for tag in mail.tags)]
    numbers = {(mail.version, mail.number) for mail in again if mail.number > 0}
    if again and len(again) < len(taken):
        for mail in [m for m in taken if m not in again and (m.version, m.number) in numbers]:
            state.out(mail, "sent again later as RESEND, which is taken")
            taken = [one for one in taken if one is not mail]
    return taken


def _one_topic(taken: Sequence[Mail]) -> bool:
    """Return whether mails of several versions are versions of one series."""
    titles: dict[str, int] = {}
    for mail in taken:
        if titles.setdefault(_title(mail), mail.version) != mail.version:
            return True
    idents = {mail.ident: mail.version for mail in taken if mail.ident}
    if any(idents.get(one, mail.version) < mail.version for mail in taken for one in mail.answers):
        return True
    return all(mail.number >= 0 for mail in taken) and len({mail.total for mail in taken}) == 1


def _title(mail: Mail) -> str:
    return re.sub(r"\s+", " ", mail.subject.rpartition("]")[2]).strip().lower()


def _filled(chosen: list[Mail], older: list[Mail], state: _Sorting) -> list[Mail]:
    """Complete a version of which only some patches were sent again, as answers to the old ones."""
    before = {mail.ident for mail in older if mail.ident}
    totals = {mail.total for mail in (*chosen, *older)}
    numbers = {mail.number for mail in chosen}
    if (
        len(totals) != 1
        or numbers >= set(range(1, totals.copy().pop() + 1))
        or not all(before.intersection(mail.answers) for mail in chosen)
    ):
        return chosen
    kept = [mail for mail in older if mail.number not in numbers]
    for mail in kept:
        state.remarks.append(
            Remark(f"taken as it was in v{mail.version}: only other patches were sent again",
                   mail.file, mail.line)
        )  # fmt: skip
    return [*chosen, *kept]


def _fits(cover: Mail, taken: Sequence[Mail]) -> bool:
    return any(mail.version == cover.version and mail.total == cover.total for mail in taken)


def _ordered(taken: list[Mail], state: _Sorting) -> tuple[list[Mail], tuple[int, ...]]:
    """Return the patches in order, and the numbers of those that are not there."""
    totals = {mail.total for mail in taken}
    if state.listed or not all(mail.number >= 0 for mail in taken) or len(totals) != 1:
        if not state.listed and any(mail.number >= 0 for mail in taken) and len(taken) > 1:
            state.remarks.append(Remark("the subjects' numbers are not those of one series; the "
                                        "patches are taken in the order in which they are given"))
        return taken, ()
    if len({mail.diff for mail in taken}) == len(taken) and queued(
        [(mail.number, mail.total) for mail in taken]
    ):
        state.remarks.append(Remark("several whole series, one after the other; the patches are "
                                    "taken in the order in which they are given"))
        return taken, ()
    seen: dict[int, Mail] = {}
    for mail in taken:
        first = seen.setdefault(mail.number, mail)
        if first is not mail:
            same = "the same patch" if first.diff == mail.diff else "another patch"
            raise UsageError(
                f"{one_line(mail.place)}: patch {mail.number}/{mail.total} is there twice, "
                f"{one_line(first.place)} has this number too, with {same}; leave one out"
            )
    (total,) = totals
    missing = tuple(n for n in range(1, min(total, 9999) + 1) if n not in seen)
    return sorted(taken, key=lambda mail: mail.number), missing


def queued(numbers: Sequence[tuple[int, int]]) -> bool:
    """Return whether patches are several series in a row, each whole, or without numbers.

    Each is a number and a total, which is 0 where the subject states none. Queues of distributions
    are like that.
    """
    at, pieces = 0, 0
    while at < len(numbers):
        total = numbers[at][1]
        whole = [(one, total) for one in range(1, total + 1)] or [numbers[at]]
        if list(numbers[at : at + len(whole)]) != whole:
            return False
        at, pieces = at + len(whole), pieces + 1
    return pieces > 1


def spans(numbers: Sequence[int]) -> str:
    """Return numbers as people write them: 1, 3-11."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def _quoted(mail: Mail) -> str:
    return f'"{mail.subject[:80]}"'
