"""Kafka and volumes: what each holds, against its size."""

from __future__ import annotations

from itertools import groupby

from components.cluster.sizes import KAFKA
from components.cluster.types import Cluster, Disk, Service, Volume

from .. import recordings
from ..limits import KAFKA_EXPORTER
from ..rule import window
from .panels import Panel, dashboard, graph


def storage(cluster: Cluster) -> str:
    disks = sorted(cluster.disks, key=lambda found: (found[0].name != KAFKA, found[0].name))
    rows = [("All volumes", _all(cluster))]
    rows += [
        (service.title, [_disk(volume, disk) for _, volume, disk in found] + _log(cluster, service))
        for service, found in groupby(disks, key=lambda found: found[0])
    ]
    return dashboard("dojot-storage", f"{cluster.name}: Kafka and volumes", cluster.monitored.interval, rows)


def _all(cluster: Cluster) -> list[Panel]:
    found: list[Panel] = [
        graph(
            "File systems below the volumes",
            {
                "{{node}} {{persistentvolumeclaim}}": (
                    "1 - kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes"
                )
            },
            unit="percentunit",
            limit=1,
            about="A local volume lies on its node's disk, with others.",
        ),
        graph(
            "What Prometheus keeps",
            {"bytes": "prometheus_tsdb_storage_blocks_bytes", "series": "prometheus_tsdb_head_series"},
        ),
    ]
    if cluster.disks:
        found.insert(
            0,
            graph(
                "Use of each volume",
                {"{{service}} {{path}} on {{node}}": recordings.VOLUME_USE},
                unit="percentunit",
                limit=1,
            ),
        )
    return found


def _disk(volume: Volume, disk: Disk) -> Panel:
    return graph(
        f"{disk.host_path} on {disk.node.name}",
        {"bytes": f'dojot_volume_used_bytes{{node="{disk.node.name}", path="{disk.host_path}"}}'},
        unit="bytes",
        limit=volume.size,
        about=f"Claim {disk.claim}. Line: its size.",
    )


def _log(cluster: Cluster, service: Service) -> list[Panel]:
    if service.name != KAFKA or not any(one.name == KAFKA_EXPORTER for one in cluster.services):
        return []
    end, oldest = "kafka_topic_partition_current_offset", "kafka_topic_partition_oldest_offset"
    arriving = f"rate({end}[{window(cluster, KAFKA_EXPORTER)}])"
    return [
        graph(
            "How far back messages go",
            {"{{topic}}": f"sum by (topic) ({end} - {oldest}) / sum by (topic) ({arriving})"},
            unit="s",
            limit=cluster.scale.kafka.retention,
            about="At the rate of now. Line: retention.",
        )
    ]
