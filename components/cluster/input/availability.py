"""How many of each there are, so that the loss of a machine stops as little as possible."""

from __future__ import annotations

from .entry import Entry
from .shapes import Instances


class Availability(Entry):
    """How many of each there are where several can be."""

    members: Instances
    """servers that keep copies for each other: Kafka, ZooKeeper"""
    replicas: Instances
    """pods of a service whose callers may ask any of them, each on a node of its own"""
