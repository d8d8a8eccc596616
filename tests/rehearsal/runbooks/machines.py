"""Machines come, are lost for good and leave, each with a broker, by the runbooks of docs/operations.md."""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from components.review.machines import BY_HAND
from components.review.types import HostStep
from tests.rehearsal import page
from tests.rehearsal.cluster import JOIN_FILE, RehearsedCluster
from tests.rehearsal.crowd import crowd
from tests.rehearsal.hosts import NodeHost

_NEW, _INSTEAD = "broker-new", "broker-instead"
_STEP = 900
_GIVEN_UP = 120


def machines_come_and_leave(made: RehearsedCluster) -> None:
    """One more broker on a machine of its own; that is lost, and another one takes its place; it leaves again."""
    with made.report.stage("more brokers"):
        _come(made, _NEW, "one more broker")
    with made.report.stage("a machine is lost for good"):
        made.site.hosts.pop(_NEW).power_off()
        made.wait(lambda: not _is_ready(made, _NEW), "a node without power is Ready", lambda: [_NEW], _GIVEN_UP)
        _come(made, _INSTEAD, "another machine in place of the lost one", lost=_NEW)
    with made.report.stage("fewer brokers"):
        _leave(made, _INSTEAD)


def _come(made: RehearsedCluster, name: str, what: str, lost: str = "") -> None:
    """The page has the machine, the host the steps that the review names, and then Argo CD the change."""
    steps = page.edit(made, _with(made, name))
    host = made.site.boot(name, next(node.address for node in made.cluster.nodes if node.name == name))
    _steps(made, (step for step in steps if step.before_merge))
    page.merge(made, what)
    if lost:
        made.wait(lambda: not _lacking(made), "the cluster lacks", lambda: _lacking(made), 120)
        _forget(made, lost)
    _steps(made, (step for step in steps if not step.before_merge))
    made.recovered()
    _broker_on(made, host)


def _leave(made: RehearsedCluster, name: str) -> None:
    host = made.site.hosts[name]
    with crowd(made):
        done = made.master.step("leave", f"--server={name}", timeout=_STEP)
        if done.returncode == 0 or "sessions" not in done.stderr:
            made.report.fail(f"a broker with sessions is let go: {done.stdout}{done.stderr}")
    made.step(made.balancer, "drain", f"--server={name}", "--wait")
    made.step(made.master, "leave", f"--server={name}")
    if "skipped: " not in made.step(made.master, "leave", f"--server={name}"):
        made.report.fail("a broker that has left leaves once more")
    steps = page.edit(made, {})
    page.merge(made, "one broker fewer")
    brokers = made.cluster.brokers
    assert brokers
    # The pod that waited goes with the sync.
    made.wait(lambda: len(_pods(made)) == brokers.replicas, "pods of brokers are", lambda: _pods(made), _STEP, pause=5)
    if len(_members(made)) != brokers.replicas:
        made.report.fail(f"{brokers.replicas} brokers are left, and they say: {', '.join(_members(made))}")
    drain = ("drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=420s")
    made.kubectl(*drain, timeout=480)
    if "is Ready" not in made.master.step("forget", f"--gone={name}", f"--yes={made.cluster.name}").stderr:
        made.report.fail(f"{name} runs, and forget does not say so")
    made.site.hosts.pop(name).power_off()
    made.wait(lambda: not _is_ready(made, name), "a node without power is Ready", lambda: [host.name], _GIVEN_UP)
    _forget(made, name)
    # By now: the firewall of the others is closed to it.
    _steps(made, steps)
    made.recovered()


def _forget(made: RehearsedCluster, name: str) -> None:
    words = ("forget", f"--gone={name}", f"--yes={made.cluster.name}")
    made.step(made.master, *words)
    if not made.step(made.master, *words).startswith(f"skipped: nothing in the cluster is of {name}"):
        made.report.fail(f"{name} is forgotten, and something of it is still there")


def _with(made: RehearsedCluster, name: str) -> dict[str, Any]:
    """The page's changes: one more broker, on a machine of this name."""
    brokers = made.cluster.brokers
    assert brokers
    taken = {ip_address(node.address) for node in made.cluster.nodes} | {ip_address(made.cluster.load_balancer.address)}
    number = sum(node.name not in (_NEW, _INSTEAD) for node in made.cluster.groups[brokers.group].nodes)
    return {
        "scale.minimum_brokers": number + 1,
        f"cluster.nodes.{name}": {"address": str(max(taken) + 1), "group": brokers.group},
    }


def _steps(made: RehearsedCluster, steps: Iterable[HostStep]) -> None:
    """As the review names them, in its order; what a person does between them."""
    for step in steps:
        if step.step == BY_HAND:
            continue
        for name in step.hosts:
            host = made.site.hosts[name]
            if step.step == "worker":
                host.put(JOIN_FILE, made.master.read(JOIN_FILE))
            made.step(host, step.step)


def _lacking(made: RehearsedCluster) -> list[str]:
    """PersistentVolumes that Argo CD has not brought yet."""
    there = {one["metadata"]["name"] for one in made.get("persistentvolumes")}
    return sorted({disk.persistent_volume for _, _, disk in made.cluster.disks} - there)


def _is_ready(made: RehearsedCluster, name: str) -> bool:
    ready = "{.status.conditions[?(@.type=='Ready')].status}"
    return made.kubectl("get", "node", name, f"--output=jsonpath={ready}") == "True"


def _pods(made: RehearsedCluster) -> list[str]:
    """Of brokers, whether they run or wait."""
    brokers = made.cluster.brokers
    assert brokers
    found = made.get("pods", f"--namespace={brokers.namespace}", "--selector=vernemq")
    return [pod["metadata"]["name"] for pod in found]


def _members(made: RehearsedCluster) -> list[str]:
    """What a broker says of its cluster: each one's name, and whether it is there."""
    brokers = made.cluster.brokers
    assert brokers
    show = ("vmq-admin", "cluster", "show", "--format=json")
    pod = f"{brokers.pods_prefix}-0"
    said = made.kubectl("exec", f"--namespace={brokers.namespace}", pod, "--container=vernemq", "--", *show)
    return [f"{one['Node']} {one['Running']}" for one in json.loads(said)["table"]]


def _broker_on(made: RehearsedCluster, host: NodeHost) -> None:
    """A broker is there, and the others know it."""
    on = {pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in made.brokers()}
    if host.name not in on:
        made.report.fail(f"{host.name} has joined, and no broker is on it, but on {', '.join(sorted(on))}")
        return
    members = _members(made)
    if len(members) != len(on) or any(one.endswith("False") for one in members):
        made.report.fail(f"there are {len(on)} brokers, and they say: {', '.join(members)}")


RUNBOOKS = (machines_come_and_leave,)
