# SPDX-License-Identifier: GPL-2.0-only
"""The rows of all files here: each rule with the design that breaks it, and the one mended."""

from importlib import import_module
from pkgutil import iter_modules

import broken
from broken.parts import Case

CASES: tuple[Case, ...] = tuple(
    case
    for found in iter_modules(broken.__path__)
    if found.name not in ("cases", "parts")
    for case in import_module(f"broken.{found.name}").CASES
)
