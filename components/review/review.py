"""A change from one side to another: the clusters that it reaches, each reviewed on a core of its own."""

from __future__ import annotations

import contextlib

from components.compile.workers import WorkerDied, spread

from .compare import Comparison, Failed
from .side import Side
from .types import ClusterReview, Review


class ReviewFailed(Exception):
    """A bug of this repository stopped it; `trace` says where."""

    def __init__(self, failure: Failed):
        self.trace = failure.trace
        super().__init__(f"{failure.cluster}: {failure.reason}: this is a bug in the review or a face. Report it")


def review(before: Side, after: Side) -> Review:
    """Raises ReviewFailed."""
    if after.refused:
        # No cluster can be told from another.
        whole = ClusterReview("every cluster", "refused", findings=tuple(map(after.named, after.files.findings)))
        return Review(before.label, after.label, (whole,), ())
    reached = _reached(before, after)
    clusters: list[ClusterReview] = []
    try:
        with contextlib.closing(spread(Comparison(before, after).run, reached)) as work:
            for found in work:
                if isinstance(found, Failed):
                    raise ReviewFailed(found)
                clusters.append(found)
    except WorkerDied as death:
        raise ReviewFailed(Failed(death.name, death.reason, "")) from death
    # What has other sources, and is the same for all that, is not reached.
    told = [each for each in clusters if each.how != "changed" or each.files]
    names = {each.name for each in told}
    others = sorted((before.clusters | after.clusters) - names)
    ordered = sorted(told, key=lambda each: (-each.level, each.name))
    notes = [f"{before.label}: {before.named(line)}" for line in before.files.findings]
    return Review(before.label, after.label, tuple(ordered), tuple(others), tuple(notes))


def _reached(before: Side, after: Side) -> list[str]:
    """Clusters that are made of something else than before; all of them where the code is another one."""
    names = before.clusters | after.clusters
    if before.committed is not None or after.committed is not None:
        return sorted(names)
    return sorted(name for name in names if before.keys.get(name) != after.keys.get(name))
