"""The environment of programs that fetch something, where a proxy leads to the Internet."""

from __future__ import annotations

from collections.abc import Mapping

from .types import Cluster

#: Of this host, and of Kubernetes' names for Services (kubeadm's default domain).
_HERE = ("localhost", "127.0.0.1", ".svc", ".cluster.local")


def environment(cluster: Cluster) -> Mapping[str, str]:
    """Variable -> value; none without a proxy. The cluster's machines, pods and Services are asked directly."""
    proxy = cluster.platform.proxy
    if proxy is None:
        return {}
    machines = [(machine.name, machine.address) for machine in cluster.machines]
    networks = (cluster.platform.pod_network.cidr, cluster.platform.kubernetes.service_subnet)
    without = (*_HERE, *(part for machine in machines for part in machine), cluster.domain, *networks, *proxy.no_proxy)
    return {
        "http_proxy": proxy.http,
        "https_proxy": proxy.https,
        "no_proxy": ",".join(dict.fromkeys(without)),
    }
