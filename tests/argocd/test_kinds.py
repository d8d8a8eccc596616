"""The kinds follow the cluster: what a smaller cluster lacks, its project does not allow."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from components.argocd.kinds import cluster_kinds, namespaced_kinds
from components.manifests.face import manifests as render
from tests.platforms import each_platform

pytestmark = each_platform


def _used(cluster):
    found = [entry for text in render(cluster).values() for entry in yaml.safe_load_all(text)]
    kinds = {True: set(), False: set()}
    for entry in found:
        kinds["namespace" in entry["metadata"]].add((entry["apiVersion"].rpartition("/")[0], entry["kind"]))
    return tuple(sorted(kinds[False])), tuple(sorted(kinds[True]))


def _only(*names):
    return lambda cluster: replace(cluster, services=tuple(cluster.service(name) for name in names))


def _without_rbac(cluster):
    return replace(cluster, rbac=False)


@pytest.mark.parametrize(
    "smaller",
    [
        _only("kafka-server"),
        _only("auth"),
        _only("kong"),
        _only("vmq-operator"),
        _only("vernemq"),
        _only("x509-identity-mgmt"),
        _without_rbac,
    ],
    ids=["kafka-server", "auth", "kong", "vmq-operator", "vernemq", "x509-identity-mgmt", "without-rbac"],
)
def test_kinds_of_a_smaller_cluster(smaller, cluster):
    try:
        cluster = smaller(cluster)
    except KeyError as missing:
        pytest.skip(f"{cluster.name} has no {missing}")
    assert (cluster_kinds(cluster), namespaced_kinds(cluster)) == _used(cluster)
