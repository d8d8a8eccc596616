"""What devices notice of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.cluster.quantity import ceil_div
from components.cluster.types import Cluster
from components.page.words import count, plural, seconds

from .types import Restart


def lines(before: Cluster, after: Cluster, restarts: Sequence[Restart]) -> tuple[str, ...]:
    """A sentence for each thing; one that says so where they notice nothing of the sync."""
    found = tuple(_of(before, after, [restart for restart in restarts if restart.sessions]))
    return found or ("The sync ends no session of a device.",)


def _of(before: Cluster, after: Cluster, restarts: Sequence[Restart]) -> Iterator[str]:
    for restart in sorted(restarts, key=lambda each: each.wave):
        pods = f"{plural(restart.pods, 'pod')} of {restart.service} {_verb(restart)}"
        yield f"Wave {restart.wave}: {pods}, and {plural(restart.sessions, 'session')} with them."
        if (rate := _rate(after, restart.service)) and restart.how != "removed":
            each = ceil_div(restart.sessions, restart.pods)
            together = restart.how == "all at once"
            share = restart.sessions if together else each
            yield (
                f"HAProxy lets in {count(rate)} new sessions a second and listener: the "
                f"{count(share)} of {'all pods' if together else 'one pod'} are back after {seconds(ceil_div(share, rate))}"
                + ("" if together or restart.pods == 1 else f", of all after {seconds(restart.pods * ceil_div(each, rate))}")
                + " at the earliest."
            )


def _verb(restart: Restart) -> str:
    return {"removed": "go for good", "fewer": "go for good"}.get(restart.how, f"start anew, {restart.how}")


def _rate(cluster: Cluster, service: str) -> int | None:
    """New sessions a second of the listener through which fewest come: the brake of the load balancer."""
    rates = [
        frontend.session_rate
        for frontend in cluster.load_balancer.frontends
        if frontend.devices and frontend.service == service and frontend.session_rate
    ]
    return min(rates, default=None)
