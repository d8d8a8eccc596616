"""Is what Git says what runs: as Argo CD sees it, and as `make verify` does, hosts and all."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .. import limits
from ..rule import Alert


def alerts(cluster: Cluster) -> Iterator[Alert]:
    ours = f'name="{cluster.name}"'
    yield Alert(
        "NotSynced",
        f'argocd_app_info{{{ours}, sync_status!="Synced"}} == 1',
        "The cluster is not as Git says",
        "Argo CD has found a difference ({{ $labels.sync_status }}) and has not removed it.",
        "The conditions of the Application say what was refused: "
        f"`kubectl -n {cluster.platform.argocd.namespace} describe application {cluster.name}`.",
    )
    yield Alert(
        "SyncedUnhealthy",
        f'argocd_app_info{{{ours}, health_status!~"Healthy|Progressing"}} == 1',
        "What is synced is not healthy",
        "Argo CD calls the Application {{ $labels.health_status }}.",
        f"`kubectl -n {cluster.platform.argocd.namespace} describe application {cluster.name}` names the objects.",
    )
    if limits.NODE_EXPORTER in {service.name for service in cluster.services}:
        yield Alert(
            "Drifted",
            # One of another cluster may be looked at from the same desk.
            f'max by (place, source, thing) (dojot_drift{{cluster="{cluster.name}"}}) > 0',
            "{{ $labels.place }} is not as its commit says: {{ $labels.thing }}",
            "The last look of `make verify` has found it ({{ $labels.source }}).",
            f"`make verify CLUSTER={cluster.name}` says what is wrong and what to do.",
        )
