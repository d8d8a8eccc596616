"""Load balancer: listeners and server lines against their limits."""

from __future__ import annotations

from components.cluster.types import Cluster, Frontend

from .. import recordings
from ..rule import window
from .panels import Panel, dashboard, figure, graph, line


def load_balancer(cluster: Cluster) -> str:
    """One row a listener; nothing where HAProxy is not asked."""
    rows: list[tuple[str, list[Panel]]] = []
    if cluster.monitored.load_balancer:
        rows = [("HAProxy", _process(cluster))]
        rows += [(frontend.name, _listener(cluster, frontend)) for frontend in cluster.load_balancer.frontends]
    return dashboard("dojot-load-balancer", f"{cluster.name}: load balancer", cluster.monitored.interval, rows)


def _process(cluster: Cluster) -> list[Panel]:
    rate, maxconn = window(cluster, "haproxy"), cluster.load_balancer.maxconn
    return [
        *line(
            figure("Connections now", "sum(haproxy_process_current_connections)", limit=maxconn),
            figure("Servers down", f"sum({recordings.SERVER_DOWN}) or vector(0)", limit=1),
        ),
        graph(
            "Connections",
            {
                "{{node}}": "haproxy_process_current_connections",
                "maxconn of {{node}}": "haproxy_process_max_connections",
            },
            limit=maxconn,
            about="Line: maxconn of the process.",
        ),
        graph(
            "Traffic",
            {
                "in {{node}} {{proxy}}": f"rate(haproxy_frontend_bytes_in_total[{rate}])",
                "out {{node}} {{proxy}}": f"rate(haproxy_frontend_bytes_out_total[{rate}])",
            },
            unit="Bps",
        ),
    ]


def _listener(cluster: Cluster, frontend: Frontend) -> list[Panel]:
    rate, chosen = window(cluster, "haproxy"), f'proxy="{frontend.name}"'
    return [
        graph(
            "Sessions",
            {"{{node}}": f"haproxy_frontend_current_sessions{{{chosen}}}"},
            limit=frontend.maxconn,
            about="Line: maxconn of the listener.",
        ),
        graph(
            "Sessions of each server",
            {"{{server}} from {{node}}": f"haproxy_server_current_sessions{{{chosen}}}"},
            limit=frontend.server_maxconn,
            about="Line: maxconn of a server, with all its source addresses." if frontend.devices else "",
        ),
        graph(
            "New connections a second", {"{{node}}": f"rate(haproxy_frontend_connections_total{{{chosen}}}[{rate}])"}
        ),
        graph(
            "Failed connections a second",
            {"{{server}} from {{node}}": f"rate(haproxy_server_connection_errors_total{{{chosen}}}[{rate}])"},
        ),
    ]
