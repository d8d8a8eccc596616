"""Bridges beside brokers, by either means that a release may have; the scheduler of the tests decides."""

from __future__ import annotations

import random

import pytest

from tests.compiled.scheduler import machines, pods, schedule
from tests.compiled.tree import Tree
from tests.manifests.rendering import render, with_platform

SPREADS = ["anti-affinity", "topology-spread"]


def _tree(cluster) -> Tree:
    documents = {f"manifests/{name}": objects for name, objects in render(cluster).items()}
    return Tree(cluster, {}, {}, documents)


def _shares(cluster, nodes) -> dict[str, set[int]]:
    """Evenly spread service -> the numbers of its pods on the nodes of its group."""
    return {
        service.name: {node.count(service.name) for node in nodes if node.group == service.group}
        for service in cluster.services
        if service.per_node is not None
    }


def _wanted(cluster) -> dict[str, set[int]]:
    return {service.name: {service.per_node} for service in cluster.services if service.per_node is not None}


@pytest.mark.parametrize("spread", SPREADS)
def test_each_node_has_its_share(spread, cluster):
    tree = _tree(with_platform(cluster, pod_spread=spread))
    for seed in range(10):
        nodes = machines(tree)
        assert schedule(pods(tree), nodes, random.Random(seed)) == []
        assert _shares(cluster, nodes) == _wanted(cluster)


@pytest.mark.parametrize("spread", SPREADS)
def test_a_late_node_finds_its_share_waiting(spread, cluster):
    tree = _tree(with_platform(cluster, pod_spread=spread))
    group = next((service.group for service in cluster.services if service.per_node is not None), None)
    if group is None:
        pytest.skip(f"{cluster.name} spreads no service evenly")
    for seed in range(10):
        nodes, chance = machines(tree), random.Random(seed)
        late = next(node for node in nodes if node.group == group)
        waiting = schedule(pods(tree), [node for node in nodes if node is not late], chance)
        assert schedule(waiting, nodes, chance) == []
        assert _shares(cluster, nodes) == _wanted(cluster)


def test_sets_add_up(cluster):
    for service in cluster.services:
        if service.per_node is None:
            continue
        for spread in SPREADS:
            objects = render(with_platform(cluster, pod_spread=spread))[f"{service.name}.yml"]
            sets = [found["spec"]["replicas"] for found in objects if found["kind"] == "StatefulSet"]
            assert sum(sets) == service.replicas
            assert len(sets) == (service.per_node if spread == "anti-affinity" else 1)
