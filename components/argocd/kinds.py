"""The kinds of objects that a cluster's manifests have, so that no other is allowed.

The rules follow the services, not the manifests: the faces know nothing of each
other, and a test compares both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from components.cluster.types import Cluster, Service

#: API group ("" is the core group) and kind.
GroupKind = tuple[str, str]


def cluster_kinds(cluster: Cluster) -> tuple[GroupKind, ...]:
    """Kinds without a namespace, sorted."""
    found = {("", "Namespace")}
    if cluster.disks:
        found |= {("", "PersistentVolume"), ("storage.k8s.io", "StorageClass")}
    if cluster.rbac and _any(cluster, lambda service: service.spec.service_account and service.spec.cluster_rbac):
        found |= {("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding")}
    if _any(cluster, _is_custom):
        found.add(("apiextensions.k8s.io", "CustomResourceDefinition"))
    return tuple(sorted(found))


def namespaced_kinds(cluster: Cluster) -> tuple[GroupKind, ...]:
    """Kinds inside the cluster's namespaces, sorted."""
    found = {_workload(service) for service in cluster.services}
    found.add(("networking.k8s.io", "NetworkPolicy"))
    found.update(kind for kind, applies in _RULES if _any(cluster, applies))
    if cluster.rbac and _any(cluster, lambda service: service.spec.service_account and service.spec.rbac):
        found |= {("rbac.authorization.k8s.io", "Role"), ("rbac.authorization.k8s.io", "RoleBinding")}
    return tuple(sorted(found))


def _any(cluster: Cluster, applies: Callable[[Service], object]) -> bool:
    return any(applies(service) for service in cluster.services)


def _is_custom(service: Service) -> bool:
    return service.kind == "VerneMQ"


def _workload(service: Service) -> GroupKind:
    return ("vernemq.com" if _is_custom(service) else "apps", service.kind)


def _files(service: Service) -> Iterator[object]:
    # The operator's pods take no mounted files; a job of any service does.
    if not _is_custom(service):
        yield from service.files
    for job in service.jobs:
        yield from job.files


def _exists(items: Callable[[Service], Iterable[object]]) -> Callable[[Service], bool]:
    return lambda service: any(True for _ in items(service))


_RULES: tuple[tuple[GroupKind, Callable[[Service], object]], ...] = (
    (("", "ConfigMap"), _exists(_files)),
    (("", "Service"), lambda service: service.kubernetes_services or service.exposed),
    (("", "ServiceAccount"), lambda service: service.spec.service_account),
    (("batch", "Job"), lambda service: service.jobs),
    # A StatefulSet and the operator make their claims themselves.
    (
        ("", "PersistentVolumeClaim"),
        lambda service: service.kind == "Deployment" and any(volume.disks for volume in service.volumes),
    ),
    (("policy", "PodDisruptionBudget"), lambda service: service.max_unavailable is not None),
)
