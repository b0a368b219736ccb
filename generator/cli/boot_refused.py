# SPDX-License-Identifier: GPL-2.0-only
"""`portwright boot --refused RULE`: kernels that break a rule must show what it warns of."""

# ruff: noqa: T201
from __future__ import annotations

import functools
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from checks.boot import report
from checks.boot.broken.provoke import BUILD
from checks.boot.build.arch import X86
from checks.boot.build.kernel import Kernel, kernel
from checks.boot.build.kernel import fragments as usual
from checks.boot.build.kind import PLAIN, of_fragments
from checks.boot.evidence.case import Case, built, cases, fingerprint
from checks.boot.evidence.case import chosen as choose
from checks.boot.evidence.witness import Sight, keep, kept, outdated, sighted, witness
from checks.boot.guest.lost import HANG, NO_BOOT, TIMEOUT
from checks.boot.many import Task, run_all
from checks.boot.model.guest_object import program, with_port_model
from checks.boot.predict.board import BOARDS
from checks.boot.run import Run
from checks.report.forms import FORMS, SHARED
from checks.report.record import Scope
from generator.cli import boot_forms
from generator.cli.tree import told
from generator.errors import ProgramFailed
from generator.kernel.tree import Tree
from generator.load import load
from generator.series import generate
from generator.system.cache import cache
from generator.system.plumbing import run as command
from generator.system.progress import say

STALE = "stale"
_NOT_SEEN, _LATE = 1, 124


def run(asked: str, where: Tree, *, keeping: bool, form: str, scope: Scope) -> int:
    """Build, boot and compare each case of some rules; 0 when every symptom showed, 1 when not.

    `asked` are rules or keys, with commas between, "all", or "stale" for those whose kept
    evidence, if there is any, is no longer of what would be booted. With `keeping`, evidence is
    written to checks/boot/witnesses/.

    Errors: UsageError, ModelError, TreeError, EnvironmentFault.
    """
    known = cases()
    if asked != STALE:
        return boot(choose(asked, known), where, keeping=keeping, form=form, scope=scope)
    chosen = stale(known, where)
    if not chosen and form == "text":
        print(f"all evidence, of {len(known)} cases, is of what would be booted")
    return boot(chosen, where, keeping=keeping, form=form, scope=scope)


def boot(
    chosen: Sequence[Case], where: Tree, *, keeping: bool, form: str, scope: Scope
) -> int:
    """Build, boot and compare these cases.

    Errors: UsageError, ModelError, TreeError, EnvironmentFault.
    """
    codes, records, booted = [], [], []
    for case in chosen:
        found, sound, sight = _booted(case, where, keeping)
        if form == "json":
            records.append({**_record(case, sight), "run": report.record(found, sound)})
        elif form in SHARED:
            missed, seen = ("", sight.line) if sight else (case.symptom, "")
            booted.append(boot_forms.Booted(case.key, found, sound, missed, seen))
        else:
            print(report.text(found, sound), end="\n\n")
            print("\n".join(_lines(case, sight)), end="\n\n", flush=True)
        late = found.end in (HANG, TIMEOUT, NO_BOOT)
        codes.append(0 if sight else _LATE if late else _NOT_SEEN)
    if form == "json":
        print(json.dumps(records, indent=2))
    elif form in SHARED:
        print(FORMS[form](boot_forms.of_runs(
            booted, "refused designs", "", scope, shlex.join(["portwright", *sys.argv[1:]]),
            max(codes, default=0))))
    elif len(chosen) > 1:
        print(f"{codes.count(0)} of {len(chosen)} seen")
    return max(codes, default=0)


def stale(known: Sequence[Case], where: Tree) -> tuple[Case, ...]:
    """Return the cases that have no evidence, or evidence of something else by now.

    Errors: UsageError, ModelError, TreeError.
    """
    there = {one.key: one for one in kept() if one.base == where.base}
    return tuple(
        case for case in known
        if case.key not in there
        or outdated(there[case.key], case, where, _sound(case.of, where), told(where))
    )


@functools.cache
def _sound(name: str, where: Tree) -> Mapping[str, bytes | None]:
    """Return the files of the kernel that holds. Errors: UsageError when there is no series."""
    spec = load(name, told(where)).series("so there is no kernel to compare with")
    return generate.generate(spec, where).commits[-1].overlay


def _booted(case: Case, where: Tree, keeping: bool) -> tuple[Run, Run, Sight | None]:
    """Boot the kernel that breaks a rule beside the one that does not."""
    said = told(where)
    design = load(case.of, said).design
    say(f"{case.key}: rendering")
    holds = _sound(case.of, where)
    breaks = built(case, where, holds, said)
    inside = program(where)
    steps = case.beside
    name = f"{case.of}-{'-'.join(steps)}"
    made = _kernel(name, where, holds, (), case.fragments)
    tasks = [Task(design, made, inside, case.board, steps, keep=True, name=name, args=case.args,
                  said=said)]
    unbuilt = ""
    try:
        other = _kernel(case.key, where, breaks, case.objects, case.fragments)
        tasks.append(Task(design, other, inside, case.board, case.scenarios, name=case.key,
                          args=case.args, said=said))
    except ProgramFailed as fault:
        if BUILD not in case.scenarios:
            raise
        unbuilt = str(fault)
    runs = run_all(tasks)
    control, found = runs[0], _not_built(case, unbuilt) if unbuilt else runs[1]
    sight = sighted(case.symptom, found, control)
    if sight is not None and keeping:
        qemu = command([BOARDS[case.board].setup().program, "--version"])
        say(str(keep(witness(
            case, sight, fingerprint(case, breaks, holds), where.base,
            made.release, qemu.decode().split("\n")[0],
        ))))
    return found, control, sight


def _not_built(case: Case, told: str) -> Run:
    """Return what became of a kernel that make does not make."""
    told = told.replace(f"{cache()}/", "")  # evidence is the same on any machine
    return Run(case.of, case.board, NO_BOOT, (), (), (), "make", BUILD, told,
               printed=((BUILD, told),))


def _kernel(
    name: str, where: Tree, overlay: Mapping[str, bytes | None], objects: Sequence[str],
    fragments: Sequence[str],
) -> Kernel:
    made = kernel(where, with_port_model(where, overlay, objects), of_fragments(
        tuple(name for name in fragments if name not in usual(PLAIN, X86))))
    if made.seconds:
        say(f"{name}: kernel built in {made.seconds:.0f} s")
    return made


def _lines(case: Case, sight: Sight | None) -> list[str]:
    out = [f"{case.rule} broken {case.how}: {case.what}", f"  to be seen: {case.symptom}"]
    if sight is None:
        return [*out, "  NOT SEEN"]
    return [*out, f"  SEEN ({sight.where}): {sight.line}"]


def _record(case: Case, sight: Sight | None) -> dict[str, object]:
    return {
        "key": case.key, "rule": case.rule, "how": case.how, "what": case.what,
        "symptom": case.symptom, "seen": None if sight is None else asdict(sight),
    }
