# SPDX-License-Identifier: GPL-2.0-only
"""To a design, a service is bound by device_register() in one step: this is what drivers do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from checks.finding import Verdict
from checks.machine.instances import View
from checks.rules.all import RULES
from checks.rules.rule import Rule
from checks.search.explore import explore
from generator.design import Design, Device, Driver
from generator.drivers.pciehp_core import pciehp
from generator.drivers.pme_aer_dpc import aer, dpc, pme
from generator.expr import Expr, all_of
from generator.facts import (
    BOUND,
    CALLBACKS,
    HANDLER,
    MEMORY,
    MSG,
    NOTIFIES,
    OUTCOME,
    PHASE,
    POLLED,
    POLLER,
    SLOT,
    SOURCE,
    UNBOUND,
)
from generator.operation import DEV, IGNORE, Guard, Outcome
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVICE_REGISTER, DEVICE_UNREGISTER, IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import (
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Block, If, called

SERVICES = {"pme": pme, "aer": aer, "dpc": dpc, "pciehp": pciehp}
# what the one step is about, and what only a driver knows of
SUMMARY = (HANDLER, SOURCE, PHASE)
PRIVATE = (MEMORY, CALLBACKS, SLOT, POLLER, NOTIFIES)
# what a bound driver has of these, and how much
HELD = {
    "pcie_pme": {MEMORY: 1},
    "aer": {MEMORY: 1},
    "dpc": {},
    "pciehp": {MEMORY: 1, CALLBACKS: 1, SLOT: 2, NOTIFIES: 1},
}
_FIRMWARE = "here the source is off before: what firmware left on is not modelled"
_MARK = "no fact: what may wake the system"
_POLL = "only where events are polled, which is not explored here"
# an operation less that makes no difference to any fact -> why
UNSEEN = {
    "pcie_pme.probe: pcie_pme_interrupt_enable, source off(port, service)": _FIRMWARE,
    "pcie_pme.probe: pcie_pme_mark_devices()": _MARK,
    "pcie_pme_mark_devices: pcie_pme_can_wakeup()": _MARK,
    "pcie_pme_disable_interrupt: pcie_pme_service_data.noirq = true()": "read in sleep only",
    "pciehp.probe: pciehp_check_presence()": "no fact: what is in the slot",
    "pcie_init: pcie_disable_notification()": _FIRMWARE,
    "pciehp_request_irq: kthread_create(service)": _POLL,
    "pciehp_request_irq: wake_up_process(service)": _POLL,
    "pciehp_free_irq: kthread_stop(service)": _POLL,
}
PORT = Device("port", "pci")
SERVICE = Device("service", "aux", PORT)


ANY_IRQ = (
    # portdrv.c pcie_init_service_irqs(): without any irq, hotplug is served all the same
    PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX | MSI | INTX),
    If(Guard("has an irq", None, ()), (PCI_IRQ_VECTOR(PORT, SERVICE, nr=0, fail=IGNORE),)),
)
OWN_IRQ = (
    PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI),
    PCI_IRQ_VECTOR(PORT, SERVICE, nr=MSG(SERVICE)),
)


def alone(
    make: Callable[[Device], Driver], irq: Block = ANY_IRQ, polled: str = "no"
) -> Design:
    """One service of a port, by a driver that binds when it likes."""
    gone = (
        AUXILIARY_DEVICE_DELETE(SERVICE), AUXILIARY_DEVICE_UNINIT(SERVICE), IDA_FREE(SERVICE),
        PCI_FREE_IRQ_VECTORS(PORT),
    )
    port = Driver(
        "port", PORT,
        probe=(
            PCI_ENABLE_DEVICE(PORT),
            *irq,
            PCI_SET_MASTER(PORT),
            IDA_ALLOC(SERVICE),
            KZALLOC(SERVICE),
            AUXILIARY_DEVICE_INIT(SERVICE),
            AUXILIARY_DEVICE_ADD(SERVICE),
        ),
        remove=(*gone, PCI_DISABLE_DEVICE(PORT)),
        shutdown=gone,
    )
    return Design(
        "service", "a port with one service", devices=(PORT, SERVICE),
        drivers=(port, awake(make(SERVICE))), given={POLLED: polled},
    )


def awake(driver: Driver) -> Driver:
    """A driver without what it does for sleep, in which its source is off for good reason."""
    callbacks: dict[str, Any] = dict.fromkeys(driver.callbacks())
    return replace(driver, **callbacks)


def gives(outcome: Outcome, view: View) -> Expr:
    """What an outcome of an operation says of the service, where the summary is about it."""
    (service,) = view.of(SERVICE)
    return all_of(
        view.bind(outcome.when, {DEV: service}),
        *(
            view.bind(one.target.eq(one.value), {DEV: service})
            for one in outcome.gives if one.target.fact in SUMMARY
        ),
    )


def rule(states: Callable[[View], Iterator[tuple[str, Expr]]]) -> Rule:
    return Rule(states.__name__, "", "", (), "", on_state=states)


def bound_otherwise(view: View) -> Iterator[tuple[str, Expr]]:
    """Bound, but not as device_register() says."""
    (service,) = view.of(SERVICE)
    (driver,) = (one for one in view.design.drivers if one.device == SERVICE)
    held = all_of(*(fact(service).eq(much) for fact, much in HELD[driver.name].items()))
    told = gives(DEVICE_REGISTER.outcomes[0], view)
    yield "", PHASE(service).eq(BOUND) & ~(told & held)


def left_something(view: View) -> Iterator[tuple[str, Expr]]:
    """Refused or unbound, but not as device_unregister() says, or with something left."""
    (service,) = view.of(SERVICE)
    nothing = all_of(*(fact(service).eq(0) for fact in PRIVATE))
    told = gives(DEVICE_UNREGISTER.outcomes[0], view)
    yield "", PHASE(service).eq(UNBOUND) & ~(told & nothing)


def binds(view: View) -> Iterator[tuple[str, Expr]]:
    (service,) = view.of(SERVICE)
    yield "", PHASE(service).eq(BOUND)


def refuses(view: View) -> Iterator[tuple[str, Expr]]:
    """Refuses although it was given an irq."""
    (service,) = view.of(SERVICE)
    able = view.bind(DEVICE_REGISTER.outcomes[0].when, {DEV: service})
    yield "", PHASE(service).eq(UNBOUND) & OUTCOME(service).eq(2) & able


def breaks(design: Design, *states: Callable[[View], Iterator[tuple[str, Expr]]]) -> set[str]:
    return {one.rule for one in explore(design, [rule(s) for s in states]).counterexamples}


@pytest.mark.parametrize("make", SERVICES.values(), ids=SERVICES)
def test_a_driver_ends_as_the_one_step_says_or_in_nothing(make: Callable[[Device], Driver]) -> None:
    design = alone(make)
    report = explore(design, [rule(bound_otherwise), rule(left_something)])
    assert report.bounds.complete
    assert report.verdict is Verdict.HOLDS
    # and both ends of the step are there: a bound service, and one that its driver turned down
    assert breaks(design, binds) == {"binds"}
    assert breaks(design, refuses) == {"refuses"}


@pytest.mark.parametrize("make", SERVICES.values(), ids=SERVICES)
def test_a_driver_breaks_no_rule(make: Callable[[Device], Driver]) -> None:
    assert explore(alone(make, OWN_IRQ), RULES).counterexamples == ()


def test_a_polling_driver_is_bound_without_handler_and_source() -> None:
    """pciehp_hpc.c: in poll mode a thread is started, HPIE stays off, and no irq is needed."""

    def not_polling(view: View) -> Iterator[tuple[str, Expr]]:
        (service,) = view.of(SERVICE)
        told = all_of(POLLER(service).eq(1), HANDLER(service).eq(0), SOURCE(service).eq(0))
        yield "", PHASE(service).eq(BOUND) & ~told

    design = alone(pciehp, polled="yes")
    assert breaks(design, bound_otherwise) == {"bound_otherwise"}
    assert breaks(design, not_polling, left_something) == set()


@pytest.mark.slow
@pytest.mark.parametrize("make", SERVICES.values(), ids=SERVICES)
def test_an_operation_less_is_not_what_the_one_step_says(make: Callable[[Device], Driver]) -> None:
    from redesign import redesigns

    own = [rule(bound_otherwise), rule(left_something)]
    design, driver = alone(make, OWN_IRQ), make(SERVICE)
    helpers = {one.name for block in driver.entries().values() for one in called(block)}
    missed = [
        f"{one.function}: {one.what}"
        for one in redesigns(design, lambda *_: None)
        if one.kind == "drop" and one.acts
        and one.function.removeprefix(f"{driver.name}.") in {*driver.entries(), *helpers}
        and explore(one.design, [*RULES, *own], first=True).verdict is Verdict.HOLDS
    ]
    expected = [text for text in UNSEEN if text.split(".")[0].split(":")[0] in (
        driver.name, *helpers
    )]
    assert "\n".join(missed) == "\n".join(expected)
