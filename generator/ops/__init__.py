# SPDX-License-Identifier: GPL-2.0-only
"""One file of operations per kernel facility."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping


@functools.cache
def shipped() -> Mapping[str, Mapping[str, object]]:
    """Return what each file of this folder has, by name: facility -> name -> value.

    That is its operations, and whatever else stands in it or is imported there.
    """
    return {
        module.name: vars(importlib.import_module(f"{__name__}.{module.name}"))
        for module in pkgutil.iter_modules(__path__)
    }
