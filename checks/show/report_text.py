# SPDX-License-Identifier: GPL-2.0-only
"""Reports as people and programs read them: a table that fits a changelog, and JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from checks.finding import Verdict
from checks.machine.episode import EPISODES
from checks.machine.step import Kind
from checks.search.told import (
    Counterexample,
    Report,
    Shown,
    Sought,
)
from checks.show.table import WIDTH, said, table
from checks.verdict.likeness import Likeness
from generator.facts import PLATFORM

_LINE = 110  # columns of what is found, where there are several
_ASKED = {fact.name for fact in PLATFORM}


def text(report: Report) -> str:
    """Return a report for a person: verdict with its bounds, then each counterexample."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    bounds = report.bounds
    size = f"{bounds.states} states, {bounds.transitions} transitions"
    ended = "every life explored" if bounds.complete else "not finished"
    names = ", ".join(bounds.instances)
    also = f"; also {', '.join(bounds.episodes)}" if bounds.episodes else ""
    yield f"{report.design}: {report.verdict.value} ({size}; {ended}; {names}{also})"
    if report.verdict is Verdict.UNFINISHED:
        yield "  the budget ended the search: raise --states or --seconds"
    yield from _summary(report)
    for one in report.counterexamples:
        yield ""
        yield from violation(one)
    yield from _elsewhere(report)
    yield from _further(report)
    if report.waivers:
        yield ""
    titles = {(one.rule, one.waived): f" {one.title}" for one in report.waived}
    for waiver in report.waivers:
        title = titles.get((waiver.rule, waiver.reason), " (not needed)")
        yield from textwrap.wrap(f"waived {waiver.rule}{title}: {waiver.reason}", WIDTH,
                                 initial_indent="  ", subsequent_indent="    ")
    if report.verdict is Verdict.HOLDS:
        for goal in report.goals:
            if goal.way is None:
                yield f"  in no life: {goal.statement}"
    if report.verdict is Verdict.HOLDS and report.unreached:
        yield f"  never reached: {', '.join(report.unreached)}"
    if report.verdict is not Verdict.VIOLATED:
        yield from _episodes(report)


def _summary(report: Report) -> Iterator[str]:
    """Yield a line for each finding, where there are several: rule, where, what."""
    found = [(one, "") for one in (*report.counterexamples, *report.elsewhere)]
    found += [(one, ", behind another") for one in report.further]
    rows: dict[tuple[str, str, str], int] = {}
    for one, behind in found:
        what = one.message.rpartition(" Here: ")[2]
        row = one.rule, f"{_entry(one)}{behind}", what
        rows[row] = rows.get(row, 0) + 1
    if len(found) < 2:
        return
    yield f"  {len(found)} findings:"
    for (rule, entry, what), times in rows.items():
        again = f" ({times} times)" if times > 1 else ""
        yield "    " + textwrap.shorten(f"{rule} {entry}{again}: {what}", _LINE, placeholder=" ...")


def _entry(one: Counterexample) -> str:
    """Return in which of a driver's functions a rule is broken, in a word or two."""
    if one.exit is not None:
        return "error path"
    for at in range(len(one.trace) - 1, -1, -1):
        step = one.trace[at]
        if step.kind is Kind.PROBE_FAILS:
            return "error path"
        if step.entry and step.entry != "environment":
            failed = step.entry == "probe" and any(
                each.outcome not in ("", "ok", "yes", "no") and each.entry == "probe"
                for each in one.trace[:at])
            name = "handler" if step.entry == "atomic" else step.entry
            return "error path" if failed else name
    return "life"


def _episodes(report: Report) -> Iterator[str]:
    """Yield which episodes were explored, and which were not, each with the reason."""
    if not report.left_out:
        return
    without = {name for name, _ in report.left_out}
    explored = ", ".join(name for name in EPISODES if name not in without)
    yield f"  explored: {explored}"
    for name, why in report.left_out:
        yield from textwrap.wrap(f"not explored: {name}: {why}", WIDTH, initial_indent="  ",
                                 subsequent_indent="    ")


def _elsewhere(report: Report) -> Iterator[str]:
    """Yield where else the rules are broken, each in a life in which nothing is before."""
    if report.elsewhere:
        yield ""
        yield "The same is broken elsewhere, in lives of its own:"
    exits: dict[tuple[str, str], list[Counterexample]] = {}
    for one in report.elsewhere:
        if one.exit is not None:
            exits.setdefault(one.told_by, []).append(one)
    for one in report.elsewhere:
        if one.exit is None:
            yield f"{place(one)}error: {one.message.rpartition(' Here: ')[2]} [{one.rule}]"
            yield from _why(replace(one, mend=""))
            yield from _wrapped(f"life: {life(one)}")
            yield from _exits(exits.pop(one.told_by, []), "and")
    for same in exits.values():
        one = same[0]
        yield f"{place(one)}error: {one.message.rpartition(' Here: ')[2]} [{one.rule}]"
        yield from _exits(same, "also")


