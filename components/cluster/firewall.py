"""Who may reach what on the nodes, from the model: the firewall's rules in words of no program.

Numbers that are not the inventory's are those of Kubernetes' own table of ports and protocols, and of flannel and
kube-router as pod-network.yml.j2 starts them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .input.shapes import NODE_PORTS
from .types import Cluster

API_PORT, KUBELET_PORT = 6443, 10250
#: For its clients, and for its other members.
ETCD_PORTS = (2379, 2380)
#: Where kube-router tells its health.
KUBE_ROUTER_PORT = 20244
_KUBE_PROXY, _VXLAN = (10249, 10256), 8472


@dataclass(frozen=True)
class Guard:
    """Ports of every node that only `sources` reach: addresses and networks; none: nobody but the node itself.

    `ports` are numbers, or the first and the last of a range. `everybody` takes them out of a guard that has them, too.
    """

    what: str
    protocol: str
    ports: tuple[int | tuple[int, int], ...]
    sources: tuple[str, ...] = ()
    everybody: bool = False


def guards(cluster: Cluster) -> tuple[Guard, ...]:
    """What everybody may reach comes first."""
    found = _guards(cluster)
    return tuple(sorted(found, key=lambda guard: not guard.everybody))


def _guards(cluster: Cluster) -> Iterator[Guard]:
    nodes = [node.address for node in cluster.nodes]
    pods = [cluster.platform.pod_network.cidr]
    operators = list(cluster.firewall.operators)
    balancer = [address for host in cluster.load_balancer.hosts for address in host.sources]
    control_planes = [node.address for node in cluster.control_planes]
    yield Guard("the API server", "tcp", (API_PORT,), _networks(nodes, pods, operators))
    yield Guard("etcd", "tcp", (ETCD_PORTS,), _networks(control_planes))
    # The API server, and Prometheus, whose pod comes with its node's address or, on the same node, its own.
    yield Guard("the kubelet", "tcp", (KUBELET_PORT,), _networks(nodes, pods))
    yield Guard("health of kube-proxy and kube-router, its metrics", "tcp", (*_KUBE_PROXY, KUBE_ROUTER_PORT))
    if cluster.platform.pod_network.backend == "vxlan":
        yield Guard("packets of pods between nodes", "udp", (_VXLAN,), _networks(nodes))
    for service in cluster.services:
        if service.spec.host_network:
            for port in service.container.ports:
                yield Guard(
                    f"{service.name}, {port.name}", port.protocol.lower(), (port.number,), _networks(nodes, pods)
                )
        for port in service.exposed:
            number = port.exposure.node_port
            if port.exposure.listen is None and number is not None:
                yield Guard(
                    f"{service.name}, {port.name}: clients call the nodes",
                    port.protocol.lower(),
                    (number,),
                    everybody=True,
                )
    # HAProxy carries no datagrams.
    yield Guard("NodePorts", "tcp", (NODE_PORTS,), _networks(balancer, operators))
    yield Guard("NodePorts without a load balancer", "udp", (NODE_PORTS,), _networks(operators))


def _networks(*groups: Iterable[str]) -> tuple[str, ...]:
    """Without what lies in another one, which nftables would refuse; an address without its /32."""
    every = dict.fromkeys(ipaddress.IPv4Network(one) for group in groups for one in group)
    apart = (one for one in every if not any(one != other and one.subnet_of(other) for other in every))
    return tuple(str(one).removesuffix("/32") for one in apart)
