"""Expressions of rules and dashboards, and the metrics that they read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from components.cluster.types import Cluster
from components.manifests.generated import TEXTS
from components.monitoring.rules import prometheus_rules

# What is no metric in PromQL: strings, durations, label lists, and words of the language.
_NOISE = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}')
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME = re.compile(r"(?<![\w:.])[a-zA-Z_][\w:]*(?!\s*\(|[\w:])")
_WORDS = {"and", "or", "unless", "bool", "offset", "by", "on", "without", "ignoring", "group_left", "group_right"}
# Made by Prometheus itself.
OWN = {"up", "ALERTS"}


def metrics_of(expression: str) -> set[str]:
    plain = _GROUPING.sub(" ", _NOISE.sub(" ", expression))
    return set(_NAME.findall(plain)) - _WORDS


def rules_of(cluster: Cluster) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(prometheus_rules(cluster))["groups"] for rule in group["rules"]]


def dashboards_of(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Name of the source -> dashboard."""
    return {name: json.loads(make(cluster)) for name, make in TEXTS.items() if name.startswith("dashboard_")}


def panels(node: Any) -> Iterator[dict[str, Any]]:
    """Panels of a dashboard, those of rows too."""
    for panel in node.get("panels", ()):
        if panel["type"] != "row":
            yield panel
        yield from panels(panel)


def expressions_of(cluster: Cluster) -> dict[str, str]:
    """Where it stands -> the expression."""
    found = {rule.get("record") or rule["alert"]: rule["expr"] for rule in rules_of(cluster)}
    for name, dashboard in dashboards_of(cluster).items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                found[f"{name}: {panel['title']}: {target['refId']}"] = target["expr"]
        for event in dashboard.get("annotations", {}).get("list", ()):
            found[f"{name}: {event['name']}"] = event["target"]["expr"]
    return found
