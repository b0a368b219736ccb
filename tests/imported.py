# SPDX-License-Identifier: GPL-2.0-only
"""What a file imports: by statements, by calls that name a module, and by ones that compute it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# What imports a module, or runs text that may, by the name that Python has for it.
CALLS = frozenset((
    "import_module", "__import__", "exec_module", "load_module", "spec_from_file_location",
    "spec_from_loader", "SourceFileLoader", "run_module", "run_path", "resolve_name",
))
BUILTINS = frozenset(("exec", "eval", "__import__"))


def imports(text: str) -> set[str]:
    """Return the dotted names that a text imports, those inside of functions as well.

    A name out of a package is read both ways: as a module of it, and as what it has.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and (said := _constant(node)) is not None:
            found |= imports(said) if _name(node.func) in BUILTINS - {"__import__"} else {said}
    return found


def computed(text: str) -> list[str]:
    """Return how a text begins what it imports or runs by calls that do not say what.

    That is the text in front of the first part that is computed, "" where there is none, and so
    for what is no call: another name for import_module(), or its name in quotes.
    """
    tree = ast.parse(text)
    said = {id(node.func) for node in ast.walk(tree)
            if isinstance(node, ast.Call) and _constant(node) is not None}
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = []
    for node in ast.walk(tree):
        if id(node) in said or not _is_one(node):
            continue
        call = called.get(id(node))
        at = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        found.append((at, "".join(_beginning(call.args[0])) if call and call.args else ""))
    return [begins for _, begins in sorted(found)]


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return ""


def _is_one(node: ast.AST) -> bool:
    """Return whether a node names what imports, or runs text."""
    if isinstance(node, ast.Constant):
        return node.value in CALLS
    if isinstance(node, ast.alias):
        return node.asname is not None and node.name in CALLS | BUILTINS
    if isinstance(node, ast.Attribute):
        return node.attr in CALLS or (node.attr in BUILTINS and _name(node.value) == "builtins")
    return _name(node) in CALLS | BUILTINS


def _constant(call: ast.Call) -> str | None:
    """Return the module, or the text, that a call names in full, None when it computes it."""
    first = call.args[0] if len(call.args) == 1 and not call.keywords else None
    if _is_one(call.func) and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return None


def _beginning(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        yield str(node.values[0].value)
