"""All sources at once, as far as each can be reached: one look at a cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from components.cluster.types import Cluster
from components.kubeadm.steps import Step

from ..commit import Commit
from ..files import lent
from ..hosts import Host, control_plane, control_planes
from ..plan import Task
from ..ssh import Desk, Failed, Unreached
from . import application, backups, kubelets, message, objects, places, steps
from .finding import CLUSTER, Finding, Look, once
from .way import way

_OF_HOSTS = (steps.SOURCE, steps.INSIDE, backups.SOURCE)
_OF_THE_API = (objects.SOURCE, application.SOURCE, places.SOURCE, kubelets.SOURCE)
SOURCES = (*_OF_HOSTS, *_OF_THE_API, message.SOURCE)


@dataclass(frozen=True, eq=False)
class Order:
    """What to look at. `machines` are all of the cluster, `hosts` those that are looked at; `files` is files.archive().

    `tasks` are all of a bring-up. `device` is None where nobody has named one.
    """

    cluster: Cluster
    machines: Sequence[Host]
    hosts: Sequence[Host]
    sources: Collection[str]
    steps: Sequence[Step]
    tasks: Sequence[Task]
    files: bytes
    folder: Path
    commit: Commit
    kubeconfig: Path | None = None
    device: message.Device | None = None


async def look(desk: Desk, order: Order) -> Look:
    """Whatever cannot be looked at is a finding; the others are still looked at."""
    at, began = int(time.time()), time.monotonic()
    try:
        needed = [*order.hosts] if set(order.sources) & set(_OF_HOSTS) else []
        if set(order.sources) & {backups.SOURCE, *_OF_THE_API} and not order.kubeconfig:
            needed += [host for host in control_planes(order.machines) if host not in needed]
        lost = await _reached(desk, needed)
        there = [host for host in needed if host.name not in {each.where for each in lost}]
        # Whoever of the control planes is left tells of the cluster.
        inside = next((host for host in control_planes(order.machines) if host in there), None)
        found = await asyncio.gather(
            *(_at(desk, order, host, host == inside) for host in there if host in order.hosts),
            _asked(desk, order),
            _sent(order),
        )
    finally:
        await desk.close(order.machines)
    return Look(
        cluster=order.cluster.name,
        commit=str(order.commit),
        at=at,
        seconds=round(time.monotonic() - began, 1),
        looked=tuple(source for source in SOURCES if source in order.sources),
        findings=once([*lost, *(finding for each in found for finding in each)]),
        notes=tuple(_notes(order)),
    )


async def _reached(desk: Desk, hosts: Iterable[Host]) -> list[Finding]:
    """Those to which no connection comes to be."""

    async def one(host: Host) -> str:
        try:
            await desk.connect(host)
            return "" if await desk.how_to_be_root(host) else "who logs in there is not root, and sudo wants a password"
        except (Unreached, Failed) as error:
            return str(error)

    hosts = list(hosts)
    said = await asyncio.gather(*map(one, hosts))
    do = "ssh to its address by hand; see docs/up.md"
    return [
        Finding(where=host.name, what="SSH", wrong=wrong, do=do, source=steps.SOURCE)
        for host, wrong in zip(hosts, said, strict=True)
        if wrong
    ]


async def _at(desk: Desk, order: Order, host: Host, inside: bool) -> list[Finding]:
    """What is looked at on a host; `inside`: it is asked for the cluster, too."""

    async def with_files() -> list[Finding]:
        found: list[Finding] = []
        async with lent(desk, [host], order.files) as folder:
            looks: list[Awaitable[list[Finding]]] = []
            if steps.SOURCE in order.sources:
                asked = steps.asked(order.steps, order.tasks, host)
                looks.append(steps.look(desk, asked, host, folder, order.cluster.name))
            if steps.INSIDE in order.sources and (inside or "load balancer" in host.places):
                looks.append(steps.look_inside(desk, host, folder))
            for each in await asyncio.gather(*looks):
                found += each
        return found

    found = await _or_finding(with_files(), host.name, steps.SOURCE)
    if backups.SOURCE in order.sources and host == control_plane(order.machines):
        found += await _or_finding(backups.look(desk, host, order.cluster), host.name, backups.SOURCE)
    return found


async def _asked(desk: Desk, order: Order) -> list[Finding]:
    """What the API server is asked."""
    chosen = [source for source in _OF_THE_API if source in order.sources]
    if not chosen:
        return []

    async def all_of_it() -> list[Finding]:
        async with way(desk, order.cluster, order.machines, order.kubeconfig) as api:
            looks = [_or_finding(_one(api, order, source), CLUSTER, source) for source in chosen]
            return [finding for found in await asyncio.gather(*looks) for finding in found]

    return await _or_finding(all_of_it(), CLUSTER, chosen[0])


def _one(api: ApiClient, order: Order, source: str) -> Awaitable[list[Finding]]:
    cluster = order.cluster
    match source:
        case objects.SOURCE:
            return objects.look(api, cluster.name, objects.committed(order.folder))
        case application.SOURCE:
            return application.look(api, cluster, order.commit)
        case places.SOURCE:
            return places.look(api, cluster)
        case _:
            return kubelets.look(api, cluster)


async def _sent(order: Order) -> list[Finding]:
    if order.device is None or message.SOURCE not in order.sources:
        return []
    at = message.listener(order.cluster, order.device)
    return await message.look(order.cluster, order.device, at) if at else []


async def _or_finding(looking: Awaitable[list[Finding]], where: str, source: str) -> list[Finding]:
    try:
        return await looking
    except (Unreached, Failed, HTTPError, ApiException, OSError) as error:
        wrong = " ".join(str(getattr(error, "reason", None) or error).split())
        do = "what it says; make verify says the same until it can look"
        return [Finding(where=where, what=f"the look at {source}", wrong=wrong, do=do, source=source)]


def _notes(order: Order) -> Iterable[str]:
    yield from application.note(order.commit)
    if message.SOURCE in order.sources:
        if order.device is None:
            yield "no message was sent: name a device with --device, and its certificate where it has one"
        elif message.listener(order.cluster, order.device) is None:
            kind = "with TLS" if order.device.certificate else "without TLS"
            yield f"no message was sent: the load balancer has no listener of devices {kind}"
