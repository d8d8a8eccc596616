"""Which step on which host, and after what: judged by playing it through, not by the code that made it."""

from __future__ import annotations

import pytest

from components.desk.hosts import hosts
from components.desk.plan import WrongPlan, chosen, from_outside_in, of_the_plan, tasks
from components.kubeadm import steps

EVERY = {"BACKUPS", "NODE_PORTS"}


def _plan(cluster, tables=EVERY):
    return tasks(of_the_plan(steps.read().steps, tables), hosts(cluster))


def _played(plan):
    """The rounds in which all can run: lists of (step, host)."""
    done, rounds = set(), []
    while len(done) < len(plan):
        ready = [task.key for task in plan if task.key not in done and task.after <= done]
        assert ready, "the rest waits for itself"
        rounds.append(ready)
        done |= set(ready)
    return rounds


def test_each_step_runs_on_the_hosts_of_its_place(cluster):
    workers = {node.name for node in cluster.workers}
    nodes = {node.name for node in cluster.nodes}
    where = {}
    for task in _plan(cluster):
        where.setdefault(task.step.name, set()).add(task.host.name)
    assert where["node"] == where["volumes"] == nodes
    assert where["worker"] == workers
    assert where["control-plane"] == where["verify"] == {cluster.control_plane.name}
    assert where["load-balancer"] == {host.name for host in cluster.load_balancer.hosts}
    assert not {"drain", "backup", "plan"} & where.keys()


def test_nothing_comes_before_what_it_needs(cluster):
    rounds = _played(_plan(cluster))
    at = {key: number for number, keys in enumerate(rounds) for key in keys}
    first, last = (lambda step: [at[key] for key in at if key[0] == step]), cluster.control_plane.name
    # All nodes begin at once; nobody waits for another's packages.
    assert {at["node", node.name] for node in cluster.nodes} == {0}
    assert {at["volumes", node.name] for node in cluster.nodes} == {1}
    assert max(first("join-token")) < min(first("worker")) and max(first("worker")) < at["join-done", last]
    assert at["argocd", last] < at["synced", last] < at["node-ports", last]
    # It is handed the file that node-ports makes, and verify looks at it.
    assert at["node-ports", last] < at["load-balancer", cluster.load_balancer.hosts[0].name] < at["verify", last]
    assert len(rounds) == 14, "a longer way for nothing, or a shorter one that skips something"


def test_a_cluster_goes_from_outside_to_inside(cluster):
    (remove,) = (step for step in steps.read().steps if step.name == "remove")
    plan = from_outside_in(remove, hosts(cluster), ["--whole"])
    workers, balancers = {node.name for node in cluster.workers}, {host.name for host in cluster.load_balancer.hosts}
    balancer, first = cluster.load_balancer.hosts[0].name, cluster.control_plane.name
    rounds = [{host for _, host in keys} for keys in _played(plan)]
    # Members of etcd leave one after another, the first of them last.
    planes = [host for hosts_of_a_round in rounds[2:] for host in hosts_of_a_round]
    assert rounds[:2] == [balancers, workers] and all(len(one) == 1 for one in rounds[2:])
    assert planes[-1] == first and {*planes} == {node.name for node in cluster.control_planes}
    assert {task.options for task in plan} == {("--whole",)} and {task.step for task in plan} == {remove}
    # Without the workers in between, the control plane is still the last.
    some = chosen(plan, names=[balancer, cluster.control_plane.name])
    assert [{host for _, host in keys} for keys in _played(some)] == [{balancer}, {cluster.control_plane.name}]
    assert {task.options for task in some} == {("--whole",)}


def test_steps_whose_table_is_empty_are_left_out(cluster):
    found = {task.step.name for task in _plan(cluster, set())}
    assert not {"node-ports", "backup-timer"} & found and "verify" in found


def test_a_choice_waits_for_nothing_that_was_left_out(cluster):
    plan = _plan(cluster)
    assert [task.key for task in chosen(plan, only=["labels"])] == [("labels", cluster.control_plane.name)]
    some = chosen(plan, first="worker", names=[cluster.workers[0].name])
    assert [(task.key, task.after) for task in some] == [(("worker", cluster.workers[0].name), frozenset())]
    for task in chosen(plan, first="join-done"):
        assert all(step not in ("node", "worker") for step, _ in task.after)


@pytest.mark.parametrize(
    "choice, said",
    [
        ({"only": ["nodes"]}, "there is no step nodes, but: node, volumes, "),
        ({"first": "drain"}, "there is no step drain, but: "),
        ({"names": ["verne-999"]}, "there is no host verne-999, but: "),
    ],
)
def test_a_name_that_is_none_is_told(cluster, choice, said):
    with pytest.raises(WrongPlan, match=said):
        chosen(_plan(cluster), **choice)
