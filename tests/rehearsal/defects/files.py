"""Containers with as few open files as containerd 2 gives them by itself."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from components.cluster.types import Server
from tests.engines.mqtt.client import Client, Unanswered
from tests.rehearsal.checks.devices import SESSIONS, brokers_hold_sessions
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import plain
from tests.rehearsal.faulty import fails_in
from tests.rehearsal.pods import processes_of

_DROP_IN = "/etc/systemd/system/containerd.service.d"
_FEW = 1024


def a_broker_with_1024_open_files(made: RehearsedCluster) -> None:
    # The one that the check asks.
    server = plain(made)[0].servers[0]
    host = made.site.hosts[server.name]
    host.run("mv", _DROP_IN, f"{_DROP_IN}.away")
    try:
        pod = _renewed(made, server)
        if _FEW not in {_files(process) for process in processes_of(pod["metadata"]["uid"])}:
            made.report.fail(f"without the drop-in a broker may open more than {_FEW} files")
        fails_in(made, brokers_hold_sessions, f"of {SESSIONS} sessions")
    finally:
        host.run("mv", f"{_DROP_IN}.away", _DROP_IN)
        _renewed(made, server)


def _renewed(made: RehearsedCluster, server: Server) -> dict[str, Any]:
    """The broker's pod, made anew by a runtime that was started anew, when it answers devices."""
    host, (old,) = made.site.hosts[server.name], _brokers(made, server)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "containerd")
    metadata = old["metadata"]
    made.kubectl("delete", "pod", f"--namespace={metadata['namespace']}", metadata["name"], timeout=420)
    made.wait(
        lambda: made.balancer.in_network(lambda: _answers(server)), "a broker does not answer", lambda: [host.name], 300
    )
    (new,) = _brokers(made, server)
    return new


def _brokers(made: RehearsedCluster, server: Server) -> list[dict[str, Any]]:
    return [one for one in made.brokers() if one["spec"]["nodeName"] == server.name]


def _answers(server: Server) -> bool:
    with suppress(OSError, Unanswered), Client(server.address, server.port, "rehearsal-asks", patience=5):
        return True
    return False


def _files(process: int) -> int:
    """The soft limit of open files."""
    lines = Path("/proc", str(process), "limits").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("Max open files")]
    return int(line.split()[3])


DEFECTS = (a_broker_with_1024_open_files,)
