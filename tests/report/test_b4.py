# SPDX-License-Identifier: GPL-2.0-only
"""b4 itself, from PyPI, asks us about patches and shows what we say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clones import shell
from house import HOUSE
from postings import FIRST, SECOND, make_clone, two_patches

COMMAND = f"{sys.executable} -m generator validate --only series,checkpatch --skip checkpatch"
# what `b4 review` does for each mail of a thread, without its screen
ASKS = """\
import argparse, email, email.policy, json, sys
import b4
from b4.review import checks
b4.setup_config(argparse.Namespace(config={}))
mails = [(str(n), email.message_from_bytes(open(name, "rb").read(), policy=email.policy.SMTP))
         for n, name in enumerate(sys.argv[2:])]
extra = {"B4_TRACKING_FILE": sys.argv[1]} if sys.argv[1] else None
perpatch, series = checks.load_check_cmds()
told = checks.run_perpatch_checks(mails[1:], perpatch, ".", extra_env=extra)
told["0"] = checks.run_series_checks(mails[0], series, ".", extra_env=extra)
print(json.dumps(told))
"""


@pytest.fixture
def prepared(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clone whose branch `topic` b4 prep looks after; its second patch has a mistake."""
    clone = make_clone(tmp_path / "clone")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    shell(clone, "git config b4.prep-cover-strategy branch-description")
    two_patches(clone)
    shell(clone, "git checkout -q topic; git commit -q --amend -m 'Count from one' "
                 "-m 'A log that says at some length why it is wanted, by whom, and what for.'")
    shell(clone, "git checkout -q main")
    return clone


def b4(clone: Path, *argv: str) -> str:
    command = [sys.executable, "-m", "b4.command", "--offline-mode", "--no-interactive", *argv]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_b4_prep_shows_what_was_found_of_each_patch(prepared: Path) -> None:
    shell(prepared, "git checkout -q topic")
    told = b4(prepared, "prep", "--enroll", "main")
    shell(prepared, f"git config b4.prep-perpatch-check-cmd '{COMMAND} --format b4-prep --tree .'")

    told = b4(prepared, "prep", "--check")

    assert "Success: 1, Warning: 0, Error: 1" in told, told
    assert FIRST in told
    assert "the subject is not `subsystem: Summary`" in told
    assert "series:numbering" not in told


def asked(clone: Path, tracking: Path | None, out: Path, span: str) -> dict[str, Any]:
    shell(clone, f"git config b4.review-perpatch-check-cmd '{COMMAND} --format b4-review --tree .'")
    shell(clone, f"git config b4.review-series-check-cmd '{COMMAND} --format b4-review --tree .'")
    shell(clone, f"git format-patch -q --cover-letter -o {out} {span}")
    done = subprocess.run(
        [sys.executable, "-c", ASKS, str(tracking or ""), *map(str, sorted(out.iterdir()))],
        cwd=clone, capture_output=True, text=True, check=False, env={**os.environ},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_b4_review_shows_what_was_found_of_each_patch_and_of_all(
    prepared: Path, tmp_path: Path
) -> None:
    first = shell(prepared, "git rev-parse topic~1").strip()
    shell(prepared, "git checkout -q -b b4/review/20261129-x topic; "
                    "git commit -q --allow-empty -m 'what b4 notes'; git checkout -q main")
    tracking = tmp_path / "tracking.json"
    tracking.write_text(json.dumps({"series": {
        "change-id": "20261129-x", "first-patch-commit": first,
    }}))

    told = asked(prepared, tracking, tmp_path / "mails", "main..topic")

    assert [told[n][0]["status"] for n in "012"] == ["fail", "pass", "fail"], told
    assert told["2"][0]["summary"] == "1 error"
    (one, *_) = json.loads(told["2"][0]["details"])
    assert "the subject is not `subsystem: Summary`" in one["description"]
    assert one["srcline"] == "Count from one"


def test_a_mail_that_is_no_commit_is_judged_on_what_is_checked_out(
    prepared: Path, tmp_path: Path
) -> None:
    told = asked(prepared, None, tmp_path / "mails", "topic~1..topic")

    # the cover letter is of no branch that b4 looks after
    assert told["0"][0]["status"] == "fail"
    assert "b4 does not look after main" in told["0"][0]["details"]
    assert told["1"][0]["status"] == "fail"
    assert "Count from one" in told["1"][0]["details"]
    assert SECOND not in told["1"][0]["details"]


def test_a_patch_that_does_not_apply_is_a_failure_and_no_finding(
    prepared: Path, tmp_path: Path
) -> None:
    shell(prepared, "git rm -q drivers/pci/ptm.c; git commit -qm gone")

    told = asked(prepared, None, tmp_path / "mails", "topic~1..topic")

    assert told["1"][0]["status"] == "fail"
    assert told["1"][0]["summary"] == "exited with error code 5"
