"""What judges a running cluster finds what is wrong with it; no engine is needed for this."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.compiled import scheduler
from tests.compiled.tree import read
from tests.engines.kubernetes.dropped import dropped
from tests.engines.kubernetes.placement import NOWHERE, OTHER, misplaced


@pytest.fixture
def tree(cluster, compiled):
    return read(compiled, cluster, {})


@pytest.fixture
def found(tree):
    """Node -> service -> pods, all as they should be."""
    nodes = scheduler.machines(tree)
    scheduler.schedule(scheduler.pods(tree), nodes, random.Random(0))
    everywhere = Counter(service.name for service in tree.cluster.services if service.kind == "DaemonSet")
    return {node.name: Counter(pod.workload.service for pod in node.pods) + everywhere for node in nodes}


def test_a_cluster_as_it_should_be(tree, found):
    found[tree.cluster.workers[0].name][OTHER] += 1
    assert misplaced(tree, found) == []


def test_every_misplaced_pod_is_named(tree, found):
    node = next(node for node in tree.cluster.workers if found[node.name])
    service = next(iter(found[node.name]))
    found[node.name][service] -= 1
    for place, words in (
        (NOWHERE, f"{service}: 1 pods wait"),
        (tree.cluster.control_plane.name, f"{service}: 1 pods on"),
    ):
        assert any(words in problem for problem in misplaced(tree, {**found, place: Counter({service: 1})})), place
    assert any(f"{service}: " in problem and "instead of" in problem for problem in misplaced(tree, found))


def test_an_uneven_spread_is_named(tree, found):
    """4/4/1, as the reference deployment came out."""
    service = next((one for one in tree.cluster.services if one.per_node is not None), None)
    if service is None or len(tree.cluster.groups[service.group].nodes) < 2:
        pytest.skip("no service of this cluster has so many pods on each of several nodes")
    first, *_, last = tree.cluster.groups[service.group].nodes
    found[first.name][service.name] += 1
    found[last.name][service.name] -= 1
    assert len([problem for problem in misplaced(tree, found) if problem.startswith(f"{service.name}: ")]) == 2


def test_the_operators_pod_may_not_be_on_the_control_plane(tree, found):
    found[tree.cluster.control_plane.name][OTHER] += 1
    assert len(misplaced(tree, found)) == 1


def test_fields_that_are_not_kept():
    sent = {"a": 1, "empty": {}, "cpu": "1000m", "ports": [{"port": 1, "topologyKeys": ["host"]}], "off": False}
    kept = {"a": 1, "cpu": "1", "ports": [{"port": 1, "protocol": "TCP"}], "added": True}
    assert list(dropped(sent, kept)) == [
        ".ports[0].topologyKeys: sent ['host'], kept None",
        ".off: sent False, kept None",
    ]
    assert list(dropped({"a": "1Gi", "b": [1]}, {"a": "2Gi", "b": [1, 2]})) == [
        ".a: sent '1Gi', kept '2Gi'",
        ".b: sent [1], kept [1, 2]",
    ]
