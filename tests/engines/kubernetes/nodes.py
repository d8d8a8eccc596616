"""The machines of a cluster, simulated by kwok: nodes that are ready, and pods that run as soon as they are placed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.cluster.types import CONTROL_PLANE, Cluster, Node
from tests.compiled.scheduler import HOST, free
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.processes import Process
from tests.engines.programs import built

STAGES = Path(__file__).with_name("stages.yml")
# The kubelet's default of maxPods.
_PODS = 110
# What a node has to say of itself.
_INFORMATION = (
    "architecture",
    "bootID",
    "containerRuntimeVersion",
    "kernelVersion",
    "kubeProxyVersion",
    "kubeletVersion",
    "machineID",
    "operatingSystem",
    "osImage",
    "systemUUID",
)


@contextmanager
def nodes(plane: ControlPlane, cluster: Cluster) -> Iterator[None]:
    """While it is open, `plane` has the cluster's nodes, and kwok in the place of their kubelets.

    A Job's pods succeed at once. Raises Ended where kwok does not run or no node gets ready.
    """
    kwok = Process(
        "kwok",
        [
            built("kwok", "kwok"),
            f"--kubeconfig={plane.kubeconfig}",
            f"--config={STAGES}",
            "--manage-all-nodes=true",
            f"--cidr={cluster.platform.pod_network.cidr}",
            "--node-lease-duration-seconds=40",
        ],
        plane.folder,
    )
    plane.processes["kwok"] = kwok
    try:
        add(plane, cluster, [node.name for node in cluster.nodes])
        kwok.wait_until(
            lambda: _schedulable(plane) == {node.name for node in cluster.workers}, "keeping the nodes ready"
        )
        yield
    finally:
        plane.processes.pop("kwok", None)
        kwok.stop()


def add(plane: ControlPlane, cluster: Cluster, names: Sequence[str]) -> None:
    """Machines of these names join, while kwok is there."""
    wanted = [node_object(cluster, node) for node in cluster.nodes if node.name in names]
    # Not applied: a server-side apply would leave the status out.
    plane.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": wanted}))


def lose(plane: ControlPlane, name: str) -> None:
    """A machine has no power, and the control plane has given it up."""
    plane.kubectl("label", "node", name, "lost=")
    node = json.loads(plane.kubectl("get", "node", name, "--output=json").stdout)
    for one in node["status"]["conditions"]:
        one["status"] = "Unknown"
    plane.kubectl("replace", f"--raw=/api/v1/nodes/{name}/status", "--filename=-", input=json.dumps(node))


def node_object(cluster: Cluster, node: Node) -> dict[str, Any]:
    """The Node as its kubelet and the bootstrap leave it; what the system and Argo CD keep is not allocatable."""
    kubernetes = cluster.platform.kubernetes
    master = node.group == CONTROL_PLANE
    labels = {
        HOST: node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        # The script labels workers only, kubeadm the control plane.
        **({kubernetes.control_plane_label: ""} if master else {cluster.group_label: cluster.groups[node.group].label}),
    }
    cpu, memory = free(cluster, node)
    whole = (node.hardware.cpu, node.hardware.memory) if node.hardware else (cpu, memory)
    fixed = {"pods": str(_PODS), "ephemeral-storage": str(node.hardware.disk if node.hardware else 2**40)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": labels},
        "spec": {"taints": [{"key": kubernetes.control_plane_taint, "effect": "NoSchedule"}]} if master else {},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node.address},
                {"type": "Hostname", "address": node.name},
            ],
            "capacity": {"cpu": f"{whole[0]}m", "memory": str(whole[1]), **fixed},
            "allocatable": {"cpu": f"{cpu}m", "memory": str(memory), **fixed},
            "nodeInfo": {**dict.fromkeys(_INFORMATION, "simulated"), "kubeletVersion": kubernetes.version},
        },
    }


def _schedulable(plane: ControlPlane) -> set[str]:
    """Names of the nodes that are ready and without taints."""
    found = json.loads(plane.kubectl("get", "nodes", "--output=json").stdout)["items"]
    return {
        node["metadata"]["name"]
        for node in found
        if not node["spec"].get("taints")
        and any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"].get("conditions", ()))
    }
