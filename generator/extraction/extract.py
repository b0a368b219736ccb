# SPDX-License-Identifier: GPL-2.0-only
"""A design as its driver's C says it, and how much of that C it covers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.context import REGISTERED, Context, queued
from generator.design import RECOVERY, SUBDEVICES, Design, Device, Driver, context_entry
from generator.entrypoint import DriverStruct, struct_named
from generator.errors import TreeError, Where
from generator.expr import Fact
from generator.extraction.blocks import Blocks
from generator.extraction.callbacks import keeping
from generator.extraction.contexts import set_up
from generator.extraction.cpu_hotplug import warned_of
from generator.extraction.fractions import Fractions, branches, calls
from generator.extraction.harmless import HARMLESS_CALLS
from generator.extraction.interfaces import called, queued_by
from generator.extraction.members import looked_for, needed, put_into, without_members
from generator.extraction.modules import module
from generator.extraction.of_members import of_members
from generator.extraction.of_nothing import of_nothing, put_by_others
from generator.extraction.open_facts import (
    UNSAID_IN_C,
    by_devres_alone,
    given_away,
    left_open,
    memory_in_loops,
    of_numbers,
    of_several,
)
from generator.extraction.own_data import own_data, several_by_hand
from generator.extraction.quiet import quieted, without_what_only_asks
from generator.extraction.runtime_pm import answered, called_unseen, enabled_in
from generator.extraction.vocabulary import not_founded
from generator.extraction.without import Without
from generator.facts import BLOCK, ENABLED, MAPPED, MEMORY, MODE, MSG, RPM_ENABLED
from generator.operation import IGNORE, Guard, Operation
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.child import CHILD_REGISTER, CHILD_UNREGISTER
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC, PUT_DEVICE
from generator.ops.member import DRVDATA, member
from generator.ops.platform import CLIENT_IRQ
from generator.parsing.cursors import Unit
from generator.program import Block, If, Return, mapped, operations_once
from generator.reading.initialisers import Initialiser, entry_points, handlers
from generator.reading.sites import Unnamed

# What hardware is asked of bridges, and an ordinary device answers in one way.
_ENDPOINT = ((MSG, ("0",)), (BLOCK, ("in an assigned BAR",)))


@dataclass(frozen=True)
class Extracted:
    """A driver's design, and what of the C it leaves out.

    calls: calls that are operations of the design; unknown: calls that nothing names; open:
    conditions that are taken either way, each time; asked: those that hardware or platform
    answers once; unread: what the reader does not follow; cut: ways back of loops; fractions: how
    much of the C is read.
    """

    design: Design
    path: str
    variable: str
    functions: Mapping[str, str]
    calls: int
    unknown: tuple[Unnamed, ...]
    open: tuple[Unnamed, ...]
    asked: tuple[Unnamed, ...]
    unread: tuple[Unnamed, ...]
    cut: int
    fractions: Fractions


def drivers(unit: Unit) -> tuple[Initialiser, ...]:
    """Return the drivers that a file registers, those whose struct is known."""
    return tuple(one for one in entry_points(unit) if struct_named(one.kind) is not None)


def extract(units: Sequence[Unit], named: Initialiser) -> Extracted:
    """Return the design of one driver, whose initialiser is `named`, of the files that it is of.

    Errors: TreeError when a function is not there, or is too large.
    """
    struct = struct_named(named.kind)
    assert struct is not None, "drivers() gives no others"
    members = {**named.members}
    if "remove_new" in members:  # in trees where .remove returns something
        members["remove"] = members["remove_new"]
    functions = {
        entry: members[point.member]
        for entry, point in struct.entries.items() if point.member in members
    }
    elsewhere = {name for name in functions.values() if all(name not in one.definitions
                                                           for one in units)}
    functions = {entry: name for entry, name in functions.items() if name not in elsewhere}
    finishes = "err_handler.resume" in members  # what recovery does last is not explored
    functions = {entry: name for entry, name in functions.items()
                 if not (finishes and entry in RECOVERY)}
    if "probe" not in functions:
        raise TreeError(f"{named.place}: {named.name} has no .probe in this file")
    kind = struct.kind
    if kind == "service":  # here its driver is a step of the port's: read as one that binds alone
        kind = "express"
        functions = {name: one for name, one in functions.items() if name not in RECOVERY}
    parent = Device("parent", "platform") if kind in SUBDEVICES else None
    device = Device(_plain(named.name), kind, parent, answers=_answers(struct))
    there = set_up(units)
    looked = looked_for(units, handlers(units, threads=True))
    by_others = called(units)
    of_others = {word: looked_for(units, names) - {DRVDATA}  # of another device than its own
                 for word, names in by_others.items()}
    of = Blocks(device, units, there, sorted(looked.union(*of_others.values())))
    of.own = own_data(units, of.reaching((*functions.values(), *handlers(units))))
    blocks = {entry: of.block(name, entry in RECOVERY, entry=True)
              for entry, name in functions.items()}
    said: list[Unnamed] = []
    handler: Block = ()
    for name in handlers(units):  # what they do, in any order
        try:
            handler += _without_returns(of.block(name))
        except TreeError as large:
            said.append(Unnamed(f"the handler {name}(): {large}", named.place))
    contexts = []
    threads = set(handlers(units, threads=True)) - set(handlers(units))
    kinds = {one.function: one.kind for one in there} | dict.fromkeys(sorted(threads), "irq_thread")
    for name, kind in kinds.items():
        try:
            contexts.append(Context(name, of.block(name), kind))
        except TreeError as large:
            said.append(Unnamed(f"{name}(): {large}", named.place))
    if struct.kind in ("i2c", "spi"):  # whose bus has looked the irq up
        blocks["probe"] = (CLIENT_IRQ(device, device, fail=IGNORE), *blocks["probe"])
    every = {**blocks, "atomic": handler, **{context_entry(one.name): one.body for one in contexts}}
    apart = by_devres_alone(units, of.meant)
    open_ = left_open(units, of.reached(), there)
    open_ |= of_several(units, [one for one in of.meant if one[1] not in apart])
    put = put_into(units, of.meant)
    open_ |= put_by_others(units, put)
    open_ |= of_numbers(units, of.meant) | of_members(every.values(), units) | given_away(units)
    if struct.kind == "pci":  # drivers/pci/pci.c pci_pm_init() has enabled it
        open_ |= {RPM_ENABLED}
    if ENABLED in open_:  # so nothing can be said of what asks for it
        open_ |= {MODE, MAPPED}
    every = Without(apart).blocks(every)
    lone = not_founded(every.values(), open_)
    if unseen := called_unseen(every, device, lone):
        open_ |= unseen
        lone = not_founded(every.values(), open_)
    lone |= apart | several_by_hand(every.values()) | memory_in_loops(units, of.meant)
    enables = enabled_in(every)
    every = answered(Without(lone).blocks(every), device, open_, enables=enables)
    every = of_nothing(every, device, put)
    alone = {one.name for one in contexts
             if one.kind == "irq_thread" and every[context_entry(one.name)]}
    every = quieted(without_what_only_asks(every, functions), device)
    every = warned_of(every, units, Blocks(device, units, there))
    for block in every.values():
        of.size(block)
    named_there = {do.op.context[1] for do in operations_once(every.values())}
    at = Where(named.place.path, named.place.line)
    needs = needed(looked, every["probe"], units, of.meant)
    needs_of = {word: needed(wanted, every["probe"], units, of.meant)
                for word, wanted in of_others.items()}
    queued_of = {word: queued_by(units, names, there) for word, names in by_others.items()}
    kept = keeping(Blocks(device, units, there), units)
    registered = tuple(
        replace(one, callers=_lookers(units, by_others[one.name], one.needs))
        for one in _registered(every, needs_of, queued_of, kept, device, at)
    )
    every = without_members(every, {*needs, *(fact for one in registered for fact in one.needs)})
    driver = Driver(
        named.name, device, every["probe"], where=at, sources=(named.place.path,),
        variable=named.name, handler_needs=needs,
        unbind=not _says(units, named, "suppress_bind_attrs"), others_queue=bool(named_there),
        soft_unbind=_says(units, named, "soft_unbind"),
        contexts=(*(replace(one, body=every[context_entry(one.name)], where=at)
                    for one in contexts if one.name in named_there
                    or one.name in alone),
                  *registered),
    ).with_blocks({entry: every[entry] for entry in (*functions, "atomic")})
    around = module(units, named.place)
    above = () if parent is None else (_creates(parent, device, at),)
    beside = () if around is None or around.driver is None else (around.driver,)
    design = Design(
        f"{_plain(named.name)}-as-read", f"{named.name} as {named.place.path} has it",
        (*(one.device for one in (*above, *beside)), device), (*above, driver, *beside), where=at,
    )
    all_, lost = [of], set(lone)
    if around is not None:
        functions, said = {**functions, **around.functions}, [*said, *around.said]
        all_, lost = [of, around.of], {*lone, *around.lost}
    meant = [one for each in all_ for one in each.meant]
    guesses = {one for each in all_ for one in each.guessed}
    bodies = {name: body for each in all_ for name, body in each.bodies().items()}
    read = [one for each in all_ for one in each.read.values()]
    free = {one for each in read for one in each.free}
    free |= {Unnamed(label.name, site.place) for each in read
             for label, sites in each.sites.items() if label.outcome in ("true", "false")
             for site in sites}
    asked = {one for one in free if of.lasting(one.text)}
    left_out = {
        Unnamed(f"{name}()", place) for name, op, place in meant if op is None or op in lost
    }
    return Extracted(
        design, named.place.path, named.name, functions,
        len({place for _, op, place in meant if op is not None and op not in lost}),
        _sorted((
            *(one for each in read for one in each.unknown),
            *(Unnamed(f"{name}(), of another file", named.place) for name in elsewhere),
            *(Unnamed("recovery, which err_handler.resume ends", named.place),) * finishes,
            *left_out,
        )),
        _sorted(free - asked), _sorted(asked),
        _sorted((*(one for each in read for one in each.unread), *said, *guesses)),
        sum(each.cut for each in all_),
        Fractions(
            calls(units, bodies, HARMLESS_CALLS, meant, lost, {one.place for one in guesses}),
            branches(bodies.values(), read, {one.place for one in free - asked}),
        ),
    )


def _registered(
    every: Mapping[str, Block], needs_of: Mapping[str, Sequence[Fact]],
    queued_of: Mapping[str, Sequence[Operation]], kept: Mapping[str, Block], device: Device,
    at: Where,
) -> Iterator[Context]:
    """Yield the interfaces of which it is known what others call of them needs, queues, or keeps.
    """
    done = [do.op for do in operations_once(every.values())]
    kinds = {op.context[1]: op.context[0] for op in done if op.does == "start"}
    ready = {op.context[1] for op in done if op.does == "initialise"}
    maybe = Guard(UNSAID_IN_C, None, ())
    for word, wanted in needs_of.items():
        needs = tuple(one for one in wanted if one not in (MEMORY, queued(word)))
        body = tuple(If(maybe, (op(device),), (), at) for op in queued_of[word]
                     if op.context[1] in ready) + kept.get(word, ())
        if kinds.get(word) in REGISTERED and (needs or body):
            yield Context(word, body, kinds[word], where=at, needs=needs)


def _lookers(
    units: Sequence[Unit], functions: Sequence[str], needs: Collection[Fact]
) -> tuple[tuple[str, str], ...]:
    """Return for each member that is needed, by its fact's name, the functions that look for it."""
    looked = {name: {member(path).name for path in looked_for(units, (name,))}
              for name in functions} if needs else {}
    found = {fact.name: [f"{name}()" for name in functions if fact.name in looked[name]]
             for fact in needs}
    return tuple((name, " or ".join(some)) for name, some in found.items() if some)


