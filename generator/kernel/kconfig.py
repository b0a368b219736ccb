# SPDX-License-Identifier: GPL-2.0-only
"""Running the tree's own kconfig and make, from a clean environment.

seed(config, work) -> str                         what kconfig is given
make(work, build, config, *args) -> str           make O=build, output
save_environment(work, build, config)             configure; keep what make gave to conf
configure(build, config, source, out, lines, readable)   conf alone, on a commit, in a sandbox
dry_run(work, build, config, readable, *args)     make -n of a commit, in a sandbox
check_wanted(config, wanted, dot_config, where)
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from generator.errors import EnvironmentFault, TreeError
from generator.kernel.configurations import COMMON, DEFCONFIG, Config
from generator.system.cache import cache
from generator.system.plumbing import Done, run, tried
from generator.system.sandbox import command

_ENVIRONMENT = "conf.environment"
_AUTO = "include/config/auto.conf"
_ASKED = "asked.config"  # the lines that conf adds to what it makes by itself
_PROBE = Path(__file__).with_name("probe.sh")
# More newlines than there are questions: each takes the default.
_DEFAULTS = b"\n" * 20000


def seed(config: Config, work: Path) -> str:
    """Return what kconfig gets: the architecture's defaults, what we always want, what is asked.

    A line of `wanted` replaces an earlier one about the same symbol. What conf makes by itself,
    as allmodconfig, begins with `wanted` alone.
    Errors: TreeError when the tree has no defaults for the architecture.
    """
    if config.kind.startswith("all"):
        return "".join(f"{line}\n" for line in config.wanted)
    defaults = work / DEFCONFIG[config.arch]
    if not defaults.is_file():
        raise TreeError(f"{defaults}: missing; architecture {config.arch} cannot be configured")
    lines = {_symbol(line): line for line in defaults.read_text(encoding="utf-8").splitlines()}
    common = () if config.kind else COMMON
    lines |= {_symbol(line): line for line in (*common, *config.wanted)}
    return "".join(f"{line}\n" for line in lines.values())


def _symbol(line: str) -> str:
    found = re.match(r"(?:# )?(CONFIG_\w+)(?:=| is not set)", line)
    return found.group(1) if found else line


def identity(program: str) -> str:
    """Return what tells one build of a program from another, without running it."""
    found = shutil.which(program)
    if found is None:
        raise EnvironmentFault(f"{program}: program not found; run `make setup`")
    told = os.stat(os.path.realpath(found))
    return f"{found} {told.st_size} {told.st_mtime_ns}"


def _probes(compiler: str) -> Path:
    """Make a directory for PATH, in which the compiler keeps what it said about itself."""
    mine = f"{identity(compiler)} ".encode() + _PROBE.read_bytes()
    home = cache() / "probes" / hashlib.sha256(mine).hexdigest()[:12]
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=home.parent) as name:
            fresh = Path(name, "home")
            fresh.joinpath("store").mkdir(parents=True)
            fresh.joinpath("bin").mkdir()
            fresh.joinpath("real").write_text(f"{shutil.which(compiler)}\n", encoding="utf-8")
            shutil.copy(_PROBE, fresh / "bin" / compiler)
            with suppress(OSError):
                # Another run may have been faster.
                os.rename(fresh, home)
    return home / "bin"


def _environment(compiler: str) -> dict[str, str]:
    # Nothing of the caller's: a MAKEFLAGS, KCFLAGS or CROSS_COMPILE would change the answers.
    kept = {key: os.environ[key] for key in ("HOME", "TMPDIR") if key in os.environ}
    return {
        **kept,
        "PATH": _path(compiler),
        "LC_ALL": "C",
        "TZ": "UTC",
        "KBUILD_BUILD_USER": "portwright",
        "KBUILD_BUILD_HOST": "portwright",
        "KBUILD_BUILD_VERSION": "1",
        "KBUILD_BUILD_TIMESTAMP": "Thu Jan  1 00:00:00 UTC 1970",
    }


def make(
    work: Path, build: Path, config: Config, *args: str, stdin: bytes = b"", seconds: float = 900
) -> str:
    """Run the tree's make for a build directory and return what it printed.

    Errors: TreeError with the end of its output, EnvironmentFault, Timeout.
    """
    told = run(
        [*_make(work, build, config), *args], env=_environment(config.compiler),
        timeout=seconds, stdin=stdin, merge=True,
    )
    return told.decode(errors="replace")


def _make(work: Path, build: Path, config: Config) -> list[str]:
    return ["make", "-C", str(work), f"O={build}", f"ARCH={config.arch}", f"LLVM={config.llvm}"]


def save_environment(work: Path, build: Path, config: Config) -> None:
    """Configure a build directory, and keep the environment that make gives to conf.

    Errors: TreeError with the end of make's output, EnvironmentFault, Timeout.
    """
    # The tree lets us name the top Kconfig file; what follows it in the recipe prints the
    # environment, so that conf can be run again without make and its probing.
    if config.kind.startswith("all"):
        _asked(build, (build / ".config").read_text(encoding="utf-8"))
        make(work, build, config, "-s", f"KCONFIG_ALLCONFIG={build / _ASKED}", config.kind)
    kept = build / _ENVIRONMENT
    named = f"KBUILD_KCONFIG=Kconfig && env -0 >{_ENVIRONMENT}"
    make(work, build, config, "-s", named, "syncconfig", stdin=_DEFAULTS)
    if not kept.is_file():
        raise TreeError(f"{work}/scripts/kconfig/Makefile: does not know KBUILD_KCONFIG any more")


def _asked(where: Path, lines: str) -> None:
    where.joinpath(_ASKED).write_text(lines, encoding="utf-8")


def configure(
    build: Path, config: Config, source: Path, out: Path, lines: str, readable: Sequence[Path]
) -> None:
    """Run conf of a prepared build directory, in a sandbox, on another source directory.

    readable: what `source` links to. Writes .config, include/config/auto.conf and
    include/generated/autoconf.h below out.
    Errors: ProgramFailed with what conf said, EnvironmentFault, Timeout.
    """
    for name in ("include/config", "include/generated"):
        out.joinpath(name).mkdir(parents=True)
    out.joinpath(".config").write_text(lines, encoding="utf-8")
    # conf makes a file for each symbol that is not as it was: without this for all of them
    shutil.copyfile(build / _AUTO, out / _AUTO)
    pairs = (build / _ENVIRONMENT).read_bytes().split(b"\0")
    env = dict(os.fsdecode(pair).split("=", 1) for pair in pairs if pair)
    env |= {"srctree": str(source), "KBUILD_KCONFIG": "Kconfig", "PWD": str(out)}
    for stale in ("MAKEFLAGS", "MFLAGS", "VPATH"):
        env.pop(stale, None)
    steps = ["--syncconfig"]
    if config.kind.startswith("all"):
        _asked(out, lines)
        env["KCONFIG_ALLCONFIG"] = str(out / _ASKED)
        steps.insert(0, f"--{config.kind}")
    inside = (*readable, source, *_toolchain(config.compiler))
    for step in steps:
        conf = [str(build / "scripts/kconfig/conf"), "-s", step, "Kconfig"]
        run(command(conf, readable=inside, writable=(out,), cwd=out),
            env=_inside(config.compiler, env), stdin=_DEFAULTS, merge=True)


def dry_run(work: Path, build: Path, config: Config, readable: Sequence[Path], *args: str) -> Done:
    """Return what make would do for a commit, and how it ended: in a sandbox, on and on.

    readable: what `work` links to.
    Errors: EnvironmentFault, Timeout.
    """
    argv = command(
        [*_make(work, build, config), "-k", "-n", *args],
        readable=(*readable, work, *_toolchain(config.compiler)), writable=(build,), cwd=build,
    )
    env = _inside(config.compiler, _environment(config.compiler))
    return tried(argv, env=env, timeout=900, merge=True)


def _inside(compiler: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for the sandbox: of PATH only what is there."""
    return {**env, "HOME": "/nonexistent", "TMPDIR": "/tmp", "PATH": _path(compiler)}


