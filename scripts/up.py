#!/usr/bin/env python3
"""Bring a cluster up from here, or to what the inventory says now: bootstrap.sh on all of its hosts, over SSH.

Each host gets compiled/CLUSTER and runs the steps of the runbook (bootstrap/README.md), in parallel where their order
allows. Run it again after a failure, or when the inventory has changed: what is as it should be is skipped.
It uses your OpenSSH with your configuration (jump hosts, agent, users); host keys have to be known.
On the hosts it is root, or uses sudo. Before anything is changed, all hosts are looked at.

Exit code: 0 all is as it should be; 1 a step failed, or a host is not ready; 2 wrong use; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.cluster import InvalidInventory
from components.cluster.read import read_cluster
from components.cluster.types import Cluster
from components.desk import plan
from components.desk.command import FINDING, USAGE, Command, WrongUse, fail, parser
from components.desk.hosts import hosts
from components.kubeadm import steps, values


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # The faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        command = Command("up", options)
        cluster = read_cluster(options.cluster)
        machines = hosts(cluster)
        every = plan.tasks(plan.of_the_plan(steps.read().steps, _filled(cluster)), machines)
        tasks = plan.chosen(every, options.only, options.first, command.hosts)
    except InvalidInventory as refusal:
        print("\n".join(refusal.lines), file=sys.stderr)
        return FINDING
    except (WrongUse, plan.WrongPlan) as wrong:
        return fail("up", str(wrong), USAGE)
    with command.desk() as desk:
        return command.run(desk, command.order(cluster, machines, tasks, dry=options.dry_run))


def _filled(cluster: Cluster) -> set[str]:
    """Tables of the script that have rows."""
    return {name for name, rows in values.tables(cluster).items() if rows}


def _parser() -> argparse.ArgumentParser:
    found = parser("up", __doc__)
    found.add_argument(
        "--only", action="append", default=[], metavar="STEP", help="this step alone (several times: these)"
    )
    found.add_argument(
        "--from", dest="first", default="", metavar="STEP", help="this step and those that come after it"
    )
    found.add_argument("--force", action="store_true", help="go on though a host is less than the inventory says")
    return found


if __name__ == "__main__":
    sys.exit(main())
