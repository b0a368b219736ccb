# SPDX-License-Identifier: GPL-2.0-only
"""Every rule, in the order in which they are listed."""

from __future__ import annotations

from checks.rules import (
    context,
    domains,
    episodes,
    growth,
    handlers,
    lifetimes,
    locks,
    promises,
    vectors,
)

RULES = tuple(
    sorted(
        (
            *vectors.RULES, *handlers.RULES, *lifetimes.RULES, *context.RULES, *promises.RULES,
            *domains.RULES, *episodes.RULES, *growth.RULES, *locks.RULES,
        ),
        key=lambda rule: rule.key,
    )
)
