# SPDX-License-Identifier: GPL-2.0-only
"""A C function's AST lowered to its control-flow graph."""

from __future__ import annotations

import clang.cindex as ci

from generator.errors import TreeError
from generator.parsing.cursors import Cursor, Kind, from_macro, initialiser, printed, spelled
from generator.reading.cfg import Assign, Branch, Function, Node, Return, Unlikely
from generator.reading.expressions import Expressions, Tail
from generator.reading.uses import covers, is_scalar
from generator.reading.values import Binary, Expr


class Lowering(Expressions):
    """Lowers one function."""

    def function(self, cursor: Cursor) -> Function:
        """Lower the whole function.

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
            whole = self.place(body[0])
            brace = whole._replace(line=whole.end_line, column=whole.end_column - 1)
            self.emit(Return(brace, brace, next=[]))
        for node in self.nodes:
            if isinstance(node, Assign) and self.escaped[node.target.key] > 0:
                node.unset = False
        void = cursor.result_type.get_canonical().kind == ci.TypeKind.VOID
        return Function(self.name, parameters, tuple(self.nodes), void, tuple(self.unread))

    # -- statements

    def statement(self, cursor: Cursor) -> None:
        """Lower a statement, which every open edge leads to."""
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
        elif kind == Kind.ASM_STMT:
            self.aside(cursor)
        elif kind != Kind.NULL_STMT:
            self.unread.append((kind.name, self.place(cursor)))

    def _compound_stmt(self, _: Cursor, children: list[Cursor]) -> None:
        for child in children:
            self.statement(child)

    def _decl_stmt(self, _: Cursor, children: list[Cursor]) -> None:
        for declaration in children:
            if declaration.kind != Kind.VAR_DECL:
                continue
            if declaration.storage_class in (ci.StorageClass.STATIC, ci.StorageClass.EXTERN):
                continue
            marked = any(part.kind == Kind.UNEXPOSED_ATTR for part in declaration.get_children())
            if marked and "cleanup(" in printed(declaration):
                self.unread.append(("cleanup variable", self.place(declaration)))
            target, value = self.variable(declaration), initialiser(declaration)
            uses: tuple[Expr, ...] = ()
            if value is not None:
                expr = self.expression(value)
                uses = () if value.kind == Kind.INIT_LIST_EXPR else (expr,)
            place = self.place(declaration)
            unset = value is None and is_scalar(declaration)
            self.emit(Assign(place, self.statement_place, uses=uses, target=target, unset=unset))

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
            self.aside(children[0])
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
        """Return which of init, condition, step are there: libclang leaves out the empty ones."""
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
        values: list[Cursor] = []
        for target, value in self.cases.pop():
            if value is None:
                default = target
                continue
            values.append(value)
            expr = Binary("==", subject, self.expression(value))
            leaf = f"{text} == {spelled(self.lines, value)}"
            place = self.place(value)
            number = self.emit(Branch(place, place, next=[-1, -1], uses=(expr,), text=leaf))
            self.nodes[number].next[0] = target
            self.tail = [(number, 1)]
        if default is not None:
            self.join(default)
        elif self.tail and covers(children[0], values):
            place = self.place(children[0])
            self.emit(Unlikely(place, place))
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
