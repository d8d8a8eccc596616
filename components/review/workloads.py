"""Which pods a sync replaces or takes away, and the sessions that end with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.cluster.quantity import ceil_div
from components.cluster.types import Cluster

from .types import ObjectChange, Restart

#: Kinds whose controllers replace pods when their template is another one.
CONTROLLERS = ("DaemonSet", "Deployment", "StatefulSet")
# Of the VerneMQ resource: what the operator (vmq-operator, controllers/) does not put into the brokers' pods. `size`
# is their number; `config` goes into a Secret, which a container beside the brokers brings into force; that
# container's image is in a Deployment of its own.
_NOT_IN_BROKERS = ("size", "config", "bundlerImage")


def restarts(changes: Sequence[ObjectChange], before: Cluster | None, nodes: int) -> tuple[Restart, ...]:
    """By wave. `nodes` is how many nodes carry a DaemonSet's pod."""
    return tuple(restart for change in changes for restart in _of(change, before, nodes))


def _of(change: ObjectChange, before: Cluster | None, nodes: int) -> Iterator[Restart]:
    kind = change.identity.kind
    if kind not in (*CONTROLLERS, "VerneMQ") or change.before is None:
        return
    old = pods(change.before, nodes)
    if change.after is None:
        yield _restart(change, before, old, old, "removed")
        return
    new = pods(change.after, nodes)
    if new < old:
        yield _restart(change, before, old - new, old, "fewer")
    if min(old, new) and restarts_pods(change):
        yield _restart(change, before, min(old, new), old, _manner(change.after))


def _restart(change: ObjectChange, before: Cluster | None, gone: int, old: int, how: str) -> Restart:
    return Restart(change.service, change.wave, gone, how, _sessions(change, before, gone, old))


def restarts_pods(change: ObjectChange) -> bool:
    """Does its controller replace pods that are there?"""
    if change.identity.kind == "VerneMQ":
        return any(field.path[0] == "spec" and field.path[1] not in _NOT_IN_BROKERS for field in change.fields)
    return any(field.path[:2] == ("spec", "template") for field in change.fields)


def pods(document: Mapping[str, Any], nodes: int) -> int:
    spec = document["spec"]
    if document["kind"] == "DaemonSet":
        return nodes
    return int(spec.get("size" if document["kind"] == "VerneMQ" else "replicas", 1))


def _manner(document: Mapping[str, Any]) -> str:
    spec = document["spec"]
    strategy = spec.get("strategy", spec.get("updateStrategy", {})).get("type")
    if strategy == "Recreate":
        return "all at once"
    if strategy == "OnDelete":
        return "once someone deletes them"
    return "one after another"


def _sessions(change: ObjectChange, before: Cluster | None, gone: int, old: int) -> int:
    """Those of the pods that go, where devices hold their sessions on them: they are shared evenly."""
    if before is None or not old:
        return 0
    held = any(frontend.devices and frontend.service == change.service for frontend in before.load_balancer.frontends)
    return min(before.scale.devices, ceil_div(before.scale.devices * gone, old)) if held else 0