def _exits(same: Sequence[Counterexample], also: str) -> Iterator[str]:
    """Yield behind which other calls of a probe, when they fail, the same is broken."""
    said_ = [f"{said(one.exit)} in {short(one.exit.where.file)}:{one.exit.where.line}"
             for one in same if one.exit is not None]
    if said_:
        yield from _wrapped(f"{also} where it ends with {'; '.join(said_)}")


def life(one: Counterexample) -> str:
    """Return the steps of a trace in one line: who else acts than the first is named.

    Of a probe that goes well it has what is asked and what fails.

    >>> from generator.errors import NOWHERE
    >>> steps = Shown("card", "bind bell", "", NOWHERE), Shown("bell", "probe", "", NOWHERE)
    >>> life(Counterexample("R40", "", "", steps, ()))
    'bind bell; [bell] probe'
    """
    found = [f"episode {one.episode}"] if one.episode else []
    for at, step in enumerate(one.trace):
        well = step.entry == "probe" and step.outcome in ("", "ok")
        if not (well and _probe_is_done(one.trace[at:])):
            mine = step.actor == one.trace[0].actor
            found.append(said(step) if mine else f"[{step.actor}] {said(step)}")
    return "; ".join(found)


def _probe_is_done(rest: Sequence[Shown]) -> bool:
    ends = (one.kind for one in rest if one.actor == rest[0].actor and one.kind in (
        Kind.PROBE_RETURNS, Kind.PROBE_FAILS, Kind.BIND))
    return next(ends, None) is Kind.PROBE_RETURNS


def _further(report: Report) -> Iterator[str]:
    """Yield what else breaks behind what is broken, as if that were waived."""
    if report.looked_further is False:
        yield ""
        ended = "" if report.bounds.complete else "not "
        yield from textwrap.wrap(
            "The budget ended the search behind that: more may be broken, in lives in which one of "
            "these is first; raise --seconds or --states, or mend these and check again. What "
            f"stands above was {ended}searched to its end.", WIDTH)
    if report.further:
        yield ""
        yield "Behind that, as if it were waived:"
    told = {one.rule for one in report.counterexamples}  # whose texts stand above
    for one in report.further:
        said_ = one.message.rpartition(" Here: ")[2] if one.rule in told else one.message
        told.add(one.rule)
        yield f"{place(one)}error: {said_} [{one.rule}]"
        yield from _why(one)
        yield from _wrapped(f"life: {life(one)}")


def violation(one: Counterexample) -> Iterator[str]:
    """Yield what is wrong and where, then how it comes to that."""
    yield f"{place(one)}error: {one.message} [{one.rule}]"
    yield from _why(one)
    yield from example(one)


