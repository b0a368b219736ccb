# SPDX-License-Identifier: GPL-2.0-only
"""A design: devices in a tree, drivers that bind to them, and what is asked of hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from generator.context import Context
from generator.errors import ModelError, Where
from generator.expr import EACH, NO_DIGEST, NO_DIGEST_AT_DEFAULT, Expr, Fact
from generator.mistakes.blame import mend, written_at
from generator.mistakes.blocks import check_block
from generator.mistakes.contexts import check_contexts, check_drivers_of
from generator.mistakes.operations import named_twice
from generator.mistakes.own_device import check_own_device
from generator.mistakes.parts import check_parts
from generator.mistakes.placed import check_placed, devices_in, places
from generator.mistakes.spoken import check_spoken
from generator.netdev import settle
from generator.operation import here
from generator.program import Block, operations

# Whose devices firmware or their own bus finds, no driver of ours.
BUSES = ("i2c", "spi", "usb", "hid", "sdio", "pnp")
ROOTS = ("pci", "core", *BUSES)  # kinds that have no parent
SUBDEVICES = ("aux", "cxl", "express")  # kinds whose drivers own what they use
KINDS = ("pci", "core", "service", "platform", *SUBDEVICES, *BUSES, "part")
# What the kernel calls of a driver beside probe, remove and shutdown: system sleep, runtime PM
# and, for PCI drivers only, what struct pci_error_handlers has for a link that was reset.
SLEEP = ("suspend", "suspend_noirq", "resume_noirq", "resume")
RUNTIME = ("runtime_suspend", "runtime_resume")
RECOVERY = ("error_detected", "slot_reset")
CALLBACK_NAMES = (*SLEEP, *RUNTIME, *RECOVERY)


def context_entry(name: str) -> str:
    """Return what the block of a context is called among those of its driver."""
    return f"context {name}"


@dataclass(frozen=True)
class Device:
    """A struct device of the design: `count` equal instances under one parent.

    Kinds: `pci` is a pci_dev, a `bridge` when live devices below it may need its bus mastering;
    `service` binds its driver inside device_register(), under the
    port's lock; `aux`, `cxl`, `express` (on pci_express, by a driver that may be a module) and
    `platform` bind inside the parent's probe, later, or never. A `platform` device without a
    parent is one that firmware describes; BUSES are clients of such a bus. `part`
    is no device by itself but something inside of its parent of which there are several: one more
    interrupt, with handler and number of its own, a PMU, a queue. Nobody creates or binds it.
    `core` is the PCI core itself:
    the probe of its "driver" is what it does to ports before any driver can bind them.
    `as_in` names a shipped design: in every other one the device must be served as it is there.
    """

    name: str
    kind: str
    parent: Device | None = None
    count: int = 1
    bridge: bool = False
    names: tuple[str, ...] = ()  # of the instances, where they have better ones than numbers
    answers: tuple[tuple[Fact, tuple[str, ...]], ...] = ()  # what hardware can answer, if not all
    as_in: str = field(default="", compare=False)
    where: Where = field(default_factory=here, compare=False)

    def __post_init__(self) -> None:
        """Refuse kinds and shapes that mean nothing."""
        object.__setattr__(self, "where", written_at(self.where))
        check_parts(self, f"device {self.name}", self.where)
        if self.kind not in KINDS:
            raise ModelError(self.where, f"unknown kind {self.kind!r}: one of {', '.join(KINDS)}")
        if self.kind != "platform" and (self.parent is None) != (self.kind in ROOTS):
            raise ModelError(
                self.where,
                f"{self.name}: a {self.kind} device needs "
                + ("no parent" if self.kind in ROOTS else "parent=")
            )
        if not 1 <= self.count <= 6:
            raise ModelError(self.where, f"{self.name}: count is 1 to 6, not {self.count}")
        if self.bridge and self.kind != "pci":
            raise ModelError(self.where, f"{self.name}: bridge= is of a pci device, whose live "
                             f"devices below need its bus mastering: leave it out of a {self.kind} "
                             "device")
        if self.names and len({*self.names}) != self.count:
            raise ModelError(self.where, f"{self.name}: names= has a name for each of count="
                             f"{self.count}, all different, or is left out")


@dataclass(frozen=True)
class Driver:
    """A driver of one device: its entry points, in the order of the C.

    `shutdown` of None means that the driver has no .shutdown. `atomic` is what its callbacks do
    with interrupts off. `builtin` is code that is never a module: without `unbind` nobody unbinds
    it from a platform device without parent. `c` gives the path by which C names each device
    ("pci_dev", "auxiliary_device.dev.parent"). `source` is the file and the initialiser that C is
    read from. `suspend` to `slot_reset` are what the PM core and AER or DPC recovery call, None
    where the driver has none. `instead_of` names another driver of the same device, in the place of
    which the user binds this one, later. `contexts` is what runs once it is queued. What `atomic`
    does not show of what the handler needs is in `handler_needs`; without it, the handler needs the
    driver's data as well. What nobody queues its handler does; with `others_queue` somebody else,
    as files in sysfs, while it is bound. With `soft_unbind` usbcore ends no URB before disconnect.
    """

    name: str
    device: Device
    probe: Block
    remove: Block = ()
    shutdown: Block | None = None
    atomic: Block = ()
    builtin: bool = False
    unbind: bool = True  # sysfs unbind is offered (no suppress_bind_attrs)
    c: Mapping[Device, str] = field(default_factory=dict, hash=False)
    sources: tuple[str, ...] = ()
    variable: str = ""
    gives: tuple[Fact, ...] = ()  # what is true of the device once it is bound
    sets: tuple[str, ...] = ()  # member paths whose assignments belong to the lifecycle
    suspend: Block | None = None
    suspend_noirq: Block | None = None
    resume_noirq: Block | None = None
    resume: Block | None = None
    runtime_suspend: Block | None = None
    runtime_resume: Block | None = None
    error_detected: Block | None = None
    slot_reset: Block | None = None
    instead_of: str = ""
    contexts: tuple[Context, ...] = field(default=(), metadata=NO_DIGEST_AT_DEFAULT)
    handler_needs: tuple[Fact, ...] = field(default=(), metadata=NO_DIGEST)
    others_queue: bool = field(default=False, metadata=NO_DIGEST)
    soft_unbind: bool = field(default=False, metadata=NO_DIGEST)
    where: Where = field(default_factory=here, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no device, no text, no path of C."""
        object.__setattr__(self, "where", written_at(self.where))
        check_parts(self, f"driver {self.name}", self.where)
        settle(self)

    def check_blocks(self) -> None:
        """Refuse blocks that are none, once: variations of a design share its drivers.

        Errors: ModelError.
        """
        if "checked" not in self.__dict__:
            for entry, block in self.blocks().items():
                check_block(block, f"{entry} of {self.name}", self.where)
            self.__dict__["checked"] = True

    def entries(self) -> dict[str, Block]:
        """Return entry point name -> block, those that exist."""
        found = {"probe": self.probe, "remove": self.remove}
        return found if self.shutdown is None else {**found, "shutdown": self.shutdown}

    def callbacks(self) -> dict[str, Block]:
        """Return the other entry points, name -> block, those that exist: see CALLBACK_NAMES."""
        found: dict[str, Block | None] = {name: getattr(self, name) for name in CALLBACK_NAMES}
        return {name: block for name, block in found.items() if block is not None}

    def functions(self) -> dict[str, Block]:
        """Return entry points and callbacks: all that C has a function for, name -> block."""
        return {**self.entries(), **self.callbacks()}

    def blocks(self) -> dict[str, Block]:
        """Return everything that the driver does: entry points, callbacks, `atomic`, contexts."""
        contexts = {context_entry(one.name): one.body for one in self.contexts}
        return {**self.functions(), "atomic": self.atomic, **contexts}

    @property
    def says_handler(self) -> bool:
        """Return whether it says what its handler, or the thread of that, does or needs."""
        threads = [one for one in self.contexts if one.kind == "irq_thread"]
        return bool(self.atomic or self.handler_needs or threads)

    def with_blocks(self, blocks: Mapping[str, Block]) -> Driver:
        """Return it doing something else in some of what blocks() returns."""
        contexts = tuple(
            replace(one, body=blocks.get(context_entry(one.name), one.body))
            for one in self.contexts
        )
        known = {context_entry(one.name) for one in contexts}
        rest = {name: block for name, block in blocks.items() if name not in known}
        return replace(self, contexts=contexts, **rest)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Waiver:
    """A known violation that this design lives with: rule, where it may occur, and why.

    `op`, `inside` (a helper or entry point), `episode` and `what` (words of the report: a fact, a
    context, a device) keep it narrow; "" matches any.
    """

    rule: str
    reason: str
    op: str = ""
    inside: str = ""
    episode: str = field(default="", metadata=NO_DIGEST_AT_DEFAULT)
    what: str = field(default="", metadata=NO_DIGEST_AT_DEFAULT)
    where: Where = field(default_factory=here, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no text, and a reason that says nothing."""
        object.__setattr__(self, "where", written_at(self.where))
        check_parts(self, "a waiver", self.where)
        if not self.reason.strip():
            raise ModelError(self.where, f"the waiver of {self.rule} needs its reason=")


@dataclass(frozen=True)
class Design:
    """Devices, drivers, and what hardware is fixed rather than asked.

    `serves` says which children are on their bus once a probe has gone well: a device and when.
    `given` answers questions beforehand: {COUNT: "1"} for every device, or {(COUNT, PORT): "1"}.
    `status` tells a reader what became of the design, and where; nothing reads it.
    `tree` is what a kernel tree answers to facts, where the drivers are otherwise for that.
    """

    name: str
    drawing: str  # one sentence: who creates, binds and owns what
    devices: tuple[Device, ...]
    drivers: tuple[Driver, ...]
    given: Mapping[Fact | tuple[Fact, Device], str] = field(default_factory=dict, hash=False)
    waivers: tuple[Waiver, ...] = ()
    serves: tuple[tuple[Device, Expr], ...] = ()
    evidence: str = ""
    status: str = field(default="", compare=False)
    tree: tuple[tuple[str, str], ...] = field(default=(), metadata=NO_DIGEST_AT_DEFAULT)
    where: Where = field(default_factory=here, compare=False)

    def __post_init__(self) -> None:
        """Hold the parts against each other; every error names the user's line."""
        object.__setattr__(self, "where", written_at(self.where))
        self._check_types()
        known = set(self.devices)
        self._check_answers(known)
        for device in self.devices:
            if device.parent is not None and device.parent not in known:
                raise ModelError(
                    device.where,
                    f"{device.name} is a child of {device.parent.name}, "
                    f"which is not among the devices of {self.name}: "
                    + mend((device.parent,), known)
                )
        named: dict[str, Device] = {}
        for device in self.devices:
            if device.name in named:
                raise ModelError(
                    device.where,
                    f"{self.name} has a device {device.name!r} already, at "
                    f"{named[device.name].where}: give this one another name",
                )
            named[device.name] = device
        bound: dict[Device, Driver] = {}
        for driver in self.drivers:
            if driver.instead_of:
                continue
            if (first := bound.get(driver.device)) is not None:
                raise ModelError(
                    driver.where,
                    f"{driver.name} binds {driver.device.name}, which {first.name} binds already, "
                    f"at {first.where}: when one of them comes later, in the place of the other, "
                    "give it instead_of=",
                )
            bound[driver.device] = driver
        done = tuple(do for one in self.drivers for block in one.blocks().values()
                     for do in operations(block))
        for driver in self.drivers:
            _check_driver(self, driver, known)
        check_drivers_of(done, bound)
        for driver in self.drivers:
            check_contexts(driver.name, driver.device, driver.contexts, done)
            check_own_device(driver.name, driver.device, (
                do for block in driver.blocks().values() for do in operations(block)))
            check_spoken(driver.functions().values())
            _check_callbacks(self, driver)

    def _check_types(self) -> None:
        """Refuse parts that are none, before anything looks into them."""
        for kind, parts in ((Device, self.devices), (Driver, self.drivers)):
            name = kind.__name__.lower()
            if not isinstance(parts, tuple):
                raise ModelError(
                    self.where,
                    f"{self.name}: {name}s= is a tuple: write ({name}, )"
                )
            for part in parts:
                if not isinstance(part, kind):
                    raise ModelError(
                        self.where,
                        f"{self.name}: {name}s= has a {type(part).__name__} in it: "
                        f"only a {kind.__name__} can stand there"
                    )
        if not self.devices:
            raise ModelError(
                self.where, f"{self.name}: devices=() has none in it, so there is nothing to "
                "explore: add a Device"
            )
        check_parts(self, f"design {self.name}", self.where)
        for driver in self.drivers:
            if driver.device.kind == "service":
                raise ModelError(
                    driver.where,
                    f"{driver.name}: the driver of a service binds inside "
                    "device_register(), which is all that is explored of it: leave it out, or "
                    'make the device kind "aux"'
                )
            driver.check_blocks()

    def _check_answers(self, known: set[Device]) -> None:
        """Refuse answers that fit no question, and devices that are not in the design."""
        answers = [(self.where, *(key if isinstance(key, tuple) else (key, None)), (value,))
                   for key, value in self.given.items()]
        answers += [(device.where, fact, device, values)
                    for device in self.devices for fact, values in device.answers]
        for where, fact, device, values in answers:
            if twin := named_twice(fact):
                raise ModelError(where, f"{self.name}: {twin}")
            if not fact.question:
                raise ModelError(
                    where,
                    f"{self.name}: {fact.name} is no question to hardware or platform: "
                    "generator/facts.py lists those that can be answered beforehand"
                )
            if not values:
                raise ModelError(where, f"{fact.name} has no answer: give one or more of "
                                 + ", ".join(fact.values))
            for value in values:
                if value not in fact.values:
                    raise ModelError(where, f"{fact.name} cannot be {value!r}: one of "
                                     + ", ".join(fact.values))
            if device is not None and device not in known:
                raise ModelError(where, f"given= answers for {device.name}, which is not among "
                                 f"the devices of {self.name}: {mend((device,), known)}")
        for device, when in self.serves:
            if device not in known:
                raise ModelError(self.where, f"serves= promises {device.name}, which is not "
                                 f"among the devices of {self.name}: {mend((device,), known)}")
            strange = {one for place, _ in places(when) for one in devices_in(place)
                       if one not in known and one != EACH}
            if strange:
                raise ModelError(
                    self.where,
                    f"serves= asks {', '.join(sorted(one.name for one in strange))}, "
                    f"which is not among the devices of {self.name}: {mend(strange, known)}"
                )

    def driver_of(self, device: Device) -> Driver | None:
        """Return the driver that binds a device, the first when another can come instead."""
        return next(
            (one for one in self.drivers if one.device == device and not one.instead_of), None
        )

    def drivers_of(self, device: Device) -> tuple[Driver, ...]:
        """Return every driver that can bind a device, one at a time."""
        return tuple(one for one in self.drivers if one.device == device)

    def children(self, device: Device) -> tuple[Device, ...]:
        """Return the devices created under a device."""
        return tuple(one for one in self.devices if one.parent == device)


def _check_driver(design: Design, driver: Driver, known: set[Device]) -> None:
    if driver.device not in known:
        raise ModelError(
            driver.where,
            f"driver {driver.name} binds {driver.device.name}, which is not "
            f"among the devices of {design.name}: {mend((driver.device,), known)}"
        )
    for block in driver.blocks().values():
        check_placed(block, driver.device, known, design.name)


def _check_callbacks(design: Design, driver: Driver) -> None:
    """Refuse callbacks that no struct has a place for, and an instead_of= that names no driver."""
    handlers = [name for name in RECOVERY if name in driver.callbacks()]
    if driver.soft_unbind and driver.device.kind != "usb":
        raise ModelError(driver.where, f"{driver.name}: soft_unbind= is of a struct usb_driver, "
                         f"and {driver.device.name} is no USB interface: leave it out")
    if handlers and driver.device.kind != "pci":
        raise ModelError(
            driver.where,
            f"{driver.name}: {handlers[0]} is of struct pci_error_handlers, which "
            f"a driver of kind {driver.device.kind} does not have: call it from that of "
            f"{driver.device.parent.name if driver.device.parent else 'its parent'}"
        )
    if not driver.instead_of:
        return
    old = next((one for one in design.drivers if one.name == driver.instead_of), None)
    if old is None or old is driver or old.device != driver.device or old.instead_of:
        raise ModelError(
            driver.where,
            f"{driver.name}: instead_of={driver.instead_of!r} is no other driver "
            f"of {driver.device.name}: give the name of the one that is bound first"
        )
