"""What is needed against what there is."""

import re
from dataclasses import replace

import pytest

from components.cluster.brokers import broker_open_files, broker_ports, broker_processes
from components.cluster.capacity import Limit, limits
from components.cluster.input.machines import Hardware
from components.cluster.placement import pods_per_node
from components.cluster.rules.capacity import amount, fits
from components.cluster.types import Group


def _limit(needed, available, **more):
    return Limit(
        **{
            "what": "w",
            "needed": needed,
            "available": available,
            "unit": "count",
            "path": ("p",),
            "way_out": "Do this",
            **more,
        }
    )


def test_headroom():
    assert _limit(75, 100).headroom == 0.25 and _limit(75, 100).fits
    assert _limit(100, 100).headroom == 0 and _limit(100, 100).fits
    assert _limit(150, 100).headroom == -0.5 and not _limit(150, 100).fits
    assert _limit(1, 0).headroom < 0 and not _limit(1, 0).fits


def test_amounts_in_words():
    assert amount(_limit(0, 0, unit="cpu"), 7500) == "7.5 cores"
    assert amount(_limit(0, 0, unit="bytes"), 2**31) == "2.0 GiB"
    assert amount(_limit(0, 0), 100_000) == "100,000"


def test_one_line_for_two_listeners_with_one_range(guide_cluster):
    narrow = replace(guide_cluster, load_balancer=replace(guide_cluster.load_balancer, source_ports=(65_000, 65_535)))
    about_ports = [finding for finding in fits(narrow) if "source ports" in finding.rule]
    assert len(about_ports) == 1 and "one broker lost" in about_ports[0].rule


def test_a_single_server_has_no_survivors(guide_cluster):
    balancer = guide_cluster.load_balancer
    alone = tuple(replace(frontend, servers=frontend.servers[:1]) for frontend in balancer.frontends)
    found = limits(replace(guide_cluster, load_balancer=replace(balancer, frontends=alone)))
    ports = [limit for limit in found if limit.what.startswith("source ports")]
    assert ports and not any("lost" in limit.what for limit in ports)
    # 100,000 devices are still too many for the ports of one server.
    assert not any(limit.fits for limit in ports)


def test_each_small_node_is_named(cluster):
    tiny = Hardware.model_construct(cpu=100, memory=2**30, disk=2**30)
    nodes = {node: replace(node, hardware=tiny) for node in cluster.nodes}
    groups = {
        name: Group(name, group.label, tuple(nodes[node] for node in group.nodes))
        for name, group in cluster.groups.items()
    }
    found = list(fits(replace(cluster, nodes=tuple(nodes.values()), groups=groups)))
    for node in cluster.workers:
        assert any(re.search(rf"\b{node.name}\b", finding.rule) for finding in found)


def test_open_files_of_a_broker(guide_cluster):
    """100,000 devices, a tenth of them twice for a moment, on two of three brokers; and what LevelDB keeps open."""
    assert broker_open_files(guide_cluster) == 110_000 // 2 + 4096
    alone = replace(guide_cluster, scale=replace(guide_cluster.scale, brokers=1))
    assert broker_open_files(alone) == 110_000 + 4096


def test_erlang_of_a_broker(guide_cluster):
    """Over TLS a session is four processes, and one port; where devices speak plain MQTT alone, two."""
    assert broker_processes(guide_cluster) == 4 * 110_000 // 2 + 4096
    assert broker_ports(guide_cluster) == 110_000 // 2 + 4096
    plain = replace(guide_cluster, scale=replace(guide_cluster.scale, session_processes={"mqtt": 2}))
    assert broker_processes(plain) == 2 * 110_000 // 2 + 4096


@pytest.mark.parametrize(("replicas", "nodes", "most"), [(9, 3, 3), (10, 3, 4), (1, 3, 1), (2, 1, 2), (2, 0, 2)])
def test_pods_per_node(guide_cluster, replicas, nodes, most):
    group = guide_cluster.groups["vernemq"]
    few = Group("g", "g", (group.nodes * nodes)[:nodes])
    assert pods_per_node(replace(guide_cluster.services[0], replicas=replicas), few) == most
