# SPDX-License-Identifier: GPL-2.0-only
"""Exploration of a design: breadth first, so that the first violation found is a shortest one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from checks.finding import Verdict
from checks.machine.episode import PLAIN
from checks.machine.machine import Machine, build, within_range
from checks.machine.step import Kind, Step, words_of
from checks.rules.rule import Rule
from checks.search.exits import LARGE, at_exits, exit_of
from checks.search.liveness import forget
from checks.search.lives import part_of_life
from checks.search.machine_as_c import BEHIND, Watch, way_of
from checks.search.native import Found
from checks.search.reasons import because, taken_at
from checks.search.search import Search
from checks.search.told import Bounds, Counterexample, Done, Report, Shown
from checks.search.trace import answers_on, broken_on, shortened, states_on
from checks.search.watches import waived, watches_of, with_questions
from generator.design import RUNTIME, Design
from generator.expr import Fact, Read
from generator.meaning import evaluate, fold_known
from generator.system.collector import uncollected
from generator.system.stopping import Late, bounded

STATES = 10_000_000
ELSEWHERE = 8  # other places at which a rule is broken that are told
EXITS = 24  # other ways out of a probe behind which it is
STEPS = 20_000  # that a machine may have on the smallest budget


def explore(
    design: Design, rules: Sequence[Rule], *, states: int = STATES, seconds: float = 600.0,
    first: bool = False, episode: str = PLAIN, shorten: bool = True,
) -> Report:
    """Return what exploring every life of a design says about the rules, in one episode.

    With `first`, the search ends at the first violation. Without `shorten`, traces are replayed
    but may have steps that they can do without: for those who do not look at them.
    The budget holds while it is prepared, too: a machine of more steps than states may be kept is
    not searched.
    Errors: ModelError for a design that makes no sense.

    >>> from checks.rules.all import RULES
    >>> from generator.design import Design, Device, Driver
    >>> from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
    >>> port = Device("port", "pci")
    >>> off = PCI_DISABLE_DEVICE(port)
    >>> twice = Driver("twice", port, probe=(PCI_ENABLE_DEVICE(port),), remove=(off, off))
    >>> report = explore(Design("twice", "a port is disabled twice", (port,), (twice,)), RULES)
    >>> report.verdict.value, report.bounds.states
    ('VIOLATED', 3)
    >>> [(one.rule, [step.text for step in one.trace][-2:]) for one in report.counterexamples]
    [('R36', ['pci_disable_device(port)', 'pci_disable_device(port)'])]
    """
    began = time.monotonic()
    try:
        with bounded(seconds):
            explorer = Explorer(design, rules, episode, most=max(states, STEPS))
    except Late:
        return unprepared(design, episode, time.monotonic() - began)
    left = max(seconds - (time.monotonic() - began), 0.0)
    return explorer.run(states=states, seconds=left, first=first, shorten=shorten)


def unprepared(design: Design, episode: str, seconds: float) -> Report:
    """Return the report on a design for which the budget was up before anything was searched."""
    names = tuple(one.name for one in design.devices)
    bounds = Bounds(0, 0, False, seconds, names, () if episode == PLAIN else (episode,))
    return Report(design.name, Verdict.UNFINISHED, (), (), bounds, (), (), waivers=design.waivers)


def built(
    design: Design, episode: str = PLAIN, chosen: frozenset[Fact] = frozenset()
) -> Machine:
    """Return the machine of a design; behind broken rules its facts stay within their range.

    Errors: ModelError for a design that makes no sense.
    """
    machine = build(design, episode, chosen)
    behind = any(one.reason == BEHIND for one in design.waivers)
    return within_range(machine) if behind else machine


class Explorer:
    """A design in one episode, and rules, prepared: explored as often as is wanted."""

    def __init__(
        self, design: Design, rules: Sequence[Rule], episode: str = PLAIN,
        chosen: frozenset[Fact] = frozenset(), most: int = STATES,
    ) -> None:
        """Prepare; questions of `chosen` facts get their answers where a search begins.

        Errors: ModelError for a design that makes no sense, EnvironmentFault without a compiler,
        Late for a machine of more than `most` steps.
        """
        with uncollected():
            machine = built(design, episode, chosen)
            if len(machine.transitions) > most:
                raise Late
            self.watches = watches_of(machine, rules)
            self.machine = with_questions(machine, self.watches)
            self.search = Search(forget(self.machine, self.watches), self.watches)
        self.library = self.search.library
        self.rules = {rule.key: rule for rule in rules}
        self.shorten = True

    def run(
        self, given: Mapping[Read, int] | None = None, *, states: int = STATES,
        seconds: float = 600.0, first: bool = False, shorten: bool = True,
    ) -> Report:
        """Return what a search says where hardware gives some answers; see explore()."""
        began = time.monotonic()
        self.machine = replace(self.machine, given={**self.machine.given, **(given or {})})
        self.shorten = shorten
        complete = self.search.run(self.machine.given, states=states, seconds=seconds, first=first)
        return self._report(complete, time.monotonic() - began)

    def _report(self, complete: bool, seconds: float) -> Report:
        first, others = self._sorted_out()
        report = reported(
            self.machine, [self._example(one) for one in first], self.rules, self.library.taken(),
            complete=complete, states=self.library.states(),
            transitions=self.library.transitions(), seconds=seconds,
        )
        elsewhere = self._elsewhere(report.counterexamples, others)
        told = (*report.counterexamples, *elsewhere)
        small = complete and report.bounds.states <= LARGE and self.shorten
        if small and any(one.life == "probe" for one in told):
            elsewhere = (*elsewhere, *self._exits(told))
        return replace(report, elsewhere=elsewhere)

    def _exits(self, told: Sequence[Counterexample]) -> Iterator[Counterexample]:
        """Yield where else in a probe what is told breaks, behind another call that fails."""
        rules = {one.rule for one in told}
        known = {(*one.told_by, one.failed_at) for one in told}
        kept = 0
        for one, path, failed in at_exits(self.machine, self.search, states=LARGE, seconds=5.0):
            watch = self.watches[one.watch]
            if watch.rule not in rules or watch.waived:
                continue
            found = counterexample(self.machine, path, watch, self.rules, self.watches)
            (left,) = shown(self.machine, [failed], failed)
            if (by := (*found.told_by, left.where)) not in known and kept < EXITS:
                known.add(by)
                path = shortened(self.machine, path, watch)
                if exit_of(self.machine, path) is None:  # it breaks before that fails
                    continue
                kept += 1
                found = counterexample(self.machine, path, watch, self.rules, self.watches)
                yield replace(found, depth=one.level, life="probe", exit=left)

    def _sorted_out(self) -> tuple[list[Found], list[Found]]:
        """Return by what each rule was broken first, and by what in other places, if one looks."""
        first: dict[tuple[str, ...], Found] = {}
        others: list[Found] = []
        for one in self.library.findings():
            watch = self.watches[one.watch]
            by = watch.rule, watch.waived
            way = (way_of(self.machine, watch),) if watch.waived == BEHIND else ()
            if first.setdefault((*by, *way), one) is not one:
                others.append(one)
        return list(first.values()), others if self.shorten else []

    def _elsewhere(
        self, first: Sequence[Counterexample], others: Sequence[Found]
    ) -> tuple[Counterexample, ...]:
        """Return by what else the rules are broken that are told, in other places or lives.

        Of places those come first that are not named yet.
        """
        told = {one.rule for one in first}
        known = {(*one.told_by, one.life) for one in first}
        tried = {(one.rule, one.way, one.life) for one in first}
        named, places, lives = {way[:2] for way in tried}, list[Found](), list[Found]()
        for one in others:
            if (watch := self.watches[one.watch]).rule in told:
                way = watch.rule, way_of(self.machine, watch)
                (lives if way in named else places).append(one)
                named.add(way)
        found: list[Counterexample] = []
        for one in (*places, *lives):
            watch = self.watches[one.watch]
            life = part_of_life(self.machine, self._path(one))
            if (by := (watch.rule, way_of(self.machine, watch), life)) in tried:
                continue
            tried.add(by)
            example = self._example(one)
            if (*example.told_by, example.life) not in known:
                known.add((*example.told_by, example.life))
                found.append(example)
            if len(found) == ELSEWHERE or len(tried) > 4 * ELSEWHERE:
                break
        return tuple(found)

    def _path(self, found: Found) -> list[int]:
        path = self.search.path(found.state, found.origin)
        return [*path, found.transition] if found.transition >= 0 else path

    def _example(self, found: Found) -> Counterexample:
        watch, path = self.watches[found.watch], self._path(found)
        life = part_of_life(self.machine, path)
        if self.shorten:
            path = shortened(self.machine, path, watch)
        example = counterexample(self.machine, path, watch, self.rules, self.watches)
        return replace(example, depth=found.level, life=life)


def counterexample(
    machine: Machine, path: Sequence[int], watch: Watch, rules: Mapping[str, Rule],
    watches: Sequence[Watch] = (),
) -> Counterexample:
    """Return a path that breaks a rule, replayed, with what hardware answers on it.

    `watches` are all those of the search: behind a rule it is told which others broke before.
    Errors: ReplayError when the path does not break it.
    """
    states = states_on(machine, path, watch)
    answers = answers_on(states)
    hardware = tuple(
        (f"{read.of.name}.{read.fact.name}", read.fact.show(value))
        for read, value in sorted(answers.items(),
                                  key=lambda one: (one[0].of.name, one[0].fact.name))
    )
    rule, known = rules[watch.rule], frozenset(machine.variables)
    when, message, mend = fold_known(watch.when, known), watch.message, rule.mend
    if watch.at is not None:
        for clause in rule.clauses(machine.transitions[watch.at].step, machine.view):
            told = watch.waived == waived(machine, rule, machine.transitions[watch.at].step,
                                          clause.says) or watch.waived == BEHIND
            if told and evaluate(holds := fold_known(clause.when, known), states[-1]):
                when, message = holds, f"{rule.statement} Here: {clause.says}."
                mend = clause.mend or mend
                break
    before: tuple[str, ...] = ()
    if watch.waived == BEHIND:
        others = [one for one in watches if one.waived == BEHIND and (
            one.rule != watch.rule or way_of(machine, one) != way_of(machine, watch))]
        before = broken_on(machine, path, states, others)
    return Counterexample(rule.key, rule.title, message, shown(machine, path, watch.at),
                          hardware, watch.waived, episode="".join(beside(machine)),
                          because=because(when, states[-1]), mend=mend, behind=before,
                          taken=taken_at(machine, path, states, when), way=way_of(machine, watch))


def reported(
    machine: Machine, examples: Sequence[Counterexample], rules: Mapping[str, Rule], taken: bytes,
    *, complete: bool, states: int, transitions: int, seconds: float,
) -> Report:
    """Return what an engine's search of a machine comes to: one report, whatever engine it was.

    `taken` has a byte per transition of the machine, 1 where it ever happened.
    """
    broken = tuple(one for one in examples if not one.waived)
    implied = {other for one in broken for other in rules[one.rule].implies}
    verdict = Verdict.VIOLATED if broken else Verdict.HOLDS
    if not broken and not complete:
        verdict = Verdict.UNFINISHED
    reached, unreached = _operations(machine, taken)
    return Report(
        machine.design.name, verdict,
        tuple(one for one in broken if one.rule not in implied) or broken,
        tuple(one for one in examples if one.waived),
        Bounds(states, transitions, complete, seconds,
               tuple(one.name for one in machine.view.instances), beside(machine)),
        reached, unreached, taken, waivers=machine.design.waivers, done=_done(machine, taken),
    )


def _done(machine: Machine, taken: bytes) -> frozenset[Done]:
    """Return what drivers ever did, whatever came of it."""
    steps = (one.step for one, hit in zip(machine.transitions, taken, strict=True) if hit)
    return frozenset(
        Done(step.driver.name, entry, step.op.name, step.where) for step in steps
        if step.op is not None and step.driver is not None
        for entry in {step.entry, *({step.inside} & {*RUNTIME})}  # as pm_runtime_force_suspend()
    )


def _operations(machine: Machine, taken: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which operations of the probes ever went well, and which never did."""
    wanted: dict[str, bool] = {}
    for one, hit in zip(machine.transitions, taken, strict=True):
        step = one.step
        if step.outcome == "ok" and step.op is not None and step.entry == "probe":
            said = words_of(step.op, step.binding)
            wanted[said] = wanted.get(said, False) or bool(hit)
    return (
        tuple(sorted(said for said, hit in wanted.items() if hit)),
        tuple(sorted(said for said, hit in wanted.items() if not hit)),
    )


