"""The MQTT brokers, and the sessions on them."""

from __future__ import annotations

from collections.abc import Iterator

from components.page.words import count

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict


@verdict(Level.DANGER)
def brokers_fewer(change: Change) -> Iterator[Verdict]:
    """Brokers go, and whether they have left their cluster nobody sees: the others wait for one that has not."""
    for restart in change.restarts:
        if restart.how == "fewer" and restart.sessions and _is_broker(change, restart.service):
            yield Verdict(
                "brokers-fewer",
                Level.DANGER,
                f"Service/{restart.service}",
                f"The last {count(restart.pods)} have {_grace(change)} s to leave as they end. What is not done by "
                "then, or goes wrong, nobody sees: the others go on counting them as members (netsplit), and queues "
                "that only these hold are lost",
                "Before the merge, on the control plane: bootstrap.sh leave --server NODE, the highest number first: "
                "docs/operations.md, 'Fewer brokers'",
            )


def _grace(change: Change) -> int:
    """Seconds that the operator gives a broker's pod: its own default is an hour."""
    models = change.models
    brokers = models.before.brokers if models else None
    return (brokers and brokers.spec.grace_period) or 3600


def _is_broker(change: Change, service: str) -> bool:
    models = change.models
    return bool(models and models.before.brokers and models.before.brokers.name == service)


@verdict(Level.DANGER)
def sessions_end(change: Change) -> Iterator[Verdict]:
    """Pods that hold devices' sessions start anew."""
    for restart in change.restarts:
        if restart.sessions and restart.how != "fewer":
            yield Verdict(
                "sessions-end",
                Level.DANGER if restart.how in ("removed", "all at once") else Level.ATTENTION,
                f"Service/{restart.service}",
                f"{count(restart.pods)} pods go {_manner(restart.how)}, and the sessions of {count(restart.sessions)} "
                "devices with them; each device connects again",
            )


def _manner(how: str) -> str:
    return "for good" if how == "removed" else how


@verdict(Level.ATTENTION)
def only_pod_restarts(change: Change) -> Iterator[Verdict]:
    """The only pod of a service goes before the next one comes: what it serves is away for that time."""
    for found in change.of_kind("Deployment", "StatefulSet"):
        restart = next((each for each in change.restarts if each.service == found.service and each.pods == 1), None)
        if found.before is None or found.after is None or restart is None:
            continue
        alone = found.before["spec"].get("replicas", 1) == 1
        away = found.identity.kind == "StatefulSet" or restart.how == "all at once"
        if alone and away and restart.how in ("one after another", "all at once"):
            yield Verdict(
                "only-pod-restarts",
                Level.ATTENTION,
                str(found.identity),
                "Its only pod ends before the new one starts: whoever calls it waits, or is refused, for that time",
            )
