"""Deployments, StatefulSets and DaemonSets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.cluster.quantity import binary
from components.cluster.types import Cluster, Service, governing_service

from . import pods
from .config_files import config_map, contents
from .metadata import metadata
from .placement import affinity
from .storage import claim_template

# Names one of the sets that together hold the pods of an evenly spread service.
SET_LABEL = "dojot.components/set"


def objects(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    """The workload of a service, with the ConfigMap of its files."""
    if service.files:
        yield config_map(cluster, service.namespace, service.name, service.files, service.wave, service.pod_labels)
    if service.kind == "Deployment":
        yield _deployment(cluster, service)
    elif service.kind == "DaemonSet":
        yield _daemon_set(cluster, service)
    elif service.per_node is None:
        yield _stateful_set(cluster, service, service.name, service.replicas, {})
    elif cluster.platform.kubernetes.pod_spread == "anti-affinity":
        # One set for each place beside a broker; the pods of one set never share a node,
        # so every node of the group has exactly one pod of every set.
        for place in range(1, service.per_node + 1):
            yield _stateful_set(
                cluster,
                service,
                f"{service.name}-{place}",
                service.replicas // service.per_node,
                {SET_LABEL: str(place)},
            )
    else:
        yield _spread_set(cluster, service)


def _deployment(cluster: Cluster, service: Service) -> dict[str, Any]:
    strategy: dict[str, Any] = {"type": service.spec.update_strategy or "RollingUpdate"}
    if service.apart and strategy["type"] == "RollingUpdate":
        # Beside the old pods there is no node for a new one.
        strategy["rollingUpdate"] = {"maxSurge": 0, "maxUnavailable": 1}
    apart = service.pod_labels if service.apart else None
    spec: dict[str, Any] = {
        "replicas": service.replicas,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": dict(service.pod_labels)},
        "strategy": strategy,
        "template": _template(cluster, service, service.pod_labels, affinity(cluster, service.group, apart)),
    }
    if service.spec.progress_deadline is not None:
        spec["progressDeadlineSeconds"] = service.spec.progress_deadline
    return _workload("Deployment", service, service.name, service.pod_labels, spec)


def _daemon_set(cluster: Cluster, service: Service) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": dict(service.pod_labels)},
        "updateStrategy": {"type": service.spec.update_strategy or "RollingUpdate"},
        "template": _template(cluster, service, service.pod_labels, {}),
    }
    # On every node, whatever keeps others away from it: the control plane's taint, a drain.
    spec["template"]["spec"]["tolerations"] = [{"operator": "Exists"}]
    return _workload("DaemonSet", service, service.name, service.pod_labels, spec)


def _stateful_set(
    cluster: Cluster, service: Service, name: str, replicas: int, extra: Mapping[str, str]
) -> dict[str, Any]:
    labels = {**service.pod_labels, **extra}
    apart = labels if extra or service.apart else None
    spec: dict[str, Any] = {
        "replicas": replicas,
        "revisionHistoryLimit": 3,
        "serviceName": governing_service(service.name, service.spec),
        "podManagementPolicy": service.spec.pod_management or "OrderedReady",
        "updateStrategy": {"type": service.spec.update_strategy or "RollingUpdate"},
        "selector": {"matchLabels": labels},
        "template": _template(cluster, service, labels, affinity(cluster, service.group, apart)),
    }
    templates = [claim_template(cluster, volume) for volume in service.volumes if volume.persistent]
    if templates:
        spec["volumeClaimTemplates"] = templates
    return _workload("StatefulSet", service, name, labels, spec)


def _spread_set(cluster: Cluster, service: Service) -> dict[str, Any]:
    """One set whose pods stand in equal numbers on every node of the group.

    A rolling update replaces one pod after the other, each on the node it left: there
    alone the new one keeps the skew. (Counted by revision, through matchLabelKeys, the
    first new pod could go anywhere and outgrow its node.) The pods of a drained or lost
    node wait for it. While a node has none, a pod of another node that is deleted waits
    too; those that run are left alone.
    """
    workload = _stateful_set(cluster, service, service.name, service.replicas, {})
    workload["spec"]["template"]["spec"]["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "minDomains": service.replicas // (service.per_node or 1),
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            # Nodes outside the group do not count; a drained one does, or its share would
            # move to the others and stay there.
            "nodeAffinityPolicy": "Honor",
            "nodeTaintsPolicy": "Ignore",
            "labelSelector": {"matchLabels": dict(service.pod_labels)},
        }
    ]
    return workload


def _template(
    cluster: Cluster, service: Service, labels: Mapping[str, str], place: Mapping[str, Any]
) -> dict[str, Any]:
    containers = [
        pods.container_spec(
            cluster, service.container, service.volumes, service.files, service.name, service.spec.host_paths
        )
    ]
    containers += [pods.container_spec(cluster, sidecar) for sidecar in service.sidecars]
    spec = pods.pod_spec(cluster, place, containers, service.spec.security.fs_group)
    if service.spec.service_account:
        spec["serviceAccountName"] = service.spec.service_account
        spec["automountServiceAccountToken"] = bool(service.spec.rbac or service.spec.cluster_rbac)
    if service.spec.host_network:
        # With the node's network, names of the cluster are found only by this policy.
        spec.update(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    if service.spec.host_pid:
        spec["hostPID"] = True
    if service.spec.hostname:
        spec["hostname"] = service.spec.hostname
    if service.spec.priority:
        spec["priorityClassName"] = service.spec.priority
    if service.spec.grace_period is not None:
        spec["terminationGracePeriodSeconds"] = service.spec.grace_period
    volumes = _volumes(service)
    if volumes:
        spec["volumes"] = volumes
    template: dict[str, Any] = {"metadata": {"labels": dict(labels)}, "spec": spec}
    annotations = pods.pod_annotations(contents(cluster, service.files))
    if annotations:
        template["metadata"]["annotations"] = annotations
    return template


def _volumes(service: Service) -> list[dict[str, Any]]:
    volumes: list[dict[str, Any]] = []
    for volume in service.volumes:
        if not volume.persistent:
            # The kubelet evicts the pod that goes beyond it, before the node's disk is full.
            volumes.append({"name": volume.name, "emptyDir": {"sizeLimit": binary(volume.size)}})
        elif service.kind == "Deployment":
            volumes.append({"name": volume.name, "persistentVolumeClaim": {"claimName": volume.name}})
    volumes += [
        # The directory of volumes, for one, is missing where a node has none.
        {"name": name, "hostPath": {"path": directory.path, "type": "DirectoryOrCreate"}}
        for name, directory in sorted(service.spec.host_paths.items())
    ]
    volumes += pods.scratch_volumes(service.containers)
    volumes += pods.secret_volumes(service.containers)
    return volumes + pods.files_volumes(service.name, service.files)


def _workload(
    kind: str, service: Service, name: str, labels: Mapping[str, str], spec: dict[str, Any]
) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": metadata(name, service.wave, namespace=service.namespace, labels=labels),
        "spec": spec,
    }
