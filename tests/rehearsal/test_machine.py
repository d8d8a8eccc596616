"""What a rehearsal borrows of the machine is given back: at its end, and by the next one where it was killed."""

from __future__ import annotations

import json

import pytest

from tests.rehearsal import machine
from tests.rehearsal.hosts import name

# The largest that a kernel gives, so that nobody has it.
DEAD = 4_194_304


@pytest.fixture
def setting(tmp_path, monkeypatch):
    """A machine with one kernel setting, which is 128, and another one that it does not have."""
    path = tmp_path / "setting"
    path.write_text("128\n")
    monkeypatch.setattr(machine, "PLACE", tmp_path)
    monkeypatch.setattr(machine, "_setting", lambda key: path if key == "known" else tmp_path / "unknown")
    return path


def test_settings_are_put_back_also_after_a_failure(setting):
    with pytest.raises(KeyError, match="stop"), machine.borrowed({"known": 1024}, ["other"]) as folder:
        assert setting.read_text() == "1024"
        raise KeyError("stop")
    assert setting.read_text() == "128\n"
    assert not folder.exists()


def test_what_the_kubelet_sets_is_put_back(setting):
    with machine.borrowed({}, ["known"]):
        setting.write_text("1\n")
    assert setting.read_text() == "128\n"


def test_the_next_one_puts_back_what_a_killed_one_left(setting, tmp_path):
    left = tmp_path / name(DEAD)
    left.mkdir()
    (left / "settings.json").write_text(json.dumps({"known": "128\n"}))
    setting.write_text("1024")
    with machine.borrowed({}, []):
        assert setting.read_text() == "128\n"
        assert not left.exists()


def test_a_rehearsal_that_runs_is_left_alone(setting, tmp_path):
    running = tmp_path / name(1)
    running.mkdir()
    with machine.borrowed({}, []):
        assert running.is_dir()
