# SPDX-License-Identifier: GPL-2.0-only
"""The few questions that are asked of libclang's cursors, and what its Python binding lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ctypes import c_int, c_longlong, c_void_p
from typing import TYPE_CHECKING, Any, Protocol

import clang.cindex as ci

if TYPE_CHECKING:
    from generator.parsing.unit import Definition

Cursor = Any  # clang.cindex.Cursor and .Type: libclang ships no types
CType = Any
CLibrary = Any
Kind = ci.CursorKind

# in the order of libclang's CXBinaryOperatorKind and CXUnaryOperatorKind
# fmt: off
_BINARY = (
    "?", ".*", "->*", "*", "/", "%", "+", "-", "<<", ">>", "<=>", "<", ">", "<=", ">=", "==", "!=",
    "&", "^", "|", "&&", "||", "=", "*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "&=", "^=", "|=",
    ",",
)
_UNARY = ("?", "++", "--", "++", "--", "&", "*", "+", "-", "~", "!")
# fmt: on


class Unit(Protocol):
    """What is read of a parsed file: unit.py has one that is."""

    @property
    def path(self) -> str:
        """Return the file, relative to the kernel tree."""

    @property
    def tu(self) -> Any:  # noqa: ANN401 - libclang has no types
        """Return libclang's translation unit."""

    @property
    def text(self) -> bytes:
        """Return what was parsed."""

    @property
    def own(self) -> Sequence[Cursor]:
        """Return the declarations that stand in the file itself, at the top."""

    @property
    def definitions(self) -> Mapping[str, Definition]:
        """Return the functions that it defines, by name."""


def _library() -> CLibrary:
    """Return libclang with the functions that its Python binding leaves out."""
    lib = ci.conf.lib
    if not getattr(lib, "portwright_ready", False):
        for name, arguments, result in (
            ("clang_getCursorBinaryOperatorKind", [ci.Cursor], c_int),
            ("clang_getCursorUnaryOperatorKind", [ci.Cursor], c_int),
            ("clang_Cursor_Evaluate", [ci.Cursor], c_void_p),
            ("clang_EvalResult_getKind", [c_void_p], c_int),
            ("clang_EvalResult_getAsLongLong", [c_void_p], c_longlong),
            ("clang_EvalResult_dispose", [c_void_p], None),
            ("clang_getCursorPrintingPolicy", [ci.Cursor], c_void_p),
            ("clang_PrintingPolicy_dispose", [c_void_p], None),
            ("clang_getCursorPrettyPrinted", [ci.Cursor, c_void_p], ci._CXString),
        ):
            function = getattr(lib, name)
            function.argtypes, function.restype = arguments, result
        lib.clang_getCursorPrettyPrinted.errcheck = ci._CXString.from_result
        initial = lib.clang_Cursor_getVarDeclInitializer
        initial.argtypes, initial.restype = [ci.Cursor], ci.Cursor
        initial.errcheck = ci.Cursor.from_cursor_result
        lib.portwright_ready = True
    return lib


_AROUND = (Kind.PAREN_EXPR, Kind.CSTYLE_CAST_EXPR, Kind.UNEXPOSED_EXPR)


def operator(cursor: Cursor) -> str:
    """Return the spelling of a unary or binary operator's cursor."""
    if cursor.kind == Kind.UNARY_OPERATOR:
        return _UNARY[int(_library().clang_getCursorUnaryOperatorKind(cursor))]
    return _BINARY[int(_library().clang_getCursorBinaryOperatorKind(cursor))]


def constant(cursor: Cursor) -> int | None:
    """Return the number that an integer expression has when compiling."""
    lib = _library()
    result = lib.clang_Cursor_Evaluate(cursor)
    if not result:
        return None
    try:
        if lib.clang_EvalResult_getKind(result) != 1:
            return None
        return int(lib.clang_EvalResult_getAsLongLong(result))
    finally:
        lib.clang_EvalResult_dispose(result)


def initialiser(declaration: Cursor) -> Cursor | None:
    """Return the expression that a variable begins with; children have typeof() and sizes too."""
    return _library().clang_Cursor_getVarDeclInitializer(declaration)


def less_offset(expression: Cursor) -> Cursor | None:
    """Return the pointer that an expression takes an offsetof() from, None when it takes none."""
    cursor = expression
    while cursor.kind in _AROUND:
        cursor = list(cursor.get_children())[-1]
    if cursor.kind != Kind.BINARY_OPERATOR or operator(cursor) != "-":
        return None
    pointer, offset = cursor.get_children()
    is_offset = any(one.kind == Kind.MEMBER_REF for one in offset.walk_preorder())
    return pointer if is_offset else None


def printed(declaration: Cursor) -> str:
    """Return a declaration as clang prints it: with the attributes that macros gave it."""
    lib = _library()
    policy = lib.clang_getCursorPrintingPolicy(declaration)
    try:
        text = lib.clang_getCursorPrettyPrinted(declaration, policy)
    finally:
        lib.clang_PrintingPolicy_dispose(policy)
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def spelled(lines: list[bytes], cursor: Cursor) -> str:
    """Return the source text of a cursor, white space collapsed; macros stay as written."""
    start, end = cursor.extent.start, cursor.extent.end
    if end.line < start.line or end.line > len(lines):
        return ""
    picked = lines[start.line - 1 : end.line]
    picked[-1] = picked[-1][: end.column - 1]
    picked[0] = picked[0][start.column - 1 :]
    return " ".join(b" ".join(picked).decode("utf-8", "replace").split())


def from_macro(parent: Cursor, children: list[Cursor]) -> bool:
    """Return whether a macro wrote a construct: all its parts then begin where it begins."""
    start = parent.extent.start
    return len(children) > 1 and all(
        (c.extent.start.line, c.extent.start.column) == (start.line, start.column) for c in children
    )


def record_of(of_type: CType) -> str:
    """Return the tag of the struct that a type is, points to or has as element; else ""."""
    of_type = of_type.get_canonical()
    while of_type.kind in (ci.TypeKind.POINTER, ci.TypeKind.CONSTANTARRAY):
        inner = (
            of_type.get_pointee()
            if of_type.kind == ci.TypeKind.POINTER
            else of_type.get_array_element_type()
        )
        of_type = inner.get_canonical()
    if of_type.kind != ci.TypeKind.RECORD:
        return ""
    words: list[str] = of_type.spelling.split()
    return words[-1] if len(words) <= 3 and "(" not in of_type.spelling else ""


def points(of_type: CType) -> bool:
    """Return whether a type is a pointer, and no array."""
    return bool(of_type.get_canonical().kind == ci.TypeKind.POINTER)


def root_of(of_type: CType) -> str:
    """Return how a variable of a type begins a path: a struct's tag, "int[]" of an array, or ""."""
    record = record_of(of_type)
    if record or of_type.get_canonical().kind != ci.TypeKind.CONSTANTARRAY:
        return record
    return f"{of_type.get_canonical().get_array_element_type().spelling}[]"
