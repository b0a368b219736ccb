# SPDX-License-Identifier: GPL-2.0-only
"""Whatever state a clone is in, and whenever apply is killed: one new branch, or nothing."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from applied import STEPS, without_objects, write_series
from awkward import STATES, State
from clones import WHEN, clone_at, shell
from house import HOUSE, TESTS
from waiting import group_ended, until

from generator.errors import Refused
from generator.intake.apply import apply, undo
from generator.intake.posting import Asked
from generator.kernel.clone import own
from generator.series import manifest
from generator.system.plumbing import clean_environment

POINTS, WHOLE = 6, 10  # at which apply is killed in each state: 130 in all of them, and 230


@pytest.fixture(autouse=True)
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """Where all that is the user's lies: apply may change nothing of it but to add the branch."""
    where = tmp_path / "users"
    where.mkdir()
    return where


@pytest.fixture
def clone(users: Path) -> Path:
    return clone_at(users / "clone")


@pytest.fixture
def patches(clone: Path, tmp_path: Path) -> Path:
    write_series(own(clone, "HEAD"), tmp_path / "patches", STEPS)
    return tmp_path / "patches"


def added(where: Path, users: Path, branch: str) -> set[str]:
    """Return the files that a branch of ours is made of, as names below the user's directory."""
    common = shell(where, "git rev-parse --path-format=absolute --git-common-dir").strip()
    top = os.path.relpath(common, users)
    found = {f"{top}/refs/heads/{branch}", f"{top}/portwright/{branch.replace('/', '%2F')}.json"}
    # A bare repository keeps no log of its refs.
    bare = shell(where, "git rev-parse --is-bare-repository").strip() == "true"
    return found if bare else found | {f"{top}/logs/refs/heads/{branch}"}


@pytest.mark.parametrize("state", STATES, ids=lambda make: make.__name__)
def test_apply_adds_one_branch_and_undo_removes_it(
    users: Path, clone: Path, patches: Path, state: State
) -> None:
    where = state(clone)
    before = without_objects(users)
    fsck = shell(where, "git fsck --strict 2>&1")
    # What the test itself runs may call the hooks.
    ran = users / "hook-ran"
    ran.unlink(missing_ok=True)
    before.pop("hook-ran", None)
    asked = Asked((str(patches),))

    planned = apply(asked, where, "portwright/auxbus", dry_run=True)
    assert planned.ref == "refs/heads/portwright/auxbus"
    assert without_objects(users) == before

    done = apply(asked, where, "portwright/auxbus")
    assert done.exact
    assert done.tree == planned.tree == manifest.read(patches).tree
    assert (done.commits, done.tip, done.files) == (planned.commits, planned.tip, planned.files)
    assert planned.files == ("Kconfig", "drivers/pci/probe.c", "drivers/pci/two.c")
    assert not ran.exists()
    after = without_objects(users)
    assert {name for name in after if before.get(name) != after[name]} == added(
        where, users, "portwright/auxbus")
    assert before.keys() <= after.keys()
    asks = "git --no-replace-objects"
    made = shell(where, f"{asks} rev-list --reverse {done.base}..portwright/auxbus").split()
    assert made == list(planned.commits)
    assert shell(where, f"{asks} rev-parse portwright/auxbus^{{tree}}").strip() == done.tree
    log = shell(where, f"{asks} log --format='%an|%ae|%ad|%cn|%s|%b' --date=raw -2 {done.tip}")
    assert log.splitlines()[0] == f"A Developer|dev@example.org|{WHEN}|User|PCI: Two|"
    assert "PCI: One|Because." in log
    assert shell(where, "git fsck --strict 2>&1") == fsck

    ran.unlink(missing_ok=True)
    assert undo(where, "portwright/auxbus").tip == done.tip
    assert without_objects(users) == before
    assert not ran.exists()
    assert not list((users.parent / "cache/series").iterdir())


def begun(patches: Path, where: Path, at: int, late: float, whom: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, TESTS / "killed.py", patches, where, str(at), str(late), whom],
        start_new_session=True, stdout=subprocess.PIPE, text=True,
        env=clean_environment(GIT_CONFIG_GLOBAL="/dev/null", PYTHONPATH=str(HOUSE)),
    )


def _left(users: Path) -> dict[str, bytes]:
    """What lies there, but for the word of hooks: the git of the test itself may run them."""
    return {name: text for name, text in without_objects(users).items() if name != "hook-ran"}


LOG = "/logs/refs/heads/auxbus"


