"""Containers with as few open files as containerd 2 gives them by itself."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.checks.devices import brokers_hold_sessions
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import plain
from tests.rehearsal.faulty import fails_in

_DROP_IN = "/etc/systemd/system/containerd.service.d"


def a_broker_with_1024_open_files(made: RehearsedCluster) -> None:
    # The one that the check asks.
    node = plain(made)[0].servers[0].name
    (pod,) = [one for one in made.brokers() if one["spec"]["nodeName"] == node]
    host = made.site.hosts[pod["spec"]["nodeName"]]
    host.run("mv", _DROP_IN, f"{_DROP_IN}.away")
    try:
        _renew(made, pod)
        fails_in(made, brokers_hold_sessions, "sessions")
    finally:
        host.run("mv", f"{_DROP_IN}.away", _DROP_IN)
        _renew(made, pod)


def _renew(made: RehearsedCluster, pod: dict[str, Any]) -> None:
    host, metadata = made.site.hosts[pod["spec"]["nodeName"]], pod["metadata"]
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "containerd")
    made.kubectl("delete", "pod", f"--namespace={metadata['namespace']}", metadata["name"])
    made.ready(metadata["namespace"], 300)


DEFECTS = (a_broker_with_1024_open_files,)
