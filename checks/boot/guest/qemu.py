# SPDX-License-Identifier: GPL-2.0-only
"""One guest in QEMU: started, spoken to, and gone afterwards whatever happens.

    with running(setup, kernel, initrd, run) as guest:
        guest.order("cat /proc/interrupts").lines
        guest.qmp("device_del", id="nic")

Orders go over the second serial line, see templates/boot/init.sh. All lines are socket pairs, so
there is no socket in the file system. QEMU is killed when we leave, and the kernel kills it when
we are killed. A guest that the host does not run is not lost: limits are on what it takes beside.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from checks.boot.build.arch import X86, Arch
from checks.boot.guest.clock import Clock, clock
from checks.boot.guest.lost import HANG, NO_BOOT, PANIC, STOPPED, TIMEOUT, Lost
from checks.boot.guest.protocol import Answer, Reader, words
from generator.errors import EnvironmentFault

BOOT_SECONDS = 180.0
ORDER_SECONDS = 60.0
RUN_SECONDS = 900.0
_TICK = 0.25
# An emulated machine on a busy host is slow in ways that hardware is not.
_PATIENT = ("rcupdate.rcu_cpu_stall_timeout=120", "watchdog_thresh=60")
_PANICS = (b"Kernel panic - not syncing", b"---[ end Kernel panic")


@dataclass(frozen=True)
class Setup:
    """What a machine is made of, in QEMU's words; `passed` are open sockets its devices use.

    Everything may take `slower` times what it may take otherwise.
    """

    program: str = "qemu-system-x86_64"
    machine: str = "q35"
    accel: str = "tcg"
    cpu: str = "max"
    cpus: int = 2
    memory: str = "512M"
    args: tuple[str, ...] = ()
    kernel_args: tuple[str, ...] = ()
    passed: tuple[int, ...] = field(default=(), compare=False)
    arch: Arch = X86
    slower: float = 1.0


@dataclass
class Guest:
    """A running guest. `orders` counts; `last` is the order that was given last."""

    process: subprocess.Popen[bytes]
    console_file: Path
    line: socket.socket
    monitor: socket.socket
    stop: threading.Event
    limit: Clock  # of the whole run
    slower: float = 1.0
    orders: int = 0
    last: str = ""
    reader: Reader = field(default_factory=Reader)
    monitored: bytes = b""

    def console(self) -> str:
        """Return everything that the kernel has printed so far."""
        with suppress(FileNotFoundError):
            return self.console_file.read_bytes().decode(errors="replace").replace("\r\n", "\n")
        return ""

    def ready(self, seconds: float = BOOT_SECONDS) -> None:
        """Wait until the guest takes orders. Errors: Lost (no boot, panic)."""
        self._wait(self.reader.ready, seconds, NO_BOOT)

    def order(self, command: str, seconds: float = ORDER_SECONDS) -> Answer:
        """Let the guest run a command, and return what it said.

        Errors: Lost (panic, hang when there is no answer in time, timeout of the whole run).
        """
        self.orders += 1
        self.last = command
        self.line.sendall(f"{self.orders} {words(command)}\n".encode())
        self._wait(lambda: self.reader.answered(self.orders), seconds, HANG)
        return self.reader.take(self.orders)

    def _wait(self, done: object, seconds: float, kind: str) -> None:
        assert callable(done)
        late = clock(self.process.pid, seconds * self.slower)
        while not done():
            self._read()
            if done():
                return
            if self.process.poll() is not None:
                self._read()
                raise self._lost(PANIC if self._panicked() else NO_BOOT if kind == NO_BOOT
                                 else PANIC)
            if self.stop.is_set():
                raise self._lost(STOPPED)
            if self._panicked():
                time.sleep(4 * _TICK)  # let the log be written
                raise self._lost(PANIC)
            if self.limit.over():
                raise self._lost(TIMEOUT)
            if late.over():
                raise self._lost(kind)

    def _read(self) -> None:
        readable, _, _ = select.select([self.line], [], [], _TICK)
        if readable:
            with suppress(ConnectionError):
                self.reader.feed(self.line.recv(65536))

    def _panicked(self) -> bool:
        with suppress(FileNotFoundError):
            told = self.console_file.read_bytes()
            return any(one in told for one in _PANICS)
        return False

    def _lost(self, kind: str) -> Lost:
        return Lost(kind, self.last, self.console())

    def qmp(self, command: str, seconds: float = ORDER_SECONDS, **arguments: object) -> object:
        """Let QEMU do something, and return its answer.

        Errors: Lost when it does not answer or is gone, EnvironmentFault when it refuses.
        """
        self.last = f"QMP {command} {json.dumps(arguments)}"
        said: dict[str, object] = {"execute": command}
        if arguments:
            said["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        with suppress(ConnectionError):
            self.monitor.sendall(json.dumps(said).encode() + b"\n")
        late = clock(self.process.pid, seconds * self.slower)
        while True:
            told = self._monitor_line(late)
            if "return" in told:
                return told["return"]
            if "error" in told:
                raise EnvironmentFault(f"QEMU refuses {self.last}: {told['error']}")

    def _monitor_line(self, late: Clock) -> Mapping[str, object]:
        while b"\n" not in self.monitored:
            if self.process.poll() is not None:
                raise self._lost(PANIC)
            if self.stop.is_set() or late.over() or self.limit.over():
                raise self._lost(STOPPED if self.stop.is_set() else HANG)
            readable, _, _ = select.select([self.monitor], [], [], _TICK)
            if readable:
                with suppress(ConnectionError):  # that it ended is seen above
                    self.monitored += self.monitor.recv(65536)
        line, _, self.monitored = self.monitored.partition(b"\n")
        found = json.loads(line)
        return found if isinstance(found, dict) else {}

    def off(self, seconds: float = 20.0) -> bool:
        """Power the guest off, and return whether it went by itself."""
        self.last = "poweroff -f"
        with suppress(ConnectionError):
            self.line.sendall(b"0 poweroff -f\n")
        late = clock(self.process.pid, seconds * self.slower)
        while self.process.poll() is None:
            if late.over():
                return False
            time.sleep(_TICK)
        return True


def command(setup: Setup, kernel: Path, initrd: Path, console: Path, line: int, monitor: int
            ) -> list[str]:
    """Return QEMU's command line."""
    append = (
        f"console={setup.arch.console}", "panic=-1", "oops=panic", "ignore_loglevel",
        "no_console_suspend", "slab_debug=U,kmalloc-*",  # who allocated what: memory.py
        f"orders=/dev/{setup.arch.line}",  # of the guest's init
        *_PATIENT, *setup.arch.kernel_args, *setup.kernel_args,
    )
    return [
        setup.program, "-nodefaults", "-display", "none", "-no-reboot", "-no-user-config",
        "-machine", setup.machine, "-accel", setup.accel, "-cpu", setup.cpu,
        "-smp", str(setup.cpus), "-m", setup.memory,
        "-kernel", str(kernel), "-initrd", str(initrd), "-append", " ".join(append),
        "-chardev", f"file,id=console,path={console}", "-serial", "chardev:console",
        "-chardev", f"socket,id=orders,fd={line}", *setup.arch.orders,
        "-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control",
        *setup.args,
    ]


