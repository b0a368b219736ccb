# SPDX-License-Identifier: GPL-2.0-only
"""Will it link: whether the symbols that a unit needs are where the linker may look.

Built-in code cannot use what only a module defines; a module can use only what is exported, and
what is exported into a namespace only after importing it. What none of the units that are looked
at defines is looked for in the whole tree, by rest.py.
Source: Documentation/core-api/symbol-namespaces.rst; domain rule R22.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

from checks.compiling.frontend import diagnose
from checks.compiling.rest import Rest
from generator.parsing.job import Diagnostic, Job

_EXPORT = (
    r"\bEXPORT_SYMBOL(?P<form>_NS)?(?:_GPL)?(?:_FOR_MODULES)?"
    r"\(\s*{name}\s*(?:,\s*(?P<rest>[^)]*))?\)"
)
_IMPORT = re.compile(r'\bMODULE_IMPORT_NS\(\s*"?(\w+)"?\s*\)')
# in column 1, and no mere declaration: not extern, and no `;` after the parameters
_START = re.compile(
    r"^(?!extern\b)[A-Za-z_][\w \t*]*?[ \t*\n](\w+)[ \t]*(?:\((?![^;{}]*;)|=|;|\[)", re.M
)


def unresolved(
    needed: Mapping[str, frozenset[str]],
    given: Iterable[str],
    jobs: Mapping[str, Job],
    rest: Rest,
    lost: frozenset[str] = frozenset(),
) -> list[tuple[str, str, Diagnostic]]:
    """Return (rule, symbol, diagnostic) for each symbol that a unit needs and cannot have.

    `needed` maps units to symbols, `given` are symbols of other built-in units of the commit,
    `jobs` the units in which a definition is looked for first, `rest` is the tree around them,
    which is asked for what a unit did not name before, and for what the commit has `lost`.
    """
    have = set(given)
    texts = {path: text_of(task) for path, task in jobs.items()} if needed else {}
    owners: dict[str, list[str]] = {}
    for path, text in texts.items():
        for name in _may_define(text):
            owners.setdefault(name, []).append(path)
    found: list[tuple[str, str, Diagnostic]] = []
    open_: dict[str, set[str]] = {}
    for path, names in sorted(needed.items()):
        builtin = not _is_module(jobs[path])
        for name in sorted(names - have if builtin else names):
            homes = [one for one in owners.get(name, ()) if one != path]
            if any(not _trouble(path, name, one, jobs, texts) for one in homes):
                continue
            for one in homes:
                # the text only looks like a definition: the front end knows
                if name in diagnose(jobs[one]).defined:
                    line = _line_of(texts[path], name)
                    text = _trouble(path, name, one, jobs, texts)
                    rule = "R22" if builtin else "link:export"
                    found.append((rule, name, Diagnostic("error", path, line, 0, text)))
                    break
            else:
                open_.setdefault(path, set()).add(name)
    fresh = {path: {name for name in names if name in lost or rest.fresh(path, name)}
             for path, names in open_.items()}
    rest.learn({name for names in fresh.values() for name in names})
    for path, wanted in sorted(fresh.items()):
        imported = functools.partial(_imported, path, jobs, texts)
        for name in sorted(wanted):
            rule, text = rest.trouble(
                name, module=_is_module(jobs[path]), lost=name in lost, imported=imported
            )
            if text:
                line = _line_of(texts[path], name)
                found.append((rule, name, Diagnostic("error", path, line, 0, text)))
    return found


def _imported(
    path: str, jobs: Mapping[str, Job], texts: Mapping[str, str], space: str
) -> bool:
    """Return whether the module of a unit imports a namespace, itself or in a header."""
    module = _module_name(jobs[path])
    for one in (p for p in jobs if _module_name(jobs[p]) == module):
        if space in _IMPORT.findall(texts[one]):
            return True
        source = jobs[one].place.source
        for header in diagnose(jobs[one]).includes:
            file = source / header
            text = jobs[one].overlay.get(header)
            if text is None and header.endswith(".h") and file.is_file():
                text = file.read_bytes()
            if text and space in _IMPORT.findall(text.decode("utf-8", "replace")):
                return True
    return False


@functools.lru_cache(maxsize=2048)
def _may_define(text: str) -> frozenset[str]:
    """Return the names that a text seems to define; the front end says which it does."""
    return frozenset(_START.findall(text))


def text_of(task: Job) -> str:
    """Return the text of a unit with the overlay applied."""
    text = task.overlay.get(task.path)
    if text is None:
        file = task.place.source / task.path
        text = file.read_bytes() if file.exists() else b""
    return text.decode("utf-8", "replace")


def _is_module(task: Job) -> bool:
    return "-DMODULE" in task.flags


def _trouble(
    path: str, name: str, owner: str, jobs: Mapping[str, Job], texts: Mapping[str, str]
) -> str:
    """Return why a unit cannot use a symbol of another, empty when it can."""
    if not _is_module(jobs[path]):
        if _is_module(jobs[owner]):
            return f"built-in code uses {name}(), which is in a module here ({owner})"
        return ""
    if _module_name(jobs[owner]) == _module_name(jobs[path]):
        return ""
    export = re.search(_EXPORT.format(name=re.escape(name)), texts[owner])
    if not export:
        return f"a module uses {name}(), which {owner} does not export"
    space = (export["rest"] or "").strip().strip('"') if export["form"] else ""
    if space and not _imported(path, jobs, texts, space):
        return f"a module uses {name}() of namespace {space} without MODULE_IMPORT_NS({space})"
    return ""


def _module_name(task: Job) -> str:
    return next((flag for flag in task.flags if flag.startswith("-DKBUILD_MODNAME=")), task.path)


def _line_of(text: str, name: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(rf"\b{re.escape(name)}\b", line):
            return number
    return 0


_EXPORTED = re.compile(r'^EXPORT_\w*\(\s*(\w+)\s*(?:,\s*"?(\w+))?', re.M)


def given_up(
    before: Mapping[str, str], after: Mapping[str, str], moved: Mapping[str, str]
) -> frozenset[str]:
    """Return the symbols that texts of units gave to others and do not give any more.

    `moved` are further texts that give them now.
    """
    def gives(texts: Iterable[str]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for text in texts:
            found |= {(one[1], f"exported {one[2] or ''}") for one in _EXPORTED.finditer(text)}
            found |= {(one[1], "defined") for one in _START.finditer(text)
                      if not one[0].startswith("static")}
        return found

    return frozenset(
        name for name, _ in gives(before.values()) - gives([*after.values(), *moved.values()])
    )
