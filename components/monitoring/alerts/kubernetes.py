"""Nodes and pods."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.monitoring import APISERVER
from components.cluster.types import Cluster

from ..rule import Alert, window


def alerts(cluster: Cluster) -> Iterator[Alert]:
    namespaces = {service.namespace for service in cluster.services}
    namespaces |= {cluster.platform.argocd.namespace, "kube-system"}
    ours = f'namespace=~"{"|".join(sorted(namespaces))}"'
    during = window(cluster, APISERVER)
    yield Alert(
        "NodeNotReady",
        'kube_node_status_condition{condition="Ready", status="true"} == 0',
        "{{ $labels.node }} is not ready",
        "The kubelet of {{ $labels.node }} does not report, or reports that it cannot run pods.",
        "`kubectl describe node` says why; on the node, `systemctl status kubelet`. Its volumes are on its disk, so "
        "its pods wait for it.",
    )
    yield Alert(
        "NodeUnderPressure",
        'kube_node_status_condition{condition=~"MemoryPressure|DiskPressure|PIDPressure", status="true"} == 1',
        "{{ $labels.node }} is under {{ $labels.condition }}",
        "The kubelet evicts pods of {{ $labels.node }} or takes no new ones.",
        "Look at the dashboard of the nodes for what uses it up; the inventory's requests are checked against the "
        "hardware that it states, so compare that with the machine.",
    )
    yield Alert(
        "NodeMemoryLow",
        "100 * node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < <bound>",
        "{{ $labels.node }} has almost no memory left",
        '{{ $value | printf "%.0f" }} % are available; next the kernel kills processes.',
        "On a broker's node compare its sessions with scale.devices_per_broker; the cluster's page says how much "
        "memory they need.",
    )
    yield Alert(
        "ConnectionTrackingFull",
        "100 * node_nf_conntrack_entries / node_nf_conntrack_entries_limit > <bound>",
        "{{ $labels.node }} tracks almost as many connections as it can",
        '{{ $value | printf "%.0f" }} % of the kernel\'s table are in use; when it is full, new connections are '
        "dropped.",
        "`conntrack -L` on the node tells whose they are. There is room for all that HAProxy lets through, and as many "
        "that have closed: conntrack.min of kubeadm-init.yml, which the step control-plane brings to kube-proxy.",
    )
    yield Alert(
        "PodNotReady",
        f'(kube_pod_status_ready{{condition="true", {ours}}} == 0'
        f' unless on (namespace, pod) kube_pod_status_phase{{phase=~"Succeeded|Failed", {ours}}} == 1)'
        f' or on (namespace, pod) kube_pod_status_phase{{phase="Pending", {ours}}} == 1',
        "{{ $labels.pod }} is not ready",
        "The pod waits for a node or an image, starts again and again, or fails its readiness probe.",
        "`kubectl describe pod` and `kubectl logs` in {{ $labels.namespace }} say why.",
    )
    yield Alert(
        "PodRestarting",
        f"increase(kube_pod_container_status_restarts_total{{{ours}}}[1h]) > <bound>",
        "{{ $labels.pod }} restarts again and again",
        'Its container {{ $labels.container }} ended {{ $value | printf "%.0f" }} times within an hour.',
        "`kubectl logs --previous` in {{ $labels.namespace }} has its last words; `OOMKilled` in `kubectl "
        "describe pod` "
        "means that it needs more memory.",
    )
    yield Alert(
        "WorkloadShort",
        f"kube_statefulset_status_replicas_ready{{{ours}}} < kube_statefulset_replicas{{{ours}}}"
        f" or kube_deployment_status_replicas_available{{{ours}}} < kube_deployment_spec_replicas{{{ours}}}"
        f" or kube_daemonset_status_number_ready{{{ours}}} < kube_daemonset_status_desired_number_scheduled{{{ours}}}",
        "{{ $labels.statefulset }}{{ $labels.deployment }}{{ $labels.daemonset }} has fewer pods than it should",
        "Only {{ $value }} pods are ready.",
        "Where a node is drained or lost this is its share, which waits for it. Else look at the pods in "
        "{{ $labels.namespace }}.",
    )
    yield Alert(
        "ContainerMemoryHigh",
        f'100 * container_memory_rss{{container!="", container!="POD", {ours}}}'
        f' / (container_spec_memory_limit_bytes{{container!="", container!="POD", {ours}}} > 0) > <bound>',
        "{{ $labels.container }} in {{ $labels.pod }} is about to run out of memory",
        'It holds {{ $value | printf "%.0f" }} % of its limit, page cache not counted; above it the kernel ends it.',
        "Raise resources.limits.memory of the service (and its request, if that is its normal use).",
    )
    yield Alert(
        "CertificateExpiring",
        "(dojot_certificate_expiry_timestamp_seconds - time()) / 86400 < <bound>",
        'A certificate of {{ $labels.node }} ends in {{ $value | printf "%.0f" }} days',
        "{{ $labels.path }} is not valid after that, and the control plane stops working with it.",
        "`bootstrap.sh certificates` on the control plane renews them, and starts it anew with them; an upgrade of "
        "Kubernetes renews them too.",
    )
    yield Alert(
        "ApiServerFailing",
        f'100 * sum(rate(apiserver_request_total{{code=~"5.."}}[{during}]))'
        f" / sum(rate(apiserver_request_total[{during}])) > <bound>",
        "The API server fails",
        '{{ $value | printf "%.0f" }} % of its answers are errors of its own. The data path goes on; pods are not '
        "replaced, and nothing is synced.",
        "Its log (`crictl logs` on the control plane) says why; most often etcd is slow or its disk is full.",
    )
    yield Alert(
        "EtcdSlow",
        f"1000 * sum(rate(etcd_request_duration_seconds_sum[{during}]))"
        f" / sum(rate(etcd_request_duration_seconds_count[{during}])) > <bound>",
        "etcd answers slowly",
        'The API server waits {{ $value | printf "%.0f" }} ms on average for etcd.',
        "etcd waits for its disk at each write: look at what else writes to the disk of the control plane.",
    )
