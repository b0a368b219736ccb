# SPDX-License-Identifier: GPL-2.0-only
"""Orders to the guest and its answers, as lines on a serial line; templates/boot/init.sh answers.

"NUMBER COMMAND" goes in; "NUMBER|TEXT" comes for each line the command prints, then
"NUMBER=STATUS". What is neither is noise of the line, and is not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from generator.errors import UsageError

_SAID = re.compile(r"(\d+)([|=])(.*)")


@dataclass(frozen=True)
class Answer:
    """What a command in the guest printed, stderr too, and how it ended."""

    lines: tuple[str, ...]
    status: int

    @property
    def text(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self.lines)


@dataclass
class Reader:
    """What has come from the guest so far."""

    rest: bytes = b""
    started: bool = False
    lines: dict[int, list[str]] = field(default_factory=dict)
    status: dict[int, int] = field(default_factory=dict)

    def feed(self, data: bytes) -> None:
        """Take what was read from the line, in pieces as they come."""
        *whole, self.rest = (self.rest + data).split(b"\n")
        for raw in whole:
            text = raw.decode(errors="replace").rstrip("\r")
            if text == "ready":
                self.started = True
            found = _SAID.fullmatch(text)
            if found is None:
                continue
            number, kind, said = int(found[1]), found[2], found[3]
            if kind == "|":
                self.lines.setdefault(number, []).append(said)
            elif said.isdigit():
                self.status[number] = int(said)

    def ready(self) -> bool:
        """Return whether the guest takes orders."""
        return self.started

    def answered(self, number: int) -> bool:
        """Return whether an order is done."""
        return number in self.status

    def take(self, number: int) -> Answer:
        """Return the answer to an order that is done."""
        return Answer(tuple(self.lines.pop(number, ())), self.status.pop(number))


def words(command: str) -> str:
    """Return a command as one line that the guest's `read` takes.

    Errors: UsageError for a command of several lines.
    """
    if "\n" in command or not command.strip():
        raise UsageError(f"an order to the guest is one line: {command!r}")
    return command
