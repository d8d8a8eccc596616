"""Names, labels and Argo CD annotations of objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.cluster.types import DOJOT_LABEL, Cluster

# Sync waves of what services stand on; services themselves begin at 10.
NAMESPACE_WAVE = -30
FOUNDATION_WAVE = -20
SUPPORT_WAVE = -10

# By this a NetworkPolicy finds a namespace; Kubernetes 1.17 gives them no label of its own.
NAMESPACE_LABEL = "dojot.components/namespace"

WAVE = "argocd.argoproj.io/sync-wave"
OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE = "argocd.argoproj.io/compare-options"


def metadata(
    name: str,
    wave: int,
    *,
    namespace: str | None = None,
    labels: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The metadata of an object; cluster-scoped ones have no namespace.

    What pruning spares is not reported as a difference either once its manifest is gone:
    Argo CD would try to sync it away again and again.
    """
    meta: dict[str, Any] = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    meta["labels"] = dict(labels or DOJOT_LABEL)
    notes = {WAVE: str(wave), **(annotations or {})}
    if options:
        notes[OPTIONS] = ",".join(options)
    if "Prune=false" in options:
        notes[COMPARE] = "IgnoreExtraneous"
    meta["annotations"] = dict(sorted(notes.items()))
    return meta


def protection(cluster: Cluster) -> tuple[str, ...]:
    """Sync options that keep an object although its manifest is gone."""
    return tuple(cluster.platform.argocd.protect_options)


def api_version(cluster: Cluster, kind: str, default: str) -> str:
    """The API version of a kind that is not the same in every release."""
    return cluster.platform.kubernetes.api_versions.get(kind, default)
