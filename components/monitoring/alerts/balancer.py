"""HAProxy: its servers and its limits."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .. import recordings
from ..rule import Alert


def alerts(cluster: Cluster) -> Iterator[Alert]:
    if not cluster.monitored.load_balancer:
        return
    yield Alert(
        "LoadBalancerServerDown",
        f"{recordings.SERVER_DOWN} == 1",
        "HAProxy sends nothing to {{ $labels.server }} ({{ $labels.proxy }})",
        "The health check of {{ $labels.server }} fails in {{ $labels.proxy }}; its sessions went to the others.",
        "Look whether the node runs and the pod behind the NodePort is ready; HAProxy's log on the load balancer says "
        "what its check met.",
    )
    yield Alert(
        "LoadBalancerWithoutServer",
        f"min by (proxy) ({recordings.SERVER_DOWN}) == 1",
        "{{ $labels.proxy }} has no server left",
        "Every server of the listener is down: clients are refused.",
        "Look at the pods of the service and at the network between the load balancer and the nodes.",
    )
    yield Alert(
        "LoadBalancerServersFull",
        "haproxy_backend_current_queue > 0",
        "Devices find no room behind {{ $labels.proxy }}",
        '{{ $value | printf "%.0f" }} connections wait for a server of {{ $labels.proxy }}: each has as many sessions '
        "as HAProxy gives it. Who finds no room in a few seconds is refused.",
        "Bring missing brokers back first. If none is missing, give the brokers more memory, or add one.",
    )
    yield Alert(
        "LoadBalancerListenerFull",
        f"100 * {recordings.LISTENER_USE} > <bound>",
        "{{ $labels.proxy }} is close to its limit of sessions",
        '{{ $value | printf "%.0f" }} % of the listener\'s maxconn are in use; above it, connections wait.',
        "If there are more devices than scale.devices, raise it. Else look for clients that connect twice, and raise "
        "load_balancer.reconnect_overlap or api_connections.",
    )
    yield Alert(
        "LoadBalancerFull",
        "100 * haproxy_process_current_connections / haproxy_process_max_connections > <bound>",
        "HAProxy is close to its limit of connections",
        '{{ $value | printf "%.0f" }} % of the process\'s maxconn are in use; above it, nobody gets in, '
        "operators included.",
        "Find the listener that fills it on the dashboard of the load balancer.",
    )
    yield Alert(
        "SourcePortsShort",
        f"100 * {recordings.SOURCE_PORT_USE} > <bound>",
        "HAProxy runs out of source ports for {{ $labels.server }}",
        '{{ $value | printf "%.0f" }} % of the ports of load_balancer.source_ports are in use for '
        "{{ $labels.server }} in "
        "{{ $labels.proxy }}. With none left, devices are refused although the broker has room.",
        "Bring missing brokers back first: each has a range of its own. If none is missing, there are too many "
        "devices for the number of brokers: add one.",
    )
