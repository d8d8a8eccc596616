#!/usr/bin/env python3
"""Give a cluster up: bootstrap.sh remove on all of its hosts, over SSH. The counterpart of up.

First the load balancer, so that no device comes any more, then all workers at once, the control plane last. Sessions
end, pods end, and with the control plane all objects and Secrets of the cluster. Directories of volumes stay, unless
you say --data; what is installed stays, too. Nothing is changed before all hosts have been looked at and told what they
would remove, and you have typed the name of the cluster. Run it again after a failure: it goes on from there.

A host that is away stops it before anything is changed: what it would keep is certificates and an address of the
cluster, and later nobody knows. --hosts without it says that you know; when it is back, --hosts with its name.

Exit code: 0 all are left; 1 a host failed, or cannot be reached; 2 wrong use, or another name; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.cluster import InvalidInventory
from components.cluster.read import read_cluster
from components.desk import account, plan
from components.desk.command import FINDING, INTERRUPTED, USAGE, Command, WrongUse, fail, parser
from components.desk.hosts import Host, control_plane, hosts
from components.desk.order import Order
from components.desk.ssh import Desk
from components.kubeadm import steps


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # The faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        command = Command("down", options)
        cluster = read_cluster(options.cluster)
        machines = hosts(cluster)
        (remove,) = (step for step in steps.read().steps if step.name == "remove")
        words = ["--whole", f"--yes={cluster.name}"]
        words += [f"--{name}" for name in ("data", "force") if getattr(options, name)]
        tasks = plan.chosen(plan.from_outside_in(remove, machines, words), names=command.hosts)
        if options.yes not in (None, cluster.name):
            raise WrongUse(f"the name of the cluster is {cluster.name}, not {options.yes}: nothing was changed")
    except InvalidInventory as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    except (WrongUse, plan.WrongPlan) as wrong:
        return fail("down", str(wrong), USAGE)
    with command.desk() as desk:
        code = _looked(command, desk, command.order(cluster, machines, tasks, dry=True, leave=True))
        if code or options.dry_run:
            return code
        if options.yes is None and (code := _asked(command, cluster.name)):
            return code
        return command.run(desk, command.order(cluster, machines, tasks, dry=False, leave=True))


def _looked(command: Command, desk: Desk, order: Order) -> int:
    """What goes and what stays, host by host; exit code 1 where a host would not let it go."""
    said: dict[str, list[str]] = defaultdict(list)

    def log(host: Host, line: str) -> None:
        said[host.name].append(line)
        order.log(host, line)

    # All at once: nothing is changed that the next one could need.
    tasks = [replace(task, after=frozenset()) for task in order.tasks]
    if code := command.run(desk, replace(order, tasks=tasks, log=log)):
        return code
    if refused := account.refused(said):
        print("\n".join([*refused, "Nothing was changed."]), file=sys.stderr)
        return FINDING
    left_out = [host for host in order.machines if host not in order.hosts]
    command.say(f"What goes of {order.cluster.name}:")
    for line in account.goes(said) or ["nothing: no host has any of it left"]:
        command.say(f"  {line}")
    command.say(f"  on all: {order.folder}, the files of make up")
    command.say("What stays:")
    command.say("  programs and images (apt-get purge), backups, names in your DNS")
    for line in [*account.stays(said), *(f"{host} is left out, and stays as it is" for host in left_out)]:
        command.say(f"  {line}")
    if control_plane(order.machines) in left_out:
        command.say("  the cluster itself; its control plane knows the nodes that leave: kubectl delete node NAME")
    else:
        command.say("The cluster ends with all its objects and Secrets. Only a backup brings them back.")
    return 0


def _asked(command: Command, name: str) -> int:
    """0 where the person wants it."""
    try:
        given = input("If so, type the name of the cluster: ").strip()
    except EOFError:
        given = ""
    except KeyboardInterrupt:
        print()
        return command.fail("interrupted: nothing was changed", INTERRUPTED)
    if given == name:
        return 0
    return command.fail(f"the name of the cluster is {name}, not {given or 'empty'}: nothing was changed", USAGE)


def _parser() -> argparse.ArgumentParser:
    found = parser("down", __doc__)
    found.add_argument("--yes", metavar="NAME", help="the cluster's name, which is asked for otherwise")
    found.add_argument(
        "--data", action="store_true", help="delete the directories of volumes, with all that is in them"
    )
    found.add_argument(
        "--force", action="store_true", help="go on though the cluster has nodes of no inventory, or does not answer"
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
