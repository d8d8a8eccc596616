"""Everything that makes pods, in one shape: Deployments, StatefulSets, Jobs, DaemonSets and VerneMQ."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.compiled.tree import Object, Tree

_TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "Job")
# `listener.tcp.default = 0.0.0.0:1883` and `listener.ssl.default = ...`, not their options.
_LISTENER = re.compile(r"^listener\.(?!vmq\.)[a-z]+\.[a-z0-9_]+ = (?:\S+:)?(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Workload:
    """Pods of one object.

    `service` is the name of the file it stands in (its dojot service), `pods` the
    stem of its pods' names (pods of sets count from 0). `spec` is the pod's.
    """

    service: str
    found: Object
    kind: str
    name: str
    pods: str
    replicas: int
    labels: dict[str, str]
    spec: dict[str, Any]
    claim_templates: list[Object]

    @property
    def namespace(self) -> str:
        return self.found["metadata"].get("namespace", "")

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", ()), *self.spec.get("containers", ())]

    @property
    def runs_on(self) -> bool:
        """It does not end by itself."""
        return self.kind != "Job"

    @property
    def on_every_node(self) -> bool:
        """One pod for each node, the control plane's included."""
        return self.kind == "DaemonSet"

    @property
    def numbered(self) -> bool:
        return self.kind in ("StatefulSet", "VerneMQ")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def workloads(tree: Tree) -> list[Workload]:
    """The workloads of the manifests; what the bootstrap applies is not among them."""
    found = []
    for service, entry in tree.manifests:
        if entry.get("kind") in _TEMPLATED:
            found.append(_templated(tree, service, entry))
        elif entry.get("kind") == "VerneMQ":
            found.append(_brokers(service, entry))
    return found


def system_workloads(tree: Tree) -> list[Workload]:
    """Those of all other files: the pod network."""
    return [
        _templated(tree, path, entry)
        for path, entry in tree.objects
        if not path.startswith("manifests/") and entry.get("kind") in _TEMPLATED
    ]


def selected(tree: Tree, selector: dict[str, Any]) -> list[Workload]:
    """The workloads whose pods have all labels of a selector (plain or matchLabels)."""
    wanted = selector.get("matchLabels", selector)
    return [one for one in workloads(tree) if wanted.items() <= one.labels.items()]


def open_ports(workload: Workload) -> dict[tuple[int, str], str]:
    """(number, protocol) -> name of each port that the pod's containers declare."""
    return {
        (port["containerPort"], port.get("protocol", "TCP")): port.get("name", "")
        for container in workload.containers
        for port in container.get("ports", ())
    }


def broker_config(found: Object) -> str:
    """vernemq.conf of a VerneMQ object, decoded."""
    for entry in found["spec"].get("env", ()):
        if entry["name"] == "VERNEMQ_CONF":
            return base64.b64decode(entry["value"]).decode()
    return ""


def _templated(tree: Tree, service: str, found: Object) -> Workload:
    spec = found["spec"]
    name = found["metadata"]["name"]
    every_node = len(tree.cluster.nodes)
    return Workload(
        service,
        found,
        found["kind"],
        name,
        name,
        every_node if found["kind"] == "DaemonSet" else spec.get("replicas", 1),
        spec["template"]["metadata"].get("labels", {}),
        spec["template"]["spec"],
        spec.get("volumeClaimTemplates", []),
    )


def _brokers(service: str, found: Object) -> Workload:
    """What vmq-operator makes of a VerneMQ object: a StatefulSet vernemq-<name> of these pods."""
    name, spec = found["metadata"]["name"], found["spec"]
    config = spec.get("config", {})
    container = {
        "name": "vernemq",
        "image": f"{spec['baseImage']}:{spec['tag']}",
        "env": spec.get("env", []),
        "resources": spec.get("resources", {}),
        "ports": [{"containerPort": port, "protocol": "TCP"} for port in _broker_ports(found, config)],
    }
    template = spec.get("storage", {}).get("volumeClaimTemplate")
    return Workload(
        service,
        found,
        "VerneMQ",
        name,
        f"vernemq-{name}",
        spec["size"],
        {"app": "vernemq", "vernemq": name},
        {
            "affinity": spec.get("affinity", {}),
            "containers": [container],
            "serviceAccountName": spec.get("serviceAccountName"),
            "securityContext": spec.get("securityContext", {}),
        },
        [template] if template else [],
    )


def _broker_ports(found: Object, config: dict[str, Any]) -> Iterator[int]:
    for listener in config.get("listeners", ()):
        yield listener["port"]
    for number in _LISTENER.findall(broker_config(found)):
        yield int(number)
