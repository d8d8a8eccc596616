"""Every committed cluster on its own control plane: what is accepted, and where the scheduler puts it."""

from __future__ import annotations

import copy
import random
from collections import Counter

import pytest

from components.monitoring.metrics import METRICS
from tests.compiled import scheduler
from tests.compiled.tree import name_of
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.dropped import dropped
from tests.engines.kubernetes.placement import live, misbound, misplaced, placed, settled
from tests.platforms import each_platform


def test_everything_is_accepted_without_a_word(running):
    assert not running.complaints, "\n".join(running.complaints)


def test_nothing_is_left_out_of_what_was_sent(running):
    """A field behind a closed feature gate, or unknown to a custom resource's schema, goes without a warning."""
    sent = [found for _, objects in sync.waves(running.tree) for found in objects]
    lost = [
        f"{name_of(one)} {path}"
        for one, kept in zip(sent, sync.stored(running.plane, sent), strict=True)
        for path in dropped(one, kept)
    ]
    assert not lost, "\n".join(lost)


def test_the_pod_network_is_accepted(running):
    """What the bootstrap applies. Not for real: the nodes' reserve stands for these pods already."""
    network = running.tree.documents["bootstrap/pod-network.yml"]
    assert not sync.apply(running.plane, network, *running.options, "--dry-run=server")


def test_applied_again_nothing_changes(running):
    sent = [found for _, objects in sync.waves(running.tree) for found in objects]

    def generations() -> list[int]:
        return [found["metadata"].get("generation", 0) for found in sync.stored(running.plane, sent)]

    before = generations()
    assert not sync.apply(running.plane, sent, *running.options)
    assert generations() == before, "the specification of some object is another one after the same was applied again"


@pytest.mark.parametrize("kind", ["Service", "StatefulSet", "VerneMQ"])
def test_an_unknown_field_is_refused(running, kind):
    """The checks above can fail: the API server, or kubectl with its document, knows every field."""
    if not running.tree.of_kind(kind):
        pytest.skip(f"a cluster without a {kind}")
    found = copy.deepcopy(running.tree.some(kind))
    found["spec"]["nonsense"] = True
    complaints = sync.apply(running.plane, [found], *running.options, "--dry-run=server")
    assert any("nonsense" in line for line in complaints), complaints


def test_prometheus_may_read_the_metrics_that_its_alerts_need(running):
    """Of the API server, with the rights of its account and no others."""
    watch = running.tree.cluster.monitoring
    account = f"system:serviceaccount:{running.tree.cluster.service(watch.service).namespace}:{watch.service}"
    said = running.plane.kubectl("get", "--raw", "/metrics", "--as", account).stdout
    missing = [name for name in METRICS["apiserver"] if f"\n{name}{{" not in said]
    assert not missing, f"this API server has no {missing}"
    refused = running.plane.kubectl("get", "--raw", "/logs", "--as", account, check=False)
    assert refused.returncode and "Forbidden" in refused.stderr


def test_every_pod_is_where_the_model_says(running):
    """Its group, its share a node, on the control plane only what is on every node, nothing waiting."""
    pods = live(running.plane, running.tree)
    problems = misplaced(running.tree, placed(running.tree, pods))
    assert not problems, "\n".join(problems)


def test_every_volume_is_bound_to_its_claim(running):
    problems = misbound(running.plane, running.tree, live(running.plane, running.tree))
    assert not problems, "\n".join(problems)


def test_the_scheduler_model_agrees(running):
    """The model that judges each inventory puts the pods where the real scheduler does."""
    found = placed(running.tree, live(running.plane, running.tree))
    nodes = scheduler.machines(running.tree)
    # What is on every node is not the scheduler model's to place.
    placeable = {service.name for service in running.tree.cluster.services if service.kind != "DaemonSet"}
    assert not scheduler.schedule(scheduler.pods(running.tree), nodes, random.Random(0))
    for node in nodes:
        predicted = Counter(pod.workload.service for pod in node.pods)
        real = Counter({name: number for name, number in found.get(node.name, {}).items() if name in placeable})
        assert real == predicted, f"{node.name}: the model says {dict(predicted)}, the scheduler {dict(real)}"


@each_platform
def test_pods_without_spreading_are_noticed(running):
    """The same bridges without their spreading, while one node is away: it comes back to too few of them."""
    tree, plane = running.tree, running.plane
    names = {
        service.name
        for service in tree.cluster.services
        if service.per_node is not None and len(tree.cluster.nodes_of(service)) > 1
    }
    if not names:
        pytest.skip("no service of this cluster is spread over several nodes")
    ours = [found for name, found in tree.manifests if name in names and found["kind"] == "StatefulSet"]
    group = tree.cluster.groups[tree.cluster.service(min(names)).group]
    if len(group.nodes) == 1:
        pytest.skip("the bridges of this cluster have one node")
    away = group.nodes[0].name
    loose = copy.deepcopy(ours)
    for found in loose:
        spec = found["spec"]["template"]["spec"]
        spec.pop("topologySpreadConstraints", None)
        spec["affinity"].pop("podAntiAffinity", None)
    try:
        plane.kubectl("cordon", away)
        _replace(plane, loose)
        settled(plane, tree)
        plane.kubectl("uncordon", away)
        found = settled(plane, tree, all_run=True)
        problems = misplaced(tree, found)
        assert any(name in problem and "instead of" in problem for problem in problems for name in names), (
            f"bridges that nothing spreads are at {found}, and the check finds nothing wrong"
        )
    finally:
        plane.kubectl("uncordon", away)
        _replace(plane, ours)
        sync.await_health(plane, ours, "the bridges as they are")
    assert not misplaced(tree, placed(tree, live(plane, tree)))


def _replace(plane, objects) -> None:
    """Delete the objects with their pods, and make them again as given."""
    plane.kubectl("delete", "--cascade=foreground", "--filename=-", input=sync.listed(objects))
    assert not sync.apply(plane, objects)
