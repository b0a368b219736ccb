# SPDX-License-Identifier: GPL-2.0-only
"""Code of a driver that runs by itself once it is queued: work, timers, tasklets, threads, URBs.

Whoever has it may queue it; from then on it runs at any time until it is cancelled. What others
call once it is registered, an interface or a file, is one of these too. A context is told by its
name, and each device of the driver has one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.errors import ModelError, Where
from generator.expr import NO_DIGEST, TRUE, Fact, Place
from generator.facts import IN_RUNTIME_PM
from generator.operation import DEV, IGNORE, RETURN, Block, Guard, Operation, here, ok, sets
from generator.program import Function, If, call, operations


@dataclass(frozen=True)
class Context:
    """What the driver does in it, in the order of the C; `kind` is one of KINDS.

    It lies in the driver's data, where the driver has some: that must not be freed while it is
    queued or runs. One that lies elsewhere is `static`: where no operation initialises it, its
    definition has, as DEFINE_TIMER() and DECLARE_WORK() do. One that is `freezable` is on a queue
    of WQ_FREEZABLE, and does not run while the system sleeps. `needs` is what must be there
    whenever it is called; `callers` says of such a fact, by its name, which functions of C look
    for it.
    """

    name: str
    body: Block = ()
    kind: str = "work"
    static: bool = False
    freezable: bool = False
    where: Where = field(default_factory=here, compare=False)
    needs: tuple[Fact, ...] = field(default=(), metadata=NO_DIGEST)
    callers: tuple[tuple[str, str], ...] = field(default=(), compare=False, metadata=NO_DIGEST)

    def __post_init__(self) -> None:
        """Refuse a kind that there is not, and a name that C could not have."""
        if self.kind not in (*KINDS, CALLBACKS):
            raise ModelError(
                self.where, f"context {self.name}: kind= is one of {', '.join(KINDS)}, "
                f"not {self.kind!r}"
            )
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ModelError(
                self.where, f"a context is named by a word, as its function in C: not {self.name!r}"
            )

    @property
    def runs(self) -> Fact:
        """Return whether it runs: a device has one irq thread, which is known to free_irq()."""
        if self.kind == CALLBACKS:
            return IN_RUNTIME_PM
        return IRQ_THREAD_RUNS if self.kind == "irq_thread" else running(self.name)

    @property
    def has_close(self) -> bool:
        """Return whether its body says what a close does, and that it is closed: CLOSE_FILE."""
        return any(do.op.does == "close" and do.op.context[1] == self.name
                   for do in operations(self.body))

    @property
    def frozen(self) -> bool:
        """Return whether it does not run while the system sleeps."""
        return self.freezable or self.kind in REGISTERED

    @property
    def sleeps(self) -> bool:
        """Return whether it may sleep."""
        return self.kind in SLEEPING


SLEEPING = ("work", "delayed_work", "thread", "irq_thread", "calls", "file")
KINDS = (*SLEEPING, "timer", "hrtimer", "tasklet", "urb")
CALLBACKS, CALLBACKS_OF = "runtime PM", "runtime_pm"  # what runtime PM calls of a driver; its name
REGISTERED = ("calls", "file")  # what others call from when it is registered; nobody queues it


def work(
    name: str, body: Block = (), *, static: bool = False, freezable: bool = False
) -> Context:
    """Return what a worker does with a struct work_struct: it may sleep.

    static: it lies elsewhere than in the driver's data; where no operation initialises it, its
    definition has, as DEFINE_TIMER() and DECLARE_WORK() do.
    freezable: it is on a queue of WQ_FREEZABLE, and does not run while the system sleeps.
    """
    return Context(name, body, "work", static, freezable)


def delayed_work(
    name: str, body: Block = (), *, static: bool = False, freezable: bool = False
) -> Context:
    """Return what a worker does with a struct delayed_work, some time later: it may sleep.

    static and freezable: as of work().
    """
    return Context(name, body, "delayed_work", static, freezable)


def timer(name: str, body: Block = (), *, static: bool = False) -> Context:
    """Return what a timer does when it expires: it may not sleep.

    static: it lies elsewhere than in the driver's data; where no operation initialises it, its
    definition has, as DEFINE_TIMER() and DECLARE_WORK() do.
    """
    return Context(name, body, "timer", static)


def hrtimer(name: str, body: Block = (), *, static: bool = False) -> Context:
    """Return what a high resolution timer does when it expires: it may not sleep.

    static: as of timer().
    """
    return Context(name, body, "hrtimer", static)


def tasklet(name: str, body: Block = (), *, static: bool = False) -> Context:
    """Return what a tasklet does: it may not sleep.

    static: as of timer().
    """
    return Context(name, body, "tasklet", static)


def thread(name: str, body: Block = ()) -> Context:
    """Return one round of a kthread: it does another at any time, until it is stopped."""
    return Context(name, body, "thread")


def calls(
    name: str, body: Block = (), *, static: bool = False, needs: tuple[Fact, ...] = (),
    stop: Block = (),
) -> Context:
    """Return what is called of an interface, any time until who unregisters it has waited.

    static: what is called looks for nothing in the driver's data by itself, for its subsystem
    keeps that until the last call. needs: what must be there whenever it is called. stop: what who
    unregisters it calls of the driver, whatever was called before; of what is opened and closed, as
    a port of a UART, that is netdev().
    """
    if stop == ():
        return Context(name, body, "calls", static, needs=needs)
    where = here()
    _tuple(where, f"calls {name}", "stop", stop)
    return Stopped(name, body, "calls", static, where=where, needs=needs,
                   stops=Function(f"{name}_stop", stop))


def _tuple(where: Where, of: str, what: str, block: object) -> None:
    if not isinstance(block, tuple):
        raise ModelError(where, f"{of}: {what}= is a tuple of operations, not {block}: "
                         "write (..., ), with a comma after a single one")


def file(
    name: str, body: Block = (), *, static: bool = False, needs: tuple[Fact, ...] = (),
    open: Block = (),
) -> Context:
    """Return what is called on a file, any time until it is closed: it can be open when the
    interface is gone, and its driver as well.

    static: it lies elsewhere than in the driver's data. needs: what must be there whenever it is
    called. Where the last close frees what remove leaves, say in the body what a close does, with
    CLOSE_FILE(DEVICE, file=NAME) in it, and what is freed behind that; where it needs memory
    its operations say so then. open: what open() does, which misc_open() and usb_open() call under
    a lock that misc_deregister() and usb_deregister_dev() take as well.
    """
    if open == ():
        return Context(name, body, "file", static, needs=needs)
    where = here()
    _tuple(where, f"file {name}", "open", open)
    return Opened(name, body, "file", static, where=where, needs=needs,
                  opens=Function(f"{name}_open", open))


@dataclass(frozen=True)
class Netdev(Context):
    """An interface that somebody opens and closes, a network device: is it up is kept here.

    Its body is made when a Driver has it, and who unregisters it closes it there: settled() of
    generator/netdev.py.
    """

    opens: Function = field(kw_only=True)
    stops: Function = field(kw_only=True)
    while_up: Block = field(default=(), kw_only=True)
    other: Block = field(default=(), kw_only=True)

    def is_up(self, device: Place) -> Guard:
        """Return the condition that it is up, as netif_running(), of an If."""
        return Guard(f"{self.name} is up", up(self.name)(device).eq(1), ())

    def calls(self, device: Place) -> Block:
        """Return what one call of others does: it is opened or closed, or used."""
        closes = self.closes(device)
        if self.while_up:
            used = Guard(f"{self.name} is used", None, ())
            closes = (If(used, self.while_up, closes, self.where),)
        opens = (call(self.opens, fail=RETURN), _carrier(self.name, 1)(device))
        toggle = If(self.is_up(device), closes, opens, self.where)
        if not self.other:
            return (toggle,)
        asked = Guard(f"{self.name} is asked, up or not", None, ())
        return (If(asked, self.other, (toggle,), self.where),)

    def closes(self, device: Place) -> Block:
        """Return that it is closed."""
        stop = call(self.stops, fail=IGNORE) if self.stops.fallible else call(self.stops)
        return (stop, _carrier(self.name, 0)(device))


@dataclass(frozen=True)
class Stopped(Context):
    """An interface whose end calls the driver: settled by generator/netdev.py."""

    stops: Function = field(kw_only=True)

    def is_up(self, device: Place) -> Guard:
        """Return the condition that its end calls the driver."""
        return Guard(f"the end of {self.name} calls {device.name}", TRUE, ())

    def closes(self, _: Place) -> Block:
        """Return what its end calls."""
        return (call(self.stops, fail=IGNORE) if self.stops.fallible else call(self.stops),)


@dataclass(frozen=True)
class Opened(Context):
    """A file that is opened under the lock of its subsystem: settled by generator/netdev.py."""

    opens: Function = field(kw_only=True)

    @property
    def called(self) -> str:
        """Return the name of the condition that the call is that of open()."""
        return f"{self.name} is being opened"


def _carrier(name: str, value: int) -> Operation:
    """Return that IFF_UP is set, or cleared."""
    return Operation(f"{name} is {'up' if value else 'down'}", ("dev",),
                     (ok(sets(up(name)(DEV), value)),), source="net/core/dev.c __dev_open(), "
                     "__dev_close_many()", sleeps=False)


def netdev(
    name: str = "netdev", *, open: Block = (), stop: Block = (), up: Block = (), other: Block = (),
    static: bool = False, needs: tuple[Fact, ...] = (),
) -> Netdev:
    """Return what is called of a network device: it is opened, which may fail, used, and closed.

    open: ndo_open. stop: ndo_stop, which unregister_netdev() calls of one that is up. up: what is
    called while it is up only, as ndo_start_xmit. other: what is called whether it is or not.
    """
    where = here()
    for what, block in (("open", open), ("stop", stop), ("up", up), ("other", other)):
        _tuple(where, f"netdev {name}", what, block)
    return Netdev(name, (), "calls", static, where=where, needs=needs, while_up=up, other=other,
                  opens=Function(f"{name}_open", open), stops=Function(f"{name}_stop", stop))


def up(name: str) -> Fact:
    """Return whether a network device is up."""
    return Fact(f"{name} up", 1, f"somebody has {name} up", local=True)


def urb(name: str, body: Block = (), *, static: bool = False) -> Context:
    """Return what is done when a submitted URB has ended: it may not sleep."""
    return Context(name, body, "urb", static)


def irq_thread(name: str, body: Block = ()) -> Context:
    """Return what the thread of the driver's handler does: whenever that can be called."""
    return Context(name, body, "irq_thread")


