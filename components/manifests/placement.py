"""Where pods may stand: on their group, and how far from each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.cluster.types import Cluster, Node

_HOST = "kubernetes.io/hostname"


def group_term(cluster: Cluster, group: str) -> dict[str, Any]:
    """The node selector term of a group."""
    return {
        "matchExpressions": [{"key": cluster.group_label, "operator": "In", "values": [cluster.groups[group].label]}]
    }


def on_host(node: Node) -> dict[str, Any]:
    """The node selector term of one machine."""
    return {"matchExpressions": [{"key": _HOST, "operator": "In", "values": [node.name]}]}


def affinity(cluster: Cluster, group: str, apart: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Required affinity to the group; pods with the labels `apart` never share a node."""
    terms: dict[str, Any] = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [group_term(cluster, group)]}
        }
    }
    if apart:
        terms["podAntiAffinity"] = {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": dict(apart)}, "topologyKey": _HOST}
            ]
        }
    return terms
