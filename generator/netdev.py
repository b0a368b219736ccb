# SPDX-License-Identifier: GPL-2.0-only
"""Network devices of a driver settled: who unregisters one closes it, in unwinding as well.

So is what stops an interface, and who ends a file takes the lock under which it is opened.

net/core/dev.c unregister_netdevice_many_notify(): a device that is up is closed, which calls
ndo_stop, before it is gone; who unregisters it has waited for that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from generator.context import Context, Netdev, Opened, Stopped, queued
from generator.errors import ModelError
from generator.expr import Place
from generator.operation import IGNORE, RETURN, Block, Do, Guard, Node
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.program import Call, Function, If, call, mapped, operations

_WAITS = "cancel and wait"
# Who opens a file holds a lock that the call takes as well: drivers/usb/core/file.c usb_open(),
# drivers/char/misc.c misc_open().
UNDER = {"usb_deregister_dev": "minor_rwsem", "misc_deregister": "misc_mtx"}


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
    nets = [one for one in driver.contexts if isinstance(one, Netdev | Stopped | Opened)]
    if not nets:
        return

    def closing(block: Block) -> Block:
        for net in nets:
            lock = _lock_of(net, driver) if isinstance(net, Opened) else ""
            if lock or not isinstance(net, Opened):
                block = _closing(net, driver.device, block, lock)
        return block

    bodies = (
        one.calls(driver.device) if isinstance(one, Netdev) and not one.body else
        _opening(one, driver) if isinstance(one, Opened) else one.body
        for one in driver.contexts
    )
    contexts = tuple(replace(one, body=body)
                     for one, body in zip(driver.contexts, bodies, strict=True))
    object.__setattr__(driver, "contexts", contexts)
    driver.check_blocks()
    object.__setattr__(driver, "contexts", tuple(
        one if isinstance(one, Netdev | Opened) else replace(one, body=closing(one.body))
        for one in contexts))
    for name, block in driver.functions().items():
        object.__setattr__(driver, name, closing(block))


def _lock_of(one: Opened, driver: Having) -> str:
    """Return the lock under which a file is opened; "" of one of which none is known."""
    blocks = (*driver.functions().values(), *(each.body for each in driver.contexts))
    ends = {do.op.undo.name if do.op.undo is not None else do.op.name
            for block in blocks for do in operations(block)
            if do.op.context == (one.kind, one.name)}
    return next((UNDER[name] for name in sorted(end.partition("[")[0] for end in ends)
                 if name in UNDER), "")


def _opening(one: Opened, driver: Having) -> Block:
    """Return what a call on a file does, which may be open(), of one that is registered."""
    asked = Guard(one.called, None, ())
    if one.body and isinstance(one.body[0], If) and one.body[0].guard == asked:
        return one.body
    device, lock = driver.device, _lock_of(one, driver)
    there = Guard(f"{one.name} is registered", queued(one.name)(device).eq(1), ())
    opens = call(one.opens, fail=IGNORE) if one.opens.fallible else call(one.opens)
    block: Block = (If(there, (opens,), (), one.where),)
    if lock:
        block = (MUTEX_LOCK(device, lock=lock), *block, MUTEX_UNLOCK(device, lock=lock))
    return (If(asked, block, one.body, one.where),)


def _closing(net: Netdev | Stopped | Opened, device: Place, block: Block, lock: str) -> Block:
    """Return a block, and all that it calls, with what closes a device behind its end.

    Of a file that is what takes its lock before its end, and lets it go.
    """
    ends_by = _WAITS if not isinstance(net, Opened) else "cancel"
    up = None if isinstance(net, Opened) else net.is_up(device)

    def mine(node: Node, does: str) -> bool:
        return isinstance(node, Do) and node.op.does == does and node.places[0] == device and (
            node.op.context == (net.kind, net.name))

    def end(do: Do) -> Block:
        if isinstance(net, Opened) or up is None:
            return (MUTEX_LOCK(device, lock=lock), MUTEX_UNLOCK(device, lock=lock), do)
        return (do, If(up, net.closes(device), (), do.where))

    def ended(before: Node | None, after: Node | None) -> bool:
        if isinstance(net, Opened):
            return isinstance(before, Do) and before.op == MUTEX_UNLOCK.on(lock)
        return isinstance(after, If) and after.guard == up

    def start(do: Do) -> Block:
        undo = do.op.undo
        if do.op.managed or undo is None:
            raise ModelError(
                do.where, f"{do}: devres unregisters it, and here only a driver that does so "
                f"itself closes {net.name}: register it by hand, and unregister it in remove()"
            )
        if undo.does != ends_by:
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
            if mine(node, ends_by) and not ended(nodes[at - 1] if at else None, after):
                assert isinstance(node, Do)
                made[-1:] = end(node)
        return nodes if len(made) == len(nodes) and all(
            new is old for new, old in zip(made, nodes, strict=True)) else tuple(made)

    def everywhere(nodes: Block) -> Block:
        return ends(mapped(nodes, change, helper))

    return everywhere(block)
