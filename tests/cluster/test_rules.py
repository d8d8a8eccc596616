"""Rules over one Cluster each; what each of them says is fixed in tests/inventory/invalid."""

from dataclasses import FrozenInstanceError, replace

import pytest

from components.cluster.rules.manifests import COMPILED, taken_names
from components.cluster.rules.placement import enough_nodes, even_shares
from components.cluster.rules.ports import source_ports_are_free
from components.cluster.types import Group
from components.manifests.files import objects
from tests.changed import with_spec


def test_a_cluster_does_not_change(cluster):
    with pytest.raises(FrozenInstanceError):
        cluster.name = "another"


def test_missing_nodes_are_named_after_their_group(cluster):
    """bee-1 -> bee-2; names that are taken are left out, an empty group lends its own name."""
    service = replace(with_spec(cluster.services[0], group="hive", one_per_node=True), replicas=3)
    balancer = replace(cluster.load_balancer, hosts=(replace(cluster.load_balancer.hosts[0], name="bee-2"),))

    def ways_out(*names: str) -> list[str]:
        nodes = tuple(replace(cluster.nodes[0], name=name, group="hive") for name in names)
        small = replace(cluster, nodes=nodes, groups={"hive": Group("hive", "hive", nodes)}, services=(service,))
        return [finding.way_out for finding in enough_nodes(replace(small, load_balancer=balancer))]

    assert ways_out("bee-1") == ["Add bee-3 and bee-4 under cluster.nodes, each with group: hive"]
    assert ways_out("bee-1", "bee-3") == ["Add bee-4 under cluster.nodes, with group: hive"]
    assert ways_out("bee-1", "bee-3", "bee-4") == []
    assert ways_out() == ["Add hive-1, hive-2 and hive-3 under cluster.nodes, each with group: hive"]


@pytest.mark.parametrize(("replicas", "accepted"), [(9, True), (12, True), (6, False), (10, False), (3, False)])
def test_bridges(guide_cluster, replicas, accepted):
    bridges = tuple(
        replace(service, replicas=replicas) for service in guide_cluster.services if service.per_node is not None
    )
    brokers = replace(guide_cluster.scale, brokers=3, bridges_per_broker=3)
    assert (list(even_shares(replace(guide_cluster, services=bridges, scale=brokers))) == []) is accepted


@pytest.mark.parametrize(
    ("first", "accepted"), [(10_240, True), (8884, True), (8883, False), (1024, False), (80, False)]
)
def test_source_ports_begin_above_the_listeners(cluster, first, accepted):
    balancer = replace(cluster.load_balancer, source_ports=(first, 65_535), reserved_ports=(80, 1883, 8404, 8883))
    assert (list(source_ports_are_free(replace(cluster, load_balancer=balancer))) == []) is accepted


def test_every_compiled_object_has_a_name_that_is_taken(cluster):
    """So that no object of one's own overwrites one."""
    taken = {name for name, _ in taken_names(cluster)}
    compiled = [(one["kind"], one["metadata"]["name"]) for found in objects(cluster).values() for one in found]
    assert [(kind, name) for kind, name in compiled if kind not in COMPILED or name not in taken] == []
