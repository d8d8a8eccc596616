"""Where the pods of each service stand, beside where the inventory has them: their groups, and their spread."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api

from components.cluster.placement import shares
from components.cluster.types import Cluster, Service

from .finding import CLUSTER, Finding

SOURCE = "places"
_ENDED = ("Succeeded", "Failed")


async def look(api: ApiClient, cluster: Cluster) -> list[Finding]:
    return await asyncio.to_thread(_look, api, cluster)


def _look(api: ApiClient, cluster: Cluster) -> list[Finding]:
    core = CoreV1Api(api)
    pods = [
        pod
        for namespace in cluster.namespaces
        for pod in api.sanitize_for_serialization(core.list_namespaced_pod(namespace))["items"]
    ]
    return list(findings(cluster, pods))


def findings(cluster: Cluster, pods: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """`pods` of all namespaces. One that waits for a node is told by the step verify, and is nowhere yet."""
    standing = [pod for pod in pods if pod["spec"].get("nodeName") and pod["status"].get("phase") not in _ENDED]
    for service in cluster.services:
        own = [pod for pod in standing if _is_of(pod, service)]
        nodes = {node.name for node in cluster.nodes_of(service)}
        lost = [pod for pod in own if pod["spec"]["nodeName"] not in nodes]
        for pod in lost:
            yield _finding(
                f"pod {service.namespace}/{pod['metadata']['name']}",
                f"it is on {pod['spec']['nodeName']}, and belongs on {', '.join(sorted(nodes))}",
                f"the labels of the nodes (bootstrap.sh labels); then kubectl --namespace={service.namespace} delete "
                f"pod {pod['metadata']['name']}",
            )
        if not lost:
            yield from _spread(cluster, service, Counter(pod["spec"]["nodeName"] for pod in own))


def _spread(cluster: Cluster, service: Service, counted: Counter[str]) -> Iterator[Finding]:
    """More on one node than belong there, where that is fixed. Fewer follow from it, or are told as not ready."""
    for node in cluster.nodes_of(service):
        share = next((each for each in shares(cluster, node) if each.service == service), None)
        if share and share.exact and counted[node.name] > share.pods:
            yield _finding(
                f"pods of {service.name}",
                f"{counted[node.name]} of them are on {node.name}, where {share.pods} belong",
                "where nothing is being rolled out: delete those that are too many, once every node is schedulable",
            )


def _is_of(pod: Mapping[str, Any], service: Service) -> bool:
    metadata = pod["metadata"]
    labels = metadata.get("labels", {})
    return bool(metadata["namespace"] == service.namespace and service.pod_labels.items() <= labels.items())


def _finding(what: str, wrong: str, do: str) -> Finding:
    return Finding(where=CLUSTER, what=what, wrong=wrong, do=do, source=SOURCE)
