"""Everything that is needed fits into what there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.inventory.finding import Finding, listed

from ..capacity import Limit, enough, limits, machine_of
from ..quantity import cores, gibibytes, told_apart
from ..types import Cluster
from .registry import Stage, rule


@rule(Stage.CAPACITY)
def fits(cluster: Cluster) -> Iterator[Finding]:
    """No binding limit of the capacity report is exceeded."""
    exceeded = [limit for limit in limits(cluster) if limit.binding and not limit.fits]
    yield from _machines(cluster, [limit for limit in exceeded if limit.hardware])
    worst: dict[tuple[tuple[str, ...], str, str], Limit] = {}
    for limit in exceeded:
        # One thing to do, one line: the same range may be too narrow for two listeners.
        todo = (limit.path, limit.unit, limit.way_out)
        if not limit.hardware and (todo not in worst or limit.headroom < worst[todo].headroom):
            worst[todo] = limit
    for limit in worst.values():
        yield Finding(limit.path, None, f"{limit.what}: {_both(limit)}", limit.way_out)


def _machines(cluster: Cluster, exceeded: Sequence[Limit]) -> Iterator[Finding]:
    """One for each machine, with all that it lacks; machines that lack the same have one together."""
    lacking: dict[tuple[str, ...], list[Limit]] = {}
    for limit in exceeded:
        lacking.setdefault(limit.path, []).append(limit)
    alike: dict[tuple[tuple[object, ...], ...], list[tuple[str, ...]]] = {}
    for path, found in lacking.items():
        figures = tuple((limit.hardware, limit.needed, limit.available) for limit in found)
        alike.setdefault((path[:-1], *figures), []).append(path)
    for paths in alike.values():
        found, names = lacking[paths[0]], [path[-1] for path in paths]
        has = machine_of(cluster, found[0])
        for limit in found:
            has = enough(cluster, limit, has)
        kind = "node" if paths[0][0] == "cluster" else "load balancer"
        where = f" on {kind if len(names) == 1 else 'each of'} {listed(names)}"
        give = f"Give {listed(names)} {has}"
        first, *others = (f"{limit.what.removesuffix(f' on {kind} {names[0]}')}@: {_both(limit)}" for limit in found)
        said = "; ".join([first.replace("@", where), *(words.replace("@", "") for words in others)])
        yield Finding(
            paths[0],
            None,
            f"{said} beside what is reserved for the system",
            ", or ".join([give, *dict.fromkeys(limit.way_out for limit in found)]),
        )


def _both(limit: Limit) -> str:
    needed, available = (
        told_apart(limit.needed, limit.available)
        if limit.unit == "bytes"
        else (amount(limit, limit.needed), amount(limit, limit.available))
    )
    return f"{needed} needed, {available} available"


def amount(limit: Limit, number: int) -> str:
    """A number of the limit's unit, for people."""
    if limit.unit == "cpu":
        return f"{cores(number)} cores"
    return gibibytes(number) if limit.unit == "bytes" else f"{number:,}"
