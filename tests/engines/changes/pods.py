"""The pods of a cluster at work, by the service that they belong to."""

from __future__ import annotations

import json

from tests.compiled.tree import Object, name_of
from tests.engines.kubernetes.control_plane import ControlPlane


def pods(plane: ControlPlane) -> dict[str, str]:
    """Uid -> service, of all but what the operator runs beside the brokers, and of Jobs."""
    found = {}
    for pod in _owned(plane):
        labels = pod["metadata"]["labels"]
        # Argo CD's own have no such label.
        if pod["metadata"]["ownerReferences"][0]["kind"] != "Job" and labels.get("app", "vmq-bundler") != "vmq-bundler":
            found[pod["metadata"]["uid"]] = "vernemq" if labels["app"] == "vernemq" else labels["name"]
    return found


def ending(plane: ControlPlane) -> list[str]:
    """ "Pod NAME" of those that are about to go."""
    return [name_of({**pod, "kind": "Pod"}) for pod in _owned(plane) if "deletionTimestamp" in pod["metadata"]]


def _owned(plane: ControlPlane) -> list[Object]:
    items = json.loads(plane.kubectl("get", "pods", "--all-namespaces", "--output=json").stdout)["items"]
    return [pod for pod in items if pod["metadata"].get("ownerReferences")]
