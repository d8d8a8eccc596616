"""Apply a cluster's manifests as Argo CD does: wave by wave, each healthy before the next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import workloads
from tests.engines.kubernetes.brokers import made_by_the_operator
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.processes import until

_WAVE = "argocd.argoproj.io/sync-wave"
# Within a wave; kinds that are not named come last.
_KINDS = (
    "Namespace",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "ConfigMap",
    "StorageClass",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "Job",
)
# Seconds in which a wave gets healthy; seconds between two looks.
_PATIENCE, _PAUSE = 60, 0.3
_INFORMATION = re.compile(r"I\d{4} ")


def waves(tree: Tree) -> Iterator[tuple[int, list[Object]]]:
    """(number, objects in order) of each sync wave."""

    def rank(found: Object) -> tuple[int, int, str]:
        kind = found["kind"]
        return (_wave(found), _KINDS.index(kind) if kind in _KINDS else len(_KINDS), found["metadata"]["name"])

    for number, objects in groupby(sorted((entry for _, entry in tree.manifests), key=rank), key=_wave):
        yield number, list(objects)


def _wave(found: Object) -> int:
    return int(found["metadata"].get("annotations", {}).get(_WAVE, 0))


def apply(plane: ControlPlane, objects: Sequence[Object], *options: str) -> list[str]:
    """Apply objects; returns what the API server or kubectl complained of: errors and warnings."""
    done = plane.kubectl("apply", *options, "--filename=-", input=listed(objects), check=False)
    complaints = [line for line in done.stderr.splitlines() if not _INFORMATION.match(line)]
    return complaints or ([f"kubectl apply: exit code {done.returncode}"] if done.returncode else [])


def listed(objects: Sequence[Object]) -> str:
    """Several objects as kubectl reads them, and keeps them in order."""
    return "\n".join(f"---\n{json.dumps(found)}" for found in objects)


def stored(plane: ControlPlane, objects: Sequence[Object]) -> list[Object]:
    """The objects as the API server has them now, in the same order."""
    found = json.loads(plane.kubectl("get", "--filename=-", "--output=json", input=listed(objects)).stdout)
    return found["items"] if found["kind"] == "List" else [found]


def sync(plane: ControlPlane, tree: Tree, *options: str) -> list[str]:
    """Apply everything, and what the operator makes of it; returns the complaints.

    AssertionError where a wave does not get healthy: the next one never starts.
    """
    operated = {found.name: found for found in workloads(tree) if found.kind == "VerneMQ"}
    complaints = []
    for number, objects in waves(tree):
        complaints += [f"wave {number}: {line}" for line in apply(plane, objects, *options)]
        for found in objects:
            if found["kind"] == "VerneMQ":
                made = made_by_the_operator(operated[found["metadata"]["name"]])
                assert not apply(plane, made), "the brokers that follow from the VerneMQ object are refused"
                objects = [*objects, *made]
        await_health(plane, objects, f"wave {number}")
    return complaints


def await_health(plane: ControlPlane, objects: Sequence[Object], what: str) -> None:
    """Wait until every object is healthy; AssertionError with what is wrong where it takes too long."""
    ailing: list[str] = []

    def healthy() -> bool:
        plane.check()
        ailing[:] = [ailment for found in stored(plane, objects) if (ailment := _ailment(found))]
        return not ailing

    assert until(healthy, _PATIENCE, _PAUSE), f"{what} does not get healthy: {'; '.join(ailing)}\n{waiting(plane)}"


def _ailment(found: Object) -> str:
    """Why Argo CD would not call it healthy; "" if it would."""
    status, spec = found.get("status", {}), found.get("spec", {})
    match found["kind"]:
        case "Deployment" | "StatefulSet":
            fresh = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
            ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0))
            return (
                ""
                if fresh and ready == spec["replicas"]
                else f"{name_of(found)}: {ready} of {spec['replicas']} pods ready"
            )
        case "DaemonSet":
            ready, wanted = status.get("numberReady", 0), status.get("desiredNumberScheduled", 0)
            fresh = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
            return "" if fresh and wanted and ready == wanted else f"{name_of(found)}: {ready} of {wanted} pods ready"
        case "Job":
            return "" if status.get("succeeded") else f"{name_of(found)} has not succeeded"
        case "PersistentVolumeClaim":
            return "" if status.get("phase") == "Bound" else f"{name_of(found)} is {status.get('phase')}"
        case "CustomResourceDefinition":
            accepted = {one["type"] for one in status.get("conditions", ()) if one["status"] == "True"}
            return "" if "Established" in accepted else f"{name_of(found)} is not established"
    return ""


def waiting(plane: ControlPlane) -> str:
    """The pods that are on no node, each with the scheduler's reason."""
    found = json.loads(
        plane.kubectl(
            "get", "pods", "--all-namespaces", "--field-selector=status.phase=Pending", "--output=json"
        ).stdout
    )["items"]
    reasons = {
        pod["metadata"]["name"]: one.get("message", one["status"])
        for pod in found
        for one in pod["status"].get("conditions", ())
        if one["type"] == "PodScheduled"
    }
    names = [pod["metadata"]["name"] for pod in found]
    return "\n".join(f"{name}: {reasons.get(name, 'the scheduler has not tried yet')}" for name in names)
