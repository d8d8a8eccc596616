"""Kafka and the databases: do they answer, are consumers in time, and is there a backup."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .. import limits
from ..rule import Alert, window

# Seconds for which a message may wait in its sender (message.timeout.ms of librdkafka; Java's clients wait for less).
_IN_ITS_SENDER = 300


def alerts(cluster: Cluster) -> Iterator[Alert]:
    services = {service.name for service in cluster.services}
    if limits.KAFKA_EXPORTER in services:
        yield from _kafka(cluster)
    if limits.POSTGRES_EXPORTER in services:
        yield from _postgres()
    if cluster.backup.enabled and limits.NODE_EXPORTER in services:
        yield _backup()


def _kafka(cluster: Cluster) -> Iterator[Alert]:
    during = window(cluster, limits.KAFKA_EXPORTER)
    yield Alert(
        "KafkaConsumerLate",
        # What waits, by what arrives in a second. Nothing that waits where nothing arrives is 0 / 0, and silent.
        "sum by (consumergroup, topic) (kafka_consumergroup_lag) / on (topic) group_left ()"
        f" sum by (topic) (rate(kafka_topic_partition_current_offset[{during}])) > <bound>",
        "{{ $labels.consumergroup }} is late with {{ $labels.topic }}",
        'Its messages wait {{ $value | printf "%.0f" }} s. What waits longer than scale.kafka.retention is lost.',
        "Look whether all pods of the consumer are ready and not at their limit of processor time; if they are, "
        "there are too few of them.",
    )
    # What is newer than so many seconds is deleted by bytes only: Kafka counts from when the sender made a message, and
    # what is known of it is as old as a scrape.
    kept = cluster.scale.kafka.retention - _IN_ITS_SENDER - 2 * cluster.monitored.interval_of(limits.KAFKA_EXPORTER)
    if kept > 0:
        # At any rate of messages, and whichever pod of the exporter told: the oldest that is left is newer than that.
        oldest = "max by (topic, partition) (kafka_topic_partition_oldest_offset)"
        then = f"max by (topic, partition) (kafka_topic_partition_current_offset offset {kept}s)"
        yield Alert(
            "KafkaDeletesEarly",
            f"count by (topic) ({oldest} > {then})",
            "Kafka deletes messages of {{ $labels.topic }} before their time",
            f"{{{{ $value }}}} of its partitions have nothing left that is {kept // 60} minutes old: they are full "
            "(KAFKA_LOG_RETENTION_BYTES) before scale.kafka.retention is over, and a consumer that is later than that "
            "loses messages.",
            "There are more or larger messages than scale.message says: correct it and compile, and Kafka's volume "
            "follows. Or shorten scale.kafka.retention.",
        )
    yield Alert(
        "KafkaServersMissing",
        f"kafka_brokers < on () {limits.KAFKA_SERVERS}",
        "Kafka has lost a server",
        "{{ $value }} of its servers are in the cluster.",
        "`kubectl logs kafka-server-0` (or another) says whether it waits for ZooKeeper or for its disk.",
    )
    yield Alert(
        "KafkaCopiesMissing",
        "sum by (topic) (kafka_topic_partition_under_replicated_partition) > 0",
        "{{ $labels.topic }} has too few copies",
        "{{ $value }} of its partitions are not on as many servers as they should be: the next loss may take "
        "messages along.",
        "A server is missing or does not keep up: look at its pod and its disk.",
    )


def _backup() -> Alert:
    return Alert(
        "BackupTooOld",
        # Absent: there has been none yet, or nobody tells of it.
        "(time() - max(dojot_backup_timestamp_seconds)) / 3600 > <bound> or absent(dojot_backup_timestamp_seconds)",
        "The last backup is too old, or there is none",
        "One is made each day by the control plane. What happens from now on is lost with its disk, or with that of a "
        "database.",
        "`journalctl -u dojot-backup` on the control plane says what hindered it; `systemctl start dojot-backup` tries "
        "again. Where there is no such service, run the bootstrap's step `backup-timer`.",
    )


def _postgres() -> Iterator[Alert]:
    yield Alert(
        "PostgresUnreachable",
        "pg_up == 0",
        "PostgreSQL lets nobody in",
        "Its exporter cannot log in: users, devices and certificates cannot be read either.",
        "`kubectl logs postgres-0`; if it says that the role of the exporter is not there, the database is older than "
        "the exporter: docs/monitoring.md has the command.",
    )
    yield Alert(
        "PostgresConnectionsHigh",
        "100 * sum by (instance) (pg_stat_database_numbackends) / max by (instance) (pg_settings_max_connections)"
        " > <bound>",
        "PostgreSQL is close to its limit of connections",
        '{{ $value | printf "%.0f" }} % of max_connections are in use; above it, services are refused.',
        "Look for the service that holds most (`select usename, count(*) from pg_stat_activity group by 1`), and "
        "restart it if it does not give them back.",
    )
