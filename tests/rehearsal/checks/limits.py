"""The kernel holds a container to the limits that the manifests state."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster, Stuck

_NAME = "rehearsal-eats-memory"
_MEMORY = "32Mi"
# 128 + SIGKILL.
_KILLED = 137


def memory_ends_a_container(made: RehearsedCluster) -> None:
    """One that takes more than its limit is ended for it."""
    image = next((image for image in _images(made) if image.startswith("busybox:")), None)
    if image is None:
        raise Stuck("no manifest names BusyBox's image, by whose tail this check fills a container's memory")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _NAME, "namespace": "default"},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "eats",
                    "image": image,
                    # It keeps so many bytes of what never ends.
                    "command": ["tail", "-c", "200000000", "/dev/zero"],
                    "resources": {"requests": {"cpu": "1m", "memory": _MEMORY}, "limits": {"memory": _MEMORY}},
                }
            ],
        },
    }
    made.kubectl("create", "--filename=-", input=json.dumps(pod))
    try:
        if not until(lambda: _ended(made), 60, pause=1):
            made.report.fail(f"a container with a limit of {_MEMORY} took 200 MB and was not ended")
    finally:
        made.kubectl("delete", "pod", _NAME, "--now")


def _images(made: RehearsedCluster) -> Iterator[str]:
    for pod in made.get("pods", "--all-namespaces"):
        yield from (container["image"] for container in pod["spec"]["containers"])


def _ended(made: RehearsedCluster) -> bool:
    """By the kernel: what it kills as it starts, the runtime may not have been watching yet for the reason."""
    (pod,) = made.get("pods", "--namespace=default", f"--field-selector=metadata.name={_NAME}")
    states = [each.get("state", {}).get("terminated", {}) for each in pod["status"].get("containerStatuses", ())]
    return any(state.get("reason") == "OOMKilled" or state.get("exitCode") == _KILLED for state in states)


CHECKS = (memory_ends_a_container,)
