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
        f"min by (node, proxy) ({recordings.SERVER_DOWN}) == 1",
        "{{ $labels.proxy }} of {{ $labels.node }} has no server left",
        "To this load balancer every server of the listener is down: clients are refused.",
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
    if cluster.load_balancer.follow.enabled and cluster.load_balancer.node_exporter:
        yield from _follow()


def _follow() -> Iterator[Alert]:
    journal = "`journalctl -u dojot-follow` on the load balancer says why; docs/follow.md has what to do."
    yield Alert(
        "LoadBalancerStale",
        # Absent: it has never looked, or nobody tells of it.
        "(time() - max by (node) (dojot_balancer_followed_timestamp_seconds)) / 60 > <bound> "
        "or absent(dojot_balancer_followed_timestamp_seconds)",
        "The load balancer does not have the commit that Argo CD follows",
        "Its haproxy.cfg is an older one. It may lead to ports and brokers that are not there any more.",
        journal,
    )
    yield Alert(
        "LoadBalancerRefusesCommit",
        "max by (node) (dojot_balancer_commit_refused) == 1",
        "The load balancer refuses the haproxy.cfg that is committed",
        "It goes on with the one of before: nobody of load_balancer.follow.signers has signed the commit, or HAProxy "
        "cannot run with the file.",
        journal,
    )
    yield Alert(
        "LoadBalancerStepDue",
        "max by (node) (dojot_balancer_step_due) == 1",
        "A commit changes more of the load balancer than haproxy.cfg",
        "Kernel settings, limits or the bootstrap script of that host are those of an earlier commit.",
        "Copy `compiled/<cluster>` of that commit to the load balancer, and run `bootstrap.sh load-balancer` there.",
    )
