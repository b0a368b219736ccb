# SPDX-License-Identifier: GPL-2.0-only
"""Network devices of a driver settled: who unregisters one closes it, in unwinding as well.

net/core/dev.c unregister_netdevice_many_notify(): a device that is up is closed, which calls
ndo_stop, before it is gone; who unregisters it has waited for that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from generator.context import Context, Netdev
from generator.errors import ModelError
from generator.expr import Place
from generator.operation import RETURN, Block, Do, Node
from generator.program import Call, Function, If, mapped

_WAITS = "cancel and wait"


class Having(Protocol):
    """A driver, as far as it matters here."""

    @property
    def device(self) -> Place:
        """Return the device that it is of."""

    @property
    def contexts(self) -> tuple[Context, ...]:
        """Return its contexts."""

    def check_blocks(self) -> None:
        """Refuse blocks that are none."""

    def functions(self) -> dict[str, Block]:
        """Return what C has a function for, by the name of its field."""


def settle(driver: Having) -> None:
    """Let who unregisters a network device of a driver close it; what is settled stays so.

    Errors: ModelError where devres unregisters it, and of blocks that are none.
    """
    nets = [one for one in driver.contexts if isinstance(one, Netdev)]
    if not nets:
        return

    def closing(block: Block) -> Block:
        for net in nets:
            block = _closing(net, driver.device, block)
        return block

    bodies = (
        one.calls(driver.device) if isinstance(one, Netdev) and not one.body else one.body
        for one in driver.contexts
    )
    contexts = tuple(replace(one, body=body)
                     for one, body in zip(driver.contexts, bodies, strict=True))
    object.__setattr__(driver, "contexts", contexts)
    driver.check_blocks()
    object.__setattr__(driver, "contexts", tuple(
        one if isinstance(one, Netdev) else replace(one, body=closing(one.body))
        for one in contexts))
    for name, block in driver.functions().items():
        object.__setattr__(driver, name, closing(block))


def _closing(net: Netdev, device: Place, block: Block) -> Block:
    """Return a block, and all that it calls, with what closes a device behind its end."""
    up = net.is_up(device)

    def mine(node: Node, does: str) -> bool:
        return isinstance(node, Do) and node.op.does == does and node.places[0] == device and (
            node.op.context == (net.kind, net.name))

    def end(do: Do) -> Block:
        return (do, If(up, net.closes(device), (), do.where))

    def start(do: Do) -> Block:
        undo = do.op.undo
        if do.op.managed or undo is None:
            raise ModelError(
                do.where, f"{do}: devres unregisters it, and here only a driver that does so "
                f"itself closes {net.name}: register it by hand, and unregister it in remove()"
            )
        if undo.does != _WAITS:
            return (do,)
        gone = Function(f"{net.name}_unregister", end(replace(
            do, op=undo, params=(), on_fail=RETURN, c=())))
        made = Function(f"{net.name}_register", (replace(do, on_fail=RETURN),), gone)
        fails = mapped(do.on_fail, change, helper) if isinstance(do.on_fail, tuple) else do.on_fail
        return (Call(made, fails, (), do.where),)

    def change(node: Node) -> Block | None:
        if mine(node, "start"):
            assert isinstance(node, Do)
            return start(node)
        return None

    def helper(function: Function) -> Function:
        if function.name in (f"{net.name}_register", f"{net.name}_unregister"):
            return function
        body = everywhere(function.body)
        undo = function.undo and helper(function.undo)
        if body is function.body and undo is function.undo:
            return function
        return replace(function, body=body, undo=undo)

    def ends(nodes: Block) -> Block:
        """Close it behind each end that nothing closes yet, here and inside."""
        made: list[Node] = []
        for at, node in enumerate(nodes):
            inside = node.blocks()
            changed = [ends(each) for each in inside]
            if any(new is not old for new, old in zip(changed, inside, strict=True)):
                node = node.with_blocks(*changed)
            made.append(node)
            after = nodes[at + 1] if at + 1 < len(nodes) else None
            if mine(node, _WAITS) and not (isinstance(after, If) and after.guard == up):
                assert isinstance(node, Do)
                made.append(end(node)[1])
        return nodes if len(made) == len(nodes) and all(
            new is old for new, old in zip(made, nodes, strict=True)) else tuple(made)

    def everywhere(nodes: Block) -> Block:
        return ends(mapped(nodes, change, helper))

    return everywhere(block)
