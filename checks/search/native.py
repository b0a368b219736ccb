# SPDX-License-Identifier: GPL-2.0-only
"""C of our own, compiled and loaded into this process: a machine's search."""

from __future__ import annotations

import ctypes
import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from generator.errors import EnvironmentFault
from generator.kernel.configurations import COMPILER
from generator.system.plumbing import tried

# In order of liking: tcc compiles a machine in a hundredth of a second, the others in seconds.
COMPILERS = (
    ("tcc", "-w", "-shared", "-nostdlib"),
    (COMPILER, "-w", "-O0", "-fPIC", "-shared"),
    ("cc", "-w", "-O0", "-fPIC", "-shared"),
)
_COMPILE_SECONDS = 600  # clang -O0, for a machine of a million lines
MORE, NO_MEMORY = 1, 2  # what search() returns, beside 0
NOBODY = 0xFFFFFFFF
Words = ctypes.Array[ctypes.c_ulonglong]


class Part(ctypes.Structure):
    """A variable in a state, and what its name is hashed to."""

    _fields_ = (("word", ctypes.c_int), ("shift", ctypes.c_int),
                ("mask", ctypes.c_ulonglong), ("key", ctypes.c_ulonglong))


class Found(NamedTuple):
    """A watch that broke: before a transition, or -1 in a state, which was reached from another."""

    watch: int
    transition: int
    level: int
    state: int
    origin: int


class Stay(ctypes.Structure):
    """A variable that says whether something is on its way: per value 0 if so."""

    _fields_ = (("at", Part), ("tells", ctypes.c_char_p))


