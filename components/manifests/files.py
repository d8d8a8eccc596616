"""Cluster -> objects -> manifest files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.cluster.types import Cluster, Service
from components.render import yaml_documents

from . import foundation, jobs, network, policies, rbac, storage, vernemq, workloads

Object = dict[str, Any]


def files(cluster: Cluster) -> dict[str, str]:
    """{file name: YAML text}, one document an object; files of people's own as they are."""
    compiled = {name: yaml_documents(documents) for name, documents in objects(cluster).items()}
    # No service's name has a point, so neither overwrites the other.
    return compiled | {f"own.{file.name}": file.text for file in cluster.manifests}


def objects(cluster: Cluster) -> dict[str, list[Object]]:
    """{file name: objects}: the foundation, and one file for each service. What has no namespace states none."""
    found = {
        "namespace.yml": [
            *(foundation.namespace(cluster, name) for name in cluster.namespaces),
            *(policies.default_deny(name) for name in cluster.namespaces),
            *(account for name in cluster.namespaces for account in rbac.default_account(cluster, name)),
        ],
    }
    if cluster.disks:
        found["storage-class.yml"] = [foundation.storage_class(cluster)]
    if cluster.priorities:
        found["priority-classes.yml"] = [
            foundation.priority_class(name, entry) for name, entry in cluster.priorities.items()
        ]
    if cluster.brokers:
        found["vernemq-crd.yml"] = [foundation.vernemq_definition(cluster)]
    for service in cluster.services:
        found[f"{service.name}.yml"] = list(_service_objects(cluster, service))
    return dict(sorted(found.items()))


def _service_objects(cluster: Cluster, service: Service) -> Iterator[Object]:
    yield from storage.persistent_volumes(cluster, service)
    yield from rbac.objects(cluster, service)
    yield from policies.policies(cluster, service)
    yield from jobs.objects(cluster, service, "before")
    yield from storage.claims(cluster, service)
    yield from network.services(cluster, service)
    if service.kind == "VerneMQ":
        yield vernemq.custom_resource(cluster, service)
    else:
        yield from workloads.objects(cluster, service)
    yield from network.disruption_budgets(cluster, service)
    yield from jobs.objects(cluster, service, "after")
