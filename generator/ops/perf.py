# SPDX-License-Identifier: GPL-2.0-only
"""A PMU driver's registrations, mapping and managed actions (kernel/events/core.c and others)."""

from __future__ import annotations

from dataclasses import replace

from generator.errors import ModelError
from generator.expr import TRUE, ParentOf, Role, pick
from generator.facts import (
    CAPS,
    CLAIMED,
    GONE,
    HOTPLUG,
    KNOWN,
    LOST,
    MAPPED,
    MEMORY,
    OPEN,
    PEEKED,
    PMU,
    QUIET,
    SOURCE,
    STALE_COUNT,
)
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, Outcome, fail, fault, here, ok, sets

USER = Role("user")
OWNER = Role("owner")

PERF_PMU_UNREGISTER = Operation(
    "perf_pmu_unregister",
    ("user",),
    (ok(sets(PMU(USER), 0), sets(OPEN(USER), 0)),),  # an event that is open still is N1, not this
    source="kernel/events/core.c perf_pmu_unregister(): does not detach open events",
    fingerprint=Fingerprint(("perf_pmu_unregister",), on=0),
    needs=(PMU,),
)

# Of trees that detach events: who held one has it still, and it counts nothing any more.
PERF_PMU_UNREGISTER_DETACHING = Operation(
    "perf_pmu_unregister detaching events",
    ("user",),
    (ok(sets(PMU(USER), 0), sets(OPEN(USER), 0), sets(SOURCE(USER), 0)),),
    source="kernel/events/core.c perf_pmu_unregister(): pmu_detach_events() before anything goes",
    fingerprint=PERF_PMU_UNREGISTER.fingerprint,
    needs=(PMU,),
)

PERF_PMU_REGISTER = Operation(
    "perf_pmu_register",
    ("user",),
    (ok(sets(PMU(USER), 1)), fault("-ENOMEM")),
    source="kernel/events/core.c perf_pmu_register(): events can open at once",
    fingerprint=Fingerprint(("perf_pmu_register",), on=0, fails=Fails.NEGATIVE),
    undo=PERF_PMU_UNREGISTER,
)

CPUHP_STATE_REMOVE_INSTANCE = Operation(
    "cpuhp_state_remove_instance_nocalls",
    ("user",),
    (ok(sets(HOTPLUG(USER), 0)),),
    source="include/linux/cpuhotplug.h cpuhp_state_remove_instance_nocalls()",
    fingerprint=Fingerprint(("cpuhp_state_remove_instance_nocalls",)),
    needs=(HOTPLUG,),
)

CPUHP_STATE_ADD_INSTANCE = Operation(
    "cpuhp_state_add_instance",
    ("user",),
    (ok(sets(HOTPLUG(USER), 1)), fault("-ENOMEM")),
    source="kernel/cpu.c __cpuhp_state_add_instance()",
    fingerprint=Fingerprint(("cpuhp_state_add_instance",), fails=Fails.NEGATIVE),
    undo=CPUHP_STATE_REMOVE_INSTANCE,
)

RELEASE_CLAIM = Operation(
    "release claimed region",
    ("user",),
    (ok(sets(CLAIMED(USER), 0)),),
    source="kernel/resource.c devm_region_release()",
)

DEVM_REQUEST_MEM_REGION = Operation(
    "devm_request_mem_region",
    ("user", "owner"),
    (ok(sets(CLAIMED(USER), 1)), fault("-EBUSY")),
    source="kernel/resource.c __devm_request_region()",
    fingerprint=Fingerprint(
        ("devm_request_mem_region", "__devm_request_region"), on=0, fails=Fails.NULL
    ),
    acts_on="owner",
    undo=RELEASE_CLAIM,
    managed=True,
    on_devres="owner",
)

UNMAP = Operation(
    "unmap registers",
    ("user",),
    (ok(sets(MAPPED(USER), 0)),),
    source="lib/devres.c devm_ioremap_release()",
)

