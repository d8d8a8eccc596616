"""Settings of Argo CD: a patch of its ConfigMap argocd-cm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.cluster.types import Cluster

SCRIPTS = Path(__file__).parent / "health"
# Health checks that Argo CD does not have: key of resource.customizations.health.<group>_<kind> -> script.
_BROKERS = "vernemq.com_VerneMQ"
CHECKS = {
    "argoproj.io_Application": "application.lua",
    _BROKERS: "vernemq.lua",
}


def settings(cluster: Cluster) -> dict[str, Any]:
    """ConfigMap argocd-cm with the platform's settings and the health checks, nothing else: it is to be merged.

    Where Argo CD is somebody else's, with the check of our own kind alone: all others are about what is not ours.
    """
    argocd = cluster.platform.argocd
    checks = {_BROKERS: CHECKS[_BROKERS]} if argocd.existing else CHECKS
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": argocd.namespace},
        "data": ({} if argocd.existing else dict(argocd.settings))
        | {
            f"resource.customizations.health.{kind}": (SCRIPTS / script).read_text("utf-8")
            for kind, script in checks.items()
        },
    }
