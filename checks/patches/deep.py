# SPDX-License-Identifier: GPL-2.0-only
"""`--deep`: sparse, the tree's coccinelle scripts, and smatch, over the C files of each commit.

They read a series' C in the sandbox, with the flags that kbuild has for it; what they say of the
base is not said again. Each must find a planted mistake, with the tree at hand, before its silence
counts, and one that is not installed is named.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.compiling.target import KernelTarget
from checks.finding import Finding, Severity
from checks.patches.work import Work
from checks.planted import proven
from generator.errors import EnvironmentFault
from generator.kernel.farm import farm
from generator.series.commit import Commit
from generator.system.plumbing import Done, tried
from generator.system.sandbox import Limits, command, environment

_LIMITS = Limits(seconds=600)
_SCRIPTS = "scripts/coccinelle"
# of the top Makefile, for the machines that there are configurations of
_CHECKFLAGS = ("-D__linux__", "-Dlinux", "-D__STDC__", "-Dunix", "-D__unix__", "-Wbitwise",
               "-Wno-return-void", "-Wno-unknown-attribute", "-mlittle-endian")
_SAID = re.compile(r"(?P<path>[^\s:][^:\n]*):(?P<line>\d+):(?P<column>\d+)(?:-\d+)?:? (?P<text>.+)")
_GAVE_UP = "too many errors"  # sparse, after a hundred: what follows was not looked at
_NUMBER = re.compile(r"\d+")
_PROVING = ("misc/semicolon.cocci",)


@dataclass(frozen=True)
class Place:
    """Where a program finds its files: a tree, with what else of the machine it may read."""

    top: Path
    readable: tuple[Path, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """A program: what package has it, how it is run over a file, and what it must find."""

    program: str
    package: str
    run: Callable[[Place, str], Iterator[Done]]
    planted: str
    finds: str


def _sparse(place: Place, path: str) -> Iterator[Done]:
    yield _inside(["sparse", *_CHECKFLAGS, *place.flags, str(place.top / path)], place)


def _smatch(place: Place, path: str) -> Iterator[Done]:
    yield _inside(["smatch", "-p=kernel", *_CHECKFLAGS, *place.flags, str(place.top / path)], place)


def _spatch(place: Place, path: str) -> Iterator[Done]:
    for script in sorted((place.top / _SCRIPTS).rglob("*.cocci")):
        text = script.read_text(encoding="utf-8", errors="replace")
        if not re.search(r"^virtual\s+(?:\w+,\s*)*report\b", text, re.M):
            continue
        options = re.search(r"Options:(.*)", text)
        yield _inside(
            ["spatch", "-D", "report", "--very-quiet", "--no-show-diff", "--cocci-file",
             str(script), *(options[1].split() if options else ()), str(place.top / path)], place,
        )


_TOOLS = (
    Tool("sparse", "sparse", _sparse,
         "static int portwright(int __attribute__((noderef, address_space(1))) *user)\n"
         "{\n\treturn *user;\n}\n", "noderef"),
    Tool("spatch", "coccinelle", _spatch,
         "static int portwright(int x)\n{\n\tswitch (x) {\n\tcase 1:\n\t\treturn 1;\n\t};\n"
         "\treturn 0;\n}\n", "semicolon"),
    Tool("smatch", "no package of Debian: https://github.com/error27/smatch", _smatch,
         "int portwright(int *p)\n{\n\tint x = *p;\n\n\tif (!p)\n\t\treturn 0;\n\treturn x;\n}\n",
         "dereferenced before check"),
)


def check(work: Work) -> tuple[Finding, ...]:
    """Return what the programs say of each commit's C files, and did not say of the base.

    Errors: EnvironmentFault when one does not find a planted mistake, or there is no sandbox.
    """
    found: list[Finding] = []
    here: list[Tool] = []
    for tool in _TOOLS:
        if shutil.which(tool.program):
            _prove(tool, work.bases[0].tree.work)
            here.append(tool)
        else:
            found.append(_note(f"{tool.program} is not installed ({tool.package})"))
    targets = [KernelTarget(base) for base in work.bases]
    for commit in work.compiled:
        for path in commit.touched:
            if not path.endswith(".c") or commit.overlay[path] is None:
                continue
            target = next((now for one in targets if path in (now := one.at(commit.overlay)).units(
                (path.rpartition("/")[0],))), None)
            if target is None:
                found.append(_note("no configuration builds it", path, commit.name))
                continue
            flags = target.job(path, commit.overlay).flags
            for tool in here:
                found += _new(tool, target, flags, path, commit, work.laid)
    return tuple(found)


def _new(
    tool: Tool, target: KernelTarget, flags: tuple[str, ...], path: str,
    commit: Commit, laid: Mapping[str, bytes | None],
) -> Iterator[Finding]:
    """Yield what a program says of a file of a commit, and of the base does not.

    laid: what the base has otherwise than the tree of the target.
    """
    source = target.source
    build = target.base.build
    with tempfile.TemporaryDirectory(prefix="portwright-") as scratch:
        first, top = Path(scratch, "base"), Path(scratch, "tree")
        farm(source, laid, first)
        farm(source, commit.overlay, top)
        generated = Path(scratch, "autoconf.h")
        generated.write_text(target.autoconf, encoding="utf-8")
        places = []
        for tree in (first, top):
            mine = tuple(one.replace(f"{source}/", f"{tree}/")
                         .replace(str(target.base.autoconf_path), str(generated)) for one in flags)
            places.append(Place(tree, (source, build.parent, Path(scratch)), mine))
        runs = list(tool.run(places[1], path))
        said = list(_said(runs, places[1]))
        gave_up = next((one for one in said if one[2] == _GAVE_UP), None)
        if gave_up is not None:  # as sparse 0.6.4 over headers of 7.3
            yield _note(f"{tool.program} gives up at {gave_up[0]}:{gave_up[1]}, it does not know "
                        "the C of this tree", path, commit.name)
            return
        known: set[tuple[str, str]] = set()
        if said and (first / path).is_file():
            known = {_key(where, text)
                     for where, _, text in _said(tool.run(places[0], path), places[0])}
    # one that ended badly and named no line has not looked: that is no pass
    broken = {f"{tool.program} ended with {done.status}: {done.last}" for done in runs
              if done.status and not list(_said([done], places[1]))}
    yield from (_note(why, path, commit.name) for why in sorted(broken))
    for where, line, text in dict.fromkeys(said):
        if _key(where, text) not in known:
            yield Finding(f"deep:{tool.program}", text, where, line,
                          severity=Severity.WARNING, commit=commit.name,
                          config=target.name)


def _key(path: str, text: str) -> tuple[str, str]:
    return path, _NUMBER.sub("N", text)


def _said(runs: Iterable[Done], place: Place) -> Iterator[tuple[str, int, str]]:
    for done in runs:
        for row in (done.said + "\n" + done.complained).splitlines():
            one = _SAID.fullmatch(row.strip())
            if one and not one["text"].startswith(("note:", "unable to parse")):
                text = re.sub(r"^(?:warning|error|warn): ", "", one["text"])
                yield one["path"].removeprefix(f"{place.top}/"), int(one["line"]), text


def _prove(tool: Tool, source: Path) -> None:
    """See that a program finds a planted mistake. Errors: EnvironmentFault when it does not."""
    scripts = (source / _SCRIPTS / name for name in _PROVING)
    proven([tool.program, tool.planted, tool.finds], [Path(__file__), *scripts], [tool.program],
           lambda: _find(tool, source))


def _find(tool: Tool, source: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="portwright-") as scratch:
        top = Path(scratch)
        (top / "planted.c").write_text(tool.planted, encoding="utf-8")
        (top / _SCRIPTS).mkdir(parents=True)
        for name in _PROVING:  # one of them is enough, and all take minutes
            (top / _SCRIPTS / Path(name).name).symlink_to(source / _SCRIPTS / name)
        place = Place(top, (source, top))
        told = list(_said(tool.run(place, "planted.c"), place))
    if not any(tool.finds in text for _, _, text in told):
        raise EnvironmentFault(f"{tool.program} does not find a planted mistake: what it says of a "
                               "series would mean nothing; leave --deep out, or mend it")


def _inside(argv: list[str], place: Place) -> Done:
    line = command(argv, readable=place.readable, cwd=place.top, limits=_LIMITS)
    return tried(line, env=environment(), timeout=_LIMITS.seconds, about=argv[0])


def _note(why: str, path: str = "", commit: str = "") -> Finding:
    return Finding("deep:not-run", why, path, severity=Severity.NOTE, commit=commit)
