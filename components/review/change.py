"""A change of one cluster, as the rules of verdicts ask about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from components.cluster.types import Cluster

from .side import Compiled
from .types import HostStep, ObjectChange, Restart


@dataclass(frozen=True, eq=False)
class Models:
    """The cluster before and after, where both could be read."""

    before: Cluster
    after: Cluster


@dataclass(frozen=True, eq=False)
class Change:
    """Both sides of a cluster that has files on both, and what differs.

    `left` are objects that go from Git and that Argo CD may not delete.
    """

    name: str
    before: Compiled
    after: Compiled
    objects: tuple[ObjectChange, ...]
    steps: tuple[HostStep, ...]
    restarts: tuple[Restart, ...]
    left: tuple[ObjectChange, ...] = ()

    @cached_property
    def models(self) -> Models | None:
        before, after = self.before.cluster, self.after.cluster
        return Models(before, after) if before and after else None

    def of_kind(self, *kinds: str, how: str = "") -> Iterator[ObjectChange]:
        """Objects of these kinds; with `how` those alone that are added, removed or changed."""
        for change in self.objects:
            if change.identity.kind in kinds and how in ("", change.how):
                yield change
