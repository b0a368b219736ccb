# SPDX-License-Identifier: GPL-2.0-only
"""A C function's AST as a control-flow graph of small steps; the part that reads libclang."""

from __future__ import annotations

import re
from collections.abc import Callable
from ctypes import c_int, c_longlong, c_void_p
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import clang.cindex as ci

from generator.cexpr import (
    COMPARISONS,
    OPAQUE,
    POS,
    Binary,
    Const,
    Container,
    Expr,
    Index,
    Member,
    Name,
    Unary,
    Var,
)
from generator.errors import TreeError

Cursor = Any  # clang.cindex.Cursor and .Type: libclang ships no types
CType = Any
CLibrary = Any
NOWHERE = Var("")
Kind = ci.CursorKind


class Unit(Protocol):
    """What is read of a parsed file: csource.Unit has it."""

    path: str
    tu: Any
    text: bytes


class Place(NamedTuple):
    """Where something stands: lines and columns count from 1, columns in bytes; the end is past."""

    path: str
    function: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        """As diagnostics print it."""
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(slots=True)
class Node:
    """One step: `next` has one entry, two for a branch (true, false), any number for a choice."""

    place: Place
    statement: Place
    next: list[int] = field(default_factory=lambda: [-1])
    uses: tuple[Expr, ...] = ()


@dataclass(slots=True)
class Assign(Node):
    """A variable gets the value of uses[0]; without any, its value is lost."""

    target: Var = NOWHERE


@dataclass(slots=True)
class Store(Node):
    """uses[0], a member or an element, gets the value of uses[1] by `op`."""

    op: str = "="


@dataclass(slots=True)
class Call(Node):
    """target = callee(uses...)"""

    callee: str = ""
    target: Var = NOWHERE
    record: str = ""


@dataclass(slots=True)
class Branch(Node):
    """A condition leaf uses[0]; text is "" when it stands inside a macro."""

    text: str = ""


@dataclass(slots=True)
class Return(Node):
    """The function ends, with uses[0] if it has a value."""


@dataclass(frozen=True, slots=True)
class Function:
    """A lowered function: nodes[0] is its entry; all of its ends are Return nodes."""

    name: str
    parameters: tuple[Var, ...]
    nodes: tuple[Node, ...]
    void: bool
    unread: tuple[tuple[str, Place], ...]


# in the order of libclang's CXBinaryOperatorKind and CXUnaryOperatorKind
# fmt: off
_BINARY = (
    "?", ".*", "->*", "*", "/", "%", "+", "-", "<<", ">>", "<=>", "<", ">", "<=", ">=", "==", "!=",
    "&", "^", "|", "&&", "||", "=", "*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "&=", "^=", "|=",
    ",",
)
_UNARY = ("?", "++", "--", "++", "--", "&", "*", "+", "-", "~", "!")
# fmt: on
_MACRO = re.compile(r"\w+\(.*\)")
_WRAPPED = re.compile(r"(?:un)?likely\((.*)\)", re.DOTALL)

_POINTERS = {
    "IS_ERR": "<",
    "IS_ERR_OR_NULL": "<=",
    "PTR_ERR": "",
    "ERR_PTR": "",
    "ERR_CAST": "",
    "PTR_ERR_OR_ZERO": "?",
}


def _library() -> CLibrary:
    """libclang with the functions that its Python binding leaves out."""
    lib = ci.conf.lib
    if not getattr(lib, "portwright_ready", False):
        for name, arguments, result in (
            ("clang_getCursorBinaryOperatorKind", [ci.Cursor], c_int),
            ("clang_getCursorUnaryOperatorKind", [ci.Cursor], c_int),
            ("clang_Cursor_Evaluate", [ci.Cursor], c_void_p),
            ("clang_EvalResult_getKind", [c_void_p], c_int),
            ("clang_EvalResult_getAsLongLong", [c_void_p], c_longlong),
            ("clang_EvalResult_dispose", [c_void_p], None),
        ):
            function = getattr(lib, name)
            function.argtypes, function.restype = arguments, result
        lib.portwright_ready = True
    return lib


def operator(cursor: Cursor) -> str:
    """The spelling of a unary or binary operator's cursor."""
    if cursor.kind == Kind.UNARY_OPERATOR:
        return _UNARY[int(_library().clang_getCursorUnaryOperatorKind(cursor))]
    return _BINARY[int(_library().clang_getCursorBinaryOperatorKind(cursor))]


