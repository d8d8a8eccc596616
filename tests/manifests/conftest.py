"""The clusters whose manifests are changed for a test."""

from __future__ import annotations

import pytest

from components.cluster.kapitan import read_cluster
from tests.platforms import one_a_platform


@pytest.fixture(scope="session", params=one_a_platform())
def cluster(request):
    return read_cluster(request.param)
