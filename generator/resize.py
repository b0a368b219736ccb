# SPDX-License-Identifier: GPL-2.0-only
"""The same design with more, or fewer, of its auxiliary devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from generator.design import SUBDEVICES, Design, Device


def with_children(design: Design, count: int) -> Design:
    """Return a design with `count` of each auxiliary device, wherever it is named."""
    new = {
        device: replace(device, count=count, names=device.names if count == device.count else ())
        for device in design.devices
        if device.kind in SUBDEVICES and device.count != count
    }
    resized = _mapped(design, lambda value: new.get(value) if isinstance(value, Device) else None)
    assert isinstance(resized, Design)
    return resized


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401  # any part of a design
    """Return a design's part with everything replaced for which `change` returns something."""
    changed = change(value)
    if changed is not None:
        return changed
    if isinstance(value, tuple):
        mapped = tuple(_mapped(one, change) for one in value)
        return value if all(a is b for a, b in zip(mapped, value, strict=True)) else mapped
    if isinstance(value, dict):
        return {_mapped(k, change): _mapped(v, change) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: _mapped(getattr(value, one.name), change) for one in fields(value)}
        same = all(parts[one.name] is getattr(value, one.name) for one in fields(value))
        return value if same else replace(value, **parts)
    return value
