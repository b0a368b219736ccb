# SPDX-License-Identifier: GPL-2.0-only
"""Whom the base tree's own get_maintainer.pl names for each patch, and who of them is not asked.

These are notes: who is asked is for the author to decide, and MAINTAINERS may be out of date.
"""

from __future__ import annotations

import email
import email.policy
import os
import re
import tempfile
from collections.abc import Iterable
from email.utils import getaddresses
from functools import lru_cache
from pathlib import Path

from checks.finding import Finding, Severity
from checks.patches.mails import Patch
from checks.patches.work import Work
from checks.planted import proven
from generator.errors import EnvironmentFault
from generator.system.plumbing import PATIENCE, tried
from generator.system.visible import visible

# By MAINTAINERS alone: the history of a clone would name whoever touched a file last.
_OPTIONS = ("--no-git", "--no-git-fallback", "--no-rolestats", "--no-roles")
_SOURCE = "scripts/get_maintainer.pl"
# MAINTAINERS lists itself under THE REST, which has a mailing list
_PLANT = (b"From: A B <a@b.c>\nSubject: [PATCH] planted\n\n---\n"
          b"diff --git a/MAINTAINERS b/MAINTAINERS\n--- a/MAINTAINERS\n+++ b/MAINTAINERS\n"
          b"@@ -1,1 +1,2 @@\n x\n+y\n")
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def check(work: Work) -> tuple[Finding, ...]:
    """Return a note for each patch of which somebody who looks after it is not told.

    Errors: EnvironmentFault when the script does not answer, Timeout.
    """
    tree = work.tree.work
    if not (tree / _SOURCE).is_file():
        return (Finding("people:not-run", f"the base has no {_SOURCE}", severity=Severity.NOTE),)
    decides = [Path(__file__), tree / _SOURCE, tree / "MAINTAINERS"]
    proven([str(_PLANT), *_OPTIONS], decides, ["perl"], lambda: _prove(tree))
    wanted = [(patch, _named(tree, patch.mail.text, patch.file))
              for patch in work.series.patches if patch.mail is not None and patch.diffs]
    told = {patch.name: _told(patch) for patch, _ in wanted}
    cover = _told(work.series.cover) if work.series.cover else frozenset()
    if not any(told.values()):  # nobody has sent them yet
        every = dict.fromkeys(one for _, names in wanted for one in names)
        text = f"to be sent to {_joined(every)}"
        return (Finding("people:to-be-sent", text, severity=Severity.NOTE),) if every else ()
    found = []
    for patch, names in wanted:
        missing = [one for one in names if _address(one) not in told[patch.name] | cover]
        if missing:
            found.append(Finding(
                "people:untold", f"neither in To nor in Cc: {_joined(missing)}", patch.file,
                patch.line(0), severity=Severity.NOTE, commit=patch.name,
            ))  # fmt: skip
    return tuple(found)


def _joined(names: Iterable[str]) -> str:
    return visible(", ".join(names))


def _told(mail: Patch) -> frozenset[str]:
    """Return the addresses that a mail was sent to, in lower case."""
    head = mail.piece.raw.partition(b"\n\n")[0].replace(b"\r\n", b"\n")
    parsed = email.message_from_bytes(head + b"\n\n", policy=email.policy.compat32)
    fields = [str(one) for name in ("To", "Cc") for one in parsed.get_all(name, [])]
    return frozenset(address.lower() for _, address in getaddresses(fields) if address)


def _address(name: str) -> str:
    found = _ADDRESS.search(name)
    return found[0].lower() if found else ""


@lru_cache(maxsize=16)
def _prove(tree: Path) -> None:
    """Let the script name whom everything is sent to. Errors: EnvironmentFault when it does not."""
    if not _named(tree, _PLANT, "a planted patch"):
        raise EnvironmentFault(f"{tree}/{_SOURCE}: names nobody for MAINTAINERS itself, so its "
                               "silence means nothing; leave it out with --skip people")


def _named(tree: Path, mail: bytes, about: str) -> list[str]:
    """Return whom get_maintainer.pl names for a patch, as it writes them.

    It gets each line once: it looks at every one by itself, and holds it against every keyword of
    MAINTAINERS, each of which is compiled anew. Source: scripts/get_maintainer.pl, where it reads
    a patch.
    """
    with tempfile.TemporaryDirectory(prefix="portwright-") as home:
        file = Path(home, "commit.patch")
        file.write_bytes(b"\n".join(dict.fromkeys(mail.split(b"\n"))))
        # the user's own .get_maintainer.conf must not change the answer
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": home,
               "GIT_DIR": f"{home}/none"}
        done = tried(["perl", str(tree / _SOURCE), *_OPTIONS, str(file)], cwd=tree, env=env,
                     timeout=PATIENCE, about=f"{about}: get_maintainer")
    if done.status:
        raise EnvironmentFault(f"{about}: {_SOURCE} did not run: {done.last}")
    return [line.strip() for line in done.said.splitlines() if _address(line)]
