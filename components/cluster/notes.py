"""What an operator should know of a cluster that is accepted."""

from __future__ import annotations

from collections.abc import Iterator

from .runs import unjudged
from .types import Cluster

# More images than these are counted.
_NAMED = 4


def notes(cluster: Cluster) -> Iterator[str]:
    """One line for each subject."""
    if images := unjudged(cluster):
        named = [f"{image} ({service})" for image, service in images.items()]
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        yield (
            f"note: {cluster.name}: what these images need is not known, so whether they get it is not judged: "
            f"{', '.join(named[:_NAMED])}{more}. How to say it: docs/contracts.md"
        )
