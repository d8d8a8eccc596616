"""The reserve of each node covers what runs there beside services."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding

from ..quantity import binary, cores
from ..reserve import eviction, network_pods, system_reserved
from ..types import Cluster
from .registry import Stage, rule


@rule(Stage.CAPACITY)
def reserve_covers_the_system(cluster: Cluster) -> Iterator[Finding]:
    """The pod network's requests and what the kubelet keeps free are parts of the reserve; a kubelet that is to keep
    nothing for its host, or less, does not start."""
    remaining, network, free = system_reserved(cluster), network_pods(cluster), eviction(cluster)
    for kind in ("cpu", "memory", "disk"):
        if getattr(remaining, kind) > 0:
            continue
        taken = getattr(network, kind), getattr(free, kind)
        reasons = [
            f"{_amount(kind, number)} {words}"
            for number, words in zip(
                taken,
                ("are requested by the pods of the pod network", "are kept free by the kubelet (its eviction)"),
                strict=True,
            )
            if number
        ]
        yield Finding(
            ("reserve", kind),
            None,
            f"of {_amount(kind, getattr(cluster.reserve, kind))}, {' and '.join(reasons)}, "
            "which leaves nothing for the operating system and the kubelet",
            f"Write more than {_amount(kind, sum(taken))}",
        )


def _amount(kind: str, number: int) -> str:
    return f"{cores(number)} cores" if kind == "cpu" else binary(number)
