# SPDX-License-Identifier: GPL-2.0-only
"""Every rule of every module here, in the order in which they are listed."""

from __future__ import annotations

import importlib
import pkgutil

import checks.rules
from checks.rules.rule import Rule


def _found() -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(checks.rules.__path__):
        if module.name == "all":
            continue
        for thing in vars(importlib.import_module(f"checks.rules.{module.name}")).values():
            if isinstance(thing, Rule):
                assert rules.setdefault(thing.key, thing) is thing, f"two rules {thing.key}"
    return rules


RULES = tuple(sorted(_found().values(), key=lambda rule: rule.key))