class Library:
    """The functions of templates/explorer/explorer.c.in, over states as one number each.

    The library is unloaded, and what it holds freed, with the value.
    """

    def __init__(self, text: str, words: int, transitions: int, watches: int) -> None:
        """Compile and load.

        Errors: EnvironmentFault where there is no C compiler, or it fails.
        """
        state = ctypes.c_ulonglong * words

        class Step(ctypes.Structure):
            _fields_ = (("transition", ctypes.c_int), ("to", state))

        class Finding(ctypes.Structure):
            _fields_ = (("watch", ctypes.c_int), ("transition", ctypes.c_int),
                        ("level", ctypes.c_int), ("turn", ctypes.c_int), ("by", ctypes.c_int),
                        ("origin", ctypes.c_uint), ("from_", ctypes.c_uint))

        self._state = state
        self._bytes = words * 8
        self._loaded = _load(text)
        self._transitions, self._watches = transitions, watches
        for name, result in (
            ("states", ctypes.c_uint), ("transitions", ctypes.c_ulonglong),
            ("taken", ctypes.POINTER(ctypes.c_ubyte)), ("findings", ctypes.POINTER(Finding)),
            ("also", ctypes.POINTER(Finding)), ("also_n", ctypes.c_uint),
            ("origin", ctypes.c_uint), ("state", ctypes.POINTER(state)),
            ("step", ctypes.POINTER(Step)), ("steps", ctypes.c_uint),
            ("steps_at_once", ctypes.c_uint), ("closed", ctypes.c_uint), ("rests", ctypes.c_uint),
            ("way", ctypes.POINTER(ctypes.c_int)), ("leave_out", None), ("end", None),
        ):
            getattr(self._loaded, name).restype = result

    def __del__(self) -> None:
        """Free what the search holds, and the code."""
        loaded = self.__dict__.get("_loaded")
        if loaded is not None:
            loaded.end()
            _unload(loaded)

    def begin(self, start: int, limit: int, until: float, *, first: bool) -> None:
        """Begin a search in a state; it stops at so many states, or at a time of the clock.

        Errors: EnvironmentFault without memory.
        """
        if not self._loaded.begin(
            self._pack(start), ctypes.c_uint(limit), ctypes.c_double(until), int(first)
        ):
            raise EnvironmentFault("no memory for a search")

    def leave_out(self, transitions: Collection[int]) -> None:
        """Search from now on as if some transitions, and only those, could not be taken."""
        for number in range(self._transitions):
            self._loaded.leave_out(number, int(number in transitions))

    def search(self, some: int) -> bool:
        """Expand some states more; return whether there are others.

        Errors: EnvironmentFault without memory.
        """
        found: int = self._loaded.search(some)
        if found == NO_MEMORY:
            raise EnvironmentFault(
                f"no memory for more than {self.states()} states; --states gives a bound")
        return found == MORE

    def complete(self) -> bool:
        """Return whether no state is left that was not expanded."""
        return bool(self._loaded.complete())

    def states(self) -> int:
        """Return how many states are kept."""
        found: int = self._loaded.states()
        return found

    def transitions(self) -> int:
        """Return how many steps were taken."""
        found: int = self._loaded.transitions()
        return found

    def taken(self) -> bytes:
        """Return, per transition, whether it was ever taken."""
        return ctypes.string_at(self._loaded.taken(), self._transitions)

    def findings(self) -> list[Found]:
        """Return what broke, in turn: the first of each group, and by what else those broke."""
        first, also = self._loaded.findings()[:self._watches], self._loaded.also()
        found = [*(one for one in first if one.watch >= 0), *also[:self._loaded.also_n()]]
        return [Found(one.watch, one.transition, one.level, one.origin, one.from_)
                for one in sorted(found, key=lambda one: one.turn)]

    def origin(self, number: int) -> int:
        """Return from which state a state was reached first."""
        found: int = self._loaded.origin(ctypes.c_uint(number))
        return found

    def closed(self) -> list[int]:
        """Return the states in which something broke, so that nobody walks on from them."""
        found, number = [], -1
        while (number := self._loaded.closed(ctypes.c_uint(number + 1))) != NOBODY:
            found.append(number)
        return found

    def state(self, number: int) -> int:
        """Return a state that is kept."""
        return int.from_bytes(self._loaded.state(ctypes.c_uint(number)).contents, "little")

    def rests(
        self, facts: Sequence[Part], asked: Sequence[Part], stays: Sequence[Stay]
    ) -> list[tuple[int, int, int]]:
        """Return identity of facts, identity of hardware and number of each state at rest."""
        out = (ctypes.c_ulonglong * (3 * self.states()))()
        count = self._loaded.rests(
            (Part * len(facts))(*facts), ctypes.c_uint(len(facts)),
            (Part * len(asked))(*asked), ctypes.c_uint(len(asked)),
            (Stay * len(stays))(*stays), ctypes.c_uint(len(stays)), out,
        )
        flat = out[:3 * count]
        return list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))

    def steps(self, state: int) -> list[tuple[int, int]]:
        """Return every step from a state, and where it leads."""
        return self._steps(self._loaded.steps(self._pack(state)))

    def between(self, origin: int, number: int) -> list[int]:
        """Return the transitions by which a state was reached from another; none if none do."""
        some = self._loaded.between(ctypes.c_uint(origin), ctypes.c_uint(number))
        return list(reversed(self._loaded.way()[:max(some, 0)]))

    def steps_at_once(self, state: int, process: int) -> list[tuple[int, int]]:
        """Return the steps of one process that may be taken before anybody else moves."""
        return self._steps(self._loaded.steps_at_once(self._pack(state), process))

    def _steps(self, some: int) -> list[tuple[int, int]]:
        found = []
        for number in range(some):
            one = self._loaded.step(number).contents
            found.append((one.transition, int.from_bytes(one.to, "little")))
        return found

    def _pack(self, state: int) -> Words:
        return self._state.from_buffer_copy(state.to_bytes(self._bytes, "little"))


def _load(text: str) -> ctypes.CDLL:
    compiler = next((one for one in COMPILERS if shutil.which(one[0])), None)
    if compiler is None:
        raise EnvironmentFault("tcc: program not found; as root: apt-get install tcc")
    with tempfile.TemporaryDirectory(prefix="portwright-machine-") as name:
        made = Path(name) / "machine.so"
        _compile([*compiler, "-o", str(made), "-x", "c", "-"], text)
        try:
            return ctypes.CDLL(str(made))
        except OSError as error:
            raise EnvironmentFault(
                f"{error}; TMPDIR can name a directory that programs may be loaded from"
            ) from error


def _compile(command: Sequence[str], text: str) -> None:
    done = tried(command, stdin=text.encode(), timeout=_COMPILE_SECONDS)
    if done.status:
        raise EnvironmentFault(
            f"{command[0]} cannot compile the search:\n{done.complained.strip()[:2000]}")


def _unload(loaded: ctypes.CDLL) -> None:
    dlclose = ctypes.CDLL(None).dlclose
    dlclose.argtypes = [ctypes.c_void_p]
    dlclose(loaded._handle)
