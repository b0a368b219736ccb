# SPDX-License-Identifier: GPL-2.0-only
"""The other end of worker.py, which runs in a sandbox: units are read, one after the other."""

from __future__ import annotations

import json
import os
import pickle
import resource
import sys

from checks.compiling import frontend
from checks.compiling.worker import READY, receive, send
from generator.parsing import members, pch, unit
from generator.parsing.job import Job

# what is asked of a unit
_ANSWERS = {"diagnosis": frontend.look, "members": members.look}


def main() -> None:
    """Answer until nobody asks any more."""
    unit.keep(1)  # what was said is remembered: a unit is not asked for again
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may write there
    send(answers, READY)
    while True:
        try:
            what: str
            job: Job
            seconds: int
            ahead: pch.Ahead
            what, job, seconds, ahead = pickle.loads(receive(sys.stdin.buffer))
        except EOFError:
            return
        pch.foresee(ahead)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        most = int(usage.ru_utime + usage.ru_stime) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))
        send(answers, json.dumps(_ANSWERS[what](job)).encode())


if __name__ == "__main__":
    main()
