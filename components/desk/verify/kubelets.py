"""The configuration that each kubelet runs with, as it tells itself, beside the committed one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from kubernetes.client import ApiClient, ApiException, CoreV1Api

from components.cluster.types import Cluster
from components.kubeadm.files import files

from .differences import differing
from .finding import Finding

SOURCE = "kubelets"
_HEAD = ("apiVersion", "kind")


async def look(api: ApiClient, cluster: Cluster) -> list[Finding]:
    return await asyncio.to_thread(_look, api, cluster)


def _look(api: ApiClient, cluster: Cluster) -> list[Finding]:
    found = []
    wanted = committed(cluster)
    for node in cluster.nodes:
        try:
            said = CoreV1Api(api).connect_get_node_proxy_with_path(node.name, "configz", _preload_content=False).data
            runs = json.loads(said)["kubeletconfig"]
        except ApiException as error:
            # A node that is away is told by the step verify.
            if error.status in (404, 500, 502, 503, 504):
                continue
            raise
        for difference in different(runs, wanted):
            found.append(
                Finding(
                    where=node.name,
                    what="the kubelet that runs",
                    wrong=difference,
                    do="the step control-plane, then node on that host; where its file is right, restart kubelet there",
                    source=SOURCE,
                )
            )
    return found


def committed(cluster: Cluster) -> dict[str, Any]:
    documents = yaml.safe_load_all(files(cluster)["kubeadm-init.yml"])
    return next(each for each in documents if each["kind"] == "KubeletConfiguration")


def different(runs: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """Of what is committed; the rest is a default, or kubeadm's."""
    for key in sorted(wanted.keys() - set(_HEAD)):
        yield from differing(runs.get(key), wanted[key], key)
