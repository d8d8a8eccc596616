"""The diagrams are sound: ids defined once, arrows between known ids, labels quoted."""

from __future__ import annotations

import re

import pytest

from components.page.mermaid import arrow, box, label, node_id

_NODE = re.compile(r'^(\w+)\["([^"]*)"\]$')
_ARROW = re.compile(r"^(\w+) (?:-->|-\.->) (\w+)$")
_KEYWORDS = {"end", "subgraph", "graph", "flowchart", "style", "class", "classDef", "click", "direction", "default"}


def _read(diagram: str):
    """Nodes {id: label} and arrows [(from, to)]; fails on any other line."""
    first, *lines = diagram.splitlines()
    assert re.fullmatch(r"flowchart (LR|TB)", first)
    nodes, arrows = {}, []
    for line in (line.strip() for line in lines):
        if found := _ARROW.match(line):
            arrows.append((found[1], found[2]))
        else:
            found = _NODE.match(line)
            assert found, f"not a line of a flowchart: {line}"
            assert found[1] not in nodes
            nodes[found[1]] = found[2]
    return nodes, arrows


def test_every_diagram_is_sound(page):
    assert page.diagrams
    for diagram in page.diagrams:
        nodes, arrows = _read(diagram)
        assert not set(nodes) & _KEYWORDS
        assert len(arrows) == len(set(arrows))
        ends = {end for arrow in arrows for end in arrow}
        assert ends == set(nodes), "an arrow to nowhere, or a box without an arrow"


def test_who_calls_whom_has_every_use(cluster, page):
    nodes, arrows = _read(page.diagrams[0])
    callers = {name for service in cluster.services for use in service.uses for name in (service.name, use.service)}
    assert set(nodes) == {node_id("service", name) for name in callers}
    assert set(arrows) == {
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
    assert box(node_id("x", "end"), "a") == 'x_end["a"]'
    assert arrow("a", "b", "-.->") == "a -.-> b"