def beside(machine: Machine) -> tuple[str, ...]:
    """Return the episode of a machine, none for the plain one."""
    return () if machine.view.episode == PLAIN else (machine.view.episode,)


def shown(machine: Machine, path: Sequence[int], last: int | None = None) -> tuple[Shown, ...]:
    """Return the steps of a path that a reader needs to see, and `last` in any case."""
    steps = [machine.transitions[number].step for number in path]
    return tuple(
        Shown(step.actor, step.text, step.error or step.outcome, step.where, step.entry,
              step.kind, step.about)
        for at, (number, step) in enumerate(zip(path, steps, strict=True))
        if step.text and (number == last or _matters(step) or _waited(steps[:at], step))
    )


def _waited(before: Sequence[Step], step: Step) -> bool:
    """Return whether a step is the return of a call, during which others did what is shown."""
    if step.kind is not Kind.OPERATION_RETURNS:
        return False
    meanwhile = takewhile(lambda one: one.actor != step.actor, reversed(before))
    return any(one.op is not None and one.text and _matters(one) for one in meanwhile)


def _matters(step: Step) -> bool:
    """Return whether a reader needs to see a step: it fails, a fact changes, hardware answers."""
    if step.error:  # of what waits, the return
        return True
    if step.op is not None:
        return any(one.gives for one in step.op.outcomes)
    return step.entry in ("driver core", "environment") or step.decides
