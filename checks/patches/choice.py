# SPDX-License-Identifier: GPL-2.0-only
"""Which checks a user wants, and which findings they expect, each with a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.finding import Finding, Severity
from generator.errors import UsageError

# checkpatch:LONG_LINE, compile:error; or waypoint, which has no second part
_KINDS = "(?:checkpatch|series|compile|link|life|deep)"
_RULE = re.compile(
    rf"(?P<rule>{_KINDS}:[\w-]+|(?!{_KINDS}:)[\w-]+):\s*(?P<why>.*\S)\s*"
)


DEEP = "deep"  # the check that is only made when it is asked for


@dataclass(frozen=True)
class Expected:
    """A rule whose findings do not count, and why the user says so."""

    rule: str
    why: str


@dataclass(frozen=True)
class Choice:
    """What to check: `only` these checks, without those of `skip`; empty means all of them.

    `matrix` names further configurations to compile under; `deep`: with slow programs of others.
    """

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    expected: tuple[Expected, ...] = ()
    matrix: str = ""
    deep: bool = False

    def wanted(self, name: str) -> bool:
        """Return whether a check is to be made."""
        if name == DEEP and not (self.deep or name in self.only):
            return False
        return (not self.only or name in self.only) and name not in self.skip


EVERYTHING = Choice()


def choice(
    only: Iterable[str], skip: Iterable[str], expect: Iterable[str], known: Sequence[str],
    matrix: str = "", *, deep: bool = False,
) -> Choice:
    """Return what the options say; names may be joined with commas.

    Errors: UsageError for a check that there is not, no check at all, or no reason.
    """
    chosen = Choice(_names(only), _names(skip), tuple(map(_expected, expect)), matrix, deep)
    for name in (*chosen.only, *chosen.skip):
        if name not in known:
            raise UsageError(f"{name!r}: no such check; there are {', '.join(known)}")
    if not any(map(chosen.wanted, known)):
        raise UsageError("--only and --skip leave nothing to check")
    return chosen


def _names(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for one in given for name in one.split(",") if name)


def _expected(text: str) -> Expected:
    found = _RULE.fullmatch(text)
    if found is None:
        raise UsageError(f"--expect {text}: write RULE:reason, with the rule as findings have it "
                         "in brackets: --expect 'checkpatch:LONG_LINE:a table'")
    return Expected(found["rule"], found["why"])


def waived(
    found: Mapping[str, tuple[Finding, ...]], expected: Sequence[Expected]
) -> dict[str, tuple[Finding, ...]]:
    """Return findings with those of expected rules marked so; they are listed all the same."""
    why = {one.rule: one.why for one in expected}

    def seen(one: Finding) -> Finding:
        if one.rule not in why or one.severity not in (Severity.ERROR, Severity.WARNING):
            return one
        return replace(one, severity=Severity.EXPECTED, notes=(*one.notes, why[one.rule]))

    return {name: tuple(map(seen, said)) for name, said in found.items()}


def told(found: Mapping[str, tuple[Finding, ...]], chosen: Choice) -> list[str]:
    """Return what a report says of the rules whose findings were expected."""
    count = Counter(one.rule for said in found.values() for one in said
                    if one.severity is Severity.EXPECTED)
    return [f"expected, found {count[one.rule]} times: {one.why} [{one.rule}]"
            for one in chosen.expected]
