# SPDX-License-Identifier: GPL-2.0-only
"""What runs in the sandbox sees what it is given, and nothing of it outlives it."""

import os
import socket
import time
from pathlib import Path

import pytest

from checks.compiling.backend import build
from generator.errors import EnvironmentFault
from generator.kernel.configurations import COMPILER
from generator.parsing.job import Directories, Job
from generator.system import sandbox
from generator.system.plumbing import Done, tried
from generator.system.sandbox import Limits, command, environment


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with one that may be read, one that may be written, and a secret."""
    for name in ("given", "out", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "given" / "file").write_text("given")
    (tmp_path / "home" / "secret").write_text("the secret")
    return tmp_path


def inside(place: Path, script: str, **limits: int) -> Done:
    argv = command(
        ["sh", "-c", script], readable=(place / "given",), writable=(place / "out",),
        cwd=place / "out", limits=Limits(**limits),
    )
    return tried(argv, timeout=60)


def test_what_is_given_is_there_and_only_what_may_be_written_is(place: Path) -> None:
    done = inside(place, f"cat {place}/given/file; echo made > made; echo no > {place}/given/no")
    assert done.stdout == b"given"
    assert (place / "out" / "made").read_text() == "made\n"
    assert not (place / "given" / "no").exists()


@pytest.mark.parametrize("link", ["given/link", "link"])
def test_a_directory_that_is_given_by_a_link_is_there(place: Path, link: str) -> None:
    """A virtual environment is one at times, within the project or outside."""
    (place / "home" / "secret").rename(place / "secret")
    (place / "home" / "file").write_text("meant")
    (place / link).symlink_to(place / "home")
    argv = command(["cat", f"{place}/{link}/file", f"{place}/secret"],
                   readable=(place / "given", place / link), cwd=place / "given")
    done = tried(argv, timeout=60)
    assert (done.status, done.stdout) == (1, b"meant")


@pytest.mark.parametrize(
    "file", ["/etc/passwd", "/proc/self/environ", "/dev/zero", "{}/home/secret"]
)
def test_files_of_the_machine_are_not_there(place: Path, file: str) -> None:
    done = inside(place, f"cat {file.format(place)}")
    assert done.status
    assert b"secret" not in done.stdout
    assert done.stdout == b""


def test_nothing_is_written_outside(place: Path) -> None:
    home = place / "home"
    canary = home / "canary"
    inside(place, f"mkdir -p {home}; echo x > {canary}; echo x > /usr/canary; ln -s {home} h")
    assert not canary.exists()
    assert not Path("/usr/canary").exists()


def test_a_listener_of_the_machine_is_not_reached(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        assert b"Error" in inside(place, f'python3 -c "{script}"').stderr
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()


def test_processes_memory_time_and_files_are_bounded(place: Path) -> None:
    forks = inside(place, "n=0; while [ $n -lt 40 ]; do sleep 5 & n=$((n+1)); done; echo all",
                   processes=10)
    assert (b"all" in forks.stdout) == (os.getuid() == 0)
    memory = inside(place, "python3 -c 'x = bytearray(1 << 30)'", memory=1 << 28)
    assert b"MemoryError" in memory.stderr
    assert inside(place, "while :; do :; done", seconds=1).status == 128 + 9
    inside(place, "head -c 3000000 /usr/bin/perl > big; cat /usr/bin/perl >> big", file=1 << 20)
    assert (place / "out" / "big").stat().st_size <= 1 << 20


def test_nothing_goes_on_after_its_end(place: Path) -> None:
    inside(place, "(sleep 1; echo late > late) & exit 0")
    time.sleep(1.5)
    assert not (place / "out" / "late").exists()


def test_without_a_sandbox_nothing_is_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(place))
    sandbox.unavailable.cache_clear()
    try:
        with pytest.raises(EnvironmentFault, match="bwrap is missing: install bubblewrap"):
            inside(place, "true")
    finally:
        sandbox.unavailable.cache_clear()


def test_what_the_user_has_set_does_not_reach_the_compiler(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "given" / "mine.h").write_text("int mine;\n")
    (place / "given" / "a.c").write_text("#include <mine.h>\n")
    flags = Directories(place / "given", place / "given", place / "out")
    task = Job(flags, (), "a.c")
    monkeypatch.setenv("CPATH", str(place / "given"))
    monkeypatch.setenv("CCC_OVERRIDE_OPTIONS", "+-include +mine.h")
    assert "not found" in build(task, frozenset(), COMPILER).diagnostics[0].text
    (place / "given" / "a.c").write_text("int x;\n#error no\n")
    (said,) = build(task, frozenset(), COMPILER).diagnostics
    assert (said.line, said.text) == (2, "no")


def test_the_variables_inside_are_a_named_list(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "x")
    assert set(environment(place, MORE="1")) == {"PATH", "LC_ALL", "TZ", "HOME", "TMPDIR", "MORE"}
    assert environment(place)["PATH"].startswith(f"{place}:")


@pytest.mark.parametrize(("why", "mend"), [
    ("a chroot", "systemd-nspawn -D"), ("a sysctl", "unprivileged_userns_clone to 1"),
    ("a container", "seccomp profile"),
])
def test_what_would_let_bwrap_work_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, why: str, mend: str
) -> None:
    switch = place / "given" / "switch"
    switch.write_text("0\n")
    monkeypatch.setattr(sandbox, "tried", lambda *_, **__: Done((), 1, b"", b"bwrap: no\n"))
    monkeypatch.setattr(sandbox, "_FORBIDDEN", ((str(switch), "0", f"set {mend}"),))
    monkeypatch.setattr("os.getuid", lambda: 1000 if why == "a sysctl" else 0)
    monkeypatch.setattr("os.path.ismount", lambda _: why != "a chroot")
    monkeypatch.setattr(sandbox, "_is_first", lambda: True)
    sandbox.unavailable.cache_clear()
    try:
        with pytest.raises(EnvironmentFault, match=f"bwrap: no.*{mend}.*nothing was run") as fault:
            inside(place, "true")
        assert fault.value.exit_code == 3
    finally:
        sandbox.unavailable.cache_clear()
