"""Some random edits; `make engines` makes many more (tests/engines/commands/test_random_edits.py)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.compile.random_edits import World


@settings(
    max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
)
@given(st.data())
def test_what_is_remembered_changes_nothing(data):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), data.draw)
        world.judge()
        for _ in range(8):
            world.step()
            world.judge()
