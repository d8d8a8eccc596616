"""What is saved of a cluster, and where to."""

from __future__ import annotations

from typing import Annotated

from .entry import Entry
from .scalar import Scalar
from .shapes import Directory, Positive, Switch


class Backup(Entry):
    """Backups of the control plane (etcd, certificates and keys) and of the databases, made by the control plane."""

    enabled: Switch
    """whether they are made"""
    folder: Directory
    """directory of the control plane; what is mounted there is outside of its own disk"""
    at: Annotated[
        str,
        Scalar(
            "a time of day in quotes, hours and minutes in UTC, such as '02:30'",
            pattern="([01][0-9]|2[0-3]):[0-5][0-9]",
        ),
    ]
    """when, each day (UTC)"""
    keep: Positive
    """how many are kept"""