@contextmanager
def running(
    setup: Setup, kernel: Path, initrd: Path, run: Path, seconds: float = RUN_SECONDS,
    stop: threading.Event | None = None,
) -> Iterator[Guest]:
    """Start a guest that has booted; what it printed stays in the directory `run`.

    Setting `stop` ends it from another thread.

    Errors: EnvironmentFault (no QEMU, or it does not start), Lost.
    """
    if shutil.which(setup.program) is None:
        raise EnvironmentFault(f"{setup.program}: program not found; run `make setup`")
    run.mkdir(parents=True, exist_ok=True)
    console = run / "console.log"
    console.unlink(missing_ok=True)
    line, its_line = socket.socketpair()
    monitor, its_monitor = socket.socketpair()
    with line, monitor, its_line, its_monitor, open(run / "qemu.log", "wb") as log:
        argv = command(setup, kernel, initrd, console, its_line.fileno(), its_monitor.fileno())
        process = subprocess.Popen(
            # The kernel kills it when we die without a chance to.
            ["setpriv", "--pdeathsig", "KILL", *argv],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            pass_fds=(its_line.fileno(), its_monitor.fileno(), *setup.passed),
        )
        try:
            its_line.close()
            its_monitor.close()
            guest = Guest(process, console, line, monitor, stop or threading.Event(),
                          clock(process.pid, seconds * setup.slower), setup.slower)
            try:
                _greet(guest)
                guest.ready()
            except Lost as lost:
                raise _explained(lost, process, run / "qemu.log") from lost
            yield guest
        finally:
            _end(process)


def _greet(guest: Guest) -> None:
    guest.qmp("qmp_capabilities")


def _explained(lost: Lost, process: subprocess.Popen[bytes], log: Path) -> Exception:
    """Return why there is no guest: QEMU itself may not have started."""
    told = log.read_text(encoding="utf-8", errors="replace").strip()
    if process.poll() not in (None, 0) and not lost.log:
        return EnvironmentFault(f"QEMU does not start:\n{told[-1500:]}")
    return lost


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill QEMU with all that it started, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
