"""A watched cluster of the guide's machines, whatever the committed ones have."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def watched(cluster):
    """Each committed cluster that includes the class `monitoring`."""
    if cluster.monitoring is None:
        pytest.skip(f"nobody watches {cluster.name}")
    return cluster


@pytest.fixture(scope="session")
def guide_cluster_watched():
    from tests.inventory.targets import watched_cluster

    return watched_cluster()
