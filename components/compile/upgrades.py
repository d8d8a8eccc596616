"""Kubernetes of a cluster that was compiled before: where kubeadm can bring it from there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from components.cluster.types import Cluster
from components.inventory.finding import Finding

#: What the last compile wrote into the cluster's folder, and where it says the release.
_CONFIG = "bootstrap/kubeadm-init.yml"
_RELEASE = re.compile(rb"^kubernetesVersion: (v\d+\.\d+\.\d+)$", re.MULTILINE)


def hindrance(old: str, new: str) -> str | None:
    """Why no cluster goes from one release (v1.36.5) to another; None: it does, in one step."""
    before, after = _numbers(old), _numbers(new)
    if after < before:
        return "Kubernetes never goes back"
    if after[0] > before[0] or after[1] > before[1] + 1:
        return "kubeadm upgrades by one minor release at a time"
    return None


def findings(cluster: Cluster, folder: Path) -> Iterator[Finding]:
    """`folder` has the cluster's files of the last compile; without them, or in any other form, nothing is judged."""
    try:
        written = _RELEASE.search((folder / _CONFIG).read_bytes())
    except OSError:
        return
    new = cluster.platform.kubernetes.version
    if written and (why := hindrance(old := written[1].decode(), new)):
        major, minor, _ = _numbers(old)
        onwards = _numbers(new) > _numbers(old)
        first = (
            f"First a release of v{major}.{minor + 1}, brought to every node"
            if onwards
            else f"Name {old} or a later one"
        )
        yield Finding(
            ("platform", "kubernetes", "version"),
            new,
            f"{folder} was compiled for {old}, and {why}",
            f"{first}; or delete {folder} and compile again, where no machine has {old}: after an edit that is taken "
            "back, or for a cluster that is made anew",
            "upgrades",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.removeprefix("v").split(".")))
