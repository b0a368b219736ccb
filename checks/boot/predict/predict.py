# SPDX-License-Identifier: GPL-2.0-only
"""What a design says of one port on one platform, in the words that a running kernel has.

Nothing here is written down per design: the facts are those at the end of the probe, as the
design's own machine leaves them on the hardware that the port is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from checks.boot.predict.board import SERVICES, Platform, Port
from checks.boot.predict.life import Life, bind, bound, can_unbind, start, unbind
from checks.machine.instances import Inst
from generator.design import Design
from generator.errors import ModelError
from generator.expr import Fact
from generator.facts import (
    ADDED,
    BOUND,
    CLAIMED,
    DYN,
    HANDLER,
    LIFE,
    LINE,
    MASTER,
    MODE,
    MOST,
    NVEC,
    OPEN,
    PHASE,
    PMU,
    POWER,
    SOURCE,
)
from generator.resize import with_children

LINE_IRQ = -1  # instead of a message number: the INTx line


@dataclass(frozen=True)
class Given:
    """What becomes of a device: on its bus, bound, and on which message; None is no interrupt.

    `source`: it may raise its interrupt; `claimed`: its registers are; `power`: it holds a
    runtime PM reference on its port.
    """

    there: bool
    bound: bool
    message: int | None
    pmu: bool = False
    source: bool = False
    claimed: bool = False
    power: bool = False


@dataclass(frozen=True)
class Predicted:
    """What a design says of a port: bound, its mode, the messages it has, and who has which."""

    port: Port
    bound: bool
    mode: str
    messages: tuple[int, ...]
    master: bool
    services: Mapping[str, Given] = field(default_factory=dict)
    cpmus: tuple[Given, ...] = ()

    def handled(self) -> tuple[int, ...]:
        """Return the messages that somebody handles: the others are masked."""
        taken = {number for number, actions in self.handlers().items() if actions}
        taken |= {one.message for one in self.cpmus if one.message is not None}
        return tuple(sorted(taken - {LINE_IRQ}))

    def handlers(self) -> dict[int, tuple[str, ...]]:
        """Return what is to handle each message of the port; LINE_IRQ is its INTx line."""
        found: dict[int, list[str]] = {number: [] for number in self.messages}
        for name, given in self.services.items():
            action = SERVICES[name].action
            if action and given.there and given.bound and given.message is not None:
                found.setdefault(given.message, []).append(action)
        return {number: tuple(sorted(names)) for number, names in sorted(found.items())}


def predict(
    design: Design, port: Port, platform: Platform, *, loaded: bool = True, twice: bool = False
) -> Predicted:
    """Return what a design says of a port after boot; `loaded`, with drivers that are modules.

    `twice` is for kernels that bind each driver, unbind it, and bind it again: build/kind.py.

    Errors: ModelError where the lab cannot tell: hardware that the model has a question for and
    the lab no answer, or a design that says several things of one hardware.
    """
    life, top, children = _begun(design, port, platform)
    life = _bound(life, top, twice)
    for child in children if loaded else ():
        life = _bound(life, child, twice)
    said = _told(design, port, life, top, children)
    return said if loaded and child_module(design) else _left(said, port)


def _left(said: Predicted, port: Port) -> Predicted:
    """Return what is said of a port with its CPMUs as firmware left them: no driver has come.

    There may be none for them: of a series the drivers can come after the devices.
    """
    left = [one.left_on for one in port.cpmus] or [False]
    return replace(said, cpmus=tuple(
        replace(one, source=on) for one, on in zip(said.cpmus, left, strict=False)))


def after_unbind(
    design: Design, port: Port, platform: Platform, *, loaded: bool = True, twice: bool = False
) -> Predicted:
    """Return what a design says of a port whose driver was unbound again.

    Errors: ModelError where the lab cannot tell.
    """
    life, top, children = _begun(design, port, platform)
    life = unbind(_bound(life, top, twice), top)
    said = _told(design, port, life, top, children)
    return said if loaded and child_module(design) else _left(said, port)


def _bound(life: Life, inst: Inst, twice: bool) -> Life:
    life = bind(life, inst)
    if twice:
        life = bind(unbind(life, inst), inst)
    return life


def at_rest(design: Design, port: Port, platform: Platform, *, loaded: bool = True) -> Predicted:
    """Return what a design says of a port whose children's drivers were bound and unbound.

    Errors: ModelError where the lab cannot tell.
    """
    life, top, children = _begun(design, port, platform)
    life = bind(life, top)
    for child in children if loaded else ():
        life = unbind(bind(life, child), child)
    said = _told(design, port, life, top, children)
    return said if loaded and child_module(design) else _left(said, port)


def leaves_under_event(design: Design, port: Port, platform: Platform) -> bool:
    """Return whether a child's driver can be unbound while an event is open on it.

    Errors: ModelError where the lab cannot tell.
    """
    life, top, children = _begun(design, port, platform)
    life = bind(life, top)
    for child in children:
        life = bind(life, child)
    return any(
        can_unbind(life.having(OPEN, child, 1), child) for child in children if bound(life, child)
    )


def child_module(design: Design) -> str:
    """Return the name of the module that drives a design's auxiliary devices; "" without any."""
    return next((
        source.rpartition("/")[2].removesuffix(".c") for driver in design.drivers
        if driver.device.kind == "aux" for source in driver.sources[:1]
    ), "")


