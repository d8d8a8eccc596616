"""Everything that is needed fits into what there is."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding

from ..capacity import Limit, limits
from ..quantity import cores, gibibytes, told_apart
from ..types import Cluster
from .registry import Stage, rule


@rule(Stage.CAPACITY)
def fits(cluster: Cluster) -> Iterator[Finding]:
    """No binding limit of the capacity report is exceeded."""
    worst: dict[tuple[tuple[str, ...], str, str], Limit] = {}
    for limit in limits(cluster):
        if not limit.binding or limit.fits:
            continue
        # One thing to do, one line: the same range may be too narrow for two listeners.
        todo = (limit.path, limit.unit, limit.way_out)
        if todo not in worst or limit.headroom < worst[todo].headroom:
            worst[todo] = limit
    for limit in worst.values():
        beside = " beside what is reserved for the system" if _is_hardware(limit) else ""
        needed, available = (
            told_apart(limit.needed, limit.available)
            if limit.unit == "bytes"
            else (amount(limit, limit.needed), amount(limit, limit.available))
        )
        yield Finding(limit.path, None, f"{limit.what}: {needed} needed, {available} available{beside}", limit.way_out)


def amount(limit: Limit, number: int) -> str:
    """A number of the limit's unit, for people."""
    if limit.unit == "cpu":
        return f"{cores(number)} cores"
    return gibibytes(number) if limit.unit == "bytes" else f"{number:,}"


def _is_hardware(limit: Limit) -> bool:
    return limit.path[:2] in (("cluster", "nodes"), ("load_balancer", "hardware"))