def _path(compiler: str) -> str:
    """Return the PATH of the base and of the sandbox, which must get the same answers.

    A program of the user's, as a rustc at home, would be found for the one and not for the other.
    """
    places = (_probes(compiler), *_toolchain(compiler)[1:])
    return ":".join([*map(str, places), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"])


def _toolchain(compiler: str) -> tuple[Path, ...]:
    """Return what the sandbox needs beside the system: answers kept, and a compiler elsewhere."""
    real = Path(os.path.realpath(shutil.which(compiler) or compiler)).parent
    return (_probes(compiler).parent, *(() if real.is_relative_to("/usr") else (real,)))


def check_wanted(
    config: Config, wanted: Sequence[str], dot_config: str, where: str,
    common: Sequence[str] = COMMON,
) -> None:
    """See that a .config came out as asked.

    Errors: TreeError naming every line that did not.
    """
    wrong = wrong_lines(wanted, dot_config, common)
    if wrong:
        raise TreeError(
            f"configuration {config.name}: kconfig of {where} did not give what was asked; "
            "something selects it, or what it depends on is missing\n"
            + "\n".join(f"  {line}" for line in wrong)
        )


def wrong_lines(
    wanted: Sequence[str], dot_config: str, common: Sequence[str] = COMMON
) -> list[str]:
    """Return each line of a configuration that did not come out as asked."""
    got = {_symbol(line): line for line in dot_config.splitlines() if "CONFIG_" in line}
    wrong = []
    for line in {_symbol(line): line for line in (*common, *wanted)}.values():
        symbol = _symbol(line)
        off = line.startswith("#")
        there = got.get(symbol, f"# {symbol} is not set")
        if there != line and not (off and there.startswith("#")):
            wrong.append(f"asked for {line}, got {there}")
    return wrong
