"""The hosts of Ansible's groups: control plane, workers and load balancer."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from .inventory import AnsibleInventory, Machine
from .report import Report


@dataclass(frozen=True)
class Balancer:
    """The host of HAProxy; `place` is where its address is written."""

    hostname: str
    address: str
    place: str


def members(ansible: AnsibleInventory, group: str) -> list[Machine]:
    return [ansible.machines[name] for name in ansible.groups.get(group, ())]


def control_plane(ansible: AnsibleInventory, report: Report) -> Machine | None:
    masters = members(ansible, "master_nodes")
    if not masters:
        report.finding(
            ansible.hosts_file,
            "master_nodes",
            "there is no control plane",
            "Add its host to the group master_nodes",
        )
        return None
    first, *others = masters
    if others:
        report.finding(
            others[0].place,
            "master_nodes",
            f"the playbooks make one control plane; {first.name} is taken, left out: "
            f"{', '.join(machine.name for machine in others)}",
            "Keep one. A new cluster may have three (docs/availability.md)",
        )
    return first


def workers(ansible: AnsibleInventory, control: Machine | None, report: Report) -> list[Machine]:
    found = members(ansible, "worker_nodes")
    if control in found:
        report.finding(
            control.place,
            control.name,
            "the host is in master_nodes and in worker_nodes; it is the control plane here",
            "Keep one of them, and give dojot's services a worker",
        )
        found.remove(control)
    for machine in members(ansible, "k8s-nodes"):
        if machine not in found and machine not in members(ansible, "master_nodes"):
            report.finding(
                machine.place,
                machine.name,
                "the host is in k8s-nodes, but neither in master_nodes nor in worker_nodes; left out",
                "Add it to worker_nodes",
            )
    if not found:
        report.finding(
            ansible.hosts_file,
            "worker_nodes",
            "there is no worker",
            "Add the hosts of the workers to the group worker_nodes",
        )
    return found


def address(machine: Machine, report: Report) -> str:
    if not is_address(machine.address):
        report.finding(
            machine.address_place,
            machine.name,
            "this is no IPv4 address, so the compiler will refuse it",
            "Write ansible_host: with the machine's address, or correct the address in the target",
            machine.address,
        )
    return machine.address


def load_balancer(ansible: AnsibleInventory, told: str | None, report: Report) -> Balancer:
    """`told` is what --load-balancer says. nginx is another way to be one."""
    machine, other = _single(ansible, "haproxy"), _single(ansible, "nginx")
    if other and is_address(other.address):
        report.note(other.place, "nginx", "left out: HAProxy is the one load balancer", value=other.address)
    name = host_name(machine.name) if machine and not is_address(machine.name) else "haproxy"
    if told:
        return Balancer(name, told, "--load-balancer")
    if machine is None:
        report.finding(
            ansible.hosts_file,
            "haproxy",
            "there is no host of this name, so the load balancer has no address",
            "Say it: --load-balancer ADDRESS",
        )
        return Balancer(name, "", ansible.hosts_file)
    return Balancer(name, address(machine, report), machine.address_place)


def _single(ansible: AnsibleInventory, name: str) -> Machine | None:
    return next(iter(members(ansible, name)), ansible.machines.get(name))


def is_address(text: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


def host_name(name: str) -> str:
    """Ansible's name as a host name may be."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63].strip("-") or "node"
