"""Objects of which no other rule speaks. What is not known to be harmless is told."""

from __future__ import annotations

from collections.abc import Iterator

from ..change import Change
from ..registry import verdict
from ..types import Level, ObjectChange, Verdict
from .immutable import cannot_change

# Kind -> the first steps of fields whose change takes force by itself, and breaks nothing by itself: the controller of
# the kind follows. What a template does to pods is told under "restarts", what a policy or a role allows by its rule.
_FOLLOWED: dict[str, tuple[tuple[str, ...], ...]] = {
    "ClusterRole": (("rules",),),
    "ClusterRoleBinding": (("subjects",),),
    # Pods that mount it start anew: their template has its digest.
    "ConfigMap": (("data",),),
    "DaemonSet": (("spec", "template"), ("spec", "updateStrategy")),
    "Deployment": (
        ("spec", "replicas"),
        ("spec", "template"),
        ("spec", "strategy"),
        ("spec", "progressDeadlineSeconds"),
    ),
    # A hook: Argo CD deletes it, and makes the new one.
    "Job": (("spec",),),
    "NetworkPolicy": (("spec", "ingress"), ("spec", "egress"), ("spec", "podSelector")),
    "PersistentVolume": (("spec", "capacity"),),
    "PodDisruptionBudget": (("spec", "maxUnavailable"), ("spec", "minAvailable")),
    "PriorityClass": (("description",),),
    "Role": (("rules",),),
    "RoleBinding": (("subjects",),),
    "Service": (
        ("spec", "ports"),
        ("spec", "externalTrafficPolicy"),
        ("spec", "internalTrafficPolicy"),
        ("spec", "publishNotReadyAddresses"),
    ),
    # Pods that are made from then on have it.
    "ServiceAccount": (("imagePullSecrets",),),
    "StatefulSet": (("spec", "replicas"), ("spec", "template"), ("spec", "updateStrategy")),
    "VerneMQ": (("spec",),),
}
_EVERYWHERE = (("metadata", "annotations"), ("metadata", "labels"))
# What callers look for by its name, or what runs.
_MISSED = ("DaemonSet", "Deployment", "Service")


@verdict(Level.ATTENTION)
def field_unknown(change: Change) -> Iterator[Verdict]:
    """A field changes of which no rule knows what the change does."""
    for found in change.objects:
        if found.how != "changed":
            continue
        names = list(dict.fromkeys(".".join(path[:2]) for path in _unknown(found)))
        if names:
            yield Verdict(
                "field-unknown",
                Level.ATTENTION,
                str(found.identity),
                f"Nothing is known of what a change of {', '.join(names)} does to a {found.identity.kind} in use",
            )


def _unknown(change: ObjectChange) -> Iterator[tuple[str, ...]]:
    known = (*_EVERYWHERE, *_FOLLOWED.get(change.identity.kind, ()))
    refused = {field.path for field in cannot_change(change)}
    for field in change.fields:
        if field.path not in refused and not any(field.path[: len(path)] == path for path in known):
            yield field.path


@verdict(Level.ATTENTION)
def object_gone(change: Change) -> Iterator[Verdict]:
    """What runs, or what others call by its name, is taken away."""
    gone: dict[str, list[str]] = {}
    for found in change.of_kind(*_MISSED, how="removed"):
        if found in change.left:
            continue
        gone.setdefault(found.identity.kind, []).append(found.identity.name)
    for kind, names in gone.items():
        end = "; whoever outside calls one by its name finds nothing" if kind == "Service" else " with all pods"
        yield Verdict("object-gone", Level.ATTENTION, kind, f"Argo CD deletes {', '.join(names)}{end}")
