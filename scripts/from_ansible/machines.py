"""From hosts and groups of Ansible to machines of a cluster: name, address, node group.

Ansible's files name no node group: the guide gives it with `kubectl label`. In order
of weight: what --group says, the labels of --nodes, the host's name, and the lists of
nodes that HAProxy sends to. Where two of them disagree, that is a finding.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from .catalogue import deployment
from .inventory import AnsibleInventory, Machine
from .kubectl import Node
from .report import Report

CONTROL_PLANE = "control-plane"
# No node group: the compiler refuses it, so no machine can be forgotten.
UNKNOWN = "unknown"
# Parts of a name that are this short say nothing.
_SHORTEST = 4


@dataclass(frozen=True)
class ClusterNode:
    """A line of cluster.nodes."""

    name: str
    address: str
    group: str


@dataclass(frozen=True)
class Groups:
    """Node groups of the inventory: group -> label value, service -> its group."""

    labels: dict[str, str]
    services: dict[str, str]


class Machines:
    """The conversion; `nodes` and `balancer` (hostname, address, place) are its outcome."""

    def __init__(
        self,
        ansible: AnsibleInventory,
        groups: Groups,
        report: Report,
        nodes: tuple[str, list[Node]] | None,
        told: dict[str, str],
        balancer: str | None,
    ):
        self._ansible, self._groups, self._report, self._told = ansible, groups, report, told
        self._listing, self._kubernetes = nodes or ("", [])
        self._lists = self._by_lists()
        self._used: set[str] = set()
        control = self._control_plane()
        workers = self._workers(control)
        self._assumed: dict[str, str] = {}
        derived = {machine.name: self._group(machine) for machine in workers}
        self._names = self._node_names(control, workers, derived)
        self.nodes = [
            *(
                ClusterNode(self._names[control.name], self._address(control), CONTROL_PLANE)
                for control in ([control] if control else [])
            ),
            *(
                ClusterNode(self._names[machine.name], self._address(machine), derived[machine.name])
                for machine in workers
            ),
        ]
        self.balancer = self._balancer(balancer)
        self._say_what_was_assumed(derived)
        self._compare_lists(derived)
        self._compare_addresses(control, workers)
        for name in told.keys() - self._used:
            report.finding(
                "--group",
                name,
                "no worker has this name",
                f"Use one of: {', '.join(sorted(self._names.get(m.name, m.name) for m in workers))}",
            )

    # -- who is there

    def _control_plane(self) -> Machine | None:
        masters = self._members("master_nodes")
        place = self._ansible.hosts_file
        if not masters:
            self._report.finding(
                place, "master_nodes", "there is no control plane", "Add its host to the group master_nodes"
            )
            return None
        if len(masters) > 1:
            self._report.finding(
                masters[1].place,
                "master_nodes",
                "a cluster has one control plane here; "
                f"{masters[0].name} is taken, left out: "
                f"{', '.join(machine.name for machine in masters[1:])}",
                "Keep one",
            )
        return masters[0]

    def _workers(self, control: Machine | None) -> list[Machine]:
        workers = self._members("worker_nodes")
        if control in workers:
            self._report.finding(
                control.place,
                control.name,
                "the host is in master_nodes and in worker_nodes; it is the control plane here",
                "Keep one of them, and give dojot's services a worker",
            )
            workers.remove(control)
        for name in self._ansible.groups.get("k8s-nodes", ()):
            machine = self._ansible.machines[name]
            if machine not in workers and machine not in self._members("master_nodes"):
                self._report.finding(
                    machine.place,
                    name,
                    "the host is in k8s-nodes, but neither in master_nodes nor in worker_nodes; left out",
                    "Add it to worker_nodes",
                )
        if not workers:
            self._report.finding(
                self._ansible.hosts_file,
                "worker_nodes",
                "there is no worker",
                "Add the hosts of the workers to the group worker_nodes",
            )
        return workers

    def _members(self, group: str) -> list[Machine]:
        return [self._ansible.machines[name] for name in self._ansible.groups.get(group, ())]

    def _address(self, machine: Machine) -> str:
        if not is_address(machine.address):
            self._report.finding(
                machine.address_place,
                machine.name,
                "this is no IPv4 address, so the compiler will refuse it",
                "Write ansible_host: with the machine's address, or correct the address in the target",
                machine.address,
            )
        return machine.address

    # -- names

    def _node_names(self, control: Machine | None, workers: list[Machine], derived: dict[str, str]) -> dict[str, str]:
        """Ansible's name -> the node's own."""
        machines = [*([control] if control else []), *workers]
        names: dict[str, str] = {}
        left = list(self._kubernetes)
        for machine in machines:
            if node := self._node_of(machine):
                names[machine.name] = node.name
                left.remove(node)
        if control and control.name not in names and (node := next((n for n in left if n.control_plane), None)):
            names[control.name] = node.name
            left.remove(node)
        self._pair_by_group(workers, derived, names, left)
        for node in left:
            way_out = (
                f"Write ansible_host: {node.address} at its host, or add the host to worker_nodes"
                if node.address
                else "Add its host to worker_nodes, or list the nodes with -o wide"
            )
            self._report.finding(
                f"{self._listing}:{node.line}",
                node.name,
                "the node is in the cluster, but no host of the inventory is this node; left out",
                way_out,
                node.address,
            )
        unnamed = [machine for machine in machines if machine.name not in names]
        for machine in unnamed:
            names[machine.name] = _host_name(machine.name)
        if unnamed:
            self._report.note(
                self._ansible.hosts_file,
                "cluster.nodes",
                "the nodes are named after Ansible's hosts: "
                + ", ".join(f"{machine.name} is {names[machine.name]}" for machine in unnamed),
                "bootstrap.sh gives the machines these names; --nodes takes those of a running cluster",
            )
        return names

    def _pair_by_group(
        self, workers: list[Machine], derived: dict[str, str], names: dict[str, str], left: list[Node]
    ) -> None:
        """A listing without addresses: the machines of a group and its nodes, in their order."""
        for group in dict.fromkeys(derived.values()):
            machines = [machine for machine in workers if derived[machine.name] == group and machine.name not in names]
            nodes = [node for node in left if node.address is None and self._group_of_label(node) == group]
            if not nodes or len(nodes) != len(machines):
                continue
            for machine, node in zip(machines, nodes, strict=True):
                names[machine.name] = node.name
                left.remove(node)
            if len(nodes) > 1:
                self._report.note(
                    f"{self._listing}:{nodes[0].line}",
                    "cluster.nodes",
                    f"the nodes of group {group} are taken in the "
                    "order in which both files list them: "
                    + ", ".join(f"{m.name} is {n.name}" for m, n in zip(machines, nodes, strict=True)),
                    "kubectl get nodes -o wide --show-labels has their addresses",
                )

    def _node_of(self, machine: Machine) -> Node | None:
        return next(
            (
                node
                for node in self._kubernetes
                if node.address == machine.address or node.name in (machine.name, _host_name(machine.name))
            ),
            None,
        )

    # -- groups

    def _group(self, machine: Machine) -> str:
        node = self._node_of(machine)
        for name in (machine.name, _host_name(machine.name), node.name if node else "", machine.address):
            if name in self._told:
                self._used.add(name)
                return self._told[name]
        if node and (group := self._group_of_label(node)):
            return group
        if node and node.label:
            self._report.finding(
                f"{self._listing}:{node.line}",
                node.name,
                "no node group has this label value",
                f"Say which it is: --group {node.name}=GROUP, GROUP one of {self._choices()}",
                node.label,
            )
            return UNKNOWN
        carriers = self._groups.labels.keys() - {CONTROL_PLANE}
        if len(carriers) == 1:
            return next(iter(carriers))
        by_name = self._group_of_name(machine.name)
        listed = {group for group in self._lists.get(machine.name, {}).values() if group}
        by_list = next(iter(listed)) if len(listed) == 1 else None
        if by_name or by_list:
            self._assumed[machine.name] = "its name" if by_name else f"{', '.join(self._lists[machine.name])}"
            return by_name or by_list
        self._report.finding(
            machine.place,
            machine.name,
            "nothing says which node group this worker is, so the compiler will refuse it",
            f"Say it: --group {machine.name}=GROUP, GROUP one of {self._choices()}",
        )
        return UNKNOWN

    def _choices(self) -> str:
        return ", ".join(sorted(self._groups.labels.keys() - {CONTROL_PLANE}))

    def _group_of_label(self, node: Node) -> str | None:
        return next((group for group, label in self._groups.labels.items() if label == node.label), None)

    def _group_of_name(self, name: str) -> str | None:
        """kafka_worker_host is of group kafka, first_verne_worker_host of vernemq."""
        parts = re.split(r"[-_.]", name.lower())
        found = {
            group
            for group, label in self._groups.labels.items()
            if group != CONTROL_PLANE
            for word in (group, label.lower())
            for part in parts
            if part == word or (len(part) >= _SHORTEST and (word.startswith(part) or part.rstrip("0123456789") == word))
        }
        return found.pop() if len(found) == 1 else None

    def _by_lists(self) -> dict[str, dict[str, str | None]]:
        """Machine -> the lists it is in, each with the group of the service that listens there."""
        found: dict[str, dict[str, str | None]] = {}
        for name, services in deployment()["lists"].items():
            group = next(
                (self._groups.services[service] for service in services if service in self._groups.services), None
            )
            for entry in self._ansible.groups.get(name, ()):
                if machine := self._machine(entry):
                    found.setdefault(machine.name, {})[name] = group
        return found

    def _machine(self, entry: str) -> Machine | None:
        """A list names a machine by its address or by Ansible's name."""
        named = self._ansible.machines.get(entry)
        address = named.address if named else entry
        members = [*self._members("worker_nodes"), *self._members("master_nodes")]
        return named if named in members else next((machine for machine in members if machine.address == address), None)

    def _say_what_was_assumed(self, derived: dict[str, str]) -> None:
        if self._assumed:
            self._report.note(
                self._ansible.hosts_file,
                "cluster.nodes",
                "the groups of these workers are assumed: "
                + ", ".join(f"{self._names[name]} is {derived[name]} by {why}" for name, why in self._assumed.items()),
                "--group or --nodes states them",
            )

    # -- what disagrees

    def _compare_lists(self, derived: dict[str, str]) -> None:
        """HAProxy here sends to every node of a service's group: is that what the lists say?"""
        for name, services in deployment()["lists"].items():
            entries = self._ansible.groups.get(name, [])
            service = next((service for service in services if service in self._groups.services), None)
            if not entries:
                continue
            if service is None:
                self._report.note(
                    self._ansible.places.get((name, entries[0]), self._ansible.hosts_file),
                    name,
                    f"of no effect: this cluster has no {' or '.join(services)}",
                )
                continue
            group = self._groups.services[service]
            own = {machine: self._names[machine] for machine, its in derived.items() if its == group}
            taken = ", ".join(f"{node} ({self._ansible.machines[machine].address})" for machine, node in own.items())
            listed = set()
            for entry in entries:
                machine = self._machine(entry)
                listed.add(machine.name if machine else entry)
                if machine and machine.name in own:
                    continue
                who = (
                    f"{machine.name}, of group {derived.get(machine.name, CONTROL_PLANE)}"
                    if machine
                    else "no machine of the cluster"
                )
                self._report.finding(
                    self._ansible.places.get((name, entry), self._ansible.hosts_file),
                    name,
                    f"this is {who}, but {service} runs on group {group}; taken: {taken or 'no node'}",
                    "Correct the list, or give the machine's group with --group",
                    entry,
                )
            if missing := [node for machine, node in own.items() if machine not in listed]:
                if listed & own.keys():
                    self._report.finding(
                        self._ansible.places.get((name, entries[0]), self._ansible.hosts_file),
                        name,
                        f"{', '.join(missing)} of group {group} is not in the list; HAProxy here sends to every node "
                        "of the group",
                        "Put it into another group, or let it be",
                    )

    def _compare_addresses(self, control: Machine | None, workers: list[Machine]) -> None:
        machines = [*([control] if control else []), *workers]
        seen: dict[str, Machine] = {}
        for machine in machines:
            if first := seen.get(machine.address):
                self._report.finding(
                    machine.address_place,
                    machine.name,
                    f"{first.name} ({first.address_place}) has the same address, so the compiler will refuse it",
                    "Correct one of them",
                    machine.address,
                )
            seen.setdefault(machine.address, machine)
        _, address, place = self.balancer
        if first := seen.get(address):
            self._report.finding(
                place,
                "haproxy",
                f"{first.name} ({first.address_place}), a node of the cluster, has the same address, "
                "so the compiler will refuse it",
                "Say which address the load balancer has: --load-balancer ADDRESS",
                address,
            )

    def _balancer(self, told: str | None) -> tuple[str, str, str]:
        """Host name, address and place of the load balancer. nginx is another way to be one."""
        machine = self._single("haproxy")
        other = self._single("nginx")
        if other and is_address(other.address):
            self._report.note(other.place, "nginx", "left out: HAProxy is the one load balancer", value=other.address)
        name = _host_name(machine.name) if machine and not is_address(machine.name) else "haproxy"
        if told:
            return name, told, "--load-balancer"
        if machine is None:
            self._report.finding(
                self._ansible.hosts_file,
                "haproxy",
                "there is no host of this name, so the load balancer has no address",
                "Say it: --load-balancer ADDRESS",
            )
            return name, "", self._ansible.hosts_file
        return name, self._address(machine), machine.address_place

    def _single(self, name: str) -> Machine | None:
        members = self._members(name)
        return members[0] if members else self._ansible.machines.get(name)


def is_address(text: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


def _host_name(name: str) -> str:
    """Ansible's name as a host name may be."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63].strip("-") or "node"
