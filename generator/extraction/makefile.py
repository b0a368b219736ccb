# SPDX-License-Identifier: GPL-2.0-only
"""Which files a module is made of, as the Makefile beside them says it.

The Makefile is read as data: lists of objects, also those that depend on a symbol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from generator.errors import UsageError
from generator.kernel import tree
from generator.kernel.tree import Tree

_LIST = re.compile(
    r"^(?P<module>[\w-]+)-(?:y|m|objs|objs-y|objs-m|\$\(CONFIG_\w+\))\s*[:+]?=(?P<objects>.*)$",
    re.M)
_OBJECT = re.compile(r"(?<![\w/-])([\w-]+)\.o\b")
_NO_MODULE = ("obj", "lib", "subdir", "core", "always", "hostprogs", "targets")


def beside(where: Tree, path: str) -> tuple[str, ...]:
    """Return the other C files of the one module that a file is of, () when it is alone in it."""
    directory, _, name = path.rpartition("/")
    stem = name.removesuffix(".c")
    of = [some for some in _modules(_text(where, f"{directory}/Makefile")).values() if stem in some]
    there = set(tree.files(where, where.base, directory))
    found = [f"{directory}/{one}.c" for one in (of[0] if len(of) == 1 else ()) if one != stem]
    return tuple(one for one in found if one in there)


def modules_of(where: Tree, path: str) -> tuple[str, ...]:
    """Return the modules of several objects that a file is one of."""
    directory, _, name = path.rpartition("/")
    modules = _modules(_text(where, f"{directory}/Makefile"))
    return tuple(one for one, objects in modules.items() if name.removesuffix(".c") in objects)


def exporting(where: Tree, path: str, function: str) -> str:
    """Return the C file beside one that exports a function to other modules, "" for none."""
    directory = path.rpartition("/")[0]
    there = [one for one in tree.files(where, where.base, directory)
             if one.rpartition("/")[0] == directory and one.endswith(".c") and one != path]
    word = re.compile(rf"^EXPORT_SYMBOL\w*\({re.escape(function)}\b".encode(), re.M)
    texts = tree.read_many(where, [(where.base, one) for one in there])
    return next((one for (_, one), text in texts.items() if text and word.search(text)), "")


def with_driver(where: Tree, module: str) -> str:
    """Return the C file of a module, by its name, that registers a driver, or has its init.

    Errors: UsageError when no Makefile below drivers/ has that module, or several files qualify.
    """
    makefiles = [one for one in tree.files(where, where.base, "drivers")
                 if one.endswith("/Makefile")]
    texts = tree.read_many(where, [(where.base, one) for one in makefiles])
    spellings = {module, module.replace("_", "-"), module.replace("-", "_")}
    found = []
    for (_, makefile), text in texts.items():
        for name, objects in _modules((text or b"").decode("utf-8", "replace")).items():
            if name in spellings:
                found += [f"{makefile.rpartition('/')[0]}/{one}.c" for one in objects]
    sources = tree.read_many(where, [(where.base, one) for one in dict.fromkeys(found)])
    drivers = [path for (_, path), text in sources.items()
               if text and re.search(rb"^(?:static )?struct \w+_driver \w+ *= *\{", text, re.M)]
    if not drivers:
        raise UsageError(f"{module}: no such C file, and no module with a driver, in "
                         f"{where.version}")
    if len(drivers) > 1:
        raise UsageError(f"{module}: several files of the module have a driver, "
                         f"{', '.join(drivers[:8])}: give the path")
    return drivers[0]


def _text(where: Tree, path: str) -> str:
    return (tree.read(where, where.base, path) or b"").decode("utf-8", "replace")


def _modules(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return the modules of a Makefile that are made of several objects, and these."""
    found: dict[str, dict[str, None]] = {}
    for match in _LIST.finditer(text.replace("\\\n", " ")):
        if match["module"] not in _NO_MODULE:
            objects = _OBJECT.findall(match["objects"].partition("#")[0])
            found.setdefault(match["module"], {}).update(dict.fromkeys(objects))
    return {module: tuple(objects) for module, objects in found.items()}