def ready(name: str) -> Fact:
    """Return whether a context has been initialised."""
    return Fact(f"{name} initialised", 1, f"{name} can be queued", local=True)


def added(name: str) -> Fact:
    """Return whether netif_napi_add() has been called of NAPI."""
    return Fact(f"{name} added", 1, f"{name} is NAPI of a network device", local=True)


def opened(name: str) -> Fact:
    """Return whether somebody holds a file open."""
    return Fact(f"{name} open", 1, f"somebody holds {name} open")


def queued(name: str) -> Fact:
    """Return whether a context is to run."""
    return Fact(f"{name} queued", 1, f"{name} is to run")


def registered(name: str) -> Fact:
    """Return whether an interface is registered: what it has of its subsystem is there.

    needs=(registered("supply"), ) of an operation of your own says that it uses that, as
    power_supply_changed() does. It is so until who unregisters it has ended.
    """
    return Fact(f"{name} registered", 1, f"{name} is registered: what its subsystem keeps of it")


def pointed(name: str) -> Fact:
    """Return whether a pointer to what registering an interface gave is there, be it gone."""
    return Fact(f"{name} pointed to", 1, f"a pointer to {name} is not NULL", local=True)


def running(name: str) -> Fact:
    """Return whether a context runs."""
    return Fact(f"{name} runs", 1, f"{name} runs")


