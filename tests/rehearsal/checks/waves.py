"""Pods came in the order of the waves, and none had to be started twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.differences import differences

_BROKER = "vernemq"
_DEX = "argocd-dex-server"
_NEVER = "9999-01-01T00:00:00Z"
_WAVE = "argocd.argoproj.io/sync-wave"


def pods_came_in_order(made: RehearsedCluster) -> None:
    """Nothing of a wave was made before all pods of the waves before it had been Ready.

    But for brokers, which nobody waits for: they count as healthy once their operator has been told of them.
    """
    pods = [pod for name in made.cluster.namespaces for pod in made.get("pods", f"--namespace={name}")]
    by_wave: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for wave, namespace, labels in _workloads(made.site.compiled / "manifests"):
        for pod in pods:
            metadata = pod["metadata"]
            if metadata["namespace"] == namespace and labels.items() <= metadata.get("labels", {}).items():
                ready_at = "" if _BROKER in labels else _ready(made, pod)
                by_wave[wave].append((metadata["name"], metadata["creationTimestamp"], ready_at))
    ready, last = "", ""
    for wave, found in sorted(by_wave.items()):
        for name, created, _ in found:
            if created < ready:
                made.report.fail(f"pod {name} of wave {wave} came at {created}, before {last} was Ready at {ready}")
        ready, last = max([(ready, last), *((at, name) for name, _, at in found)])
    made.report.figure("waves with pods", str(len(by_wave)))


def nothing_restarts(made: RehearsedCluster) -> None:
    """But for what ends by design until another one is there."""
    for pod in made.get("pods", "--all-namespaces"):
        status, metadata = pod["status"], pod["metadata"]
        for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            ended = container.get("lastState", {}).get("terminated", {})
            if container["restartCount"] > _excused(metadata, ended):
                made.report.fail(
                    f"{metadata['namespace']}/{metadata['name']}: container {container['name']} was started "
                    f"{container['restartCount'] + 1} times; exit code {ended.get('exitCode')}, {ended.get('reason')}"
                )


def _excused(metadata: dict[str, Any], ended: dict[str, Any]) -> int:
    """So many restarts of a pod say nothing against the cluster."""
    labels = metadata.get("labels", {})
    if differences()["control_groups"]["excused_start"] in ended.get("message", ""):
        return 1
    # Their operator makes brokers together with the server of their plugins, and they end without.
    # Argo CD's dex ends until Argo CD's server has made the key that it signs with.
    if _BROKER in labels or labels.get("app.kubernetes.io/name") == _DEX:
        return 2
    made, over = (
        datetime.fromisoformat(at) for at in (metadata["creationTimestamp"], ended.get("finishedAt") or _NEVER)
    )
    young = (over - made).total_seconds() < differences()["speed"]["admitted_within"]
    return 2 if young and ended.get("reason") == "Error" else 0


def _workloads(folder: Path) -> list[tuple[int, str, dict[str, str]]]:
    """Wave, namespace and labels of whatever makes pods; those of the brokers are their operator's."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for one in yaml.safe_load_all(path.read_text("utf-8")):
            metadata = one["metadata"]
            wave = int(metadata.get("annotations", {}).get(_WAVE, 0))
            if template := one.get("spec", {}).get("template"):
                found.append((wave, metadata["namespace"], template["metadata"]["labels"]))
            elif one["kind"] == "VerneMQ":
                found.append((wave, metadata["namespace"], {"vernemq": metadata["name"]}))
    return found


def _ready(made: RehearsedCluster, pod: dict[str, Any]) -> str:
    """When it first became Ready, or was done with its work; times of one form compare as text."""
    if pod["status"].get("phase") == "Succeeded":
        return max(each["state"]["terminated"]["finishedAt"] for each in pod["status"]["containerStatuses"])
    return made.ready_at.get(pod["metadata"]["uid"], f"{datetime.max:%Y}")


CHECKS = (pods_came_in_order, nothing_restarts)
