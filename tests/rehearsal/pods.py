"""Pods as this machine sees them: processes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def processes() -> dict[str, int]:
    """Uid of a pod -> the process that holds its namespaces, of all pods on this machine.

    It is there as long as the pod is, and called so by its image; the name of its control group has the uid.
    """
    found: dict[str, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "comm").read_text() == "pause\n":
                _, _, rest = (folder / "cgroup").read_text().partition("-pod")
                found[rest.partition(".slice")[0].replace("_", "-")] = int(folder.name)
    return found
