"""The diagrams are sound: ids defined once, arrows between known ids, labels quoted."""

from __future__ import annotations

import re

import pytest

from components.page.mermaid import arrow, box, label, node_id, subgraph
from components.page.words import node_port, plural

_NODE = re.compile(r'^(\w+)(?:\["([^"]*)"\]|\(\["([^"]*)"\]\)|\[\("([^"]*)"\)\])$')
_ARROW = re.compile(r'^(\w+) (-->|-\.->)(?:\|"([^"]*)"\|)? (\w+)$')
_SUBGRAPH = re.compile(r'^subgraph (\w+)\["([^"]*)"\]$')
_KEYWORDS = {"end", "subgraph", "graph", "flowchart", "style", "class", "classDef", "click", "direction", "default"}


def _read(diagram: str):
    """Nodes {id: label}, subgraphs {id: title} and arrows [(from, label, to)]; fails on any other line."""
    first, *lines = diagram.splitlines()
    assert re.fullmatch(r"flowchart (LR|TB)", first)
    nodes, groups, arrows, depth = {}, {}, [], 0
    for line in (line.strip() for line in lines):
        if line == "end":
            depth -= 1
            assert depth >= 0
        elif found := _SUBGRAPH.match(line):
            depth += 1
            assert found[1] not in groups
            groups[found[1]] = found[2]
        elif found := _ARROW.match(line):
            arrows.append((found[1], found[3], found[4]))
        else:
            found = _NODE.match(line)
            assert found, f"not a line of a flowchart: {line}"
            assert found[1] not in nodes
            nodes[found[1]] = next(text for text in found.groups()[1:] if text is not None)
    assert depth == 0
    return nodes, groups, arrows


def test_every_diagram_is_sound(page):
    assert page.diagrams
    for diagram in page.diagrams:
        nodes, groups, arrows = _read(diagram)
        assert not set(nodes) & set(groups)
        assert not (set(nodes) | set(groups)) & _KEYWORDS
        assert len(arrows) == len(set(arrows))
        ends = {end for source, _, target in arrows for end in (source, target)}
        assert ends == set(nodes), "an arrow to nowhere, or a box without an arrow"


def test_messages_reach_kafka_through_every_listener_and_broker(cluster, page):
    brokers = next((service for service in cluster.services if service.kind == "VerneMQ"), None)
    if brokers is None:
        pytest.skip("no brokers, no diagram of them")
    nodes, groups, arrows = _read(page.diagrams[0])
    members = cluster.groups[brokers.group].nodes
    titles = " ".join(groups.values())
    boxes = sum(text == brokers.title for text in nodes.values())
    assert boxes in (len(members), 1)
    assert nodes["devices"] == f"{cluster.scale.devices:,} devices"
    for node in members if boxes == len(members) else ():
        assert f"{node.name} {node.address}" in titles
    for frontend in cluster.load_balancer.frontends:
        if frontend.service != brokers.name:
            continue
        assert nodes[f"listen_{frontend.listen}"] == f"port {frontend.listen}"
        targets = [text for source, text, _ in arrows if source == f"listen_{frontend.listen}"]
        assert targets == [f"NodePort {node_port(frontend.node_port)}"] * boxes
    per_node = [text for text in nodes.values() if text == f"{cluster.scale.bridges_per_broker} × V2K bridge"]
    assert len(per_node) == boxes
    assert plural(cluster.scale.kafka.partitions, "partition") in nodes["topic_data"]
    assert _reaches(arrows, "devices", "topic_data")


def test_messages_come_back_to_the_devices(cluster, guide_cluster, render):
    for each in (cluster, guide_cluster):
        loopback = next((service for service in each.services if service.name == "kafka-loopback"), None)
        if loopback:
            nodes, _, arrows = _read(render(each).diagrams[1])
            assert nodes["loopback"] == f"{loopback.replicas} × {loopback.title}"
            assert _reaches(arrows, "topic_data", "devices")


def _reaches(arrows, start: str, goal: str) -> bool:
    seen = {start}
    while True:
        more = {target for source, _, target in arrows if source in seen} - seen
        if not more:
            return goal in seen
        seen |= more


def test_who_calls_whom_has_every_use(cluster, page):
    nodes, _, arrows = _read(page.diagrams[-1])
    callers = {name for service in cluster.services for use in service.uses for name in (service.name, use.service)}
    assert set(nodes) == {node_id("service", name) for name in callers}
    assert {(source, target) for source, _, target in arrows} == {
        (node_id("service", service.name), node_id("service", use.service))
        for service in cluster.services
        for use in service.uses
    }


@pytest.mark.parametrize(
    ("text", "escaped"),
    [('say "no"', "say #quot;no#quot;"), ("#1", "#35;1"), ("<tenant>", "#lt;tenant#gt;"), ("a|b", "a|b")],
)
def test_labels_are_quoted(text, escaped):
    assert label(text) == f'"{escaped}"'


def test_ids_are_words():
    assert node_id("node", "verne-1.dojot") == "node_verne_1_dojot"
    assert box(node_id("x", "end"), "a", "b") == 'x_end["a<br>b"]'
    assert arrow("a", "b", "text") == 'a -->|"text"| b'
    assert subgraph("g", ["title"], ["a"]) == ['subgraph g["title"]', "    a", "end"]
