"""Argo CD: is what Git says what runs."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

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
