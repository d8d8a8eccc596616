"""The judgement on a ramp: a wall at its end is found, a machine that was busy is none."""

from __future__ import annotations

import pytest

from tests.engines.virtual_machine.wall import LAST, PARTS, Ramp

BEFORE = [(200.0, 0.001, 0.003)] * (PARTS - LAST)  # connects a second, user and system seconds of each


def _ramp(parts: list[tuple[float, float, float]]) -> Ramp:
    ramp = Ramp()
    for rate, user, system in parts:
        ramp.add({"per_second": rate}, user, system)
    return ramp


def test_an_even_ramp_passes():
    _ramp(BEFORE + BEFORE[:LAST]).check()


def test_a_pause_is_no_wall():
    _ramp(BEFORE + BEFORE[: LAST - 1] + [(10.0, 0.001, 0.003)]).check()


def test_a_machine_at_half_its_pace_is_no_wall():
    _ramp(BEFORE + [(100.0, 0.002, 0.006)] * LAST).check()


def test_a_wall_is_found():
    # What the kernel's own choice of ports did at the end of 100,000 sessions.
    with pytest.raises(AssertionError, match="slower: 14/s, 200/s before"):
        _ramp(BEFORE + [(14.0, 0.001, 0.070)] * LAST).check()


def test_a_wall_on_a_slow_machine_is_found():
    with pytest.raises(AssertionError, match="slower"):
        _ramp(BEFORE + [(50.0, 0.002, 0.030)] * LAST).check()


def test_an_unfinished_ramp_is_not_judged():
    with pytest.raises(AssertionError):
        _ramp(BEFORE).check()
