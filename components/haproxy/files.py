"""Cluster -> the files of the HAProxy host, as text. No Kapitan, no Kubernetes."""

from __future__ import annotations

from pathlib import Path

from components.cluster.brokers import hold_together
from components.cluster.types import HOST_METRICS, Cluster, Frontend, Server
from components.render import template

from .checks import QUESTIONS

_FOLDER = Path(__file__).parent / "templates"

# File name in compiled/<cluster>/haproxy/ -> template.
TEMPLATES = {
    "haproxy.cfg": "haproxy.cfg.j2",
    "99-dojot-haproxy.conf": "sysctl.conf.j2",
    "haproxy.service.d-limits.conf": "limits.conf.j2",
}


def files(cluster: Cluster) -> dict[str, str]:
    """The three files; their places on the host are platform.haproxy.paths."""
    facts = {
        "balancer": cluster.load_balancer,
        "haproxy": cluster.platform.haproxy,
        "endpoint": endpoint,
        "questions": QUESTIONS,
        "host_metrics": HOST_METRICS,
        "hold_together": hold_together(cluster),
    }
    return {name: template(_FOLDER / source, cluster=cluster, **facts) for name, source in TEMPLATES.items()}


def endpoint(frontend: Frontend, server: Server) -> str:
    """ADDRESS:PORT of a server line; in quotes, because HAProxy looks for variables only there."""
    if server.port is None:
        return f'"{server.address}:${{{frontend.variable}}}"'
    return f"{server.address}:{server.port}"
