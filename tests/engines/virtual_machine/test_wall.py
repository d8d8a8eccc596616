"""The judgement on a ramp: a wall at its end is found, a machine that was busy for a moment is none."""

from __future__ import annotations

import pytest

from tests.engines.virtual_machine.wall import LAST, PARTS, Ramp


def _ramp(rates: list[float]) -> Ramp:
    ramp = Ramp()
    for rate in rates:
        ramp.add({"per_second": rate}, 0.1 / rate)
    return ramp


def test_an_even_ramp_passes_and_a_pause_is_no_wall():
    rates = [200.0] * PARTS
    rates[PARTS // 2] = rates[-1] = 10.0
    _ramp(rates).check()


def test_a_wall_is_found():
    # What the kernel's own choice of ports did at the end of 100,000 sessions.
    with pytest.raises(AssertionError, match="slower: 14/s, 200/s before"):
        _ramp([200.0] * (PARTS - LAST) + [14.0] * LAST).check()


def test_an_unfinished_ramp_is_not_judged():
    with pytest.raises(AssertionError):
        _ramp([200.0] * (PARTS - 1)).check()
