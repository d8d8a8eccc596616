"""A cluster's compiled objects and Secrets with values of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.cluster.types import PROVIDED, RANDOM
from tests.engines.jobs.clusters import compiled_objects
from tests.engines.jobs.passwords import made_up
from tests.engines.jobs.pod import Object


@pytest.fixture(scope="session")
def objects(cluster) -> list[Object]:
    return compiled_objects(cluster.name)


@pytest.fixture(scope="session")
def secret_values(cluster) -> dict[str, dict[str, str]]:
    """The Secrets that the bootstrap makes or people bring, with other values."""
    return {
        name: {key: made_up() if value.split()[0] in (RANDOM, PROVIDED) else value for key, value in keys.items()}
        for service in cluster.services
        for name, keys in service.secrets.items()
    }


@pytest.fixture(scope="session")
def job(cluster, objects) -> Callable[[str], Object]:
    """The compiled Job that runs a script of inventory/files."""

    def job(script: str) -> Object:
        for service in cluster.services:
            for found in service.jobs:
                if any(file.source == script for file in found.files):
                    return next(
                        one for one in objects if one["kind"] == "Job" and one["metadata"]["name"] == found.name
                    )
        pytest.skip(f"{cluster.name} has no job that runs {script}")

    return job
