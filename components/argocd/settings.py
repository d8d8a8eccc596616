"""Settings of Argo CD: a patch of its ConfigMap argocd-cm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.cluster.types import Cluster

SCRIPTS = Path(__file__).parent / "health"
# Health checks that Argo CD does not have: key of resource.customizations.health.<group>_<kind> -> script.
CHECKS = {
    "argoproj.io_Application": "application.lua",
    "vernemq.com_VerneMQ": "vernemq.lua",
}


def settings(cluster: Cluster) -> dict[str, Any]:
    """ConfigMap argocd-cm with the platform's settings and the health checks, nothing else: it is to be merged."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": cluster.platform.argocd.namespace},
        "data": dict(cluster.platform.argocd.settings)
        | {
            f"resource.customizations.health.{kind}": (SCRIPTS / script).read_text("utf-8")
            for kind, script in CHECKS.items()
        },
    }
