"""What is the same in several clusters is told once, and what differs is told of each."""

from __future__ import annotations

from dataclasses import replace

from components.review.forms import markdown
from components.review.forms.grouped import Told, together
from components.review.types import Field
from tests.review.forms.reviews import ADDED, AFTER, CHANGED, SHAPES, full, review


def test_the_same_is_told_once():
    found = together([full("a"), full("b", devices=()), full("c")], lambda cluster: cluster.devices)
    assert found == [Told("A third of all devices connects again, three times.", ("a", "c"))]


def test_the_order_is_the_one_of_the_first():
    clusters = [full("a", files=("2", "3")), full("b", files=("1", "3", "2"))]
    assert [(told.what, told.clusters) for told in together(clusters, lambda cluster: cluster.files)] == [
        ("2", ("a", "b")),
        ("3", ("a", "b")),
        ("1", ("b",)),
    ]


def test_twice_in_one_cluster_is_that_cluster_once():
    assert together([full("a", files=("1", "1"))], lambda cluster: cluster.files) == [Told("1", ("a",))]


def test_objects_are_the_same_if_their_changes_are():
    other_rest = replace(CHANGED, before={"spec": {"replicas": 9}}, after={})
    other_value = replace(CHANGED, fields=(Field(("spec", "replicas"), 3, 6),))
    number, text = (replace(CHANGED, fields=(Field(("a",), 1, value),)) for value in (2, "2"))
    clusters = [full("a", objects=(CHANGED, number)), full("b", objects=(other_rest, other_value, text))]
    told = together(clusters, lambda cluster: cluster.objects)
    assert [each.clusters for each in told] == [("a", "b"), ("a",), ("b",), ("b",)]


def test_a_file_that_differs_elsewhere_too_is_the_same_change():
    """As told: with the cluster's name in its first line, and so with another checksum."""
    clusters = []
    for name, old, new in (("a", "0" * 16, "1" * 16), ("b", "2" * 16, "3" * 16)):
        lines = f"# of {name}\n\n\n\n\ninterval: ", "\n"
        fields = (
            Field(("data", "file"), *(seconds.join(lines) for seconds in ("30", "31"))),
            Field(("sum",), old, new),
        )
        clusters.append(full(name, objects=(replace(CHANGED, fields=fields),)))
    (told,) = together(clusters, lambda cluster: cluster.objects)
    assert told.clusters == ("a", "b")
    text = markdown.text(review(*clusters))
    assert text.count("interval: 31") == 1 and "`sum`: another checksum" in text


def test_a_step_on_all_hosts_of_a_kind_is_the_same_whatever_their_names():
    def steps(place):
        return [full(name, steps=(replace(AFTER, hosts=(f"{name}-1",), place=place),)) for name in ("a", "b")]

    text = markdown.text(review(*steps("every node")))
    assert "`a`, `b`: `bootstrap.sh load-balancer` on every node (attention)" in text
    assert "on the control plane (attention)" in markdown.text(review(*steps("control plane")))
    # One that only some of them need, and whose are those?
    text = markdown.text(review(*steps("")))
    assert all(f"`{name}`: `bootstrap.sh load-balancer` on `{name}-1`" in text for name in ("a", "b"))
    # Where there is one cluster, its reader knows them by name.
    assert "on `a-1`" in markdown.text(review(steps("every node")[0]))


def test_how_clusters_are_named():
    def label(*clusters):
        text = markdown.text(review(*clusters))
        return next(line for line in text.splitlines() if "kafka-3` added" in line).partition("`PersistentVolume")[0]

    def some(number):
        return [full(f"c{each}") for each in range(number)]

    assert label(*some(1)) == "- "
    assert label(*some(2)) == "- `c0`, `c1`: "
    assert label(*some(5)) == "- all 5 clusters: "
    assert label(*some(5), full("c5", objects=())) == "- `c0`, `c1`, `c2` and 2 more: "
    assert label(full("c0", objects=()), full("c1", objects=(ADDED,))) == "- `c1`: "


def test_many_clusters_make_no_longer_comment():
    assert len(markdown.text(SHAPES["many alike"])) < 1.3 * len(markdown.text(SHAPES["two alike"]))
