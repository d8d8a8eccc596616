"""Brokers: sessions and queues of each, messages, bridges, and a load test."""

from __future__ import annotations

from components.cluster.types import Cluster

from .. import recordings
from ..rule import window
from .panels import Panel, dashboard, graph


def brokers(cluster: Cluster) -> str:
    return dashboard(
        "dojot-brokers",
        f"{cluster.name}: brokers",
        cluster.monitored.interval,
        [
            ("Devices", _devices(cluster) if cluster.brokers else ()),
            ("Messages", _messages(cluster) if cluster.brokers else ()),
            ("Load test", _load_test() if cluster.monitored.locust_exporter else ()),
        ],
    )


def _devices(cluster: Cluster) -> list[Panel]:
    rate, scale = window(cluster, "vernemq"), cluster.scale
    return [
        graph(
            "Sessions of each broker",
            {"{{node}}": recordings.BROKER_SESSIONS},
            limit=scale.devices_per_broker,
            about="Line: scale.devices_per_broker.",
        ),
        graph("Work of each broker", {"{{node}}": "avg by (node) (system_utilization)"}, unit="percent", limit=100),
        graph("Memory of each broker", {"{{node}}": "sum by (node) (vm_memory_total)"}, unit="bytes"),
        graph(
            "Queues of each broker",
            {
                "in {{node}}": f"sum by (node) (rate(queue_message_in[{rate}]))",
                "out {{node}}": f"sum by (node) (rate(queue_message_out[{rate}]))",
                "dropped {{node}}": f"sum by (node) (rate(queue_message_drop[{rate}]))",
            },
            about="Messages a second.",
        ),
        graph("Sessions that are remembered", {"{{node}}": "sum by (node) (queue_processes)"}, about="One queue each."),
    ]


def _messages(cluster: Cluster) -> list[Panel]:
    found: list[Panel] = [
        graph(
            "Messages a second",
            {"received": f"sum({recordings.MESSAGES_IN})", "sent": f"sum({recordings.MESSAGES_OUT})"},
            limit=cluster.scale.messages_per_second,
            about="Line: every device at scale.message.interval.",
        )
    ]
    if any(service.per_node is not None for service in cluster.services):
        found.append(
            graph(
                "Bridges that are ready",
                {"{{service}} on {{node}}": recordings.BRIDGES},
                limit=cluster.scale.bridges_per_broker,
                about="Line: scale.bridges_per_broker.",
            )
        )
    return found


def _load_test() -> list[Panel]:
    return [
        graph("Users", {"users": "sum(locust_users)"}),
        graph("Requests a second", {"{{name}}": "sum by (name) (locust_requests_current_rps)"}),
        graph("Response time", {"{{name}}": "avg by (name) (locust_requests_avg_response_time)"}, unit="ms"),
    ]
