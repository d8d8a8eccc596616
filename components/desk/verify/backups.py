"""How old the last whole backup is, by what its step tells Prometheus; the bound is that of the alert."""

from __future__ import annotations

import re
import time

from components.cluster.types import Cluster

from ..hosts import Host
from ..ssh import Desk
from .finding import Finding

SOURCE = "backups"
#: Where the step backup writes it (bootstrap/lib/backup.sh), the line, and the timer of the step backup-timer.
_FILE, _LINE = "/var/lib/dojot/metrics/backup.prom", re.compile(r"^dojot_backup_timestamp_seconds (\d+)$", re.M)
_TIMER = "/etc/systemd/system/dojot-backup.timer"
_ALERT = "BackupTooOld"


async def look(desk: Desk, host: Host, cluster: Cluster) -> list[Finding]:
    """`host` is the control plane. Unreached."""
    if not cluster.backup.enabled or not cluster.monitoring:
        return []
    last = await desk.as_root(host, "cat", _FILE, check=False)
    timer = await desk.as_root(host, "stat", "--format=%Y", _TIMER, check=False)
    wrong = late(last.output, timer.output, time.time(), float(cluster.monitoring.alerts[_ALERT].bound or 0))
    do = f"on {host.name}: systemctl start dojot-backup, and journalctl -u dojot-backup"
    return [Finding(where=host.name, what="the last backup", wrong=wrong, do=do, source=SOURCE)] if wrong else []


def late(text: str, timer: str, now: float, hours: float) -> str:
    """What is wrong, if anything.

    `text`: the file's, empty where there is none; `timer`: since when there is a timer, in seconds since 1970. A new
    one has made none yet.
    """
    made = _LINE.search(text)
    since = made[1] if made else timer.strip()
    age = (now - int(since)) / 3600 if since.isdigit() else float("inf")
    if age <= hours:
        return ""
    return f"it is {age:.0f} hours old, and the alert {_ALERT} has {hours:.0f}" if made else "there has been none yet"