def _creates(parent: Device, child: Device, at: Where) -> Driver:
    """Return the least driver by which there can be a child, whose own parent C does not show."""
    if child.kind != "aux":  # as devm_cxl_pmu_add() does, without an id of its own
        add = CHILD_REGISTER(child, fail=(PUT_DEVICE(child), Return(ok=False)))
        return Driver("parent", parent, (KZALLOC(child), add), (CHILD_UNREGISTER(child),), where=at)
    delete = (AUXILIARY_DEVICE_DELETE(child), AUXILIARY_DEVICE_UNINIT(child), IDA_FREE(child))
    return Driver(
        "parent", parent,
        (IDA_ALLOC(child), KZALLOC(child), AUXILIARY_DEVICE_INIT(child),
         AUXILIARY_DEVICE_ADD(child)),
        delete, where=at,
    )


def _answers(struct: DriverStruct) -> tuple[tuple[Fact, tuple[str, ...]], ...]:
    if struct.kind == "aux":  # what it maps lies in a BAR of its parent
        return _ENDPOINT[1:]
    return _ENDPOINT if struct.kind == "pci" else ()


def _says(units: Sequence[Unit], named: Initialiser, flag: str) -> bool:
    """Return whether a driver's structure has a flag set, as that it offers no unbind in sysfs."""
    text = next(one.text for one in units if one.path == named.place.path)
    rows = text.split(b"\n")[named.place.line - 1 : named.place.end_line]
    return re.search(rf"\.{flag}\s*=\s*(true|1)\b".encode(), b" ".join(rows)) is not None


def _plain(name: str) -> str:
    return name.removesuffix("_driver").replace("_", "-").strip("-").lower()


def _sorted(found: Iterable[Unnamed]) -> tuple[Unnamed, ...]:
    return tuple(sorted(set(found), key=lambda one: (one.place, one.text)))


def _without_returns(block: Block) -> Block:
    return mapped(block, lambda node: () if isinstance(node, Return) else None)
