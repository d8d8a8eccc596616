"""The line for people, and the reduction of findings to their causes."""

import pytest

from components.cluster.causes import causes
from components.inventory.files import InventoryFiles
from components.inventory.finding import Finding, InvalidInventory, listed, near, suggest
from components.inventory.origin import origin_in


def _line(value, way_out="Do this"):
    return Finding(("a", "b"), value, "rule", way_out).text(lambda path: "file:1")


def test_line():
    assert _line(3) == "file:1: a.b = 3: rule. Do this."
    assert _line(None) == "file:1: a.b: rule. Do this."
    assert _line(3, "Did you mean x?") == "file:1: a.b = 3: rule. Did you mean x?"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        # In quotes where YAML would read something else.
        ("true", "'true'"),
        ("3", "'3'"),
        ("", "''"),
        ("yes", "'yes'"),
        ("192.168.0.1", "192.168.0.1"),
        ("a b", "a b"),
        (True, "true"),
        (1.5, "1.5"),
        ([1, "a"], "[1, a]"),
        ({"x": 1}, "{x: 1}"),
        ("a: [b", "a: [b"),
        ("x" * 61, "x" * 57 + "..."),
        ("x" * 60, "x" * 60),
    ],
)
def test_values_are_shown_as_yaml(value, shown):
    assert _line(value) == f"file:1: a.b = {shown}: rule. Do this."


def test_suggestions():
    known = {"replicas": 1, "group": 2}
    assert near("replcias", known) == "replicas" and near("colour", known) is None
    assert suggest("replcias", known) == "Did you mean replicas?"
    assert suggest("colour", known) == "Use one of: group, replicas"
    assert suggest("colour", {}) == "Take it out"
    assert listed(["a"]) == "a" and listed(["a", "b"]) == "a and b" and listed(["a", "b", "c"]) == "a, b and c"


def test_the_same_line_is_said_once():
    finding = Finding(("a",), None, "rule", "Do this")
    assert InvalidInventory([finding, finding], lambda path: "file:1").lines == ("file:1: a: rule. Do this.",)


@pytest.fixture
def origin(tmp_path):
    target = tmp_path / "inventory" / "targets" / "t.yml"
    target.parent.mkdir(parents=True)
    target.write_text("parameters:\n  used: ${root}\n  part: ${root}/x\n  root: r\n  other: 1\n", encoding="utf-8")
    return origin_in(InventoryFiles(tmp_path / "inventory"), "t")


def _finding(path, rule="rule"):
    return Finding((path,), "r", rule, "Do this")


def test_a_finding_moves_to_where_the_value_is_written(origin):
    assert causes([_finding("used")], origin) == [_finding("root")]


def test_what_follows_from_another_finding_is_left_out(origin):
    assert causes([_finding("part"), _finding("root"), _finding("used")], origin) == [_finding("root")]


def test_what_follows_from_nothing_stays(origin):
    assert causes([_finding("part")], origin) == [_finding("part")]


def test_two_rules_over_one_key_stay(origin):
    assert len(causes([_finding("root"), _finding("used", "another")], origin)) == 2


def test_they_come_by_line(origin):
    found = causes([_finding("other"), _finding("root"), _finding("part", "p")], origin)
    assert [finding.path for finding in found] == [("root",), ("other",)]
    found = causes([_finding("other"), _finding("part")], origin)
    assert [finding.path for finding in found] == [("part",), ("other",)]
