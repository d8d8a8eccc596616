"""Kubernetes nodes: processor, memory, disk, network, pods and certificates."""

from __future__ import annotations

from components.cluster.types import Cluster

from .. import recordings
from ..rule import window
from .panels import dashboard, graph


def nodes(cluster: Cluster) -> str:
    rate = window(cluster, "node-exporter")
    pods = window(cluster, "cadvisor")
    ours = f'namespace=~"{"|".join(cluster.namespaces)}", container!="", container!="POD"'
    return dashboard(
        "dojot-nodes",
        f"{cluster.name}: nodes",
        cluster.monitored.interval,
        [
            (
                "Nodes",
                [
                    graph("Processor", {"{{node}}": recordings.CPU_USE}, unit="percentunit", limit=1),
                    graph(
                        "Memory",
                        {
                            "{{node}}": "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
                        },
                        unit="percentunit",
                        limit=1,
                    ),
                    graph(
                        "Disk",
                        {
                            "{{node}}": '1 - node_filesystem_avail_bytes{mountpoint="/"}'
                            ' / node_filesystem_size_bytes{mountpoint="/"}',
                        },
                        unit="percentunit",
                        limit=1,
                    ),
                    graph(
                        "Connections that the kernel tracks",
                        {
                            "{{node}}": "node_nf_conntrack_entries / node_nf_conntrack_entries_limit",
                        },
                        unit="percentunit",
                        limit=1,
                    ),
                    graph(
                        "Network in",
                        {
                            "{{node}}": "sum by (node) "
                            f'(rate(node_network_receive_bytes_total{{device!="lo"}}[{rate}]))',
                        },
                        unit="Bps",
                    ),
                    graph(
                        "Network out",
                        {
                            "{{node}}": "sum by (node) "
                            f'(rate(node_network_transmit_bytes_total{{device!="lo"}}[{rate}]))',
                        },
                        unit="Bps",
                    ),
                ],
            ),
            (
                "Pods",
                [
                    graph(
                        "Pods that are not ready",
                        {
                            "{{namespace}} {{pod}}": 'kube_pod_status_ready{condition="false"} == 1',
                        },
                    ),
                    graph(
                        "Restarts within an hour",
                        {
                            "{{namespace}} {{pod}}": "increase(kube_pod_container_status_restarts_total[1h]) > 0",
                        },
                    ),
                    graph(
                        "Processors of each pod",
                        {
                            "{{pod}}": f"sum by (pod) (rate(container_cpu_usage_seconds_total{{{ours}}}[{pods}]))",
                        },
                    ),
                    graph(
                        "Memory of each pod",
                        {"{{pod}}": f"sum by (pod) (container_memory_rss{{{ours}}})"},
                        unit="bytes",
                    ),
                ],
            ),
            (
                "Certificates",
                [
                    graph(
                        "Days that certificates are valid",
                        {
                            "{{node}} {{path}}": "(dojot_certificate_expiry_timestamp_seconds - time()) / 86400",
                        },
                        about="Certificates of Kubernetes; those of devices, brokers and bridges are the x509 "
                        "service's.",
                    ),
                ],
            ),
        ],
    )