DEVM_IOREMAP = Operation(
    "devm_ioremap",
    ("user", "owner"),
    (ok(sets(MAPPED(USER), 1)), fault("-ENOMEM")),
    source="lib/devres.c devm_ioremap()",
    fingerprint=Fingerprint(("devm_ioremap",), on=0, fails=Fails.NULL),
    acts_on="owner",
    undo=UNMAP,
    managed=True,
    on_devres="owner",
)

QUIESCE = Operation(
    "quiesce",
    ("user",),
    (ok(sets(SOURCE(USER), 0), sets(QUIET(USER), 1)),),
    source="the driver's own writes: no counter of the block may raise its interrupt",
    fingerprint=Fingerprint(("cxl_pmu_quiesce",)),
    sleeps=False,
    needs_d0="user",
    needs=(MAPPED, MEMORY),
)

# What a PMU has counted is noted before its registers may be lost, and its counters stop.
STOP_EVENTS = Operation(
    "cxl_pmu_stop_events",
    ("user",),
    (
        ok(
            sets(LOST(USER), pick(SOURCE(USER).eq(1), 1, LOST(USER))),
            sets(SOURCE(USER), 0), sets(QUIET(USER), 1),
        ),
    ),
    source="kernel/smp.c smp_call_function_single(): on the CPU of the events, which is online",
    fingerprint=Fingerprint(("cxl_pmu_stop_events",)),
    needs_d0="user",
    needs=(MAPPED, MEMORY),
)

# Counters begin at 0 again, and what was read of them last is 0 as well.
START_EVENTS = Operation(
    "cxl_pmu_start_events",
    ("user",),
    (
        ok(sets(SOURCE(USER), OPEN(USER)), sets(LOST(USER), 0), sets(STALE_COUNT(USER), 0)),
    ),
    source="kernel/smp.c smp_call_function_single(): on the CPU of the events, which is online",
    fingerprint=Fingerprint(("cxl_pmu_start_events",)),
    needs_d0="user",
    needs=(MAPPED, MEMORY),
)

PARSE_CAPS = Operation(
    "cxl_pmu_parse_caps",
    ("user",),
    (
        ok(sets(CAPS(USER), 1), when=GONE(ParentOf(USER)).eq(0)),
        fail("-ENODEV", GONE(ParentOf(USER)).eq(1)),  # all ones
        fault("-ENODEV"),
    ),
    source="drivers/perf/cxl_pmu.c cxl_pmu_parse_caps()",
    fingerprint=Fingerprint(("cxl_pmu_parse_caps",), on=0, fails=Fails.NEGATIVE),
    needs_d0="user",
    needs=(MAPPED, MEMORY),
)

PEEK_ENDS = Operation(
    "iounmap",
    ("user",),
    (ok(sets(PEEKED(USER), 0)),),
    source="include/asm-generic/io.h iounmap()",
    fingerprint=Fingerprint(("iounmap",)),
)

READQ = Operation(
    "readq",
    ("user",),
    (ok(sets(KNOWN(USER), pick(GONE(ParentOf(USER)).eq(1), 0, 1))),),  # gone: all ones
    source="include/linux/io-64-nonatomic-lo-hi.h lo_hi_readq(), where there is no readq()",
    fingerprint=Fingerprint(("readq", "lo_hi_readq")),
    needs=(PEEKED,),
    needs_d0="user",
    sleeps=False,
)

# A short mapping of one's own: taken, read and given back by the same function.
PEEK = Operation(
    "ioremap",
    ("user",),
    (ok(sets(PEEKED(USER), 1)), fault("-ENOMEM")),
    source="include/asm-generic/io.h ioremap()",
    fingerprint=Fingerprint(("ioremap",), fails=Fails.NULL),
    needs_d0="user",
)


