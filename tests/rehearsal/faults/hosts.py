"""Hosts and what runs on them ends without a word, or is taken out of service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from components.page import drains
from tests.engines.processes import until
from tests.rehearsal.cluster import ADMIN, RehearsedCluster
from tests.rehearsal.crowd import all_back, crowd, noticed, size
from tests.rehearsal.hosts import NodeHost

# Seconds until the control plane gives a node up that says nothing, and some.
_GIVEN_UP = 120
_BACK = 240


@contextmanager
def without_power(host: NodeHost) -> Iterator[None]:
    """It has power again at the end, whatever was noticed meanwhile."""
    host.power_off()
    try:
        yield
    finally:
        host.boot()


def a_kubelet_is_killed(made: RehearsedCluster) -> None:
    """systemd starts it again; its pods run on."""
    before = made.restarts()
    made.workers[-1].run("systemctl", "kill", "--signal=KILL", "kubelet")
    name = made.workers[-1].name
    health = ("get", f"--raw=/api/v1/nodes/{name}/proxy/healthz")
    made.wait(lambda: made.kubectl(*health, check=False) == "ok", "a kubelet is not back", lambda: [name], 60)

    def again() -> list[str]:
        return sorted(key for key, number in made.restarts().items() if number > before.get(key, number))

    # It tells the API server of its pods some seconds later.
    if until(again, 30, pause=5):
        made.report.fail(f"a kubelet was killed, and containers were started again: {', '.join(again())}")


def a_worker_is_lost(made: RehearsedCluster) -> None:
    """Its power fails. Devices go to other brokers, if there are any, and the node is back when it has power."""
    worker = made.workers[-1]
    others = made.cluster.brokers is not None and made.cluster.brokers.replicas > 1
    with crowd(made) as devices:
        with without_power(worker):
            if others:
                lost = noticed(made, devices, "a worker is lost", 60)
                all_back(made, devices, "a worker is lost", 60, lost)
            if not until(lambda: worker.name in made.unready_nodes(), _GIVEN_UP, pause=2):
                made.report.fail(f"{worker.name} has no power, and after {_GIVEN_UP} s its node counts as Ready")
        made.wait(lambda: not made.unready_nodes(), "a node is not Ready", made.unready_nodes, _BACK)
        if not others:
            # Nobody has told them: who asks hears of it.
            lost = devices.ask("ping")["lost"]
            all_back(made, devices, "the only worker was lost", _BACK, lost)


def a_node_is_drained(made: RehearsedCluster) -> None:
    """What is said of it on the cluster's page: these pods wait until the node is back."""
    if not made.cluster.disks:
        made.report.figure("a node is drained", "not here: databases without volumes would begin with nothing")
        return
    node = made.workers[-1].name
    (row,) = [row for row in drains.rows(made.cluster) if f"`{node}`" in row[0]]
    waiting = {name for name in re.findall("`([^`]+)`", row[1]) if name in {s.name for s in made.cluster.services}}
    # Longer than any pod may take to end.
    drain = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=420s")
    try:
        done = made.master.run("kubectl", f"--kubeconfig={ADMIN}", *drain, check=False, timeout=480)
        if done.returncode:
            made.report.fail(f"kubectl {' '.join(drain)}: {done.stderr.rstrip().rpartition(chr(10))[2]}")
        if not until(lambda: waiting <= made.pending(), 60, pause=2):
            lacking = ", ".join(sorted(waiting - made.pending()))
            made.report.fail(f"{node} is drained; by the page these should wait for it: {lacking}")
        if others := made.pending() - waiting:
            made.report.fail(
                f"{node} is drained; by the page these should not wait for it: {', '.join(sorted(others))}"
            )
    finally:
        made.kubectl("uncordon", node)


def the_control_plane_is_started_again(made: RehearsedCluster) -> None:
    """Its power fails: devices do not notice."""
    with crowd(made) as devices:
        with without_power(made.master):
            lost = devices.ask("hold seconds=15")["lost"]
            alive = devices.ask("ping")["answered"]
            if lost or alive < size(made):
                made.report.fail(f"the control plane is off, and of {size(made)} sessions {alive} are answered")
            moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        made.wait(made.answers, "the API server does not answer", lambda: [made.master.name], _BACK)
        # Until then the API server tells what was before.
        made.wait(
            lambda: made.started_since(made.master, moment), "pods are of before", lambda: [made.master.name], _BACK
        )


def the_load_balancer_is_lost(made: RehearsedCluster) -> None:
    """All sessions end with it, and come back with it, by what starts at boot."""
    with crowd(made) as devices:
        with without_power(made.balancer):
            pass
        # Nobody has told them: who asks hears of it.
        lost = devices.ask("ping")["lost"]
        all_back(made, devices, "the load balancer's host was off", _BACK, lost)


FAULTS = (
    a_kubelet_is_killed,
    a_node_is_drained,
    a_worker_is_lost,
    the_control_plane_is_started_again,
    the_load_balancer_is_lost,
)
