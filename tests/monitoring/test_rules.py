"""rules.yml: numbers from the cluster and the inventory, and words that an operator can use."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from components.cluster.input.monitoring import Alerts
from components.monitoring import limits
from components.monitoring.alerts import alerts
from components.monitoring.rules import prometheus_rules
from tests.changed import changed
from tests.monitoring.expressions import rules_of
from tests.monitoring.promtool import CASES

_LABEL = re.compile(r"\$labels\.(\w+)")


def _limit(cluster, name):
    """{labels: number}"""
    return {
        tuple(sorted(rule.get("labels", {}).items())): float(rule["expr"].removeprefix("vector(").removesuffix(")"))
        for rule in rules_of(cluster)
        if rule.get("record") == name
    }


def test_the_inventory_knows_exactly_the_alerts_that_there_are(guide_cluster_watched):
    made = {alert.name for found in alerts(guide_cluster_watched).values() for alert in found}
    assert made == set(guide_cluster_watched.monitoring.alerts)


def test_an_inventory_states_only_what_it_wants_otherwise():
    stated = Alerts.model_validate({"SourcePortsShort": {"above": 70}, "RuleFailing": {"for": 60}}).by_name
    usual = Alerts().by_name
    assert stated["SourcePortsShort"] == changed(usual["SourcePortsShort"], above=70)
    assert stated["RuleFailing"] == changed(usual["RuleFailing"], wait=60)
    assert {name for name in stated if stated[name] != usual[name]} == {"SourcePortsShort", "RuleFailing"}


def test_limits_are_the_clusters_own(guide_cluster_watched):
    cluster = guide_cluster_watched
    assert _limit(cluster, limits.DEVICES) == {(): cluster.scale.devices}
    assert _limit(cluster, limits.BROKER_SESSIONS) == {(): cluster.scale.devices_per_broker}
    assert _limit(cluster, limits.RECONNECTS)[()] == pytest.approx(100_000 / 1500, abs=0.001)
    assert _limit(cluster, limits.LISTENER_SESSIONS) == {
        (("proxy", frontend.name),): frontend.maxconn for frontend in cluster.load_balancer.frontends
    }
    servers = _limit(cluster, limits.SOURCE_PORTS)
    assert len(servers) == 6 and set(servers.values()) == {65_535 - 10_240 + 1}
    bridges = _limit(cluster, limits.BRIDGES)
    assert len(bridges) == 6 and set(bridges.values()) == {3}
    volumes = {dict(labels)["path"]: size for labels, size in _limit(cluster, limits.VOLUME).items()}
    assert volumes == {disk.host_path: volume.size for _, volume, disk in cluster.disks}


def test_a_retention_too_short_to_be_judged_has_no_alert(guide_cluster_watched):
    """Five minutes in a sender and two scrapes come off it."""
    scale = guide_cluster_watched.scale
    for minutes, told in ((6, False), (7, True)):
        kept = replace(scale, kafka=replace(scale.kafka, retention=60 * minutes))
        assert ("KafkaDeletesEarly" in prometheus_rules(replace(guide_cluster_watched, scale=kept))) == told


def test_numbers_come_from_the_inventory(guide_cluster_watched):
    watch = guide_cluster_watched.monitoring
    other = changed(watch.alerts["SourcePortsShort"], severity="warning", wait=7, above=77)
    others = {**watch.alerts, "SourcePortsShort": other}
    cluster = replace(guide_cluster_watched, monitoring=replace(watch, alerts=others))
    (rule,) = [rule for rule in rules_of(cluster) if rule.get("alert") == "SourcePortsShort"]
    assert rule["expr"].endswith("> 77") and rule["for"] == "7s" and rule["labels"] == {"severity": "warning"}
    assert "<bound>" not in prometheus_rules(cluster)


def test_without_brokers_nothing_speaks_of_sessions(guide_cluster_watched):
    services = tuple(one for one in guide_cluster_watched.services if one.kind != "VerneMQ" and one.per_node is None)
    text = prometheus_rules(replace(guide_cluster_watched, services=services))
    assert "dojot:broker_sessions" not in text and "BridgesMissing" not in text and "NodeNotReady" in text


def test_without_a_load_balancer_nothing_speaks_of_haproxy(guide_cluster_watched):
    watch = replace(guide_cluster_watched.monitoring, load_balancer=False)
    text = prometheus_rules(replace(guide_cluster_watched, monitoring=watch))
    assert "haproxy" not in text and "BrokerSessionsHigh" in text


def test_every_alert_says_what_is_seen_and_what_to_do(watched):
    for found in alerts(watched).values():
        for alert in found:
            for words in (alert.summary, alert.meaning, alert.way_out):
                assert words and "  " not in words, alert.name
            assert not alert.summary.endswith("."), alert.name
            assert alert.meaning.endswith(".") and alert.way_out.endswith("."), alert.name


def test_words_use_labels_that_the_alert_has(guide_cluster_watched):
    """Those with which its test sees it fire: a label that is not there would be an empty word."""
    for found in alerts(guide_cluster_watched).values():
        for alert in found:
            fires = yaml.safe_load((CASES / f"{alert.name}.yml").read_text("utf-8"))[0]
            seen = {
                label
                for sample in fires["promql_expr_test"][0]["exp_samples"]
                for label in re.findall(r"(\w+)=", sample["labels"])
            }
            used = set(_LABEL.findall(alert.summary + alert.meaning + alert.way_out))
            assert used <= seen, f"{alert.name}: {sorted(used - seen)}"
