"""Overview, an operator's first look: are devices in, where is the pain, what has changed."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.monitoring import ARGOCD
from components.cluster.types import Cluster

from .. import recordings
from ..limits import KAFKA_EXPORTER, NODE_EXPORTER, POSTGRES_EXPORTER
from ..rule import window
from .panels import Panel, bars, dashboard, figure, graph, line, word

# Of things of one kind that may be full, only the fullest: all of them have dashboards of their own.
_MOST = 3
_HOUR, _DAY = 3600, 86400
# The one that fires always is no alarm.
_FIRING = 'ALERTS{alertstate="firing", alertname!="Watchdog"}'


def overview(cluster: Cluster) -> str:
    rows: list[tuple[str, list[Panel]]] = [
        ("Are devices in", _devices(cluster) if cluster.brokers else []),
        ("Where is the pain", [*_alarm(), *_full(cluster), *_wrong(), *_late(cluster)]),
        ("What has changed", _changed(cluster)),
    ]
    syncs = f"sum by (phase) (increase({_syncs(cluster)}[{window(cluster, ARGOCD)}])) > 0"
    return dashboard(
        "dojot-overview",
        f"{cluster.name}: overview",
        cluster.monitored.interval,
        rows,
        {"Sync of Argo CD": (syncs, "{{phase}}")},
    )


def _devices(cluster: Cluster) -> list[Panel]:
    scale = cluster.scale
    return [
        *line(
            figure(
                f"Devices, of {scale.devices:,}",
                recordings.SESSIONS,
                limit=scale.devices,
                about="Open sessions, bridges included.",
            ),
            figure("Connects a second", recordings.RECONNECTS, about="What brokers see, without HAProxy's checks."),
            figure("Refused a second", f"sum({_refused(cluster)}) or vector(0)", limit=1),
            figure(f"Brokers, of {scale.brokers}", 'count(up{job="vernemq"} == 1) or vector(0)', least=scale.brokers),
        ),
        graph(
            "Devices, beside those of yesterday",
            {"now": recordings.SESSIONS, "a day before": f"{recordings.SESSIONS} offset 1d"},
            limit=scale.devices,
            about="Line: scale.devices.",
        ),
        graph(
            "Who connects, and who is refused",
            {
                "connects": recordings.RECONNECTS,
                "refused: {{return_code}}{{reason_code}}": f"sum by (return_code, reason_code) ({_refused(cluster)})",
            },
            limit=scale.reconnects_per_second,
            about="A second. Line: what follows from scale.session_lifetime alone. Whose certificate is refused gets "
            "no answer that counts here: the brokers' log has it.",
        ),
    ]


def _refused(cluster: Cluster) -> str:
    """Connects that a broker answers with another code than success: of MQTT 3 (return_code) and 5 (reason_code).

    Without HAProxy's checks, as in recordings.RECONNECTS.
    """
    codes = 'return_code!~"success|client_identifier_not_valid", reason_code!="success"'
    return f"rate(mqtt_connack_sent{{{codes}}}[{window(cluster, 'vernemq')}])"


def _alarm() -> list[Panel]:
    return [
        *line(
            figure("Alerts", f"count({_FIRING}) or vector(0)", limit=1, about="Firing now."),
            figure("Targets that do not answer", "count(up == 0) or vector(0)", limit=1),
        )
    ]


def _wrong() -> list[Panel]:
    # Who is done with its work is not ready either.
    unready = (
        'kube_pod_status_ready{condition="false"} == 1'
        ' unless on (namespace, pod) kube_pod_status_phase{phase=~"Succeeded|Failed"} == 1'
    )
    return [
        graph("Alerts that fire", {"{{alertname}} {{node}} {{pod}} {{proxy}}": _FIRING}),
        graph("Pods that are not ready", {"{{namespace}} {{pod}}": unready}),
    ]


def _full(cluster: Cluster) -> Iterator[Panel]:
    """Shares of what each thing is made for."""
    way: dict[str, str] = {}
    if cluster.brokers:
        way["sessions of {{node}}"] = f"{recordings.BROKER_SESSIONS} / {cluster.scale.devices_per_broker}"
        way["work of {{node}}"] = "avg by (node) (system_utilization) / 100"
    if cluster.monitored.load_balancer:
        way["sessions of {{proxy}}"] = recordings.LISTENER_USE
        way["source ports to {{server}}"] = f"max by (server) ({recordings.SOURCE_PORT_USE})"
    if way:
        yield bars("How full is the way of messages", _fullest(way), about=f"The fullest {_MOST} of each kind.")
    free, size = (f'node_filesystem_{what}_bytes{{mountpoint="/"}}' for what in ("avail", "size"))
    found = {
        "memory of {{node}}": "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
        "disk of {{node}}": f"1 - {free} / {size}",
    }
    if cluster.disks:
        found["volume {{path}} on {{node}}"] = recordings.VOLUME_USE
    if _has(cluster, POSTGRES_EXPORTER):
        found["connections to PostgreSQL"] = (
            "sum by (instance) (pg_stat_database_numbackends) / max by (instance) (pg_settings_max_connections)"
        )
    yield bars("How full are memory, disks and databases", _fullest(found), about=f"The fullest {_MOST} of each kind.")


def _fullest(shares: dict[str, str]) -> dict[str, str]:
    return {legend: f"topk({_MOST}, {query})" for legend, query in shares.items()}


def _late(cluster: Cluster) -> Iterator[Panel]:
    """Who is behind, and what fills up."""
    if cluster.brokers:
        rate = window(cluster, "vernemq")
        taken = " - ".join(f"sum by (node) (rate(queue_message_{way}[{rate}]))" for way in ("in", "out", "drop"))
        yield graph(
            "Messages that brokers keep for bridges and devices, more each second",
            {"{{node}}": taken},
            about="In, less out and dropped: above 0 for long, who takes them is too slow or away.",
        )
    if _has(cluster, KAFKA_EXPORTER):
        yield graph(
            "Messages that wait in Kafka",
            {"{{consumergroup}}": "sum by (consumergroup) (kafka_consumergroup_lag)"},
            about="Of each group of consumers; bridges to devices are among them.",
        )
    if cluster.monitored.load_balancer:
        errors = f"sum by (proxy) (rate(haproxy_server_connection_errors_total[{window(cluster, 'haproxy')}]))"
        yield graph(
            "HAProxy",
            {"waiting at {{proxy}}": "haproxy_backend_current_queue", "failed a second at {{proxy}}": errors},
            about="Connections that wait for a server with room, and those that no server took.",
        )
    if cluster.disks:
        yield graph(
            "Volumes",
            {"{{service}} {{path}} on {{node}}": recordings.VOLUME_USE},
            unit="percentunit",
            limit=1,
            about="What databases and Kafka hold, of their volume's size.",
        )
    if _has(cluster, POSTGRES_EXPORTER):
        yield graph(
            "Connections to PostgreSQL",
            {"{{datname}}": "pg_stat_database_numbackends", "max_connections": "pg_settings_max_connections"},
        )


def _changed(cluster: Cluster) -> list[Panel]:
    restarts = "increase(kube_pod_container_status_restarts_total[1h])"
    ours = f'argocd_app_info{{name="{cluster.name}"}}'
    good = f'argocd_app_info{{name="{cluster.name}", sync_status="Synced", health_status="Healthy"}}'
    figures = [
        word(
            "Argo CD",
            f"0 * {good} or {ours}",
            "{{sync_status}}, {{health_status}}",
            about="No metric has the revision: kubectl --namespace="
            f"{cluster.platform.argocd.namespace} get application {cluster.name} --output=jsonpath={{.status.sync}}",
        ),
        figure("Restarts within an hour", f"sum({restarts}) or vector(0)", limit=_bound(cluster, "PodRestarting")),
        figure(
            "Until a certificate ends",
            "min(dojot_certificate_expiry_timestamp_seconds) - time()",
            unit="s",
            least=_bound(cluster, "CertificateExpiring") * _DAY,
            about="Of Kubernetes; which one: dashboard of the nodes.",
        ),
    ]
    if cluster.backup.enabled and _has(cluster, NODE_EXPORTER):
        figures.append(
            figure(
                "Since the last backup",
                "time() - max(dojot_backup_timestamp_seconds)",
                unit="s",
                limit=_bound(cluster, "BackupTooOld") * _HOUR,
            )
        )
    syncs = f"sum by (phase) (increase({_syncs(cluster)}[{window(cluster, ARGOCD)}]))"
    return [
        *line(*figures),
        graph("Syncs of Argo CD", {"{{phase}}": syncs}, about="Each is marked in all graphs, too."),
        graph("Restarts within an hour", {"{{namespace}} {{pod}}": f"{restarts} > 0"}),
    ]


def _syncs(cluster: Cluster) -> str:
    return f'argocd_app_sync_total{{name="{cluster.name}"}}'


def _bound(cluster: Cluster, alert: str) -> float:
    """What the inventory has an alert speak at."""
    bound = cluster.monitored.alerts[alert].bound
    assert bound is not None
    return bound


def _has(cluster: Cluster, service: str) -> bool:
    return any(one.name == service for one in cluster.services)
