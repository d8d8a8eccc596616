"""Machines of several clusters: a machine belongs to one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from components.cluster.types import Cluster

#: Clusters of a line that are named one by one.
_NAMED = 4


def addresses(cluster: Cluster) -> tuple[str, ...]:
    """Of the nodes and of the load balancer's hosts."""
    return tuple(host.address for host in cluster.machines)


def shared(machines: Mapping[str, Collection[str]], asked: Collection[str]) -> Iterator[str]:
    """A line for the clusters that have the same machines in common, one of them `asked`; addresses of each."""
    owners: dict[str, list[str]] = {}
    for name in sorted(machines):
        for address in machines[name]:
            owners.setdefault(address, []).append(name)
    common: dict[tuple[str, ...], list[str]] = {}
    for address, several in owners.items():
        if len(several) > 1 and set(several) & set(asked):
            common.setdefault(tuple(several), []).append(address)
    for names, found in common.items():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield (
            f"note: {_listed(names)} have machines in common ({found[0]}{more}), and a machine belongs to one "
            "cluster: correct the addresses, or delete the target that is not yours"
        )


def _listed(names: tuple[str, ...]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
