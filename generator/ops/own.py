# SPDX-License-Identifier: GPL-2.0-only
"""What a design's own file makes itself: registrations that nobody has written down, pointers,
flags, counts of references.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from keyword import iskeyword

from generator.context import opened
from generator.errors import ModelError
from generator.expr import FALSE, Expr, Fact, Place, minimum
from generator.fingerprint import Fails
from generator.operation import (
    DEV,
    Block,
    Do,
    Guard,
    Operation,
    Outcome,
    fail,
    here,
    ok,
    sets,
)
from generator.ops.work import Of

_TAKEN = ("c", "fail")  # what every operation takes beside


def registers(
    word: str, start: str, end: str, *, waits: bool = True, file: bool = False,
    managed: bool = False, idempotent: bool = False, error: str = "-ENOMEM",
) -> tuple[Of, Of]:
    """Return two operations: what registers an interface, and what unregisters it.

    `START, END = registers("dai", "snd_soc_register_component", "snd_soc_unregister_component")`
    with contexts=(calls("dai", (what is done when it is called, )), ) in the driver; of a second
    one say START(dev, dai="NAME"). `waits`: who unregisters waits for the calls that there are.
    `file`: the context is a file("dai", ...), which stays open behind END. `managed`: devres does
    END. `idempotent`: END may be called where nothing is registered. `error`: how START fails, ""
    if it cannot.
    """
    if not isinstance(word, str) or not word.isidentifier() or iskeyword(word) or word in _TAKEN:
        raise ModelError(here(), "registers(): the first is the word by which the context is "
                         f'named, as "dai" of calls("dai", ...): not {word!r}')
    for what, text in (("second is the function that registers", start),
                       ("third is the function that unregisters", end)):
        if not isinstance(text, str) or not text.isidentifier():
            raise ModelError(here(), f'registers("{word}"): the {what}, as a text: not {text!r}')
    flags = {"waits": waits, "file": file, "managed": managed, "idempotent": idempotent}
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ModelError(here(), f'registers("{word}"): {name}= is True or False, '
                             f"not {value!r}")
    if not isinstance(error, str) or (error and not error.startswith("-E")):
        raise ModelError(here(), f'registers("{word}"): error= is as "-ENOMEM", or "" of what '
                         f"cannot fail: not {error!r}")
    kind = "file" if file else "calls"
    undo = Of(end, "cancel and wait" if waits and not file else "cancel", kind, word, "",
              idempotent=idempotent)
    return Of(start, "start", kind, word, "", undo=undo, error=error, managed=managed,
              fails=Fails.NEGATIVE if error else Fails.NEVER), undo


@dataclass(frozen=True)
class Pointer:
    """A pointer of a driver's data, NULL before it is set and behind the unbind; or a flag."""

    name: str
    fact: Fact
    true: str = "..."  # what C assigns, as it is printed
    false: str = "NULL"

    def _operation(self, text: str, value: int) -> Operation:
        return Operation(f"{self.name} = {text}", ("dev",), (ok(sets(self.fact(DEV), value)),),
                         source="", sleeps=False)

    def set(self, device: Place) -> Do:
        """Return that it is set."""
        return self._operation(self.true, 1)(device)

    def clear(self, device: Place) -> Do:
        """Return that it is NULL again."""
        return self._operation(self.false, 0)(device)

    def use(self, device: Place) -> Do:
        """Return that C looks behind it, which must not be NULL then."""
        return Operation(f"{self.name}->", ("dev",), (ok(),), source="", sleeps=False,
                         needs=(self.fact,))(device)

    def there(self, device: Place) -> Guard:
        """Return the condition that it is not NULL, as of an If."""
        return Guard(self.name, self.fact(device).eq(1), ())


def pointer(name: str) -> Pointer:
    """Return a pointer of a driver's data, that operations set, clear and ask.

    `SW = pointer("role_sw")`, then SW.set(dev), SW.clear(dev), SW.use(dev), which is refused where
    it is NULL, and If(SW.there(dev), (...)). None of these sleeps. needs=(SW.fact, ) of an
    operation or a context of your own says that it looks behind it.
    """
    if not isinstance(name, str) or not name.strip():
        raise ModelError(here(), "pointer(): its name is a text, as of the member in C: "
                         f"not {name!r}")
    return Pointer(name, Fact(name, 1, f"{name} is set", local=True))


