# SPDX-License-Identifier: GPL-2.0-only
"""Conditions and expressions of a C function, lowered to steps and what is left to evaluate."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable

import clang.cindex as ci

from generator.parsing.conditions import COMPARISONS
from generator.parsing.cursors import (
    Cursor,
    Kind,
    Unit,
    constant,
    from_macro,
    initialiser,
    less_offset,
    operator,
    record_of,
    root_of,
    spelled,
)
from generator.reading.cfg import Assign, Branch, Call, Extent, Node, Store
from generator.reading.results import GIVEN_BACK, POINTERS
from generator.reading.uses import COMPILER, reads, writes
from generator.reading.values import (
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

Tail = list[tuple[int, int]]
_MACRO = re.compile(r"\w+\(.*\)")
_WRAPPED = re.compile(r"(?:un)?likely\((.*)\)", re.DOTALL)

# what the kernel makes of pointers that are errors: lowered as what it is


class Expressions(ABC):
    """The half of Lowering that knows no statements.

    inside: whether a callee's name is of interest within a macro; named: whether a condition's
    text is a guard in the function of this name.
    """

    def __init__(
        self,
        unit: Unit,
        lines: list[bytes],
        inside: Callable[[str], bool],
        named: Callable[[str, str], bool],
    ) -> None:
        """Begin with one function, which is all that one Lowering lowers."""
        self.unit, self.lines, self.inside, self.named = unit, lines, inside, named
        self.nodes: list[Node] = []
        self.tail: Tail = []
        self.labels: dict[str, int] = {}
        self.breaks: list[Tail] = []
        self.continues: list[Tail] = []
        self.cases: list[list[tuple[int, Cursor | None]]] = []
        self.temporaries = 0
        self.name = ""
        self.statement_place = Extent("", "", 0, 0, 0, 0)
        self.unread: list[tuple[str, Extent]] = []
        self.escaped: Counter[str] = Counter()  # whose value may change unseen

    # -- helpers

    def place(self, cursor: Cursor) -> Extent:
        """Return the extent of a cursor."""
        start, end = cursor.extent.start, cursor.extent.end
        return Extent(self.unit.path, self.name, start.line, start.column, end.line, end.column)

    def emit(self, node: Node) -> int:
        """Append a node, and let every open edge lead to it."""
        number = len(self.nodes)
        self.nodes.append(node)
        self.join(number)
        self.tail = [(number, 0)] if node.next else []
        return number

    def join(self, number: int) -> None:
        """Let every open edge lead to a node."""
        for node, slot in self.tail:
            self.nodes[node].next[slot] = number
        self.tail = []

    def nop(self, cursor: Cursor) -> int:
        """Append a node that does nothing, as the target of jumps."""
        return self.emit(Node(self.place(cursor), self.statement_place))

    def temporary(self) -> Var:
        """Make a variable that the source does not have."""
        self.temporaries += 1
        return Var(f"${self.temporaries}")

    def variable(self, declaration: Cursor) -> Var:
        """Return the variable that a declaration makes."""
        at = declaration.location
        return Var(f"{declaration.spelling}@{at.line}:{at.column}", root_of(declaration.type))

    def aside(self, cursor: Cursor) -> None:
        """Note what is read and written in a piece that is not lowered."""
        self.escaped.update(self.variable(one).key for one in writes(cursor))
        self._read(cursor, *dict.fromkeys(self.variable(one) for one in reads(cursor)))

    def _read(self, cursor: Cursor, *uses: Expr) -> None:
        if any(not isinstance(use, Const | Name) for use in uses):
            self.emit(Node(self.place(cursor), self.statement_place, uses=uses))

    def interesting(self, cursor: Cursor) -> bool:
        """Return whether a call that matters is somewhere below."""
        if cursor.kind == Kind.CALL_EXPR and self.inside(cursor.spelling):
            return True
        if cursor.kind == Kind.CXX_UNARY_EXPR:
            return False
        return any(self.interesting(child) for child in cursor.get_children())

    @abstractmethod
    def statement(self, cursor: Cursor) -> None:
        """Lower a statement: those inside a statement expression need it."""

    # -- conditions

    def condition(self, cursor: Cursor, text: str = "") -> tuple[Tail, Tail]:
        """Lower a condition to its leaves; return the edges left open when true and when false."""
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
                self.aside(cursor)
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
        """Lower calls, assignments and branches of an expression; return what is left of it."""
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
            else:
                self.aside(child)
        return OPAQUE

    def _constant(self, cursor: Cursor, expr: Expr) -> Expr:
        """Return the expression, or a Const spelled as the whole cursor when all is constant."""
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

    def _init_list_expr(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        values = [self.expression(child) for child in children if child.kind.is_expression()]
        self._read(cursor, *values)
        return OPAQUE

    def _compound_literal_expr(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        return self._init_list_expr(cursor, children)

    def _unary_operator(self, cursor: Cursor, children: list[Cursor]) -> Expr:
        op = operator(cursor)
        of = self.expression(children[0])
        if op in ("++", "--"):
            self._assign(cursor, of, Binary(op[0], of, Const(1, "1")), op)
            return of
        if op == "+":
            return of
        if op == "&" and isinstance(of, Var):
            self.escaped[of.key] += 1
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
        uses: tuple[Expr, ...]
        if isinstance(left, Var):
            uses = (right,) if op == "=" else (right, shown or OPAQUE)
            self.emit(Assign(place, statement, uses=uses, target=left, op=op))
        else:
            uses = (left, right if op == "=" else shown or OPAQUE)
            self.emit(Store(place, statement, uses=uses, op=op))

    def _truth(self, cursor: Cursor) -> Expr:
        true, false = self.condition(cursor)
        return self._merge(cursor, true, false, Const(1, "1"), Const(0, "0"))

    def _merge(self, cursor: Cursor, true: Tail, false: Tail, *values: Expr | Cursor) -> Expr:
        """Make a temporary that has one of two values, after either branch."""
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
            self.aside(cursor)
            number = constant(cursor)
            return OPAQUE if number is None else Const(number, spelled(self.lines, cursor))
        true, false = self.condition(children[0])
        return self._merge(cursor, true, false, children[1], children[2])

    def _stmtexpr(self, cursor: Cursor, _: list[Cursor]) -> Expr:
        """Lower a statement expression, nearly always a macro's: only what matters is entered."""
        body = next(iter(cursor.get_children()))
        inner = list(body.get_children())
        if not inner:
            return OPAQUE
        if not self.interesting(cursor):
            text = spelled(self.lines, cursor)
            macro = Name("=" + text) if _MACRO.fullmatch(text) else OPAQUE
            container = self._container(inner)
            if container is None:
                self.aside(cursor)
            return container or macro
        for child in inner[:-1]:
            self.statement(child)
        return self.expression(inner[-1]) if inner[-1].kind.is_expression() else OPAQUE

    def _container(self, inner: list[Cursor]) -> Expr | None:
        """Return what container_of() expands to, or None."""
        last = inner[-1]
        first = next(iter(inner[0].get_children()), None)
        if first is not None and first.spelling == "__mptr":
            pointer: Cursor | None = initialiser(first) or first
        else:
            pointer = less_offset(last)  # newer trees have no variable for it
        if pointer is None or not last.kind.is_expression():
            return None
        member = next((c.spelling for c in last.walk_preorder() if c.kind == Kind.MEMBER_REF), "")
        return Container(self.expression(pointer), member, record_of(last.type))

    def _call_expr(self, cursor: Cursor, _: list[Cursor]) -> Expr:
        arguments = [self.expression(argument) for argument in cursor.get_arguments()]
        callee = cursor.spelling
        if callee == "__builtin_expect":
            return arguments[0]
        if callee in GIVEN_BACK:
            self._read(cursor, *arguments)
            return arguments[GIVEN_BACK[callee]]
        if callee in POINTERS and len(arguments) == 1:
            return self._error_pointer(cursor, callee, arguments[0])
        reference = cursor.referenced
        if reference is None or reference.kind != Kind.FUNCTION_DECL:
            callee = "->" + (callee or "?")
        if callee.startswith("__builtin_"):
            if callee not in COMPILER:
                self._read(cursor, *arguments)
            number = constant(cursor)
            return OPAQUE if number is None else Const(number, spelled(self.lines, cursor))
        for one in arguments:
            # what a call gets the address of, it sets
            if isinstance(one, Unary) and one.op == "&" and isinstance(one.of, Var):
                self.escaped[one.of.key] -= 1
        target = Var(self.temporary().key, record_of(cursor.type))
        self.emit(
            Call(
                self.place(cursor),
                self.statement_place,
                uses=tuple(arguments),
                callee=callee,
                target=target,
                record=record_of(cursor.type),
                records=tuple(record_of(one.type) for one in cursor.get_arguments()),
            )
        )
        return target

    def _error_pointer(self, cursor: Cursor, callee: str, argument: Expr) -> Expr:
        op, zero = POINTERS[callee], Const(0, "0")
        if not op:
            return argument
        if op != "?":
            return Binary(op, argument, zero)
        place = self.place(cursor)
        uses = (Binary("<", argument, zero),)
        number = self.emit(Branch(place, self.statement_place, next=[-1, -1], uses=uses))
        return self._merge(cursor, [(number, 0)], [(number, 1)], argument, zero)