def constant(cursor: Cursor) -> int | None:
    """The number that an integer expression has when compiling."""
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


def spelled(lines: list[bytes], cursor: Cursor) -> str:
    """The source text of a cursor, white space collapsed; macros stay as they are written."""
    start, end = cursor.extent.start, cursor.extent.end
    if end.line < start.line or end.line > len(lines):
        return ""
    picked = lines[start.line - 1 : end.line]
    picked[-1] = picked[-1][: end.column - 1]
    picked[0] = picked[0][start.column - 1 :]
    return " ".join(b" ".join(picked).decode("utf-8", "replace").split())


def from_macro(parent: Cursor, children: list[Cursor]) -> bool:
    """Whether a construct was written by a macro: all its parts then begin where it begins."""
    start = parent.extent.start
    return len(children) > 1 and all(
        (c.extent.start.line, c.extent.start.column) == (start.line, start.column) for c in children
    )


def record_of(of_type: CType) -> str:
    """The tag of the struct that a type is, points to or has as element; else ""."""
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


def root_of(of_type: CType) -> str:
    """How a variable of this type begins a path: a struct's tag, "int[]" for an array, or ""."""
    record = record_of(of_type)
    if record or of_type.get_canonical().kind != ci.TypeKind.CONSTANTARRAY:
        return record
    return f"{of_type.get_canonical().get_array_element_type().spelling}[]"


def own_cursors(unit: Unit) -> list[Cursor]:
    """The top-level declarations that stand in the unit's own file."""
    name = unit.tu.spelling
    return [
        cursor
        for cursor in unit.tu.cursor.get_children()
        if cursor.location.file is not None and cursor.location.file.name == name
    ]


Tail = list[tuple[int, int]]


