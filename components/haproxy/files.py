"""Cluster -> the files of the HAProxy hosts, as text. No Kapitan, no Kubernetes."""

from __future__ import annotations

from pathlib import Path

from components.cluster.brokers import hold_together
from components.cluster.types import CONFIG_END, HOST_METRICS, BalancerHost, Cluster, Frontend, Server, server_line
from components.render import template

from .checks import QUESTIONS

_FOLDER = Path(__file__).parent / "templates"

# File name in compiled/<cluster>/haproxy/ -> template, of what is alike on all hosts.
SHARED = {
    "99-dojot-haproxy.conf": "sysctl.conf.j2",
    "haproxy.service.d-limits.conf": "limits.conf.j2",
}


def files(cluster: Cluster) -> dict[str, str]:
    """A configuration for each host, by its name, and what all have alike; their places are platform.haproxy.paths."""
    facts = {
        "balancer": cluster.load_balancer,
        "haproxy": cluster.platform.haproxy,
        "endpoint": endpoint,
        "lines": lines,
        "questions": QUESTIONS,
        "host_metrics": HOST_METRICS,
        "hold_together": hold_together(cluster),
        "end": CONFIG_END,
    }
    own = {
        f"{host.name}.cfg": template(_FOLDER / "haproxy.cfg.j2", cluster=cluster, host=host, **facts)
        for host in cluster.load_balancer.hosts
    }
    if cluster.load_balancer.keepalived:
        own |= {
            f"{host.name}.keepalived.conf": template(
                _FOLDER / "keepalived.conf.j2", cluster=cluster, host=host, **facts
            )
            for host in cluster.load_balancer.hosts
        }
    return own | {name: template(_FOLDER / source, cluster=cluster, **facts) for name, source in SHARED.items()}


def lines(host: BalancerHost, server: Server, most: int) -> tuple[tuple[str, str, int], ...]:
    """(Name, source address, most sessions) of each line of a server, which share its sessions evenly."""
    each, more = divmod(most, len(host.sources))
    return tuple(
        (server_line(server.name, number), address, each + (number < more))
        for number, address in enumerate(host.sources)
    )


def endpoint(frontend: Frontend, server: Server) -> str:
    """ADDRESS:PORT of a server line; in quotes, because HAProxy looks for variables only there."""
    if server.port is None:
        return f'"{server.address}:${{{frontend.variable}}}"'
    return f"{server.address}:{server.port}"
