"""Machines and the groups they form."""

from __future__ import annotations

from dataclasses import dataclass

from ..input.machines import Hardware

CONTROL_PLANE = "control-plane"
#: Stands for a group in a DaemonSet: the whole cluster, the control plane included.
EVERY_NODE = "every-node"


@dataclass(frozen=True)
class Node:
    """One machine of the Kubernetes cluster; what an inventory does not say of it is not judged."""

    name: str
    address: str
    group: str
    hardware: Hardware | None


@dataclass(frozen=True)
class Group:
    """Nodes that carry one value of the group label; `label` is that value."""

    name: str
    label: str
    nodes: tuple[Node, ...]
