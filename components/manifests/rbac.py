"""ServiceAccounts, and the rights of those that call the Kubernetes API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from components.cluster.input.service import RbacRule
from components.cluster.types import Cluster, Service

from .metadata import SUPPORT_WAVE, metadata

_GROUP = "rbac.authorization.k8s.io"


def default_account(cluster: Cluster, namespace: str) -> Iterator[dict[str, Any]]:
    """Kubernetes makes one in each namespace; ours is there where it has to open registries.

    So every pod has what its account has: also those that the operator makes without asking anybody.
    """
    if cluster.pull_secrets:
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata("default", SUPPORT_WAVE, namespace=namespace),
            "automountServiceAccountToken": False,
            **pull_secrets(cluster),
        }


def pull_secrets(cluster: Cluster) -> dict[str, Any]:
    """What a ServiceAccount says of them."""
    names = [{"name": name} for name in cluster.pull_secrets]
    return {"imagePullSecrets": names} if names else {}


def objects(cluster: Cluster, service: Service) -> Iterator[dict[str, Any]]:
    if service.spec.service_account is None:
        return
    name = service.spec.service_account
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(name, SUPPORT_WAVE, namespace=service.namespace, labels=service.pod_labels),
        # Pods that may call the API say so themselves.
        "automountServiceAccountToken": False,
        **pull_secrets(cluster),
    }
    if service.spec.rbac and cluster.rbac:
        yield from _granted(
            "Role",
            service,
            metadata(name, SUPPORT_WAVE, namespace=service.namespace, labels=service.pod_labels),
            service.spec.rbac,
        )
    if service.spec.cluster_rbac and cluster.rbac:
        # No namespace keeps two clusters' names apart here: the account's namespace does.
        meta = metadata(f"{service.namespace}-{name}", SUPPORT_WAVE, labels=service.pod_labels)
        yield from _granted("ClusterRole", service, meta, service.spec.cluster_rbac)


def _granted(kind: str, service: Service, meta: dict[str, Any], rules: Sequence[RbacRule]) -> Iterator[dict[str, Any]]:
    """A Role or ClusterRole, and its binding to the service's account."""
    yield {
        "apiVersion": f"{_GROUP}/v1",
        "kind": kind,
        "metadata": meta,
        "rules": [rule.model_dump(exclude_none=True) for rule in rules],
    }
    yield {
        "apiVersion": f"{_GROUP}/v1",
        "kind": f"{kind}Binding",
        "metadata": meta,
        "roleRef": {"apiGroup": _GROUP, "kind": kind, "name": meta["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": service.spec.service_account, "namespace": service.namespace}],
    }