def devm_memory(name: str) -> Operation:
    """Return a managed allocation that no fact hangs on: devm_kasprintf, devm_kcalloc."""
    return Operation(
        name,
        ("owner",),
        (ok(), fault("-ENOMEM")),
        source=f"drivers/base/devres.c {name}()",
        fingerprint=Fingerprint((name,), on=0, fails=Fails.NULL),
    )


DEVM_KASPRINTF = devm_memory("devm_kasprintf")
DEVM_KCALLOC = devm_memory("devm_kcalloc")


DEVM_ACTION = Fingerprint(
    ("devm_add_action_or_reset", "__devm_add_action_or_reset"),
    on=0,
    fails=Fails.NEGATIVE,
    args=(1,),
    later=(1, 2),
)
# When this one fails the callback is not run.
DEVM_PLAIN_ACTION = replace(DEVM_ACTION, callees=("devm_add_action", "__devm_add_action"))


def devm_action(undo: Operation, callback: str, *, fails: bool = True) -> Operation:
    """Return devm_add_action_or_reset() with the callback that does `undo`.

    When it fails it runs the callback at once (drivers/base/devres.c), which waits as it does. Of
    a callback of several steps each is an action that never `fails`, in reverse.
    """
    _is_operation("devm_action", undo)
    waits = undo.waits
    done = tuple(
        Outcome("fail", outcome.when if waits == TRUE else outcome.when & waits, outcome.gives,
                "-ENOMEM", fault=True)
        for outcome in undo.outcomes
    )
    return Operation(
        f"devm_add_action_or_reset[{undo.name}]",
        (*undo.roles, "owner"),
        (ok(), *(done if fails else ())),
        source="include/linux/device.h devm_add_action_or_reset()",
        fingerprint=DEVM_ACTION,
        undo=undo,
        managed=True,
        on_devres="owner",
        shown=(callback,),
        acts_on="owner",
    )


def _is_operation(what: str, undo: object) -> None:
    """Refuse what is no operation. Errors: ModelError."""
    if not isinstance(undo, Operation):
        raise ModelError(here(), f"{what}(): what the callback does is an operation, not {undo!r}")


def _off_devres(name: str, undo: Operation, source: str, callees: tuple[str, ...]) -> Operation:
    _is_operation(callees[0], undo)
    return replace(
        undo,
        name=name,
        roles=("user", "owner"),
        source=source,
        fingerprint=Fingerprint(callees, on=0),
        acts_on="owner",
        on_devres="owner",
        off_devres=undo,
    )


DEVM_IOUNMAP = _off_devres(
    "devm_iounmap", UNMAP, "lib/devres.c devm_iounmap()", ("devm_iounmap",)
)
DEVM_RELEASE_MEM_REGION = _off_devres(
    "devm_release_mem_region", RELEASE_CLAIM, "kernel/resource.c __devm_release_region()",
    ("devm_release_mem_region", "__devm_release_region"),
)


def devm_release_action(undo: Operation, callback: str) -> Operation:
    """Return devm_release_action(): what devm_action() registered is done now, and not later."""
    return replace(
        undo,
        name=f"devm_release_action[{undo.name}]",
        roles=(*undo.roles, "owner"),
        source="drivers/base/devres.c devm_release_action()",
        fingerprint=Fingerprint(("devm_release_action",), on=0, args=(1,)),
        shown=(callback,),
        acts_on="owner",
        on_devres="owner",
        off_devres=undo,
    )


def devm_remove_action(undo: Operation, callback: str) -> Operation:
    """Return devm_remove_action(): what devm_action() registered is not done any more."""
    return Operation(
        f"devm_remove_action[{undo.name}]",
        (*undo.roles, "owner"),
        (ok(),),
        source="drivers/base/devres.c devm_remove_action()",
        fingerprint=Fingerprint(("devm_remove_action",), on=0, args=(1,)),
        shown=(callback,),
        acts_on="owner",
        on_devres="owner",
        off_devres=undo,
    )
