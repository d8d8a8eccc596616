"""The machines of a cluster, and at which places, as the heads of steps call them, each is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from components.cluster.types import CONTROL_PLANE, Cluster
from components.kubeadm.steps import OTHER_CONTROL_PLANES


@dataclass(frozen=True)
class Host:
    """A machine: its name in the inventory, its address, and the places that steps can be for."""

    name: str
    address: str
    places: frozenset[str]

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


def hosts(cluster: Cluster) -> tuple[Host, ...]:
    """In the order of the inventory, the hosts of the load balancer last."""
    found = []
    for node in cluster.nodes:
        own = {"every worker"}
        if node.group == CONTROL_PLANE:
            own = {"every control plane", "control plane" if node == cluster.control_plane else OTHER_CONTROL_PLANES}
        found.append(Host(node.name, node.address, frozenset({"every node", *own})))
    balancers = cluster.load_balancer.hosts
    return (*found, *(Host(host.name, host.address, frozenset({"load balancer"})) for host in balancers))


def control_planes(machines: Iterable[Host]) -> list[Host]:
    """The first of them first."""
    machines = list(machines)
    return [control_plane(machines), *(host for host in machines if OTHER_CONTROL_PLANES in host.places)]


def control_plane(machines: Iterable[Host]) -> Host:
    """The first one, whose part it is what one of them has to do."""
    (found,) = (host for host in machines if "control plane" in host.places)
    return found
