# SPDX-License-Identifier: GPL-2.0-only
"""Every rule, in the order in which they are listed."""

from __future__ import annotations

from checks.rules import interrupts, lifetimes

RULES = tuple(sorted((*interrupts.RULES, *lifetimes.RULES), key=lambda rule: rule.key))
