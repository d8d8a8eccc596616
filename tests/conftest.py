"""What every test may ask for: each committed cluster, as a model and as files."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

# Clusters and their parsed files are many small objects that stay: with Python's own
# thresholds, a tenth of the time goes into looking for garbage among them.
gc.set_threshold(200_000, 20, 100)

ROOT = Path(__file__).resolve().parent.parent
CLUSTERS = sorted(path.stem for path in (ROOT / "inventory" / "targets").glob("*.yml"))


@pytest.fixture(scope="session", autouse=True)
def _at_root() -> None:
    """Paths of the inventory and of its faces are relative to the repository."""
    os.chdir(ROOT)


@pytest.fixture(scope="session", params=CLUSTERS)
def cluster(request):
    """The Cluster of each target, one after the other."""
    from tests.rendered import cluster_of

    return cluster_of(request.param)


@pytest.fixture(scope="session")
def guide_cluster(tmp_path_factory):
    """The guide's Cluster, for tests of what a fork's own clusters need not have."""
    from components.cluster import load
    from tests.inventory.targets import GUIDE, renderer, write_inventory

    return load(*renderer(write_inventory(tmp_path_factory.mktemp("guide"), [GUIDE]))(GUIDE.name))


@pytest.fixture(scope="session")
def compiled(cluster) -> Path:
    """The committed folder of the cluster."""
    return ROOT / "compiled" / cluster.name
