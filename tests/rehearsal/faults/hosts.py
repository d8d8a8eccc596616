"""Hosts and what runs on them ends without a word, or is taken out of service."""

from __future__ import annotations

import re

from components.page import drains
from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import all_back, crowd, noticed, size

# Seconds until the control plane gives a node up that says nothing, and some.
_GIVEN_UP = 120
_BACK = 240


def a_kubelet_is_killed(made: RehearsedCluster) -> None:
    """systemd starts it again; its pods run on."""
    before = made.restarts()
    made.workers[-1].run("systemctl", "kill", "--signal=KILL", "kubelet")
    name = made.workers[-1].name
    health = ("get", f"--raw=/api/v1/nodes/{name}/proxy/healthz")
    made.wait(lambda: made.kubectl(*health, check=False) == "ok", "a kubelet is not back", lambda: [name], 60)
    if started := sorted(key for key, number in made.restarts().items() if number != before.get(key)):
        made.report.fail(f"a kubelet was killed, and containers were started again: {', '.join(started)}")


def a_worker_is_lost(made: RehearsedCluster) -> None:
    """Its power fails. Devices go to other brokers, if there are any, and the node is back when it has power."""
    worker = made.workers[-1]
    others = made.cluster.brokers is not None and made.cluster.brokers.replicas > 1
    with crowd(made) as devices:
        worker.power_off()
        if others:
            lost = noticed(made, devices, "a worker is lost", 60)
            all_back(made, devices, "a worker is lost", 60, lost)
        if not until(lambda: worker.name in made.unready_nodes(), _GIVEN_UP, pause=2):
            made.report.fail(f"{worker.name} has no power, and after {_GIVEN_UP} s its node counts as Ready")
        worker.boot()
        made.wait(lambda: not made.unready_nodes(), "a node is not Ready", made.unready_nodes, _BACK)
        if not others:
            all_back(made, devices, "the only worker was lost", _BACK)


def a_node_is_drained(made: RehearsedCluster) -> None:
    """What is said of it on the cluster's page: these pods wait until the node is back."""
    node = made.workers[-1].name
    (row,) = [row for row in drains.rows(made.cluster) if f"`{node}`" in row[0]]
    waiting = {name for name in re.findall("`([^`]+)`", row[1]) if name in {s.name for s in made.cluster.services}}
    drain = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=240s")
    said = made.kubectl(*drain, check=False, timeout=300)
    if f"{node} drained" not in said:
        made.report.fail(f"kubectl {' '.join(drain)}: {said.splitlines()[-1:] or 'nothing'}")
    found: set[str] = set()

    def pending() -> bool:
        found.clear()
        found.update(service for service in waiting if service in made.pending())
        return found == waiting

    if not until(pending, 60, pause=2):
        made.report.fail(f"{node} is drained; by the page {', '.join(sorted(waiting - found))} should wait for it")
    made.kubectl("uncordon", node)


def the_control_plane_is_started_again(made: RehearsedCluster) -> None:
    """Its power fails: devices do not notice."""
    with crowd(made) as devices:
        made.master.power_off()
        answer = devices.ask("hold seconds=15")
        alive = devices.ask("ping")
        if answer["lost"] or alive["answered"] < size(made):
            made.report.fail(f"the control plane is off, and of {size(made)} sessions {alive['answered']} are answered")
        made.master.boot()
        made.wait(made.answers, "the API server does not answer", lambda: [made.master.name], _BACK)


def the_load_balancer_is_lost(made: RehearsedCluster) -> None:
    """All sessions end with it, and come back with it, by what starts at boot."""
    with crowd(made) as devices:
        made.balancer.power_off()
        made.balancer.boot()
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
