"""What devices notice of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.cluster.quantity import ceil_div
from components.cluster.types import Cluster
from components.page.words import count, plural, seconds

from .types import Restart

_FOR_GOOD = ("removed", "fewer")


def lines(after: Cluster, restarts: Sequence[Restart]) -> tuple[str, ...]:
    """A sentence for each thing; one that says so where they notice nothing of the sync."""
    found = tuple(_of(after, [restart for restart in restarts if restart.sessions]))
    return found or ("The sync ends no session of a device.",)


def _of(after: Cluster, restarts: Sequence[Restart]) -> Iterator[str]:
    for restart in sorted(restarts, key=lambda each: each.wave):
        what = "go for good" if restart.how in _FOR_GOOD else f"start anew, {restart.how}"
        yield (
            f"Wave {restart.wave}: {plural(restart.pods, 'pod')} of {restart.service} {what}, and "
            f"{plural(restart.sessions, 'session')} with them."
        )
        rate = _rate(after, restart.service)
        if rate and restart.how != "removed":
            yield _back(restart, rate)


def _back(restart: Restart, rate: int) -> str:
    """How long the load balancer's brake keeps them waiting: the least time, whatever brokers can do."""
    turns = 1 if restart.how == "all at once" else restart.pods
    each = ceil_div(restart.sessions, turns)
    text = (
        f"HAProxy lets in {count(rate)} new sessions a second: the {count(each)} that end together are back after "
        f"{seconds(ceil_div(each, rate))} at the earliest"
    )
    return text + ("." if turns == 1 else f", all of them after {seconds(turns * ceil_div(each, rate))}.")


def _rate(cluster: Cluster, service: str) -> int | None:
    """New sessions a second of the listener through which fewest come: the brake of the load balancer."""
    rates = [
        frontend.session_rate
        for frontend in cluster.load_balancer.frontends
        if frontend.devices and frontend.service == service and frontend.session_rate
    ]
    return min(rates, default=None)