def _begun(design: Design, port: Port, platform: Platform) -> tuple[Life, Inst, list[Inst]]:
    """Return the life before the bind, the port, and its children that have drivers to bind."""
    names = [device.name for device in design.devices if device.kind == "aux"]
    if names and len(port.cpmus) > 1:
        design = with_children(design, len(port.cpmus))
    life = start(design, platform.answers(port, len(port.cpmus)))
    tops = life.machine.view.pci
    if len(tops) != 1:
        raise ModelError(
            design.where, f"{design.name}: the lab boots designs of one PCI device, the port"
        )
    children = [
        one for one in life.machine.view.children(tops[0])
        if one.device.kind not in ("service", "core")
    ]
    return life, tops[0], children


def _told(
    design: Design, port: Port, life: Life, top: Inst, children: list[Inst]
) -> Predicted:
    def one(fact: Fact, inst: Inst) -> int:
        values = life.values(fact, inst)
        if len(values) != 1:
            said = ", ".join(sorted(fact.show(value) for value in values))
            raise ModelError(
                design.where, f"{design.name}: {fact.name} of {inst.name} on {port.name}: {said}"
            )
        return next(iter(values))

    def given(inst: Inst) -> Given:
        irq = one(HANDLER, inst)
        message = LINE_IRQ if irq == LINE else irq - 1 if 1 <= irq <= MOST else None
        return Given(
            one(LIFE, inst) == ADDED, one(PHASE, inst) == BOUND, message, bool(one(PMU, inst)),
            bool(one(SOURCE, inst)), bool(one(CLAIMED, inst)), bool(one(POWER, inst)),
        )

    cores = {
        inst.name: given(inst) for inst in life.machine.view.children(top)
        if inst.device.kind == "service"
    }
    msi = MODE.show(one(MODE, top)) in ("MSI", "MSI-X")
    dynamic = one(DYN, top) if msi else 0
    messages = set(range(one(NVEC, top) if msi else 0))
    messages |= {n for n in range(MOST) if dynamic >> n & 1}
    services = {
        name: _service(name, cores[SERVICES[name].core]) for name in port.services
        if SERVICES[name].core in cores
    }
    return Predicted(
        port, one(PHASE, top) == BOUND, MODE.show(one(MODE, top)) if msi else "INTx",
        tuple(sorted(messages)), bool(one(MASTER, top)), services,
        tuple(given(inst) for inst in children),
    )


def _service(name: str, core: Given) -> Given:
    """Return what becomes of a service that is folded into a device of the model."""
    if SERVICES[name].driver == "-":
        return Given(core.there, False, None)
    return core
