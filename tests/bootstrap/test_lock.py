"""One run at a time, whoever starts it and however it ends."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.platforms import one_platform

from .conftest import new_sandbox, nodes_of

pytestmark = one_platform

# A server that lets nobody go on before $STATE/go exists.
WAITING = "while [[ ! -e $STATE/go ]]; do sleep 0.05; done\n"


@pytest.fixture
def box(sandbox, cluster):
    sandbox.fake("kubectl", WAITING + nodes_of(cluster))
    return sandbox


@contextmanager
def _at_work(box, *step):
    """A run that has got as far as its first question to the cluster."""
    process = box.start(*step)
    try:
        end = time.monotonic() + 20
        while not box.calls and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        assert box.calls and process.poll() is None, "the first run does not wait"
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_second_run_is_told_who_is_at_work(box):
    with _at_work(box, "labels") as first:
        asked = len(box.calls)
        done = box.run("secrets", "--kubeconfig", "/a/file")
        assert (done.returncode, done.stdout) == (75, "")
        assert f": process {first.pid} (labels). Run this step again" in done.stderr
        assert len(box.calls) == asked, "it has asked the cluster before it had the lock"
        # Those that change nothing need not wait, and are not named.
        assert box.run("plan").returncode == box.run("secrets", "--help").returncode == 0
        with _at_work(box, "verify"), _at_work(box, "secrets", "--dry-run"):
            again = box.run("join-done", "--join-file", "/no/such")
            assert f": process {first.pid} (labels). Run this step again" in again.stderr
        (box.state / "go").touch()
        first.communicate(timeout=20)
    assert "another run" not in box.run("labels").stderr


def test_a_run_that_was_killed_leaves_no_lock(box):
    with _at_work(box, "labels") as first:
        os.killpg(first.pid, signal.SIGKILL)
    (box.state / "go").touch()
    assert "another run" not in box.run("labels").stderr


def test_what_a_killed_run_has_started_still_counts(box):
    """apt and dpkg go on when the script alone is killed."""
    with _at_work(box, "labels") as first:
        os.kill(first.pid, signal.SIGKILL)
        first.wait(timeout=20)
        try:
            done = box.run("labels")
            assert done.returncode == 75 and "another run of this script is at work" in done.stderr
        finally:
            os.killpg(first.pid, signal.SIGKILL)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run it as two users")
def test_it_covers_other_users(cluster, text):
    """/run/lock and /tmp are shared: a run of root must not delete the files of another user's."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        Path(name).chmod(0o755)
        box = new_sandbox(Path(name), text)
        box.fake("kubectl", WAITING + nodes_of(cluster))
        for path in (box.state, box.folder / "tmp", box.host / "lock"):
            path.chmod(0o1777)
        with _at_work(box, "labels") as first:
            (box.state / "calls").chmod(0o666)
            done = box.run_as_nobody("labels")
        assert done.returncode == 75 and f"process {first.pid} (labels)" in done.stderr, done.stderr