def test_a_log_that_a_killed_git_has_left_hinders_nobody(
    users: Path, clone: Path, patches: Path
) -> None:
    before = _left(users)
    apply(Asked((str(patches),)), clone, "auxbus")
    log = (clone / f".git{LOG}").read_text(encoding="utf-8")
    undo(clone, "auxbus")
    assert _left(users) == before
    (clone / f".git{LOG}").write_text(log, encoding="utf-8")

    apply(Asked((str(patches),)), clone, "auxbus")
    assert "error" not in shell(clone, "git fsck --strict 2>&1")
    undo(clone, "auxbus")

    assert _left(users) == before


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES, ids=lambda make: make.__name__)
def test_killed_at_any_instant_it_left_all_as_before_or_exactly_the_branch(
    users: Path, clone: Path, patches: Path, state: State, whole: bool
) -> None:
    """Before each of many steps, and some time after: how long that is decides nothing."""
    where = state(clone)
    before = _left(users)
    promised = manifest.read(patches).tree
    for _ in range(2):  # the first ones make directories of the cache as well
        steps = int(begun(patches, where, 0, 0.0, "alone").communicate()[0])
        undo(where, "auxbus")
    all_of_it = added(where, users, "auxbus")
    dice = random.Random(state.__name__)
    # It is near the end that the clone is written to.
    late_ones = [dice.randrange(steps * 4 // 5, steps * 49 // 50)
                 for _ in range((WHOLE if whole else POINTS) - 2)]
    seen = {"branch": 0, "nothing": 0}
    for number, at in enumerate((dice.randrange(1, steps * 4 // 5), *late_ones, steps * 49 // 50)):
        late = dice.uniform(0.001, 0.1) if number % 2 else 0.0
        child = begun(patches, where, at, late, ("group", "alone")[number % 3 == 0])
        child.communicate()
        # An instant that comes late may come when it is over.
        assert child.returncode in (-signal.SIGKILL, *([0] if late else []))
        until(lambda leader=child.pid: group_ended(leader))
        for lock in users.rglob("*.lock"):
            assert lock.name == "auxbus.lock"
            with pytest.raises(Refused, match="remove the file"):
                apply(Asked((str(patches),)), where, "auxbus")
            lock.unlink()
        after = _left(users)
        ours = {name for name in after if before.get(name) != after[name]}
        assert before.keys() <= after.keys()
        assert "error" not in shell(where, "git fsck --strict 2>&1")
        made = shell(where, "git for-each-ref refs/heads/auxbus") != ""
        seen["branch" if made else "nothing"] += 1
        if made:
            assert ours == all_of_it
            told = shell(where, "git --no-replace-objects rev-parse auxbus^{tree}").strip()
            assert told == promised
        else:
            # git writes a branch's log before the branch: one that is killed there leaves it
            assert all("/portwright/" in name or name.endswith(LOG) for name in ours), ours
            apply(Asked((str(patches),)), where, "auxbus")
        undo(where, "auxbus")
        assert _left(users) == before
    assert seen["nothing"] > 0


def limited(patches: Path, where: Path, how: str) -> subprocess.CompletedProcess[str]:
    """Apply in a process that may write no file, or has no right that root has over others'."""
    code = {
        "no space": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))",
        "read-only": "import ctypes; p = ctypes.CDLL(None).prctl; p(24, 1, 0, 0, 0); "
        "p(24, 2, 0, 0, 0)",  # PR_CAPBSET_DROP: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    }[how]
    apply_ = [sys.executable, "-m", "generator", "apply", str(patches), "--repo", str(where),
              "--branch", "auxbus"]
    return subprocess.run(
        [sys.executable, "-c", f"{code}; import os, sys; os.execvp(sys.argv[1], sys.argv[1:])",
         *apply_],
        cwd=HOUSE, text=True, capture_output=True, check=False,
        env=clean_environment(GIT_CONFIG_GLOBAL="/dev/null"),
    )


@pytest.mark.parametrize("what", ["objects", "refs/heads", "."])
def test_where_nothing_can_be_written_nothing_is_changed(
    users: Path, clone: Path, patches: Path, what: str
) -> None:
    dirty = clone / "Kconfig"
    dirty.write_text("mine\n")
    apply(Asked((str(patches),)), clone, "first")  # the same objects: then only the ref is new
    undo(clone, "first")
    if what == "objects":
        shell(clone, "git prune --expire=now")
    before = without_objects(users)
    tops = [path for path in (clone / ".git" / what).rglob("*") if path.is_dir()]
    for path in (*tops, clone / ".git" / what):
        path.chmod(0o555)
    done = limited(patches, clone, "read-only")
    for path in (clone / ".git" / what, *tops):
        path.chmod(0o755)

    assert done.returncode in (3, 4), done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert re.search("permission|may not be written", done.stderr, re.I), done.stderr
    assert without_objects(users) == before
    assert "error" not in shell(clone, "git fsck --strict 2>&1")
    assert apply(Asked((str(patches),)), clone, "auxbus").exact


def test_without_space_nothing_is_changed(users: Path, clone: Path, patches: Path) -> None:
    before = without_objects(users)
    done = limited(patches, clone, "no space")

    assert done.returncode == 3, done.stderr
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)
    assert without_objects(users) == before
    assert "error" not in shell(clone, "git fsck --strict 2>&1")
    assert apply(Asked((str(patches),)), clone, "auxbus").exact


def test_beside_other_gits_at_work_each_apply_is_whole_or_refused(
    clone: Path, patches: Path
) -> None:
    """Commits, packed refs and collected garbage come in between; so does another apply."""
    base = shell(clone, "git rev-parse HEAD").strip()
    work = "while :; do git commit -q --allow-empty -m x; git pack-refs --all; git gc -q; done"
    with subprocess.Popen(
        ["sh", "-c", work], cwd=clone, start_new_session=True, stderr=subprocess.DEVNULL,
        env=clean_environment(GIT_CONFIG_GLOBAL="/dev/null"),
    ) as other:
        made = []
        try:
            for number in range(6):
                ours = [begun(patches, clone, 0, 0.0, "alone") for _ in range(2)]
                ended = [child.wait() for child in ours]
                for child in ours:
                    child.communicate()
                assert ended.count(0) < 2, "two made one branch"
                with suppress(Refused):
                    made.append(apply(Asked((str(patches),)), clone, f"mine{number}").tip)
                if 0 in ended:
                    shell(clone, "git update-ref -d refs/heads/auxbus")
        finally:
            os.killpg(other.pid, signal.SIGKILL)
    assert made
    for lock in (clone / ".git").rglob("*.lock"):
        lock.unlink()
    assert "error" not in shell(clone, "git fsck --strict 2>&1")
    for tip in made:
        assert shell(clone, f"git rev-parse {tip}^^").strip() == base
