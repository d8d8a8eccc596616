"""The clusters whose manifests are changed for a test."""

from __future__ import annotations

import pytest

from tests.platforms import one_a_platform
from tests.rendered import cluster_of


@pytest.fixture(scope="session", params=one_a_platform())
def cluster(request):
    return cluster_of(request.param)
