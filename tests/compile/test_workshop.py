"""Folders of living compiles are let alone, those of killed ones go with the next compile."""

import multiprocessing
import subprocess
import sys

import pytest

import components.compile.workshop
from components.compile.workshop import NEW, PREFIX, sweep, workshop
from tests.conftest import ROOT

DIES = """\
import os, signal, sys
from pathlib import Path
from components.compile.workshop import workshop
with workshop(Path(sys.argv[1])) as folder:
    (folder / "new").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def folders(beside):
    return sorted(beside.glob(f"{PREFIX}*"))


def test_it_is_gone_afterwards(tmp_path):
    with workshop(tmp_path) as folder:
        assert folders(tmp_path) == [folder]
    assert not folders(tmp_path)


def test_one_that_was_killed_is_swept(tmp_path):
    assert subprocess.run([sys.executable, "-c", DIES, tmp_path], cwd=ROOT).returncode == -9
    left = folders(tmp_path)
    assert len(left) == 1
    sweep(tmp_path)
    assert not folders(tmp_path)
    with workshop(tmp_path) as folder:
        assert folders(tmp_path) == [folder] != left
    assert not folders(tmp_path)


def test_one_that_lives_is_let_alone(tmp_path):
    with workshop(tmp_path) as one, workshop(tmp_path) as other:
        sweep(tmp_path)
        assert folders(tmp_path) == sorted([one, other])


def test_an_output_that_nothing_was_put_into_is_not_left(tmp_path):
    with workshop(tmp_path / "a" / "new"):
        pass
    assert not (tmp_path / "a" / "new").exists()


def test_what_is_not_ours_is_let_alone(tmp_path):
    notes = tmp_path / f"{PREFIX}mine" / "notes.txt"
    notes.parent.mkdir()
    notes.touch()
    (tmp_path / f"{PREFIX}file").touch()
    (tmp_path / "away" / NEW).mkdir(parents=True)
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "away")
    sweep(tmp_path)
    assert notes.exists() and len(folders(tmp_path)) == 3 and (tmp_path / "away" / NEW).is_dir()


@pytest.mark.parametrize("step", ["mkdtemp", "_open"])
def test_one_that_is_swept_before_it_is_locked(tmp_path, monkeypatch, step):
    """Then there is another one."""
    owner = components.compile.workshop.tempfile if step == "mkdtemp" else components.compile.workshop
    does, swept = getattr(owner, step), []

    def and_is_swept(*arguments, **options):
        outcome = does(*arguments, **options)
        if not swept:
            swept.extend(folders(tmp_path))
            swept[0].rmdir()
        return outcome

    monkeypatch.setattr(owner, step, and_is_swept)
    with workshop(tmp_path) as folder:
        assert folders(tmp_path) == [folder] != swept


def test_many_at_once(tmp_path):
    """Whoever sweeps meets folders that were made a moment ago."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_again_and_again, args=(tmp_path,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert not folders(tmp_path)


def _again_and_again(beside):
    for _ in range(50):
        sweep(beside)
        with workshop(beside) as folder:
            (folder / NEW).mkdir()
            assert (folder / NEW).is_dir()
