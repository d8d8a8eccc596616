"""Which job gives which metric: those that rules and dashboards read, and no others.

Checked in tests: each is read by something, each job exists, and where the exporter runs in the
engine tests (HAProxy, node-exporter, Prometheus, the scripts of inventory/files) it has them. The
brokers' are VerneMQ 1.10's, those of kube-state-metrics are the same in its releases 1.9 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping

METRICS: Mapping[str, tuple[str, ...]] = {
    "apiserver": (
        "apiserver_request_total",
        "etcd_request_duration_seconds_count",
        "etcd_request_duration_seconds_sum",
    ),
    "argocd": ("argocd_app_info", "argocd_app_sync_total"),
    "cadvisor": (
        "container_cpu_usage_seconds_total",
        "container_memory_rss",
        "container_spec_memory_limit_bytes",
    ),
    "certificate-expiry": ("dojot_certificate_expiry_timestamp_seconds",),
    "haproxy": (
        "haproxy_backend_current_queue",
        "haproxy_frontend_bytes_in_total",
        "haproxy_frontend_bytes_out_total",
        "haproxy_frontend_connections_total",
        "haproxy_frontend_current_sessions",
        "haproxy_process_current_connections",
        "haproxy_process_max_connections",
        "haproxy_server_connection_errors_total",
        "haproxy_server_current_sessions",
        "haproxy_server_status",
    ),
    "kafka-exporter": (
        "kafka_brokers",
        "kafka_consumergroup_lag",
        "kafka_topic_partition_current_offset",
        "kafka_topic_partition_oldest_offset",
        "kafka_topic_partition_under_replicated_partition",
    ),
    "kube-state-metrics": (
        "kube_daemonset_status_desired_number_scheduled",
        "kube_daemonset_status_number_ready",
        "kube_deployment_spec_replicas",
        "kube_deployment_status_replicas_available",
        "kube_node_status_condition",
        "kube_pod_container_status_restarts_total",
        "kube_pod_info",
        "kube_pod_status_phase",
        "kube_pod_status_ready",
        "kube_statefulset_replicas",
        "kube_statefulset_status_replicas_ready",
    ),
    "kubelet": ("kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"),
    # From a file of the load balancer, which the bootstrap's `follow` writes.
    "load-balancer-host": (
        "dojot_balancer_commit_refused",
        "dojot_balancer_followed_timestamp_seconds",
        "dojot_balancer_step_due",
    ),
    "locust": ("locust_requests_avg_response_time", "locust_requests_current_rps", "locust_users"),
    "node-exporter": (
        # From a file of the control plane, which the bootstrap's `backup` writes.
        "dojot_backup_timestamp_seconds",
        # From a file that people put there: make verify writes it (components/desk/verify/metrics.py).
        "dojot_drift",
        "node_cpu_seconds_total",
        "node_filesystem_avail_bytes",
        "node_filesystem_size_bytes",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
        "node_network_receive_bytes_total",
        "node_network_transmit_bytes_total",
        "node_nf_conntrack_entries",
        "node_nf_conntrack_entries_limit",
    ),
    "postgres-exporter": ("pg_settings_max_connections", "pg_stat_database_numbackends", "pg_up"),
    "prometheus": (
        "prometheus_rule_evaluation_failures_total",
        "prometheus_tsdb_head_series",
        "prometheus_tsdb_storage_blocks_bytes",
    ),
    "vernemq": (
        "mqtt_connack_sent",
        "mqtt_connect_received",
        "mqtt_publish_received",
        "mqtt_publish_sent",
        "netsplit_detected",
        "netsplit_resolved",
        "queue_message_drop",
        "queue_message_in",
        "queue_message_out",
        "queue_processes",
        "socket_close",
        "socket_open",
        "system_utilization",
        "vm_memory_total",
    ),
    "volume-usage": ("dojot_volume_used_bytes",),
}

#: Jobs whose other metrics are not even stored.
KEPT = {job: METRICS[job] for job in ("apiserver", "argocd", "cadvisor", "kubelet")}
