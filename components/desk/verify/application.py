"""Argo CD's Application: at which commit is it, and does it follow Git by itself?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes.client import ApiClient, ApiException, CustomObjectsApi

from components.cluster.types import Cluster

from ..commit import Commit
from .finding import CLUSTER, Finding

SOURCE = "application"
_KIND = {"group": "argoproj.io", "version": "v1alpha1", "plural": "applications"}


async def look(api: ApiClient, cluster: Cluster, commit: Commit) -> list[Finding]:
    return await asyncio.to_thread(_look, api, cluster, commit)


def _look(api: ApiClient, cluster: Cluster, commit: Commit) -> list[Finding]:
    place = {**_KIND, "namespace": cluster.platform.argocd.namespace, "name": cluster.name}
    try:
        found: Any = CustomObjectsApi(api).get_namespaced_custom_object(**place)
    except ApiException as error:
        if error.status != 404:
            raise
        # verify and argocd tell it.
        return []
    return [
        Finding(where=CLUSTER, what=f"Application {cluster.name}", wrong=wrong, do=do, source=SOURCE)
        for wrong, do in findings(found, commit)
    ]


def findings(found: Mapping[str, Any], commit: Commit) -> Iterator[tuple[str, str]]:
    """What is wrong, and the way out."""
    automated = found.get("spec", {}).get("syncPolicy", {}).get("automated")
    if automated is None or automated.get("enabled") is False:
        yield "it does not sync by itself", "the step argocd puts its policy back, where nobody wants it so"
    revision = found.get("status", {}).get("sync", {}).get("revision", "")
    if not commit.repo or revision == commit.repo.head.commit.hexsha:
        return
    if not revision:
        yield "it has looked at no commit yet", "the step synced waits for it"
        return
    others = commit.differs_from(revision)
    if others is None:
        yield f"it is at {revision[:12]}, which is not known here", "git fetch, and look again"
    elif others:
        yield (
            f"it is at {revision[:12]}, where {len(others)} manifests differ, such as {others[0].rpartition('/')[2]}",
            "push and merge what is here, or git pull what is there",
        )


def note(commit: Commit) -> Iterator[str]:
    if str(commit).endswith("+"):
        yield f"{commit.folder} is not as in the commit {str(commit)[:12]}: compared was what is here"
    elif not commit.repo:
        yield f"{commit.folder} is in no Git repository: the commit of the Application was compared with none"
