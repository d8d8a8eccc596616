"""rules.yml: limits, recorded series and alerts."""

from __future__ import annotations

from typing import Any

from components.cluster.types import Cluster
from components.render import yaml_documents

from .alerts import alerts
from .limits import limits
from .recordings import recordings


def prometheus_rules(cluster: Cluster) -> str:
    """Groups run one beside the other, the rules of a group one after the other: limits come first in theirs."""
    groups: dict[str, tuple[Any, ...]] = {"recordings": (*limits(cluster), *recordings(cluster)), **alerts(cluster)}
    return yaml_documents(
        [
            {
                "groups": [
                    {"name": name, "rules": [rule.rule(cluster) for rule in rules]}
                    for name, rules in groups.items()
                    if rules
                ]
            }
        ]
    )
