# SPDX-License-Identifier: GPL-2.0-only
"""The published schemas of what verbs print, and what of an output is not as they say."""

from __future__ import annotations

import json
from typing import Any

from house import HOUSE
from jsonschema import Draft202012Validator

SCHEMAS = HOUSE / "generator/cli/schemas"


def schema(verb: str) -> Any:
    return json.loads((SCHEMAS / f"{verb}-1.json").read_text())


def wrong(verb: str, said: object) -> list[str]:
    return [f"{'/'.join(map(str, one.path))}: {one.message}"[:300]
            for one in Draft202012Validator(schema(verb)).iter_errors(said)]