class Lowering:
    """Lowers one function; `inside` says whether a callee's name is of interest within a macro."""

    def __init__(
        self,
        unit: Unit,
        lines: list[bytes],
        inside: Callable[[str], bool],
        named: Callable[[str, str], bool],
    ) -> None:
        """One Lowering lowers one function; `named` knows the guards by text and function."""
        self.unit, self.lines, self.inside, self.named = unit, lines, inside, named
        self.nodes: list[Node] = []
        self.tail: Tail = []
        self.labels: dict[str, int] = {}
        self.breaks: list[Tail] = []
        self.continues: list[Tail] = []
        self.cases: list[list[tuple[int, Cursor | None]]] = []
        self.temporaries = 0
        self.name = ""
        self.statement_place = Place("", "", 0, 0, 0, 0)
        self.unread: list[tuple[str, Place]] = []

    def function(self, cursor: Cursor) -> Function:
        """The whole function.

        Errors: TreeError when the cursor has no body.
        """
        self.name = cursor.spelling
        body = [c for c in cursor.get_children() if c.kind == Kind.COMPOUND_STMT]
        if not body:
            raise TreeError(f"{self.place(cursor)}: {self.name} has no body here")
        parameters = tuple(self.variable(argument) for argument in cursor.get_arguments())
        self.emit(Node(self.place(cursor), self.place(cursor)))
        self.statement(body[0])
        if self.tail:
            self.emit(Return(self.place(body[0]), self.place(body[0]), next=[]))
        void = cursor.result_type.get_canonical().kind == ci.TypeKind.VOID
        return Function(self.name, parameters, tuple(self.nodes), void, tuple(self.unread))

    # -- helpers

    def place(self, cursor: Cursor) -> Place:
        """The extent of a cursor."""
        start, end = cursor.extent.start, cursor.extent.end
        return Place(self.unit.path, self.name, start.line, start.column, end.line, end.column)

    def emit(self, node: Node) -> int:
        """Appends a node behind all that dangles."""
        number = len(self.nodes)
        self.nodes.append(node)
        self.join(number)
        self.tail = [(number, 0)] if node.next else []
        return number

    def join(self, number: int) -> None:
        """Lets all that dangles go to a node."""
        for node, slot in self.tail:
            self.nodes[node].next[slot] = number
        self.tail = []

    def nop(self, cursor: Cursor) -> int:
        """A node that does nothing, as the aim of jumps."""
        return self.emit(Node(self.place(cursor), self.statement_place))

    def temporary(self) -> Var:
        """A variable that the source does not have."""
        self.temporaries += 1
        return Var(f"${self.temporaries}")

    def variable(self, declaration: Cursor) -> Var:
        """The variable that a declaration makes."""
        at = declaration.location
        return Var(f"{declaration.spelling}@{at.line}:{at.column}", root_of(declaration.type))

    def interesting(self, cursor: Cursor) -> bool:
        """Whether a call that matters is somewhere below."""
        if cursor.kind == Kind.CALL_EXPR and self.inside(cursor.spelling):
            return True
        if cursor.kind == Kind.CXX_UNARY_EXPR:
            return False
        return any(self.interesting(child) for child in cursor.get_children())

    # -- statements

    def statement(self, cursor: Cursor) -> None:
        """Lowers a statement behind all that dangles."""
        kind = cursor.kind
        if kind != Kind.COMPOUND_STMT:
            self.statement_place = self.place(cursor)
        method = getattr(self, "_" + kind.name.lower(), None)
        if method is not None:
            method(cursor, list(cursor.get_children()))
        elif kind.is_expression():
            self.expression(cursor)
        elif kind == Kind.UNEXPOSED_STMT or kind.is_attribute():
            for child in cursor.get_children():
                self.statement(child)
        elif kind not in (Kind.NULL_STMT, Kind.ASM_STMT):
            self.unread.append((kind.name, self.place(cursor)))

    def _compound_stmt(self, _: Cursor, children: list[Cursor]) -> None:
        for child in children:
            self.statement(child)

    def _decl_stmt(self, _: Cursor, children: list[Cursor]) -> None:
        for declaration in children:
            if declaration.kind != Kind.VAR_DECL:
                continue
            if declaration.storage_class == ci.StorageClass.STATIC:
                continue
            parts = list(declaration.get_children())
            if any(part.kind == Kind.UNEXPOSED_ATTR for part in parts):
                text = spelled(self.lines, declaration)
                if "__free" in text or "cleanup" in text or text.startswith("CLASS("):
                    self.unread.append(("cleanup variable", self.place(declaration)))
            values = [part for part in parts if part.kind.is_expression()]
            array = declaration.type.get_canonical().kind == ci.TypeKind.CONSTANTARRAY
            values = [v for v in values if not (array and v.kind == Kind.INTEGER_LITERAL)]
            target = self.variable(declaration)
            if values:
                uses: tuple[Expr, ...] = (self.expression(values[-1]),)
                if values[-1].kind == Kind.INIT_LIST_EXPR:
                    uses = ()
            else:
                uses = ()
            place = self.place(declaration)
            self.emit(Assign(place, self.statement_place, uses=uses, target=target))

    def _if_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        true, false = self.condition(children[0])
        self.tail = true
        self.statement(children[1])
        after = self.tail
        self.tail = false
        if len(children) > 2:
            self.statement(children[2])
        self.tail = self.tail + after
        self.nop(cursor)

    def _while_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        self._loop(cursor, children[0], None, children[1])

    def _loop(
        self, cursor: Cursor, condition: Cursor | None, step: Cursor | None, body: Cursor
    ) -> None:
        head, here = self.nop(cursor), self.statement_place
        false: Tail = []
        if condition is not None:
            self.tail, false = self.condition(condition)
        self.breaks.append([])
        self.continues.append([])
        self.statement(body)
        self.tail += self.continues.pop()
        self.statement_place = here
        if step is not None and self.tail:
            self.expression(step)
        self.join(head)
        self.tail = false + self.breaks.pop()

    def _do_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        if from_macro(cursor, children) and not self.interesting(cursor):
            return
        head, here = self.nop(cursor), self.statement_place
        self.breaks.append([])
        self.continues.append([])
        self.statement(children[0])
        self.tail += self.continues.pop()
        self.statement_place = here
        false: Tail = []
        if self.tail:
            true, false = self.condition(children[1])
            self.tail = true
            self.join(head)
        self.tail = false + self.breaks.pop()

    def _for_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        first, condition, step = self._for_parts(cursor, children[:-1])
        if first is not None:
            if first.kind == Kind.DECL_STMT:
                self._decl_stmt(first, list(first.get_children()))
            else:
                self.expression(first)
        self._loop(cursor, condition, step, children[-1])

    def _for_parts(
        self, cursor: Cursor, parts: list[Cursor]
    ) -> tuple[Cursor | None, Cursor | None, Cursor | None]:
        """Which of init, condition and step are there: libclang leaves out the empty ones."""
        if len(parts) == 3:
            return parts[0], parts[1], parts[2]
        semicolons: list[tuple[int, int]] = []
        depth = 0
        for token in cursor.get_tokens():
            depth += token.spelling == "("
            depth -= token.spelling == ")"
            if token.spelling == ";" and depth == 1 and len(semicolons) < 2:
                semicolons.append((token.location.line, token.location.column))
        found: list[Cursor | None] = [None, None, None]
        for number, part in enumerate(parts):
            start = part.extent.start
            slot = sum((start.line, start.column) > semicolon for semicolon in semicolons)
            found[slot if len(semicolons) == 2 else number + 1] = part
        return found[0], found[1], found[2]

    def _switch_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        subject = self.expression(children[0])
        text = spelled(self.lines, children[0])
        entry, self.tail = self.tail, []
        self.cases.append([])
        self.breaks.append([])
        self.statement(children[-1])
        fallen, self.tail = self.tail, entry
        default: int | None = None
        for target, value in self.cases.pop():
            if value is None:
                default = target
                continue
            expr = Binary("==", subject, self.expression(value))
            leaf = f"{text} == {spelled(self.lines, value)}"
            place = self.place(value)
            number = self.emit(Branch(place, place, next=[-1, -1], uses=(expr,), text=leaf))
            self.nodes[number].next[0] = target
            self.tail = [(number, 1)]
        if default is not None:
            self.join(default)
        self.tail = self.tail + fallen + self.breaks.pop()
        self.nop(cursor)

    def _case_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        self.cases[-1].append((self.nop(cursor), children[0]))
        self.statement(children[-1])

    def _default_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        self.cases[-1].append((self.nop(cursor), None))
        self.statement(children[-1])

    def _break_stmt(self, *_: object) -> None:
        self.breaks[-1] += self.tail
        self.tail = []

    def _continue_stmt(self, *_: object) -> None:
        self.continues[-1] += self.tail
        self.tail = []

    def _label(self, name: str, cursor: Cursor) -> int:
        if name not in self.labels:
            tail, self.tail = self.tail, []
            self.labels[name] = self.nop(cursor)
            self.tail = tail
        return self.labels[name]

    def _goto_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        self.join(self._label(children[0].spelling, cursor))

    def _label_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        number = self._label(cursor.spelling, cursor)
        self.join(number)
        self.tail = [(number, 0)]
        for child in children:
            self.statement(child)

    def _return_stmt(self, cursor: Cursor, children: list[Cursor]) -> None:
        uses = (self.expression(children[0]),) if children else ()
        self.emit(Return(self.place(cursor), self.place(cursor), next=[], uses=uses))

    # -- conditions

    def condition(self, cursor: Cursor, text: str = "") -> tuple[Tail, Tail]:
        """Lowers a condition to its leaves; gives what dangles when true and when false."""
        children = list(cursor.get_children())
        kind = cursor.kind
        if kind in (Kind.PAREN_EXPR, Kind.UNEXPOSED_EXPR) and len(children) == 1:
            return self.condition(children[0], text)
        if kind == Kind.UNARY_OPERATOR and operator(cursor) == "!":
            true, false = self.condition(children[0], text)
            return false, true
        if kind == Kind.CALL_EXPR and cursor.spelling == "__builtin_expect":
            wrapped = _WRAPPED.fullmatch(spelled(self.lines, cursor))
            text = text or (wrapped[1] if wrapped else "")
            return self.condition(next(iter(cursor.get_arguments())), text)
        if kind == Kind.BINARY_OPERATOR and operator(cursor) in ("&&", "||"):
            whole = text or spelled(self.lines, cursor)
            if self.named(whole, self.name) and not self.interesting(cursor):
                return self._test(cursor, OPAQUE, whole)
            both = operator(cursor) == "&&"
            true, false = self.condition(children[0])
            self.tail = true if both else false
            if not self.tail:
                return true, false
            true2, false2 = self.condition(children[1])
            return (true2, false + false2) if both else (true + true2, false2)
        return self._leaf(cursor, text or spelled(self.lines, cursor))

    def _leaf(self, cursor: Cursor, text: str) -> tuple[Tail, Tail]:
        expr = self.expression(cursor)
        if isinstance(expr, Const):
            tail, self.tail = self.tail, []
            return (tail, []) if expr.number else ([], tail)
        return self._test(cursor, expr, text)

    def _test(self, cursor: Cursor, expr: Expr, text: str) -> tuple[Tail, Tail]:
        place = self.place(cursor)
        number = self.emit(
            Branch(place, self.statement_place, next=[-1, -1], uses=(expr,), text=text)
        )
        self.tail = []
        return [(number, 0)], [(number, 1)]

    # -- expressions

    def expression(self, cursor: Cursor) -> Expr:
        """Lowers calls, assignments and branches of an expression; gives what is left of it."""
        method = getattr(self, "_" + cursor.kind.name.lower(), None)
        children = list(cursor.get_children())
        if method is not None:
            result: Expr = method(cursor, children)
            return result
        if cursor.kind in (Kind.PAREN_EXPR, Kind.UNEXPOSED_EXPR) and len(children) == 1:
            return self._constant(cursor, self.expression(children[0]))
        number = constant(cursor)
        if number is not None:
            return Const(number, spelled(self.lines, cursor))
        for child in children:
            if child.kind.is_expression() and self.interesting(child):
                self.expression(child)
        return OPAQUE

    def _constant(self, cursor: Cursor, expr: Expr) -> Expr:
        """The expression, or a Const spelled as the whole cursor when all below is constant."""
        parts: tuple[Expr, ...] = ()
        if isinstance(expr, Unary) and expr.op not in ("&", "*"):
            parts = (expr.of,)
        elif isinstance(expr, Binary):
            parts = (expr.left, expr.right)
        if not parts or not all(isinstance(part, Const) for part in parts):
            return expr
        number = constant(cursor)
        return expr if number is None else Const(number, spelled(self.lines, cursor))

    def _integer_literal(self, cursor: Cursor, _: list[Cursor]) -> Expr:
        return Const(constant(cursor) or 0, spelled(self.lines, cursor))

    _character_literal = _integer_literal

    def _string_literal(self, cursor: Cursor, _: list[Cursor]) -> Expr:
        return Name(spelled(self.lines, cursor), POS)

    def _cstyle_cast_expr(self, _: Cursor, children: list[Cursor]) -> Expr:
        return self.expression(children[-1])

    def _decl_ref_expr(self, cursor: Cursor, _: list[Cursor]) -> Expr:
        target = cursor.referenced
        if target is None:
            return OPAQUE
        if target.kind == Kind.ENUM_CONSTANT_DECL:
            return Const(target.enum_value, spelled(self.lines, cursor))
        if target.kind == Kind.FUNCTION_DECL:
            return Name(target.spelling, POS)
        if target.kind == Kind.PARM_DECL or target.linkage == ci.LinkageKind.NO_LINKAGE:
            return self.variable(target)
        return Name(target.spelling)

    def _member_ref_expr(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        base = self.expression(children[0]) if children else OPAQUE
        return Member(base, cursor.spelling) if cursor.spelling else base

    def _array_subscript_expr(self, _: Cursor, children: list[Cursor]) -> Expr:
        return Index(self.expression(children[0]), self.expression(children[1]))

    def _init_list_expr(self, _: Cursor, children: list[Cursor]) -> Expr:
        for child in children:
            if child.kind.is_expression():
                self.expression(child)
        return OPAQUE

    def _compound_literal_expr(self, _: Cursor, children: list[Cursor]) -> Expr:
        return self._init_list_expr(_, children)

    def _unary_operator(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        op = operator(cursor)
        of = self.expression(children[0])
        if op in ("++", "--"):
            self._assign(cursor, of, Binary(op[0], of, Const(1, "1")), op)
            return of
        if op == "+":
            return of
        return self._constant(cursor, Unary(op, of))

    def _binary_operator(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        op = operator(cursor)
        if op in ("&&", "||"):
            return self._truth(cursor)
        if op == "=":
            right = self.expression(children[1])
            left = self.expression(children[0])
            self._assign(cursor, left, right, "=")
            return left
        left, right = self.expression(children[0]), self.expression(children[1])
        if op == ",":
            return right
        if op in COMPARISONS and isinstance(left, Const) and not isinstance(right, Const):
            op = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(op, op)
            left, right = right, left
        return self._constant(cursor, Binary(op, left, right))

    def _compound_assignment_operator(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        op = operator(cursor)
        right, left = self.expression(children[1]), self.expression(children[0])
        self._assign(cursor, left, Binary(op[:-1], left, right), op, right)
        return left

    def _assign(
        self, cursor: Cursor, left: Expr, right: Expr, op: str, shown: Expr | None = None
    ) -> None:
        place, statement = self.place(cursor), self.statement_place
        if isinstance(left, Var):
            self.emit(Assign(place, statement, uses=(right,), target=left))
        else:
            uses = (left, right if op == "=" else shown or OPAQUE)
            self.emit(Store(place, statement, uses=uses, op=op))

    def _truth(self, cursor: Cursor) -> Expr:
        true, false = self.condition(cursor)
        return self._merge(cursor, true, false, Const(1, "1"), Const(0, "0"))

    def _merge(self, cursor: Cursor, true: Tail, false: Tail, *values: Expr | Cursor) -> Expr:
        """A temporary that has one of two values, after either branch."""
        target, after, place = self.temporary(), [], self.place(cursor)
        for tail, value in zip((true, false), values, strict=True):
            self.tail = tail
            if not tail:
                continue
            expr = self.expression(value) if isinstance(value, ci.Cursor) else value
            self.emit(Assign(place, self.statement_place, uses=(expr,), target=target))
            after += self.tail
        self.tail = after
        self.nop(cursor)
        return target

    def _conditional_operator(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        if from_macro(cursor, children) and not self.interesting(cursor):
            number = constant(cursor)
            return OPAQUE if number is None else Const(number, spelled(self.lines, cursor))
        true, false = self.condition(children[0])
        return self._merge(cursor, true, false, children[1], children[2])

    def _stmtexpr(self, cursor: Cursor, _: list[Cursor]) -> Expr:
        """A statement expression, nearly always of a macro: only what matters is entered."""
        body = next(iter(cursor.get_children()))
        inner = list(body.get_children())
        if not self.interesting(cursor):
            text = spelled(self.lines, cursor)
            macro = Name("=" + text) if _MACRO.fullmatch(text) else OPAQUE
            return self._container(inner) or macro
        for child in inner[:-1]:
            self.statement(child)
        return self.expression(inner[-1]) if inner[-1].kind.is_expression() else OPAQUE

    def _container(self, inner: list[Cursor]) -> Expr | None:
        """What container_of() expands to, or None."""
        first = next(iter(inner[0].get_children()), None)
        if first is None or first.spelling != "__mptr" or not inner[-1].kind.is_expression():
            return None
        member = ""
        stack = [inner[-1]]
        while stack and not member:
            cursor = stack.pop()
            if cursor.kind == Kind.MEMBER_REF:
                member = cursor.spelling
            stack.extend(cursor.get_children())
        values = [c for c in first.get_children() if c.kind.is_expression()]
        return Container(self.expression(values[-1]), member, record_of(inner[-1].type))

    def _call_expr(self, cursor: Cursor, _: list[Cursor]) -> Expr:
        arguments = [self.expression(argument) for argument in cursor.get_arguments()]
        callee = cursor.spelling
        if callee == "__builtin_expect":
            return arguments[0]
        if callee in _POINTERS and len(arguments) == 1:
            return self._error_pointer(cursor, callee, arguments[0])
        reference = cursor.referenced
        if reference is None or reference.kind != Kind.FUNCTION_DECL:
            callee = "->" + (callee or "?")
        if callee.startswith("__builtin_"):
            number = constant(cursor)
            return OPAQUE if number is None else Const(number, spelled(self.lines, cursor))
        target = Var(self.temporary().key, record_of(cursor.type))
        self.emit(
            Call(
                self.place(cursor),
                self.statement_place,
                uses=tuple(arguments),
                callee=callee,
                target=target,
                record=record_of(cursor.type),
            )
        )
        return target

    def _error_pointer(self, cursor: Cursor, callee: str, argument: Expr) -> Expr:
        op, zero = _POINTERS[callee], Const(0, "0")
        if not op:
            return argument
        if op != "?":
            return Binary(op, argument, zero)
        place = self.place(cursor)
        uses = (Binary("<", argument, zero),)
        number = self.emit(Branch(place, self.statement_place, next=[-1, -1], uses=uses))
        return self._merge(cursor, [(number, 0)], [(number, 1)], argument, zero)
