"""What the API server, or who else receives an object, never lets change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..change import Change
from ..registry import verdict
from ..types import Field, Level, ObjectChange, Verdict
from ..workloads import pods as pods_of

# Kind -> the first steps of fields that cannot change once the object is there, as the validation of Kubernetes has
# them (pkg/apis/*/validation, ValidateXUpdate). `*` stands for any step. Of a StatefulSet it is all but what _CAN says.
_CANNOT: dict[str, tuple[tuple[str, ...], ...]] = {
    "ClusterRoleBinding": (("roleRef",),),
    "CustomResourceDefinition": (("spec", "group"), ("spec", "scope"), ("spec", "names", "plural")),
    "DaemonSet": (("spec", "selector"),),
    "Deployment": (("spec", "selector"),),
    "Job": (("spec", "template"), ("spec", "selector"), ("spec", "completions"), ("spec", "completionMode")),
    "PersistentVolume": (("spec", "local"), ("spec", "nodeAffinity"), ("spec", "volumeMode")),
    "PersistentVolumeClaim": (("spec",),),
    "PriorityClass": (("value",), ("preemptionPolicy",)),
    "RoleBinding": (("roleRef",),),
    "Secret": (("type",),),
    "Service": (("spec", "clusterIP"),),
    "StatefulSet": (("spec",),),
    "StorageClass": (("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)),
    # The operator writes the brokers' StatefulSet anew, which is refused.
    "VerneMQ": (("spec", "storage", "volumeClaimTemplate"),),
}
# Of every supported release; newer ones let more change, which our manifests never do.
_CAN: dict[str, tuple[tuple[str, ...], ...]] = {
    "StatefulSet": (("spec", "replicas"), ("spec", "template"), ("spec", "updateStrategy")),
}
_HOOK_POLICY = "argocd.argoproj.io/hook-delete-policy"
_SETS = "StatefulSet", "VerneMQ"


def cannot_change(change: ObjectChange) -> tuple[Field, ...]:
    """Its fields that whoever receives it refuses to change."""
    kind = change.identity.kind
    return tuple(
        field
        for field in change.fields
        if any(_begins(field.path, path) for path in _CANNOT.get(kind, ()))
        and not any(_begins(field.path, path) for path in _CAN.get(kind, ()))
    )


def _begins(path: tuple[str, ...], beginning: tuple[str, ...]) -> bool:
    return path[: len(beginning)] == beginning


@verdict(Level.DANGER)
def immutable_field(change: Change) -> Iterator[Verdict]:
    """A field changes that the API server never lets change: the sync fails there, and no later wave comes."""
    for found in change.objects:
        fields = cannot_change(found)
        if found.how != "changed" or not fields or _made_anew(found):
            continue
        who = "The operator" if found.identity.kind == "VerneMQ" else "The API server"
        names = ", ".join(dict.fromkeys(_short(field) for field in fields))
        yield Verdict(
            "immutable-field",
            Level.DANGER,
            str(found.identity),
            f"{who} refuses it: {names} of a {found.identity.kind} that is there cannot change, so the sync stops "
            f"in wave {found.wave}",
            _way_out(found),
        )


def _made_anew(change: ObjectChange) -> bool:
    """Argo CD deletes the old one of such a hook first."""
    annotations = (change.after or {}).get("metadata", {}).get("annotations", {})
    return "BeforeHookCreation" in annotations.get(_HOOK_POLICY, "")


def _short(field: Field) -> str:
    return ".".join(field.path[:2])


def _way_out(change: ObjectChange) -> str:
    identity = change.identity
    kind, where = identity.kind, f"-n {identity.namespace} " if identity.namespace else ""
    if kind in _SETS:
        name = f"vernemq-{identity.name}" if kind == "VerneMQ" else identity.name
        # A set that has more claims than its pods tries to change these, which the API server refuses for ever.
        comes = _claims(change.after) - _claims(change.before)
        others = ", and each other one once that is back" if pods_of(change.before or {}, 0) > 1 else ""
        then = f", but cannot give them the volume that comes: then kubectl {where}delete pod {name}-0{others}"
        return (
            f"After the merge (before it, Argo CD makes it again as it was): kubectl {where}delete statefulset {name} "
            "--cascade=orphan. Its pods go on running, and the next try of the sync makes a set that takes them over"
            + (then if comes else "")
        )
    if kind == "PersistentVolumeClaim":
        return (
            f"After the merge: kubectl {where}delete persistentvolumeclaim {identity.name}, with the Deployment that "
            "mounts it and the PersistentVolume that it has: the directory keeps its data, and the next try of the "
            "sync makes all of them anew"
        )
    if kind == "PriorityClass":
        return "Give the other number another name in cluster.priority_classes: pods that run keep what they have"
    return (
        f"After the merge: kubectl {where}delete {kind.lower()} {identity.name}; the next try of the sync makes it anew"
    )


def _claims(found: Mapping[str, Any] | None) -> set[str]:
    """Names of the claims that each pod of a set has."""
    spec = (found or {}).get("spec", {})
    template = spec.get("storage", {}).get("volumeClaimTemplate")
    return {
        each["metadata"]["name"] for each in (*spec.get("volumeClaimTemplates", ()), *([template] if template else ()))
    }


@verdict(Level.DANGER)
def nodeport_taken(change: Change) -> Iterator[Verdict]:
    """A Service asks for a NodePort that another one has until the sync is at that one, or at its end."""
    taken = {port: found for found in change.of_kind("Service") for port in _node_ports(found.before)}
    for found in change.of_kind("Service"):
        others = sorted(port for port in _node_ports(found.after) if port in taken and taken[port] is not found)
        if others:
            other = taken[others[0]].identity
            yield Verdict(
                "nodeport-taken",
                Level.DANGER,
                str(found.identity),
                f"The API server refuses it: {', '.join(map(str, others))} is a NodePort of Service {other.name} in "
                f"{other.namespace} until that is gone, so the sync stops in wave {found.wave}",
                f"After the merge: kubectl -n {other.namespace} delete service {other.name}",
            )


def _node_ports(service: Mapping[str, Any] | None) -> set[int]:
    return {port["nodePort"] for port in (service or {"spec": {}})["spec"].get("ports", []) if "nodePort" in port}
