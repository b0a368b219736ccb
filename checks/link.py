# SPDX-License-Identifier: GPL-2.0-only
"""Will it link: whether the symbols that a unit newly needs are where the linker may look.

Built-in code cannot use what only a module defines; a module can use only what is exported, and
what is exported into a namespace only after importing it.
Source: Documentation/core-api/symbol-namespaces.rst; domain rule R22.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping

from checks.frontend import diagnose
from generator.csource import Diagnostic, Job

_EXPORT = (
    r"\bEXPORT_SYMBOL(?P<form>_NS)?(?:_GPL)?(?:_FOR_MODULES)?"
    r"\(\s*{name}\s*(?:,\s*(?P<rest>[^)]*))?\)"
)
_IMPORT = re.compile(r'\bMODULE_IMPORT_NS\(\s*"?(\w+)"?\s*\)')


def unresolved(
    needed: Mapping[str, frozenset[str]],
    given: Iterable[str],
    builtin: Mapping[str, bool],
    built: Iterable[str],
    job: Callable[[str], Job],
) -> list[tuple[str, Diagnostic]]:
    """Return (rule, diagnostic) for each symbol that a unit newly needs and cannot have.

    `needed` maps units to symbols, `given` are symbols of other built-in units of the commit,
    `built` the units in which a definition is looked for. Symbols defined outside of `built` are
    left to the header that declares them: nothing is said of them.
    """
    have = set(given)
    jobs = {path: job(path) for path in built}
    texts = {path: text_of(task) for path, task in jobs.items()}
    found: list[tuple[str, Diagnostic]] = []
    for path, names in sorted(needed.items()):
        for name in sorted(names - have if builtin[path] else names):
            owner = _owner(name, jobs, texts)
            if owner is None:
                continue
            text = _trouble(path, name, owner, builtin[path], jobs, texts)
            if text:
                line = _line_of(texts.get(path, ""), name)
                rule = "R22" if builtin[path] else "link:export"
                found.append((rule, Diagnostic("error", path, line, 0, text)))
    return found


def text_of(task: Job) -> str:
    """Return the text of a unit with the overlay applied."""
    text = task.overlay.get(task.path)
    if text is None:
        file = task.place.source / task.path
        text = file.read_bytes() if file.exists() else b""
    return text.decode("utf-8", "replace")


def _is_module(task: Job) -> bool:
    return "-DMODULE" in task.flags


_START = re.compile(r"^[A-Za-z_][\w \t*]*?[ \t*\n](\w+)[ \t]*(?:\(|=|;|\[)", re.M)


@functools.lru_cache(maxsize=2048)
def _may_define(text: str) -> frozenset[str]:
    """Return the names that a text declares in column 1; the front end says which it defines."""
    return frozenset(_START.findall(text))


def _owner(name: str, jobs: Mapping[str, Job], texts: Mapping[str, str]) -> str | None:
    """Return the unit that defines a symbol: built-in ones first."""
    candidates = [path for path, text in texts.items() if name in _may_define(text)]
    for path in sorted(candidates, key=lambda item: (_is_module(jobs[item]), item)):
        if name in diagnose(jobs[path]).defined:
            return path
    return None


def _trouble(
    path: str,
    name: str,
    owner: str,
    builtin: bool,
    jobs: Mapping[str, Job],
    texts: Mapping[str, str],
) -> str:
    if builtin:
        if _is_module(jobs[owner]):
            return f"built-in code uses {name}(), which is in a module here ({owner})"
        return ""
    if _module_name(jobs[owner]) == _module_name(jobs[path]):
        return ""
    export = re.search(_EXPORT.format(name=re.escape(name)), texts[owner])
    if not export:
        return f"a module uses {name}(), which {owner} does not export"
    space = (export["rest"] or "").strip().strip('"') if export["form"] else ""
    same = [p for p in jobs if _module_name(jobs[p]) == _module_name(jobs[path])]
    if space and not any(space in _IMPORT.findall(texts[p]) for p in same):
        return f"a module uses {name}() of namespace {space} without MODULE_IMPORT_NS({space})"
    return ""


def _module_name(task: Job) -> str:
    return next((flag for flag in task.flags if flag.startswith("-DKBUILD_MODNAME=")), task.path)


def _line_of(text: str, name: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(rf"\b{re.escape(name)}\b", line):
            return number
    return 0
