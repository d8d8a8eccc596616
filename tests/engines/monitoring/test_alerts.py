"""Every alert of each committed cluster, at that cluster's own limits, in promtool's unit tests."""

from __future__ import annotations

import re

import yaml

from components.monitoring.rules import prometheus_rules
from tests.monitoring.promtool import alerts_of, run


def test_alerts_fire_and_are_silent(watched, tmp_path):
    code, said = run(watched, tmp_path)
    assert code == 0, said


def test_a_broken_rule_is_noticed(guide_cluster_watched, tmp_path):
    """Turned around, each alert's condition fails its pair."""
    rules = prometheus_rules(guide_cluster_watched)
    turned = yaml.safe_load(rules)
    for group in turned["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["expr"] = f"absent(({rule['expr']}))"
    code, said = run(guide_cluster_watched, tmp_path, yaml.safe_dump(turned))
    failed = set(re.findall(r'alertname[=:]\s*\\?"?(\w+)', said))
    assert code and failed >= alerts_of(rules), sorted(alerts_of(rules) - failed)
