"""Times of a connection, whose order matters."""

from __future__ import annotations

from components.cluster.types import Cluster


def times(cluster: Cluster) -> list[tuple[str, float]]:
    """What happens to a connection, and after how many seconds; the shortest first."""
    scale, balancer = cluster.scale, cluster.load_balancer
    found: list[tuple[str, float]] = [
        ("HAProxy gives up connecting to a server", balancer.connect_timeout),
        ("After a reload HAProxy's old process lets its sessions run", balancer.hard_stop_after),
        ("HAProxy gives up a silent connection", balancer.session_timeout),
    ]
    if any(frontend.devices for frontend in balancer.frontends):
        found += [
            ("Longest keepalive that a device may ask for", scale.keepalive),
            # MQTT 3.1.1, 3.1.2.10.
            ("The broker gives up a silent device: one and a half keepalives", scale.keepalive * 3 / 2),
        ]
    if cluster.brokers:
        found.append(("The broker ends a device's session, and the device reconnects", scale.session_seconds))
    return sorted(found, key=lambda row: row[1])
