# SPDX-License-Identifier: GPL-2.0-only
"""One way to run git and other programs: pinned environment, our own timeout, typed errors.

git(git_dir, "rev-parse", "HEAD") -> bytes          ours: no user configuration, no hooks
users_git(repo, "update-ref", ...) -> bytes         the user's: their configuration, no hooks
run(argv, ...) -> bytes                             any other program, which must not fail
tried(argv, ...) -> Done                            one whose status is an answer

What is talked with while it runs (QEMU, pan, the two ends of a pipe) is started where that is.
"""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import EnvironmentFault, ProgramFailed, Timeout, TreeError
from generator.system import stopping
from generator.system.progress import said, say

# Seconds after which a program hangs: a busy machine takes many times as long as an idle one.
PATIENCE = 600
NAME = "Portwright"
MAIL = "portwright@invalid"

# Whatever the machine, the user or a calling hook has set, git answers the same.
_NO_HOOKS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)
_PINNED = (
    *_NO_HOOKS,
    *("-c", "core.attributesFile=/dev/null"),
    *("-c", "core.excludesFile=/dev/null"),
    *("-c", "core.quotePath=true"),
    *("-c", "core.abbrev=12"),
    *("-c", "protocol.allow=never"),
)


def clean_environment(**extra: str) -> dict[str, str]:
    """Return the environment of a child: ours without GIT_*, in the C locale and UTC."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC", **extra}


@dataclass(frozen=True)
class Done:
    """A program that has ended: its status, and what it wrote."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def said(self) -> str:
        """Return what it wrote to stdout as text."""
        return self.stdout.decode(errors="replace")

    @property
    def complained(self) -> str:
        """Return what it wrote to stderr as text."""
        return self.stderr.decode(errors="replace")

    @property
    def last(self) -> str:
        """Return the last line that it wrote, to stderr if anything is there."""
        lines = (self.complained or self.said).strip().splitlines()
        return lines[-1] if lines else "no message"


def tried(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = PATIENCE,
    merge: bool = False,
    about: str = "",
    memory: int = 0,
) -> Done:
    """Run a program to its end, whatever it says of it; with `merge`, its stderr is in stdout.

    about: what it is run for, named first where it has no end or is not there.
    memory: bytes of data that it may have, 0 for no limit; set before it is given its input.
    Errors: Timeout, EnvironmentFault when it is missing, TreeError when cwd is.
    """
    stopping.refuse()
    what = f"{about}: " if about else ""
    if said(2):
        say(shlex.join(argv), 2)
    try:
        done = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            env=dict(env) if env is not None else clean_environment(),
            cwd=cwd,
        )
    except FileNotFoundError as missing:
        if cwd is not None and not cwd.is_dir():
            raise TreeError(f"{cwd}: no such directory, wanted for {shlex.join(argv)}") from missing
        raise EnvironmentFault(
            f"{what}{argv[0]}: program not found; run `make setup` or install its package"
        ) from missing
    with done:
        try:
            if memory:
                resource.prlimit(done.pid, resource.RLIMIT_DATA, (memory, memory))
            out, wrong = done.communicate(stdin, timeout)
        except subprocess.TimeoutExpired as late:
            _end(done)
            raise Timeout(f"{what}{shlex.join(argv)}: no answer within {timeout:.0f} s") from late
        except BaseException:
            _end(done)
            raise
    stopping.refuse()  # it may have been ended, and nobody wants to know how
    return Done(tuple(argv), done.returncode, out, wrong or b"")


def _end(program: subprocess.Popen[bytes]) -> None:
    if program.poll() is None:  # else its number may be another's by now
        stopping.end(program.pid)


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = PATIENCE,
    merge: bool = False,
    memory: int = 0,
) -> bytes:
    """Run a program and return what it wrote to stdout (with stderr in it if `merge`).

    memory: as of tried().
    Errors: ProgramFailed, Timeout, EnvironmentFault when it is missing, TreeError when cwd is.
    """
    done = tried(argv, stdin=stdin, env=env, cwd=cwd, timeout=timeout, merge=merge, memory=memory)
    if done.status != 0:
        raise ProgramFailed(argv, done.status, done.said if merge else done.complained)
    return done.stdout


def git_command(git_dir: Path, *args: str) -> list[str]:
    """Return the command line of git on a repository of ours."""
    return ["git", *_PINNED, f"--git-dir={git_dir}", *args]


def git_environment(**extra: str) -> dict[str, str]:
    """Return git's environment on a repository of ours: no user or system configuration."""
    return clean_environment(
        GIT_CONFIG_GLOBAL="/dev/null",
        GIT_CONFIG_NOSYSTEM="1",
        GIT_ATTR_NOSYSTEM="1",
        GIT_OPTIONAL_LOCKS="0",
        GIT_NO_REPLACE_OBJECTS="1",
        GIT_NO_LAZY_FETCH="1",
        GIT_TERMINAL_PROMPT="0",
        **{
            "GIT_AUTHOR_NAME": NAME,
            "GIT_AUTHOR_EMAIL": MAIL,
            "GIT_COMMITTER_NAME": NAME,
            "GIT_COMMITTER_EMAIL": MAIL,
            **extra,
        },
    )


def git(
    git_dir: Path,
    *args: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = PATIENCE,
    memory: int = 0,
) -> bytes:
    """Run git on a repository of ours; `memory` as of tried().

    Errors: ProgramFailed, Timeout, EnvironmentFault.
    """
    return run(
        git_command(git_dir, *args),
        stdin=stdin,
        env=git_environment(**(env or {})),
        timeout=timeout,
        memory=memory,
    )


def rows(told: bytes) -> dict[str, tuple[str, str]]:
    """Return what `ls-tree -z` printed: path to (mode, object id)."""
    pairs = (row.split("\t", 1) for row in os.fsdecode(told).split("\0") if row)
    return {path: (head.split()[0], head.split()[2]) for head, path in pairs}


def differing(
    ask: Callable[..., bytes], commit: str, before: Mapping[str, str | None]
) -> tuple[str, ...]:
    """Return which files are, in a commit, other blobs than before, sorted.

    ask: git on the repository that has the commit, as partial(git, git_dir).
    before: path to blob id, None for a file that must not exist.
    Errors: ProgramFailed, Timeout, EnvironmentFault.
    """
    if not before:
        return ()
    told = ask("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *sorted(before))
    there = {path: blob for path, (_, blob) in rows(told).items()}
    return tuple(sorted(path for path, blob in before.items() if there.get(path) != blob))


def users_git(
    repo: Path,
    *args: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = PATIENCE,
) -> bytes:
    """Run git in the user's repository: their configuration holds, their hooks do not run.

    Hooks are off because they are programs that may fail, print, or change what we promised
    not to touch, in the middle of a step that must happen wholly or not at all; the one
    writing command moves one new ref, which no hook of the user's asked to hear about.
    Optional locks are off: without that even reading rewrites the index.

    Errors: ProgramFailed, Timeout, EnvironmentFault.
    """
    theirs = {key: os.environ[key] for key in os.environ if key.startswith("GIT_CONFIG")}
    return run(
        ["git", *_NO_HOOKS, "-C", str(repo), *args],
        stdin=stdin,
        env=clean_environment(
            **{
                **theirs,
                "GIT_OPTIONAL_LOCKS": "0",
                "GIT_NO_LAZY_FETCH": "1",
                "GIT_TERMINAL_PROMPT": "0",
                **(env or {}),
            }
        ),
        timeout=timeout,
    )
