"""The largest committed cluster on its own control plane: all is accepted, and every pod has a place."""

from __future__ import annotations

import pytest

from tests.engines.clusters import largest
from tests.engines.kubernetes.placement import live, misbound, misplaced, placed

pytestmark = pytest.mark.parametrize("cluster", [largest()], indirect=True, scope="session")


def test_everything_is_accepted_without_a_word(running):
    assert not running.complaints, "\n".join(running.complaints)


def test_every_pod_is_where_the_model_says(running):
    pods = live(running.plane, running.tree)
    problems = [*misplaced(running.tree, placed(running.tree, pods)), *misbound(running.plane, running.tree, pods)]
    assert not problems, "\n".join(problems)
