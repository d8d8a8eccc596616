"""The kernel holds a container to the limits that the manifests state."""

from __future__ import annotations

import json

from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster

_NAME = "rehearsal-eats-memory"
_MEMORY = "32Mi"


def memory_ends_a_container(made: RehearsedCluster) -> None:
    """One that takes more than its limit is ended for it. It is of an image of the cluster that has a shell."""
    image = made.shell_image()
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
                    # tail keeps what comes without a line break.
                    "command": ["sh", "-c", "tail -c 200000000 /dev/zero | tail -c 200000000 >/dev/null; exit 0"],
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
        made.kubectl("delete", "pod", _NAME, "--now", "--wait=false")


def _ended(made: RehearsedCluster) -> bool:
    (pod,) = made.get("pods", "--namespace=default", f"--field-selector=metadata.name={_NAME}")
    states = [each.get("state", {}).get("terminated", {}) for each in pod["status"].get("containerStatuses", ())]
    return any(state.get("reason") == "OOMKilled" for state in states)


CHECKS = (memory_ends_a_container,)
