"""What rules and dashboards read comes from a job that there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.monitoring.jobs import jobs
from components.monitoring.metrics import KEPT, METRICS
from tests.monitoring.expressions import OWN, expressions_of, metrics_of, rules_of


@pytest.fixture(scope="session")
def with_everything(guide_cluster_watched):
    """With the optional exporter of a load test."""
    watch = replace(guide_cluster_watched.monitoring, locust_exporter="192.0.2.1:9646")
    return replace(guide_cluster_watched, monitoring=watch)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('sum by (node) (rate(a{b="c", d=~"e|f"}[5m])) > 3', {"a"}),
        ("a:b:c / on (x) group_left (y) d_e unless f", {"a:b:c", "d_e", "f"}),
        ('label_replace(a * on (n) b, "x", "$1", "y", "(z)")', {"a", "b"}),
        ('count(ALERTS{a="b"}) or vector(0)', {"ALERTS"}),
    ],
)
def test_metrics_are_found_in_an_expression(expression, expected):
    assert metrics_of(expression) == expected


def test_every_metric_that_is_read_is_produced(watched):
    recorded = {rule["record"] for rule in rules_of(watched) if "record" in rule}
    produced = {metric for job in jobs(watched) for metric in METRICS.get(job.name, ())}
    for place, expression in expressions_of(watched).items():
        unknown = metrics_of(expression) - recorded - produced - OWN
        assert not unknown, f"{place}: no job of the cluster produces {sorted(unknown)}"


def test_every_metric_of_the_list_is_read(with_everything):
    read = set().union(*map(metrics_of, expressions_of(with_everything).values()))
    known = {metric for metrics in METRICS.values() for metric in metrics}
    assert known <= read, f"nobody reads {sorted(known - read)}"
    assert set(METRICS) <= {job.name for job in jobs(with_everything)}


def test_every_recorded_series_is_read(with_everything):
    recorded = {rule["record"] for rule in rules_of(with_everything) if "record" in rule}
    read = set().union(*map(metrics_of, expressions_of(with_everything).values()))
    assert recorded <= read, f"nobody reads {sorted(recorded - read)}"


def test_what_is_not_read_of_the_largest_jobs_is_not_stored(watched):
    for job in jobs(watched):
        relabel = job.config.get("metric_relabel_configs")
        assert bool(relabel) == (job.name in KEPT), job.name
        if relabel:
            assert relabel[0]["regex"].split("|") == list(METRICS[job.name])


def test_labels_that_kubernetes_dropped_are_not_used(watched):
    for place, expression in expressions_of(watched).items():
        assert "pod_name" not in expression and "container_name" not in expression, place
