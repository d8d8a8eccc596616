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
def guide_cluster_watched(tmp_path_factory):
    from components.cluster import load
    from tests.inventory.targets import Fixture, renderer, write_inventory

    watched = Fixture("dojot-100k", "classes: [guide, monitoring]\n")
    return load(*renderer(write_inventory(tmp_path_factory.mktemp("watched"), [watched]))(watched.name))
