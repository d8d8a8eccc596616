"""Clusters of tests/changes at work: the control plane of each platform, its machines, its manifests applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.changes.compiled import CLUSTERS, tree
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import Running, options_of
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.kubernetes.nodes import nodes
from tests.engines.programs import control_plane


@pytest.fixture(scope="session", params=CLUSTERS)
def before(request, tmp_path_factory) -> Iterator[Running]:
    """The cluster before any change, with everything bound and placed; leave it as you found it."""
    found = tree(request.param)
    kubernetes = found.cluster.platform.kubernetes
    with (
        ControlPlane(
            control_plane(kubernetes.minor),
            tmp_path_factory.mktemp(request.param) / "plane",
            service_subnet=kubernetes.service_subnet,
            feature_gates=kubernetes.feature_gates,
        ) as plane,
        nodes(plane, found.cluster),
    ):
        options = options_of(found)
        yield Running(found, plane, options, sync.sync(plane, found, *options))
