#!/usr/bin/env python3
"""Is a cluster as its commit says? Hosts, objects and what is at work, looked at from here; nothing is changed.

On each host every step of the bootstrap says what it would change (files, packages, kernel, units, configurations that
run), by your OpenSSH as make up uses it. The API server says which objects are not as they are committed. Each finding
says what to do; a cluster that is as it should be gives none.

The API server is reached by --kubeconfig, else by your own kubeconfig where that is of this cluster, else by that of
the control plane, over SSH.

Exit code: 0 nothing found; 1 findings; 2 wrong use; 130 interrupted before the first look has ended.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import ssl
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from rich.console import Console

from components.cluster import InvalidInventory
from components.cluster.read import read_cluster
from components.desk import files, plan
from components.desk.commit import Commit
from components.desk.hosts import hosts
from components.desk.ssh import Desk, desk
from components.desk.verify import metrics, tell
from components.desk.verify.finding import CLUSTER, Look
from components.desk.verify.look import SOURCES, Order, look
from components.desk.verify.message import Device
from components.kubeadm import steps, values

OK, FINDING, USAGE, INTERRUPTED = 0, 1, 2, 130
#: Seconds between two looks, where --watch says no other.
_PAUSE = 60


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    given = {name: Path(value).absolute() for name in _FILES if (value := getattr(options, name))}
    # The faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)
    compiled = given.get("compiled") or Path("compiled", options.cluster)
    if not (compiled / "bootstrap").is_dir():
        return _wrong(f"there is no {compiled}/bootstrap: which cluster? Those of inventory/targets, once compiled")
    try:
        cluster = read_cluster(options.cluster)
    except InvalidInventory as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    machines = hosts(cluster)
    try:
        sources = _chosen("source", options.only, SOURCES)
        names = _chosen("host", options.hosts, [host.name for host in machines])
        device = _device(options, given)
    except ValueError as wrong:
        return _wrong(str(wrong))
    if "metrics" in given and not given["metrics"].parent.is_dir():
        return _wrong(f"there is no folder {given['metrics'].parent}, into which --metrics is to be written")
    every = steps.read().steps
    filled = {name for name, rows in values.tables(cluster).items() if rows}
    commit = Commit.of(compiled)
    order = Order(
        cluster,
        machines,
        [host for host in machines if host.name in names],
        sources,
        every,
        plan.tasks(plan.of_the_plan(every, filled), machines),
        files.archive(compiled, str(commit)),
        compiled,
        commit,
        given.get("kubeconfig"),
        device,
    )
    password = getpass.getpass("password of sudo on the hosts: ") if options.ask_sudo_password else None
    with desk(given.get("ssh_config"), password) as ours:
        return asyncio.run(_looks(ours, order, options, given.get("metrics")))


async def _looks(ours: Desk, order: Order, options: argparse.Namespace, to: Path | None) -> int:
    """One look, or one after another until Ctrl-C."""
    console = Console()
    before: Look | None = None
    places = [CLUSTER, *(host.name for host in order.machines)]
    try:
        while True:
            with Console(stderr=True).status(f"looking at {order.cluster.name}"):
                found = await look(ours, order)
            _say(found, before, console, places, options)
            if to:
                metrics.write(found, to)
            if options.watch is None:
                return _code(found)
            before = found
            await asyncio.sleep(options.watch)
    except (KeyboardInterrupt, asyncio.CancelledError):
        if before is None:
            print("verify: interrupted", file=sys.stderr)
            return INTERRUPTED
        return _code(before)


def _code(found: Look) -> int:
    return FINDING if found.findings else OK


def _say(found: Look, before: Look | None, console: Console, places: list[str], options: argparse.Namespace) -> None:
    if options.format == "json":
        print(found.model_dump_json(indent=None if options.watch else 1), flush=True)
    elif before is None:
        tell.tell(found, console, places)
    else:
        tell.tell_changes(before, found, console)


def _chosen(kind: str, given: list[str], there: list[str] | tuple[str, ...]) -> list[str]:
    """All of them where none is named. ValueError for one that is none."""
    names = [name for text in given for name in text.split(",") if name]
    if wrong := [name for name in names if name not in there]:
        raise ValueError(f"there is no {kind} {', '.join(wrong)}, but: {', '.join(there)}")
    return names or list(there)


def _device(options: argparse.Namespace, given: dict[str, Path]) -> Device | None:
    """ValueError where what is named is not a whole identity."""
    by = [given.get(name) for name in ("device_cert", "device_key", "device_ca")]
    if not options.device:
        if any(by):
            raise ValueError("--device TENANT:NAME says whose certificate that is")
        return None
    if any(by) and not all(by):
        raise ValueError("a certificate needs all three: --device-cert, --device-key and --device-ca")
    found = Device(options.device, *by)
    try:
        found.context()
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"the certificate of {options.device} cannot be used: {error}") from None
    return found


def _wrong(text: str) -> int:
    print(f"verify: {text}", file=sys.stderr)
    return USAGE


#: Options that name files, which are those of where it was started.
_FILES = ("compiled", "kubeconfig", "ssh_config", "metrics", "device_cert", "device_key", "device_ca")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("cluster", metavar="CLUSTER")
    add("--only", action="append", default=[], metavar="SOURCE,...", help=f"look at these alone: {', '.join(SOURCES)}")
    add("--hosts", action="append", default=[], metavar="NAME,...", help="of the hosts, look at these alone")
    add("--format", choices=("table", "json"), default="table", help="json: as docs/verify.schema.json says")
    add(
        "--watch",
        nargs="?",
        type=_seconds,
        const=_PAUSE,
        metavar="SECONDS",
        help=f"look again until Ctrl-C, with a pause ({_PAUSE}), and tell what is new and what is gone",
    )
    add("--metrics", metavar="FILE", help="also write it for Prometheus (the textfile collector of node-exporter)")
    add("--device", metavar="TENANT:NAME", help="send a message as this device, by the listener without TLS")
    add("--device-cert", metavar="FILE", help="its certificate: by the listener with TLS")
    add("--device-key", metavar="FILE", help="the key of that")
    add("--device-ca", metavar="FILE", help="the CA of the brokers' certificates")
    add("--kubeconfig", metavar="FILE", help="whose cluster must be this one")
    add("--ask-sudo-password", action="store_true", help="ask once for the password of sudo on the hosts")
    add("--compiled", metavar="DIR", help="its files (default: compiled/CLUSTER)")
    add("--ssh-config", metavar="FILE", help="in place of ~/.ssh/config")
    return parser


def _seconds(text: str) -> float:
    found = float(text)
    if not 1 <= found <= 86400:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 1 to 86400")
    return found


if __name__ == "__main__":
    sys.exit(main())
