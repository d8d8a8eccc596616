"""Pods as this machine sees them: processes."""

from __future__ import annotations

from pathlib import Path


def processes() -> dict[str, int]:
    """Uid of a pod -> a process of it, of all that run on this machine: the control group's name has the uid."""
    found: dict[str, int] = {}
    for path in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            _, there, rest = path.read_text().partition("-pod")
        except OSError:
            continue
        if there:
            found.setdefault(rest.partition(".slice")[0].replace("_", "-"), int(path.parent.name))
    return found
