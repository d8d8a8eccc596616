"""The clusters whose manifests are changed for a test."""

from __future__ import annotations

import pytest

from components.cluster.kapitan import read_cluster

from tests.conftest import OF_EACH_PLATFORM


@pytest.fixture(scope="session", params=OF_EACH_PLATFORM)
def cluster(request):
    return read_cluster(request.param)
