"""Connections that the kernel of a node tracks: its table has each one that kube-proxy leads from a NodePort to a pod.

While the table is full, the kernel drops new connections. kube-proxy sets its size, net.netfilter.nf_conntrack_max, to
conntrack.min, or by cores where that is more: 32,768 for each (conntrack.maxPerCore). Read in getConntrackMax of
kube-proxy 1.17.3 (cmd/kube-proxy/app/server.go) and 1.36.5 (pkg/proxy/conntrack/sysctls.go), and in defaults.go of
both. An entry takes some 320 bytes of the node's memory, of what `reserve` keeps from pods, and only once it is there;
room for one takes two (kube-proxy's hash table has 8 bytes for each four).
"""

from __future__ import annotations

from collections import Counter
from math import ceil

from .quantity import ceil_div
from .types import Cluster, Frontend, Port, Service

#: conntrack.min of a kube-proxy to which nobody says another.
DEFAULT_MIN = 131_072
#: By cores, kube-proxy of 1.36 goes no further, and then it does not look at conntrack.min any more.
MOST_BY_CORES = 1_048_576
# What kube-proxy counts for a core. So many are there for all else that a node does: calls of its pods (a bridge has a
# few), name lookups, probes. Health checks are of that, too: one a second of a listener leaves 120.
_OTHERS = 32_768
# Seconds for which a connection that has closed stays listed: nf_conntrack_tcp_timeout_time_wait, and of datagrams
# nf_conntrack_udp_timeout_stream (the kernel's nf_conntrack-sysctl).
_STAYS = 120
# A small edit of what a broker holds then starts no kube-proxy anew.
_STEP = 32_768


def conntrack_min(cluster: Cluster) -> int:
    """What the table of each node has room for at least: kube-proxy has one configuration for all nodes.

    It is no narrower than what HAProxy lets through, however few brokers are left to take it.
    """
    from_outside: Counter[str] = Counter()
    for service in cluster.services:
        for port in service.exposed:
            entries = _entries(cluster, service, port)
            from_outside.update({node.name: entries for node in cluster.nodes_of(service)})
    busiest = max(from_outside.values(), default=0)
    return max(DEFAULT_MIN, ceil_div(busiest + _OTHERS, _STEP) * _STEP)


def _entries(cluster: Cluster, service: Service, port: Port) -> int:
    """Of a node with the service: two for each connection, as the one that came before it stays listed for a while, or
    is one of an HAProxy that was reloaded.

    Devices that call the node itself may all do. How many other clients may, nobody knows.
    """
    balancer = cluster.load_balancer
    frontend = next((one for one in balancer.frontends if (one.service, one.port) == (service.name, port.name)), None)
    if frontend is None:
        return 2 * (cluster.scale.devices if port.exposure.devices else 0)
    return sum(
        _of_a_balancer(frontend, balancer.source_ports_per_line * len(host.sources), service.keeps_source)
        for host in balancer.hosts
    )


def _of_a_balancer(frontend: Frontend, source_ports: int, stays: bool) -> int:
    """An entry is known by its addresses and ports: HAProxy has so many towards a server, open or closed, as it has
    source ports. Where connections do not stay on the node at which they come in, all may pass one node."""
    if frontend.server_maxconn is None or not stays:
        return 2 * frontend.maxconn
    return min(2 * min(frontend.maxconn, frontend.server_maxconn), source_ports)


def healthy_connections(cluster: Cluster) -> int:
    """Of a broker's node with every device there: its sessions, and those that have ended."""
    scale = cluster.scale
    ended = ceil(scale.reconnects_per_second * _STAYS)
    return ceil_div(scale.devices + ended, max(1, scale.brokers))