def anchored(name: str) -> Fact:
    """Return whether an URB is on its anchor, by which its driver finds it to kill it."""
    return Fact(f"{name} anchored", 1, f"{name} is on its anchor", local=True)


def shut(name: str) -> Fact:
    """Return whether a context is not queued any more, whoever tries."""
    return Fact(f"{name} shut down", 1, f"{name} cannot be queued", local=True)


def unended(name: str) -> Fact:
    """Return how many runs of a context, running or queued, are to end before a flush does."""
    return Fact(f"{name} unended", 2, f"runs of {name} that somebody flushes")


IRQ = "irq"  # in the place of a context's name: all handlers of a device, and their threads
HANDLER_RUNS, IRQ_THREAD_RUNS = running("irq handler"), running("irq thread")
OTHERS_RUN = running("others")
IN_FLIGHT = Fact("handler in flight", 1, "a handler of it that has begun may run still, although "
                 "none can be called any more", local=True)


def awaited(name: str) -> Fact:
    """Return who cancels a context and waits for its end: 0, or the number of that process."""
    return Fact(f"{name} awaited", 63, f"who cancels {name} and waits for its end")


def flushed(name: str) -> Fact:
    """Return who waits for the runs that there are: 0, or the number of that process."""
    return Fact(f"{name} flushed", 63, f"who waits for {name} to end")


def wanted(name: str) -> Fact:
    """Return which mutex a context waits for, by its number; "" names a driver's entry points."""
    return Fact(f"{name or 'driver'} wants", 63, "the mutex that it waits for, by number")


def resuming(name: str) -> Fact:
    """Return for whose runtime PM a context waits, by its number; "" names a driver's others."""
    return Fact(f"{name or 'driver'} awaits runtime PM", 63, "whose runtime PM it waits for")
