"""Kernel limits of the load-balancer host, by rule from the model's numbers."""

from __future__ import annotations

# Linux' own default of fs.nr_open, what one process may open at most; it is raised where HAProxy needs more.
DEFAULT_NR_OPEN = 1_048_576
# What everything else on a small host opens (measured far below; a round number).
OTHER_FILES = 65_536


def file_handles(open_files: int) -> dict[str, int]:
    """fs.nr_open (one process) and fs.file-max (whole host) for `open_files` of HAProxy.

    For a while after a reload two processes hold their files, so the host needs
    room for both. Kernels before 5.x with 4 GB start with about 400,000.
    """
    return {
        "nr_open": max(DEFAULT_NR_OPEN, open_files),
        "file_max": 2 * open_files + OTHER_FILES,
    }


def connection_tracking_entries(sessions: int) -> int:
    """nf_conntrack_max for a host that tracks connections.

    Each session is two connections (client, server), and closed ones stay listed
    for a while: four entries a session.
    """
    return 4 * sessions
