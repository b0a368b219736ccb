# SPDX-License-Identifier: GPL-2.0-only
"""pin.toml rewritten: a pin moved to another version or package, or one more.

    asked("7.3", "linux-source-7.2/trixie-backports=7.2.12-1~bpo13+1") -> Pin, without hashes
    write_down(pin)                    with all that was found when it was set up
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import fields
from pathlib import Path

from generator.errors import EnvironmentFault, Refused, UsageError
from generator.kernel import pin
from generator.kernel.archive import served
from generator.kernel.pin import Pin
from generator.system.cache import keep
from generator.system.house import INSTALLED

TAKES = "tree pin takes NAME PACKAGE[/SUITE][=VERSION], as 7.3 linux-source-7.3"
_PACKAGE = re.compile(r"(?P<package>[a-z0-9][a-z0-9.+-]+)(?:/(?P<suite>[\w-]+))?(?:=(?P<v>\S+))?")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def asked(name: str, package: str, lock_file: Path | None = None) -> Pin:
    """Return what is to be pinned under a name: PACKAGE[/SUITE][=VERSION], as apt takes it.

    Without a suite it is that of the pin of this name, or the system's; without a version the
    newest that is served.
    Errors: UsageError, Refused for a program that is installed, EnvironmentFault when the archive
    has no such package.
    """
    file = lock_file or pin.LOCK_FILE
    if INSTALLED or not os.access(file, os.W_OK):
        raise Refused(f"{file}: belongs to the installed program; pins are moved in a clone of it")
    found = _PACKAGE.fullmatch(package)
    if not found or not _NAME.fullmatch(name):
        raise UsageError(TAKES)
    there = pin.read_pins(file)
    for one in there.values():
        if one.name != name and name.removeprefix("v") == one.version:
            raise UsageError(f"{name}: this is the version of the kernel that is called {one.name}")
    suite = found["suite"] or (there[name].suite if name in there else "")
    version = found["v"] or next(iter(served(found["package"], suite)), "")
    if not version:
        raise EnvironmentFault(f"{found['package']}: no package list offers it"
                               + (f" in {suite}" if suite else "; is it of another suite?"))
    return Pin(
        name, suite, found["package"], version, re.split(r"[-~+]", version)[0],
        f"./usr/src/{found['package']}.tar.xz", "", None, None, None, None, None,
    )


def write_down(new: Pin, lock_file: Path | None = None) -> None:
    """Write a pin that was set up into pin.toml."""
    file = lock_file or pin.LOCK_FILE
    keep(file, written(file.read_text(encoding="utf-8"), new))


def written(text: str, new: Pin) -> str:
    """Return pin.toml with a pin in the place of that of its name, or at the end."""
    keys = [one.name for one in fields(Pin) if one.name != "name"]
    order = ("suite", "package", "package_version", "version", "deb_sha256", "tarball",
             "tarball_sha256", "tree", "files", "date", "commit")
    assert sorted(order) == sorted(keys)
    head = f'[kernels."{new.name}"]'
    body = "".join(f"{key} = {json.dumps(getattr(new, key))}\n" for key in order)
    named = rf"^\[kernels\.(\"?){re.escape(new.name)}\1\]\n"
    found = re.search(rf"{named}(?:[^\[\n#].*\n)*", text, re.MULTILINE)
    if found is None:
        return f"{text.rstrip()}\n\n{head}\n{body}"
    return f"{text[:found.start()]}{head}\n{body}{text[found.end():]}"
