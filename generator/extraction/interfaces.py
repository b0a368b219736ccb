# SPDX-License-Identifier: GPL-2.0-only
"""Which functions of a driver others call of an interface that it registers.

C hands them over in a struct of the subsystem, filled where it is defined or member by member, so
the type of the struct tells of which interface they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from generator.extraction.contexts import SetUp
from generator.extraction.texts import callees, text_of
from generator.extraction.vocabulary import on_contexts
from generator.operation import Operation
from generator.parsing.cursors import Cursor, Kind, Unit, operator, record_of
from generator.reading.initialisers import named

# The word of an interface in ops/registered.py -> the structs whose functions are called of it.
_STRUCTS: Mapping[str, tuple[str, ...]] = {
    "attributes": ("device_attribute",),
    "backlight": ("backlight_ops",),
    "bridge": ("drm_bridge_funcs",),
    "cec": ("cec_adap_ops",),
    "gpio": ("gpio_chip",),
    "hwrng": ("hwrng",),
    "i2c": ("i2c_algorithm",),
    "iio": ("iio_info", "iio_buffer_setup_ops"),
    "input": ("input_dev",),
    "lcd": ("charlcd_ops",),
    "led": ("led_classdev",),
    "mmc": ("mmc_host_ops",),
    "resets": ("reset_control_ops",),
    "rtc": ("rtc_class_ops",),
    "spi": ("spi_controller", "spi_controller_mem_ops"),
    "supply": ("power_supply_desc",),
    "typec": ("typec_operations",),
    "vdpa": ("vdpa_mgmtdev_ops",),
    "watchdog": ("watchdog_ops",),
    "zone": ("thermal_zone_device_ops",),
}
# Who is given functions as arguments, for an interface: include/linux/i2c-mux.h.
_GIVEN = {"i2c_mux_alloc": ("mux", (5, 6))}


def called(units: Sequence[Unit]) -> Mapping[str, tuple[str, ...]]:
    """Return the word of each interface that is registered -> the functions of the units."""
    known = {name for unit in units for name in unit.definitions}
    text = "\n".join(unit.text.decode("utf-8", "replace") for unit in units)
    words = {of.word for callee, of in on_contexts().items()
             if of.does == "start" and callee in callees(text)}
    of_struct = {struct: word for word, structs in _STRUCTS.items() if word in words
                 for struct in structs}
    found: dict[str, dict[str, None]] = {}
    for unit in units:
        for word, function in _handed_over(unit, of_struct):
            if function in known:
                found.setdefault(word, {})[function] = None
    return {word: tuple(found[word]) for word in sorted(found) if word in words}


def queued_by(
    units: Sequence[Unit], functions: Sequence[str], there: Sequence[SetUp]
) -> tuple[Operation, ...]:
    """Return what some functions queue, or what they call: works, timers and tasklets."""
    bodies = {name: text_of(unit, one.cursor) for unit in units
              for name, one in unit.definitions.items()}
    reached = [name for name in functions if name in bodies]
    found: dict[Operation, None] = {}
    for name in reached:
        text = bodies[name]
        reached += [one for one in callees(text) if one in bodies and one not in reached]
        for of in on_contexts().values():
            for one in there if of.does == "queue" else ():
                if one.kind == of.kind and re.search(
                    rf"\b{of.callee}\s*\([^;]*\b{one.member}\b", text
                ):
                    found[of.on(one.function)] = None
    return tuple(found)


def functions_by_member(
    units: Sequence[Unit], structs: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield struct, member and function of what some structs are filled with where defined."""
    for unit in units:
        for cursor in unit.own:
            struct = record_of(cursor.type) if cursor.kind == Kind.VAR_DECL else ""
            if struct in structs:
                yield from ((struct, member, function)
                            for member, function in named(cursor).items())


def _handed_over(unit: Unit, of_struct: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each interface with a function that a file names for it."""
    for cursor in unit.own:
        struct = record_of(cursor.type) if cursor.kind == Kind.VAR_DECL else ""
        if struct in of_struct:
            yield from ((of_struct[struct], name) for name in functions_of(cursor))
    for one in unit.definitions.values():
        for cursor in one.cursor.walk_preorder():
            if cursor.kind == Kind.CALL_EXPR and cursor.spelling in _GIVEN:
                word, places = _GIVEN[cursor.spelling]
                arguments = list(cursor.get_arguments())
                yield from ((word, name) for at in places if at < len(arguments)
                            for name in functions_of(arguments[at]))
            if cursor.kind == Kind.BINARY_OPERATOR and operator(cursor) == "=":
                left, right = cursor.get_children()
                target = left.referenced if left.kind == Kind.MEMBER_REF_EXPR else None
                parent = target.semantic_parent if target else None
                if parent is not None and parent.spelling in of_struct:
                    yield from ((of_struct[parent.spelling], name) for name in functions_of(right))


def functions_of(cursor: Cursor) -> Collection[str]:
    """Return the functions that something names."""
    return dict.fromkeys(
        inner.spelling for inner in cursor.walk_preorder()
        if inner.kind == Kind.DECL_REF_EXPR and inner.referenced is not None
        and inner.referenced.kind == Kind.FUNCTION_DECL
    )
