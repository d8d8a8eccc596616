"""What is asked of the hosts of a cluster, and how: they are looked at, locked, get its files, and run step by step."""

from __future__ import annotations

import asyncio
import getpass
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from components.cluster.types import Cluster

from . import files, preflight
from .hosts import Host, control_plane
from .lock import lock
from .plan import Task
from .preflight import Finding
from .progress import Board
from .run import Runner
from .ssh import Desk, Failed, Unreached


class NotReady(Exception):
    """Hosts that are not as they have to be: nothing was changed. `findings` are told host by host."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


@dataclass(frozen=True, eq=False)
class Order:
    """What to do. `files` is files.archive(); `machines` are all of the cluster, `tasks` those that are to be done.

    `leave`: the hosts leave the cluster, so only who they are is looked at, and in the end the cluster's files go.
    `force` goes on in spite of findings, but for those of a machine's identity. `say` takes a line for the person.
    """

    cluster: Cluster
    machines: Sequence[Host]
    tasks: Sequence[Task]
    files: bytes
    log: Callable[[Host, str], None]
    say: Callable[[str], None]
    dry: bool = False
    force: bool = False
    leave: bool = False

    @property
    def hosts(self) -> list[Host]:
        """Those that have something to do, in their order."""
        return [host for host in self.machines if any(task.host == host for task in self.tasks)]

    @property
    def folder(self) -> str:
        """Of the cluster's files, on every host."""
        return f"{files.FOLDER}/{self.cluster.name}"


async def carry_out(desk: Desk, order: Order, board: Board) -> None:
    """All of it. NotReady, Locked, Unreached before anything is changed; what came of the tasks is on the board."""
    try:
        keeper = await _ready(desk, order)
        async with AsyncExitStack() as stack:
            if not order.dry:
                await stack.enter_async_context(lock(desk, keeper, _who()))
            folder = await _files(desk, order, stack)
            order.say(f"{len(order.tasks)} steps on {len(order.hosts)} hosts")
            await Runner(desk, board, folder, order.log, order.dry).run(order.tasks)
            if order.leave and not order.dry:
                left = [task.host for task in order.tasks if board.of(task).state.well]
                await asyncio.gather(*(files.take_away(desk, host, order.folder) for host in left))
    finally:
        await desk.close(order.machines)


async def _ready(desk: Desk, order: Order) -> Host:
    """Connected, root, and as the inventory means them; whose lock it is: the first control plane's."""
    master = control_plane(order.machines)
    hosts = list(dict.fromkeys([*order.hosts, master]))
    order.say(f"looking at {len(hosts)} hosts")
    reached = dict(zip(hosts, await asyncio.gather(*(_reach(desk, host) for host in hosts)), strict=True))
    if order.leave and reached[master] and master not in order.hosts:
        # It may have left before.
        del reached[master]
        order.say(f"{master} does not answer, so the lock is on {order.hosts[0].name}: let nobody else be at work")
    lost = [finding for finding in reached.values() if finding]
    if lost:
        raise NotReady(lost)

    async def asked(host: Host) -> tuple[Host, preflight.Facts]:
        return host, await preflight.probe(desk, host, _questions(order, host))

    facts = dict(await asyncio.gather(*map(asked, reached)))
    if order.leave:
        found = preflight.strangers(order.cluster, order.machines, facts)
    else:
        found = preflight.findings(order.cluster, order.machines, facts)
    if any(each.identity for each in found) or (found and not order.force):
        raise NotReady(found)
    for each in found:
        order.say(f"{each.host}: {each.text}")
    return master if master in reached else order.hosts[0]


def _questions(order: Order, host: Host) -> list[str]:
    return [*preflight.BROUGHT] if order.leave else preflight.questions(order.cluster, order.machines, host)


async def _reach(desk: Desk, host: Host) -> Finding | None:
    try:
        await desk.connect(host)
        if await desk.how_to_be_root(host):
            return None
    except (Unreached, Failed) as error:
        return Finding(host.name, str(error), identity=True)
    return Finding(
        host.name,
        "who logs in there is not root, and sudo wants a password: --ask-sudo-password, or NOPASSWD for that user",
        identity=True,
    )


async def _files(desk: Desk, order: Order, stack: AsyncExitStack) -> str:
    """The folder with the cluster's files on every host."""
    if order.dry:
        return await stack.enter_async_context(files.lent(desk, order.hosts, order.files))
    brought = await asyncio.gather(*(files.bring(desk, host, order.files, order.folder) for host in order.hosts))
    new = [host.name for host, was_new in zip(order.hosts, brought, strict=True) if was_new]
    order.say(f"files of the cluster: new on {', '.join(new)}" if new else "files of the cluster: on all hosts already")
    return order.folder


def _who() -> str:
    return f"{getpass.getuser()} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S %Z')}"
