"""The reserve of each node: what the kubelet keeps of it, and what is left for the pods of services.

A kubelet offers pods its capacity less systemReserved less evictionHard (Node Allocatable), and the pods of the pod
network, which run on every node, request their part of that. `reserve` covers all three, so that what is left for
services is the same sum here and in the scheduler.
"""

from __future__ import annotations

from dataclasses import dataclass

from .input.machines import Hardware
from .quantity import millicores, size
from .types import Cluster


@dataclass(frozen=True)
class Amounts:
    """Millicores, bytes and bytes; negative where there is too little."""

    cpu: int
    memory: int
    disk: int

    def __sub__(self, other: Amounts) -> Amounts:
        return Amounts(self.cpu - other.cpu, self.memory - other.memory, self.disk - other.disk)


def allocatable(cluster: Cluster, hardware: Hardware) -> Amounts:
    """What pods and volumes of services may have of a machine."""
    return _amounts(hardware) - _amounts(cluster.reserve)


def eviction(cluster: Cluster) -> Amounts:
    """What the kubelet keeps free, by ending pods if need be."""
    kept = cluster.platform.kubernetes.kubelet.eviction
    return Amounts(0, kept.memory, kept.nodefs)


def network_pods(cluster: Cluster) -> Amounts:
    """What flannel and kube-router request on every node."""
    network = cluster.platform.pod_network
    requests = [agent.resources.requests for agent in (network, network.policy)]
    return Amounts(sum(millicores(one.cpu) for one in requests), sum(size(one.memory) for one in requests), 0)


def system_reserved(cluster: Cluster) -> Amounts:
    """What remains of the reserve for the operating system, the kubelet and the container runtime."""
    return _amounts(cluster.reserve) - eviction(cluster) - network_pods(cluster)


def _amounts(hardware: Hardware) -> Amounts:
    return Amounts(hardware.cpu, hardware.memory, hardware.disk)
