"""Pods as this machine sees them: processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_HOLDER = "pause"


def processes_of(uid: str) -> list[int]:
    """Processes of this machine that are a pod's, without the one that holds its namespaces."""
    return [process for process, pod, name in _every() if pod == uid and name != _HOLDER]


def processes() -> dict[str, int]:
    """Uid of a pod -> the process that holds its namespaces, of all pods on this machine.

    It is there as long as the pod is, and called so by its image; the name of its control group has the uid.
    """
    return {pod: process for process, pod, name in _every() if name == _HOLDER}


def _every() -> Iterator[tuple[int, str, str]]:
    """Process, uid of its pod, name of its program."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name = (folder / "comm").read_text().rstrip("\n")
            _, _, rest = (folder / "cgroup").read_text().partition("-pod")
            if rest:
                yield int(folder.name), rest.partition(".slice")[0].replace("_", "-"), name
