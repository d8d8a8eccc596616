"""Kubernetes nodes: processor, memory, disk, network, pods and certificates."""

from __future__ import annotations

from components.cluster.types import Cluster

from .. import recordings
from ..rule import window
from .panels import Panel, dashboard, graph


def nodes(cluster: Cluster) -> str:
    rows = [
        ("Nodes", _machines(window(cluster, "node-exporter"))),
        ("Pods", _pods(cluster, window(cluster, "cadvisor"))),
        ("Certificates", _certificates()),
    ]
    return dashboard("dojot-nodes", f"{cluster.name}: nodes", cluster.monitored.interval, rows)


def _machines(rate: str) -> list[Panel]:
    free, size = (f'node_filesystem_{what}_bytes{{mountpoint="/"}}' for what in ("avail", "size"))
    received, sent = (
        f'sum by (node) (rate(node_network_{what}_bytes_total{{device!="lo"}}[{rate}]))'
        for what in ("receive", "transmit")
    )
    return [
        _share("Processor", recordings.CPU_USE),
        _share("Memory", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"),
        _share("Disk", f"1 - {free} / {size}"),
        _share("Connections that the kernel tracks", "node_nf_conntrack_entries / node_nf_conntrack_entries_limit"),
        graph("Network in", {"{{node}}": received}, unit="Bps"),
        graph("Network out", {"{{node}}": sent}, unit="Bps"),
    ]


def _share(title: str, query: str) -> Panel:
    return graph(title, {"{{node}}": query}, unit="percentunit", limit=1)


def _pods(cluster: Cluster, rate: str) -> list[Panel]:
    ours = f'namespace=~"{"|".join(cluster.namespaces)}", container!="", container!="POD"'
    processors = f"sum by (pod) (rate(container_cpu_usage_seconds_total{{{ours}}}[{rate}]))"
    return [
        graph("Processors of each pod", {"{{pod}}": processors}),
        graph("Memory of each pod", {"{{pod}}": f"sum by (pod) (container_memory_rss{{{ours}}})"}, unit="bytes"),
    ]


def _certificates() -> list[Panel]:
    return [
        graph(
            "Days that certificates are valid",
            {"{{node}} {{path}}": "(dojot_certificate_expiry_timestamp_seconds - time()) / 86400"},
            about="Certificates of Kubernetes; those of devices, brokers and bridges are the x509 service's.",
        )
    ]
