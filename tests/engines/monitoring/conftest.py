"""A Prometheus at work in a cluster's network."""

from __future__ import annotations

import pytest
import yaml

from tests.engines.haproxy.conftest import laboratory, texts
from tests.engines.monitoring.site import Site
from tests.engines.programs import installed
from tests.monitoring.conftest import guide_cluster_watched, watched

__all__ = ["guide_cluster_watched", "laboratory", "texts", "watched"]


@pytest.fixture(scope="session")
def objects(compiled):
    """The compiled manifests."""
    return [
        entry
        for path in sorted((compiled / "manifests").glob("*.yml"))
        for entry in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    ]


@pytest.fixture(scope="session")
def site(watched, objects, request, tmp_path_factory):
    if not watched.load_balancer.metrics_readers:
        pytest.skip("Prometheus asks no load balancer here")
    for program in ("prometheus", "prometheus-node-exporter", "busybox", "bwrap", "curl"):
        installed(program)
    with Site(watched, request.getfixturevalue("laboratory"), objects, tmp_path_factory.mktemp("monitoring")) as found:
        yield found
