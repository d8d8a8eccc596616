"""Secrets with made-up values, and compiled pods that run from the images of the rehearsal."""

from __future__ import annotations

import os
import random
import secrets
import string
from collections.abc import Callable, Iterator

import pytest

from components.cluster.types import PROVIDED, RANDOM
from tests.engines.haproxy.network import Refused
from tests.engines.images.site import Site, workloads
from tests.engines.jobs.clusters import compiled_objects
from tests.engines.programs import built, not_run
from tests.rendered import cluster_of

# Other clusters' workloads, of images that this one has not: the loop that sends devices their messages back, time
# series, and the newer web pages. By the name that all objects of one have as a label.
_BORROWED = {
    "dojot-100k-current": ("kafka-loopback",),
    "dojot-full": ("influxdb", "influxdb-job", "influxdb-storer", "influxdb-retriever", "gui-v2"),
}
# They are nothing without an API server; the rehearsal has one.
_ELSEWHERE = ("kube-state-metrics", "vmq-operator")


@pytest.fixture(scope="session")
def objects(cluster):
    borrowed = [
        one
        for name, wanted in _BORROWED.items()
        for one in compiled_objects(name)
        if one["metadata"].get("labels", {}).get("name") in wanted
    ]
    return [*compiled_objects(cluster.name), *borrowed]


@pytest.fixture(scope="session")
def secret_values(cluster):
    """The Secrets that the bootstrap makes or people bring. Letters and digits by turns: auth takes such a password."""

    def made_up() -> str:
        return "".join(secrets.choice(string.ascii_letters) + random.choice(string.digits) for _ in range(12))

    return {
        name: {key: made_up() if value.split()[0] in (RANDOM, PROVIDED) else value for key, value in keys.items()}
        for found in (*map(cluster_of, _BORROWED), cluster)
        for service in found.services
        for name, keys in service.secrets.items()
    }


@pytest.fixture(scope="session")
def site(objects, secret_values, tmp_path_factory) -> Callable[..., Site]:
    """`site("postgres", "auth", changes=...)`: those pods, none started; a context that ends them."""
    if os.geteuid():
        not_run("root alone can run a container with another user's rights")
    for program, build in (("runc", "runc-1-5"), ("stand-in", "stand-in"), ("complete", "kafka-2-5")):
        built(program, build)

    def make(*names: str, **changed: object) -> Site:
        try:
            return Site(objects, secret_values, names, tmp_path_factory.mktemp("site"), **changed)
        except Refused as refused:
            not_run(str(refused))

    return make


@pytest.fixture(scope="session")
def running(objects, site) -> Iterator[Site]:
    """All pods of the cluster, ready in the order of their waves."""
    waves = {wave: [name for name in names if name not in _ELSEWHERE] for wave, names in workloads(objects).items()}
    with site(*(name for names in waves.values() for name in names)) as found:
        for names in waves.values():
            for name in names:
                found.start(name)
            for name in names:
                found.ready(name)
        yield found
