"""Everything that is needed fits into what there is."""

from __future__ import annotations

from typing import Iterator

from ..capacity import Limit, limits
from ..finding import Finding
from ..quantity import cores, gibibytes
from ..types import Cluster


def fits(cluster: Cluster) -> Iterator[Finding]:
    """No binding limit of the capacity report is exceeded."""
    for limit in limits(cluster):
        if limit.binding and not limit.fits:
            yield Finding(
                limit.path, None,
                f"{limit.what}: {amount(limit, limit.needed)} needed, {amount(limit, limit.available)} available",
                limit.way_out,
            )


def amount(limit: Limit, number: int) -> str:
    """A number of the limit's unit, for people."""
    if limit.unit == "cpu":
        return f"{cores(number)} cores"
    return gibibytes(number) if limit.unit == "bytes" else f"{number:,}"


RULES = (fits,)
