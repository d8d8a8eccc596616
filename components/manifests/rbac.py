"""ServiceAccounts, and the rights of those that call the Kubernetes API."""

from __future__ import annotations

from typing import Any, Iterator

from components.cluster.types import Cluster, Service

from .metadata import SUPPORT_WAVE, metadata


def objects(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    if service.service_account is None:
        return
    about = {"namespace": cluster.namespace, "labels": service.pod_labels}
    name = service.service_account
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(name, SUPPORT_WAVE, **about),
        # Pods that may call the API say so themselves.
        "automountServiceAccountToken": False,
    }
    if not service.rbac or not cluster.rbac:
        return
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata(name, SUPPORT_WAVE, **about),
        "rules": [dict(rule) for rule in service.rbac],
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata(name, SUPPORT_WAVE, **about),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": cluster.namespace}],
    }
