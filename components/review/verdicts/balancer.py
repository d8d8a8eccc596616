"""HAProxy's limits, which follow the devices."""

from __future__ import annotations

from collections.abc import Iterator

from components.page.words import count, names

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict


@verdict(Level.ATTENTION)
def source_ports_narrower(change: Change) -> Iterator[Verdict]:
    """HAProxy may hold fewer connections to each broker than before."""
    if not (models := change.models):
        return
    old, new = (each.load_balancer.source_ports_per_server for each in (models.before, models.after))
    if new < old:
        yield Verdict(
            "source-ports-narrower",
            Level.ATTENTION,
            "LoadBalancer/source_ports",
            f"From the reload on, HAProxy connects to each server from {count(new)} ports instead of {count(old)}; the "
            "old process keeps its sessions, and the ports outside the range may be taken by others",
        )


@verdict(Level.ATTENTION)
def hard_stop_shorter(change: Change) -> Iterator[Verdict]:
    """After a reload HAProxy's old process ends its sessions earlier."""
    if not (models := change.models):
        return
    old, new = (each.load_balancer.hard_stop_after for each in (models.before, models.after))
    if new < old:
        yield Verdict(
            "hard-stop-shorter",
            Level.ATTENTION,
            "LoadBalancer/hard_stop_after",
            f"What the old process still holds {count(new)} s after a reload is cut, instead of after {count(old)} s; "
            "processes from before this change keep their longer time",
        )


@verdict(Level.DANGER)
def capacity_lower(change: Change) -> Iterator[Verdict]:
    """HAProxy lets in fewer than before."""
    if not (models := change.models):
        return
    after = {frontend.name: frontend for frontend in models.after.load_balancer.frontends}
    for old in models.before.load_balancer.frontends:
        new = after.get(old.name)
        if new and old.devices and new.sessions < old.sessions:
            few = new.sessions < models.before.scale.devices
            yield Verdict(
                "capacity-lower",
                Level.DANGER if few else Level.ATTENTION,
                f"Listener/{old.name}",
                f"From the reload on, HAProxy takes {count(new.sessions)} sessions instead of "
                f"{count(old.sessions)}"
                + (f": with the {count(models.before.scale.devices)} devices of now, the others wait" if few else ""),
            )


@verdict(Level.ATTENTION)
def balancer_open_files(change: Change) -> Iterator[Verdict]:
    """HAProxy needs more open files than it may have: it raises that limit itself, where its unit lets it."""
    if not (models := change.models):
        return
    old, new = (each.load_balancer for each in (models.before, models.after))
    if new.open_files > old.open_files:
        yield Verdict(
            "balancer-open-files",
            Level.ATTENTION,
            "LoadBalancer/open_files",
            f"HAProxy needs {count(new.open_files)} open files instead of {count(old.open_files)}, and raises its "
            "limit as it is reloaded. One whose unit takes CAP_SYS_RESOURCE from it goes on as it was, and lets in no "
            "more than now",
            f"On {names([host.name for host in new.hosts])}: bootstrap.sh load-balancer. If it says that a restart is "
            "needed, run it again once no device is connected",
        )
