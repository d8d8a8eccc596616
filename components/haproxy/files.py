"""Cluster -> the files of the HAProxy host, as text. No Kapitan, no Kubernetes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from components.cluster.types import Cluster, Frontend, Server
from components.haproxy.kernel import connection_tracking_entries, file_handles

# File name in compiled/<cluster>/haproxy/ -> template.
TEMPLATES = {
    "haproxy.cfg": "haproxy.cfg.j2",
    "99-dojot-haproxy.conf": "sysctl.conf.j2",
    "haproxy.service.d-limits.conf": "limits.conf.j2",
}


def files(cluster: Cluster) -> dict[str, str]:
    """The three files; their places on the host are platform.haproxy.paths."""
    balancer = cluster.load_balancer
    facts = {
        "cluster": cluster,
        "balancer": balancer,
        "endpoint": endpoint,
        "haproxy": cluster.platform.haproxy,
        "ports_per_server": source_ports_per_server(balancer.source_ports),
        "file_handles": file_handles(balancer.open_files),
        "tracked_connections": connection_tracking_entries(balancer.maxconn),
    }
    return {name: _environment().get_template(template).render(facts) for name, template in TEMPLATES.items()}


@cache
def _environment() -> Environment:
    """One for all clusters: translating the templates takes longer than filling them in."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def endpoint(frontend: Frontend, server: Server) -> str:
    """ADDRESS:PORT of a server line; in quotes, because HAProxy looks for variables only there."""
    if server.port is None:
        return f'"{server.address}:${{{frontend.variable}}}"'
    return f"{server.address}:{server.port}"


def source_ports_per_server(source_ports: tuple[int, int]) -> int:
    """How many sessions one server line can have: the ports of its source range."""
    low, high = source_ports
    return high - low + 1
