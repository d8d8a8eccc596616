"""The cluster's own limits as series, so that alerts and dashboards compare with the same numbers."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster, server_line

from .jobs import jobs
from .rule import Recording

DEVICES = "dojot:devices:limit"
BROKER_SESSIONS = "dojot:broker_sessions:limit"
RECONNECTS = "dojot:reconnects:limit"
BRIDGES = "dojot:bridges:limit"
LISTENER_SESSIONS = "dojot:listener_sessions:limit"
SOURCE_PORTS = "dojot:source_ports:limit"
VOLUME = "dojot:volume_bytes:limit"
TARGETS = "dojot:targets:limit"
KAFKA_SERVERS = "dojot:kafka_servers:limit"
# Services that ask others for what these do not tell by themselves.
KAFKA_EXPORTER, POSTGRES_EXPORTER, NODE_EXPORTER = "kafka-exporter", "postgres-exporter", "node-exporter"


def limits(cluster: Cluster) -> Iterator[Recording]:
    scale, balancer = cluster.scale, cluster.load_balancer
    if cluster.brokers:
        yield _limit(DEVICES, scale.devices)
        yield _limit(BROKER_SESSIONS, scale.devices_per_broker)
        yield _limit(RECONNECTS, round(scale.reconnects_per_second, 3))
    for service in cluster.services:
        if service.per_node is not None:
            for node in cluster.groups[service.group].nodes:
                yield _limit(BRIDGES, service.per_node, service=service.name, node=node.name)
    for frontend in balancer.frontends:
        yield _limit(LISTENER_SESSIONS, frontend.maxconn, proxy=frontend.name)
        if frontend.devices:
            most = max(len(host.sources) for host in balancer.hosts)
            for name in (server_line(server.name, number) for server in frontend.servers for number in range(most)):
                yield _limit(SOURCE_PORTS, balancer.source_ports_per_line, proxy=frontend.name, server=name)
    for service, volume, disk in cluster.disks:
        place = {"node": disk.node.name, "path": disk.host_path, "service": service.name, "claim": disk.claim}
        yield _limit(VOLUME, volume.size, **place)
    if any(service.name == KAFKA_EXPORTER for service in cluster.services):
        yield _limit(KAFKA_SERVERS, scale.kafka.servers)
    for job in jobs(cluster):
        yield _limit(TARGETS, job.targets, job=job.name)


def _limit(name: str, number: float, **labels: str) -> Recording:
    return Recording(name, f"vector({number})", labels)
