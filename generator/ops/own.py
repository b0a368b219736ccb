# SPDX-License-Identifier: GPL-2.0-only
"""What a design's own file makes itself: registrations that nobody has written down, pointers."""

from __future__ import annotations

from dataclasses import dataclass
from keyword import iskeyword

from generator.errors import ModelError
from generator.expr import Fact, Place
from generator.fingerprint import Fails
from generator.operation import DEV, Do, Guard, Operation, here, ok, sets
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
    """A pointer or flag of a driver's data, NULL before it is set and behind the unbind."""

    name: str
    fact: Fact

    def _operation(self, text: str, value: int) -> Operation:
        return Operation(f"{self.name} {text}", ("dev",), (ok(sets(self.fact(DEV), value)),),
                         source="", sleeps=False)

    def set(self, device: Place) -> Do:
        """Return that it is set."""
        return self._operation("= ...", 1)(device)

    def clear(self, device: Place) -> Do:
        """Return that it is NULL again."""
        return self._operation("= NULL", 0)(device)

    def use(self, device: Place) -> Do:
        """Return that C looks behind it, which must not be NULL then."""
        return Operation(f"{self.name}->", ("dev",), (ok(),), source="", sleeps=False,
                         needs=(self.fact,))(device)

    def there(self, device: Place) -> Guard:
        """Return the condition that it is not NULL, as of an If."""
        return Guard(self.name, self.fact(device).eq(1), ())


def pointer(name: str) -> Pointer:
    """Return a pointer, or flag, of a driver's data, that operations set, clear and ask.

    `SW = pointer("role_sw")`, then SW.set(dev), SW.clear(dev), SW.use(dev), which is refused where
    it is NULL, and If(SW.there(dev), (...)). None of these sleeps. needs=(SW.fact, ) of an
    operation or a context of your own says that it looks behind it.
    """
    if not isinstance(name, str) or not name.strip():
        raise ModelError(here(), "pointer(): its name is a text, as of the member in C: "
                         f"not {name!r}")
    return Pointer(name, Fact(name, 1, f"{name} is set", local=True))