def flag(name: str) -> Pointer:
    """Return a flag of a driver's data, 0 until it is set, that operations set, clear and ask.

    `RUNS = flag("card->running")`, then RUNS.set(dev), RUNS.clear(dev), and
    If(RUNS.there(dev), (what is done where it is set, ), (what is where not, )). None sleeps. It is
    what its driver says it is: a condition that hardware answers once is asked(), and one that may
    be either way each time is Guard(name, None, ()).
    """
    if not isinstance(name, str) or not name.strip():
        raise ModelError(here(), f"flag(): its name is a text, as of the member in C: not {name!r}")
    return Pointer(name, Fact(name, 1, f"{name} is 1", local=True), "1", "0")


@dataclass(frozen=True)
class Counted:
    """A count of references, as struct kref has it: who puts the last one releases, at once."""

    name: str
    fact: Fact
    release: Block
    file: str = ""  # who has it open has a reference

    def init(self, device: Place) -> Do:
        """Return that there is one reference."""
        return self._operation("init", ok(sets(self.fact(DEV), 1)))(device)

    def get(self, device: Place) -> Do:
        """Return that there is one more, which needs that there is one."""
        more = sets(self.fact(DEV), minimum(self.fact(DEV) + 1, self.fact.top))
        return self._operation("get", ok(more), needs=(self.fact,))(device)

    def put(self, device: Place) -> Do:
        """Return that there is one less, and what is released behind the last."""
        count, held = self.fact(DEV), self._held()
        return self._operation(
            "put", ok(sets(count, count - 1), when=count.gt(1) | held),
            fail("it was the last", count.le(1) & ~held, sets(count, 0)), needs=(self.fact,),
        )(device, fail=self.release)

    def close(self, device: Place) -> Do:
        """Return that its file is closed, and what is released where only that had one."""
        if not self.file:
            raise ModelError(here(), f"{self.name}: which file= it is was not said to counted()")
        shut, count = sets(opened(self.file)(DEV), 0), self.fact(DEV)
        op = self._operation(f"put by close of {self.file}", ok(shut, when=count.ge(1)),
                             fail("it was the last", count.eq(0), shut))
        return replace(op, context=("file", self.file), does="close")(device, fail=self.release)

    def _held(self) -> Expr:
        return opened(self.file)(DEV).eq(1) if self.file else FALSE

    def there(self, device: Place) -> Guard:
        """Return the condition that somebody has one, as kref_get_unless_zero() asks."""
        return Guard(f"{self.name} is not 0", self.fact(device).ge(1), ())

    def _operation(
        self, text: str, *outcomes: Outcome, needs: tuple[Fact, ...] = ()
    ) -> Operation:
        return Operation(f"{self.name} {text}", ("dev",), outcomes, source="include/linux/kref.h",
                         sleeps=False, needs=needs)


def counted(name: str, release: Block, *, file: str = "") -> Counted:
    """Return a count of references, of a kref or of a struct device that is embedded.

    `REF = counted("dev->kref", release=(KFREE_OWN(DEV), ))`, then REF.init(DEV), REF.get(DEV), and
    REF.put(DEV), which looks and counts at once: behind the last, `release` is done, and the
    function goes on. If(REF.there(DEV), (...)) asks, as kref_get_unless_zero(). file="video": who
    has that file open has a reference, which the file's body puts by REF.close(DEV), behind what it
    does of its release(); it may be the last, when the driver is unbound.
    """
    if not isinstance(name, str) or not name.strip():
        raise ModelError(here(), "counted(): its name is a text, as of the kref in C: "
                         f"not {name!r}")
    if not isinstance(release, tuple):
        raise ModelError(here(), f'counted("{name}"): release= is a tuple of what is done behind '
                         "the last put: write (..., ), with a comma after a single one")
    return Counted(name, Fact(name, 3, f"references that {name} counts"), release,
                   file)
