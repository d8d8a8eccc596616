"""A volume is full: its directory has no bounds, so that somebody has to be told."""

from __future__ import annotations

import json
from urllib.request import ProxyHandler, build_opener

from tests.engines.bootstrap.network import in_network
from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.pods import processes

_ALERT = "VolumeFilling"
# Seconds: volumes are measured once a minute, and Prometheus asks and judges once more.
_PATIENCE = 240


def a_volume_is_filled(made: RehearsedCluster) -> None:
    """Prometheus sees it: the alert is pending, and fires when the volume stays so."""
    _, _, disk = min(made.cluster.disks, key=lambda each: each[2].size, default=(None, None, None))
    if disk is None:
        made.report.figure("a volume is filled", "this cluster has no volumes")
        return
    host, file = made.site.hosts[disk.node.name], f"{disk.host_path}/rehearsal-fills-it"
    host.run("dd", "if=/dev/zero", f"of={file}", "bs=1024", f"count={disk.size // 1024}", "conv=fsync")
    try:
        if not until(lambda: disk.host_path in _told(made), _PATIENCE, pause=5):
            made.report.fail(f"{disk.host_path} on {disk.node.name} is full, and no alert {_ALERT} names it")
    finally:
        host.run("rm", "--force", file)


def _told(made: RehearsedCluster) -> str:
    """The alerts of this name, pending or firing."""
    (pod,) = made.pods_of(made.cluster.service("prometheus"))
    port = next(port.number for port in made.cluster.service("prometheus").container.ports)

    def ask() -> str:
        # By no proxy of this machine.
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=30) as answer:
            alerts = json.load(answer)["data"]["alerts"]
        return json.dumps([one for one in alerts if one["labels"]["alertname"] == _ALERT])

    return in_network(processes()[pod["metadata"]["uid"]], ask)


FAULTS = (a_volume_is_filled,)
