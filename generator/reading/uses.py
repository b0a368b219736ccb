# SPDX-License-Identifier: GPL-2.0-only
"""Which locals a piece of C reads or may write that is not lowered: macros, messages, asm."""

from __future__ import annotations

from collections.abc import Iterator

import clang.cindex as ci

from generator.parsing.cursors import Cursor, Kind, constant, initialiser, operator

# what stands in these is looked at when compiling, and never runs
_UNEVALUATED = (
    Kind.CXX_UNARY_EXPR,
    Kind.STATIC_ASSERT,
    Kind.GENERIC_SELECTION_EXPR,
    Kind.TYPE_REF,
    Kind.ASM_STMT,
)
COMPILER = ("__builtin_constant_p", "__builtin_object_size", "__builtin_dynamic_object_size")
_FIRST = (Kind.CONDITIONAL_OPERATOR, Kind.IF_STMT, Kind.WHILE_STMT, Kind.SWITCH_STMT)
_SCALARS = (ci.TypeKind.POINTER, ci.TypeKind.ENUM, ci.TypeKind.BOOL)
_NUMBERS = range(ci.TypeKind.CHAR_U.value, ci.TypeKind.LONGDOUBLE.value + 1)


def is_scalar(declaration: Cursor) -> bool:
    """Return whether a variable is one value, which an assignment sets as a whole."""
    kind = declaration.type.get_canonical().kind
    return kind in _SCALARS or kind.value in _NUMBERS


def covers(subject: Cursor, cases: list[Cursor]) -> bool:
    """Return whether the cases of a switch are all that the enum of its subject names."""
    of_type = _bare(subject).type.get_canonical()
    if of_type.kind != ci.TypeKind.ENUM:
        return False
    parts = of_type.get_declaration().get_children()
    named = {part.enum_value for part in parts if part.kind == Kind.ENUM_CONSTANT_DECL}
    return named <= {constant(case) for case in cases}


def is_local(cursor: Cursor) -> bool:
    """Return whether a reference is one to a local variable or a parameter."""
    target = cursor.referenced
    if cursor.kind != Kind.DECL_REF_EXPR or target is None:
        return False
    if target.kind == Kind.PARM_DECL:
        return True
    return bool(target.kind == Kind.VAR_DECL and target.linkage == ci.LinkageKind.NO_LINKAGE)


def reads(cursor: Cursor) -> Iterator[Cursor]:
    """Return the declarations of locals that are read whenever the piece runs."""
    kind, children = cursor.kind, list(cursor.get_children())
    if is_local(cursor):
        yield cursor.referenced
        return
    if kind in _UNEVALUATED or (kind == Kind.CALL_EXPR and cursor.spelling in COMPILER):
        return
    if kind == Kind.UNARY_OPERATOR and operator(cursor) == "&":
        children = [] if is_local(_bare(children[0])) else children
    elif kind == Kind.BINARY_OPERATOR and operator(cursor) in ("&&", "||"):
        children = children[:1]
    elif kind == Kind.BINARY_OPERATOR and operator(cursor) == "=":
        children = children[1:] if is_local(_bare(children[0])) else children
    elif kind == Kind.CSTYLE_CAST_EXPR:
        children = children[-1:]
    elif kind == Kind.VAR_DECL:
        first = initialiser(cursor)
        children = [] if first is None else [first]
    elif kind in _FIRST:
        children = children[:1]
    elif kind == Kind.FOR_STMT:
        children = []
    for child in children:
        yield from reads(child)


def writes(cursor: Cursor) -> Iterator[Cursor]:
    """Return the locals, as declarations, that a piece may write, itself or by their address."""
    kind, children = cursor.kind, list(cursor.get_children())
    if kind == Kind.ASM_STMT:
        yield from (part.referenced for part in cursor.walk_preorder() if is_local(part))
        return
    assigns = kind == Kind.BINARY_OPERATOR and operator(cursor) == "="
    changes = kind == Kind.UNARY_OPERATOR and operator(cursor) in ("&", "++", "--")
    if assigns or changes or kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR:
        target = _bare(children[0])
        if is_local(target):
            yield target.referenced
    for child in children:
        yield from writes(child)


def _bare(cursor: Cursor) -> Cursor:
    """Return what stands inside parentheses and implicit conversions."""
    while cursor.kind in (Kind.PAREN_EXPR, Kind.UNEXPOSED_EXPR):
        children = list(cursor.get_children())
        if len(children) != 1:
            break
        cursor = children[0]
    return cursor
