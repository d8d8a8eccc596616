"""Many random edits of an inventory, with and without what a compile remembers."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compile.random_edits import World


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
def test_what_is_remembered_changes_nothing(data):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), data.draw)
        world.judge()
        for _ in range(10):
            world.step()
            world.judge()