def _why(one: Counterexample) -> Iterator[str]:
    """Yield the facts that break a rule, what mends it, and whether it is a consequence."""
    if one.because:
        yield from _wrapped(f"because {'; '.join(one.because)}")
    if one.behind:
        yield from _wrapped("only in lives in which "
                            f"{' and '.join(one.behind)} {'is' if len(one.behind) == 1 else 'are'}"
                            " broken before: it may be a consequence")
    if one.mend:
        yield from _wrapped(f"mend: {one.mend}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def place(one: Counterexample) -> str:
    """Return file and line of what is left, or of the last operation on the way to a violation."""
    for where in (one.taken, *(step.where for step in reversed(one.trace))):
        if where.file:
            return f"{short(where.file)}:{where.line}: "
    return ""


def example(one: Counterexample) -> Iterator[str]:
    """Yield what hardware answered, and the table of a trace."""
    if one.episode:
        yield f"  episode: {one.episode}, {EPISODES[one.episode].says}"
    for name, facts in (("hardware", hardware(one)), ("platform", platform(one))):
        if facts:
            said = ", ".join(f"{key} {value}" for key, value in facts.items())
            yield from textwrap.wrap(f"{name}: {said}", WIDTH, initial_indent="  ",
                                     subsequent_indent="    ")
    yield ""
    yield from table(one.trace)


def hardware(one: Counterexample) -> dict[str, str]:
    """Return what devices answered on the way to a violation."""
    return {key: value for key, value in one.hardware if key.rpartition(".")[2] not in _ASKED}


def platform(one: Counterexample) -> dict[str, str]:
    """Return what the platform answered on the way to a violation."""
    return {key: value for key, value in one.hardware if key.rpartition(".")[2] in _ASKED}


def record(report: Report) -> dict[str, object]:
    """Return a report for a program; the first violation is repeated at the top."""
    found = [violation_record(one) for one in report.counterexamples]
    needed = {(one.rule, one.waived) for one in report.waived}
    first = found[0] if found else {"rule": None, "hardware": {}, "platform": {}, "trace": []}
    return {
        "design": report.design,
        "verdict": report.verdict.value,
        **{key: first[key] for key in ("rule", "hardware", "platform", "trace")},
        "violations": found,
        "elsewhere": [violation_record(one) for one in report.elsewhere],
        "further": [violation_record(one) for one in report.further],
        "looked_further": report.looked_further,
        "waived": [violation_record(one) for one in report.waived],
        "waivers": [
            {"rule": one.rule, "reason": one.reason, "needed": (one.rule, one.reason) in needed}
            for one in report.waivers
        ],
        "goals": [goal_record(one) for one in report.goals],
        "bounds": {
            "states": report.bounds.states,
            "transitions": report.bounds.transitions,
            "complete": report.bounds.complete,
            "instances": list(report.bounds.instances),
            "episodes": list(report.bounds.episodes),
            "not_explored": dict(report.left_out),
        },
        "unreached": list(report.unreached),
    }


MOST = 12  # facts that are named, before the rest is only counted


def likeness(one: Likeness) -> Iterator[str]:
    """Yield how a design that holds compares with another."""
    if not one.complete:
        yield f"  not compared with {one.base}: the budget ended it; raise --states or --seconds"
        return
    if one.same:
        where = ", on the same hardware" if one.hardware else ""
        yield f"  reaches the same facts as {one.base}{where}"
        return
    what = (f"the same facts as {one.base}, on other hardware" if one.hardware
            else f"other facts than {one.base}")
    yield f"  reaches {what}, and no rule minds"
    for value in one.values[:MOST]:
        yield from textwrap.wrap(value, WIDTH, initial_indent="    ", subsequent_indent="      ")
    if len(one.values) > MOST:
        yield f"    and {len(one.values) - MOST} more"
    for life in one.lives:
        whose = f"{one.base} has no such life" if life.new else f"a life of {one.base} only"
        said = "; ".join([f"{whose}{', ' * bool(life.when)}{life.when}", *life.said])
        yield ""
        yield from textwrap.wrap(said, WIDTH, initial_indent="  ", subsequent_indent="    ")
        facts = ", ".join(f"{key} {value}" for key, value in life.hardware)
        if facts:
            yield from textwrap.wrap(f"hardware: {facts}", WIDTH, initial_indent="  ",
                                     subsequent_indent="    ")
        yield ""
        yield from table(life.trace)


def likeness_record(one: Likeness) -> dict[str, object]:
    """Return the same for a program."""
    return {
        "design": one.base,
        "complete": one.complete,
        "same": one.same,
        "hardware": one.hardware,
        "values": list(one.values),
        "lives": [
            {"of": "this" if life.new else one.base, "when": life.when, "facts": list(life.said),
             "hardware": dict(life.hardware), "trace": [step_record(step) for step in life.trace]}
            for life in one.lives
        ],
    }


def goal_record(one: Sought) -> dict[str, object]:
    """Return a goal for a program: with a way to it, when there is one."""
    return {
        "goal": one.key,
        "service": one.service,
        "statement": one.statement,
        "reached": one.way is not None,
        "trace": [] if one.way is None else violation_record(one.way)["trace"],
    }


def violation_record(one: Counterexample) -> dict[str, object]:
    """Return a violation for a program."""
    return {
        "rule": one.rule,
        "title": one.title,
        "message": one.message,
        "waived": one.waived,
        "episode": one.episode,
        "because": list(one.because),
        "mend": one.mend,
        "behind": list(one.behind),
        "hardware": hardware(one),
        "platform": platform(one),
        "trace": [step_record(step) for step in one.trace],
    }


def step_record(step: Shown) -> dict[str, object]:
    """Return a step for a program."""
    return {
        "actor": step.actor,
        "kind": step.kind.value,
        "step": step.text,
        "outcome": step.outcome,
        "file": short(step.where.file),
        "line": step.where.line,
    }


def short(file: str) -> str:
    """Return a path relative to where the user stands, when it is below."""
    if not file:
        return ""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
