# SPDX-License-Identifier: GPL-2.0-only
"""What the call of an operation can come to: a label, its result, and what it leaves in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.fingerprint import Fails, Fingerprint
from generator.graphs.lts import Label
from generator.reading.cfg import Call
from generator.reading.values import ANY, NEG, POS, ZERO, Expr, Name, Value, is_path, shown

_OUTCOMES: Mapping[Fails, tuple[tuple[str, int], ...]] = {
    Fails.NEVER: (("ok", ANY),),
    Fails.DONE: (("ok", ZERO),),
    Fails.NEGATIVE: (("ok", ZERO), ("fail", NEG)),
    Fails.POSITIVE: (("ok", POS), ("fail", NEG)),
    Fails.TAKEN: (("ok", POS), ("fail", ZERO | NEG)),
    Fails.NONNEGATIVE: (("ok", ZERO | POS), ("fail", NEG)),
    Fails.NULL: (("ok", POS), ("fail", ZERO)),
    Fails.ERRPTR: (("ok", POS), ("fail", NEG)),
    Fails.INDEX: (("ok", POS), ("fail", NEG)),
    Fails.BOOL: (("true", POS), ("false", ZERO)),
}


def acted_on(fingerprint: Fingerprint, values: tuple[Value, ...]) -> str:
    """Return the path of the device that a call is for: "" without one, "?" where it is none."""
    if fingerprint.on is None or fingerprint.on >= len(values):
        return ""
    text = values[fingerprint.on].text
    return shown(text) if is_path(text) else "?"


def results(
    fingerprint: Fingerprint, node: Call, on: str, values: tuple[Value, ...],
    memory: Mapping[str, int],
) -> Iterator[tuple[Label, Value, Mapping[str, int]]]:
    """Yield each way in which a call can end: its label, what it returns, and memory after it."""
    args = ", ".join(_argument(node.uses[i], values[i]) for i in fingerprint.args)
    for outcome, signs in _OUTCOMES[fingerprint.fails]:
        label = Label(fingerprint.callees[0], on, outcome, args)
        cells = memory
        if fingerprint.fails is Fails.INDEX:
            cells = {**memory, f"{node.record}.index": signs, f"{node.record}.virq": signs}
            if outcome == "ok":
                cells[f"{node.record}.index"] = ZERO | POS
            else:
                cells[f"{node.record}.virq"] = ZERO
            signs = ANY
        yield label, Value(signs, f"{fingerprint.callees[0]}()"), cells


def _argument(use: Expr, value: Value) -> str:
    """Return an argument as a label shows it: constants, paths and names; all else is "*"."""
    if value.text.startswith("=") or is_path(value.text):
        return shown(value.text)
    return value.text if isinstance(use, Name) and value.text else "*"
