"""Sessions, messages and bridges."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .. import limits, recordings
from ..rule import Alert, window


def alerts(cluster: Cluster) -> Iterator[Alert]:
    if not cluster.brokers:
        return
    rate = window(cluster, "vernemq")
    yield Alert(
        "BrokerSessionsHigh",
        f"100 * {recordings.BROKER_SESSIONS} / on () group_left () {limits.BROKER_SESSIONS} > <bound>",
        "{{ $labels.node }} has more sessions than a broker is made for",
        'It carries {{ $value | printf "%.0f" }} % of scale.devices_per_broker.',
        "Look whether another broker is missing or drained; its devices come back to it as their sessions end. If "
        "all brokers are there, there are more devices than planned: raise scale.devices and add nodes.",
    )
    yield Alert(
        "DevicesAboveScale",
        f"100 * {recordings.SESSIONS} / {limits.DEVICES} > <bound>",
        "More sessions than the cluster is built for",
        'The brokers have {{ $value | printf "%.0f" }} % of scale.devices.',
        "Raise scale.devices in the inventory and compile: brokers, bridges, Kafka's disk and HAProxy's limits "
        "follow, and the nodes that are missing are named.",
    )
    yield Alert(
        "ReconnectsHigh",
        f"100 * {recordings.RECONNECTS} / {limits.RECONNECTS} > <bound>",
        "Devices connect far more often than their session lifetime makes them",
        'The brokers see {{ $value | printf "%.0f" }} % of the rate that follows from scale.session_lifetime.',
        "After the loss of a broker or a network this ends by itself. If it lasts, sessions break: look at the "
        "brokers' log for refused certificates and at HAProxy's log for the end of sessions (the two letters of "
        "each line).",
    )
    yield Alert(
        "MessagesDropped",
        f"100 * sum by (node) (rate(queue_message_drop[{rate}])) / sum by (node) (rate(queue_message_in[{rate}]))"
        " > <bound>",
        "{{ $labels.node }} drops messages",
        '{{ $value | printf "%.1f" }} % of the messages that enter its queues are dropped because a queue is full.',
        "A consumer is too slow or gone: look at the bridges beside this broker (pods v2k-bridge, k2v-bridge) "
        "and at Kafka.",
    )
    yield Alert(
        "BrokersApart",
        "netsplit_detected - netsplit_resolved > 0",
        "{{ $labels.node }} has lost the other brokers",
        "The brokers do not see each other (netsplit); they go on, but each with its own sessions and subscriptions.",
        "Look at the network between the brokers' nodes. `vmq-admin cluster show` in a broker's pod lists whom "
        "it sees.",
    )
    if any(service.per_node is not None for service in cluster.services):
        # Also where no pod is left to be counted.
        yield Alert(
            "BridgesMissing",
            f"{limits.BRIDGES} unless on (node, service) ({recordings.BRIDGES} >= on (node, service) {limits.BRIDGES})",
            "{{ $labels.node }} has too few of {{ $labels.service }}",
            "Fewer than {{ $value }} pods of {{ $labels.service }} are ready beside the broker of "
            "{{ $labels.node }}, so "
            "its messages queue up or wait in Kafka.",
            "`kubectl get pods -o wide` shows which; its log says whether it waits for its certificate "
            "(x509-identity-mgmt), for Kafka or for the broker.",
        )
