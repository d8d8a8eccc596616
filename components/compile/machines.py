"""Machines of several clusters: a machine belongs to one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from components.cluster.types import Cluster


def addresses(cluster: Cluster) -> tuple[str, ...]:
    """Of the nodes and of the load balancer."""
    return (*(node.address for node in cluster.nodes), cluster.load_balancer.address)


def shared(machines: Mapping[str, Collection[str]], asked: Collection[str]) -> Iterator[str]:
    """A line for each two clusters of which one is `asked` and that have machines in common; addresses of each."""
    for one, other in combinations(sorted(machines), 2):
        common = [address for address in machines[one] if address in machines[other]]
        if common and {one, other} & set(asked):
            more = f" and {len(common) - 1} more" if len(common) > 1 else ""
            yield (
                f"note: {one} and {other} have machines in common ({common[0]}{more}), and a machine belongs to one "
                "cluster: correct the addresses, or delete the target that is not yours"
            )
