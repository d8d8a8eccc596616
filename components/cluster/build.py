"""Parameters that passed schema and references -> Cluster. Derives, and judges nothing."""

from __future__ import annotations

from typing import Any

from .balancer import load_balancer
from .frozen import freeze
from .hardware import hardware
from .monitoring import monitoring
from .services import services
from .sizes import scale
from .types import Cluster, GitSource, Group, Node, Platform


def build(parameters: dict[str, Any]) -> Cluster:
    """The Cluster that `parameters` describe; it may still break rules."""
    cluster = parameters["cluster"]
    nodes = _nodes(parameters)
    groups = {
        name: Group(name, entry["label"], tuple(node for node in nodes if node.group == name))
        for name, entry in parameters["node_groups"].items()
    }
    sizes = scale(parameters)
    built = services(parameters, sizes, groups)
    repository = parameters["repository"]
    return freeze(
        Cluster(
            name=cluster["name"],
            release=parameters["release"]["version"],
            domain=cluster["domain"],
            namespace=cluster["namespace"],
            rbac=cluster["rbac"],
            group_label=cluster["group_label"],
            storage_class=parameters["volumes"]["storage_class"],
            gateway=parameters.get("gateway", {}).get("service"),
            nodes=nodes,
            groups=groups,
            services=built,
            load_balancer=load_balancer(parameters, sizes, built, groups),
            scale=sizes,
            platform=Platform(**parameters["platform"]),
            git=GitSource(repository["url"], repository["revision"], f"compiled/{cluster['name']}/manifests"),
            reserve=hardware(parameters["reserve"]),
            monitoring=monitoring(parameters),
        )
    )


def _nodes(parameters: dict[str, Any]) -> tuple[Node, ...]:
    groups = parameters["node_groups"]
    return tuple(
        Node(
            name=name,
            address=entry["address"],
            group=entry["group"],
            hardware=hardware(entry.get("hardware", groups[entry["group"]].get("hardware"))),
        )
        for name, entry in parameters["cluster"]["nodes"].items()
    )
