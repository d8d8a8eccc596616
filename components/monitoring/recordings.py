"""What is computed once and read by alerts and dashboards alike."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from . import limits
from .rule import Recording, window

BROKER_SESSIONS = "dojot:broker_sessions:count"
SESSIONS = "dojot:sessions:count"
RECONNECTS = "dojot:reconnects:rate"
MESSAGES_IN = "dojot:messages_received:rate"
MESSAGES_OUT = "dojot:messages_sent:rate"
BRIDGES = "dojot:bridges_ready:count"
LISTENER_USE = "dojot:listener_sessions:ratio"
SOURCE_PORT_USE = "dojot:source_ports:ratio"
SERVER_DOWN = "dojot:server_down:bool"
VOLUME_USE = "dojot:volume_bytes:ratio"
CPU_USE = "dojot:node_cpu:ratio"


def recordings(cluster: Cluster) -> Iterator[Recording]:
    if cluster.brokers:
        yield from _brokers(cluster)
    bridges = [service.name for service in cluster.services if service.per_node is not None]
    if bridges:
        names = f"({'|'.join(bridges)})(-[0-9]+)+"
        ready = f'kube_pod_status_ready{{condition="true", namespace="{cluster.namespace}", pod=~"{names}"}}'
        yield Recording(
            BRIDGES,
            (
                f'sum by (node, service) (label_replace({ready}, "service", "$1", "pod", "{names}")'
                ' * on (namespace, pod) group_left (node) kube_pod_info{node!=""})'
            ),
        )
    if cluster.monitored.load_balancer:
        yield from _balancer()
    if cluster.disks:
        used = "max by (node, path) (dojot_volume_used_bytes)"
        # With the labels of the limit, which names service and claim.
        yield Recording(VOLUME_USE, f"{used} / on (node, path) group_right () {limits.VOLUME}")
    yield Recording(
        CPU_USE,
        (f'1 - avg by (node) (rate(node_cpu_seconds_total{{mode="idle"}}[{window(cluster, "node-exporter")}]))'),
    )


def _brokers(cluster: Cluster) -> Iterator[Recording]:
    rate = window(cluster, "vernemq")
    # Both count since the broker's start, so their difference is what is open now.
    yield Recording(BROKER_SESSIONS, "sum by (node) (socket_open - socket_close)")
    yield Recording(SESSIONS, f"sum({BROKER_SESSIONS})")
    # HAProxy's checks are refused for want of an identifier, which no device goes without.
    checks = f'sum(rate(mqtt_connack_sent{{return_code="client_identifier_not_valid"}}[{rate}]))'
    yield Recording(RECONNECTS, f"sum(rate(mqtt_connect_received[{rate}])) - ({checks} or vector(0))")
    yield Recording(MESSAGES_IN, f"sum by (node) (rate(mqtt_publish_received[{rate}]))")
    yield Recording(MESSAGES_OUT, f"sum by (node) (rate(mqtt_publish_sent[{rate}]))")


def _balancer() -> Iterator[Recording]:
    yield Recording(
        LISTENER_USE, f"haproxy_frontend_current_sessions / on (proxy) group_left () {limits.LISTENER_SESSIONS}"
    )
    yield Recording(
        SOURCE_PORT_USE, f"haproxy_server_current_sessions / on (proxy, server) group_left () {limits.SOURCE_PORTS}"
    )
    # Since 2.4 a series for each state, 1 for the one that holds; before, its number (0: down).
    yield Recording(
        SERVER_DOWN,
        (
            'haproxy_server_status{state="DOWN", proxy!~".*-checks"}'
            ' or (haproxy_server_status{state="", proxy!~".*-checks"} == bool 0)'
        ),
    )
