"""Where what Ansible's files say of machines contradicts itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .hosts import Balancer
from .inventory import AnsibleInventory, Machine
from .lists import NodeList, machine_of, node_lists
from .node_groups import CONTROL_PLANE, Groups
from .report import Report


def compare_lists(
    ansible: AnsibleInventory,
    groups: Groups,
    group_of: Mapping[str, str],
    names: Mapping[str, str],
    report: Report,
) -> None:
    """HAProxy here sends to every node of a service's group: is that what the lists say?"""
    for one in node_lists(ansible, groups):
        if one.service is None:
            report.note(
                one.place(ansible, one.entries[0]),
                one.name,
                f"of no effect: this cluster has no {' or '.join(one.services)}",
            )
            continue
        own = {machine: names[machine] for machine, group in group_of.items() if group == one.group}
        listed = _listed(one, own, ansible, group_of, report)
        missing = [node for machine, node in own.items() if machine not in listed]
        if missing and listed & own.keys():
            report.finding(
                one.place(ansible, one.entries[0]),
                one.name,
                f"{', '.join(missing)} of group {one.group} is not in the list; HAProxy here sends to every node "
                "of the group",
                "Put it into another group, or let it be",
            )


def _listed(
    one: NodeList, own: Mapping[str, str], ansible: AnsibleInventory, group_of: Mapping[str, str], report: Report
) -> set[str]:
    """The machines of a list; those that are not of its service's group are told."""
    taken = ", ".join(f"{node} ({ansible.machines[machine].address})" for machine, node in own.items())
    listed: set[str] = set()
    for entry in one.entries:
        machine = machine_of(ansible, entry)
        listed.add(machine.name if machine else entry)
        if machine and machine.name in own:
            continue
        who = (
            f"{machine.name}, of group {group_of.get(machine.name, CONTROL_PLANE)}"
            if machine
            else "no machine of the cluster"
        )
        report.finding(
            one.place(ansible, entry),
            one.name,
            f"this is {who}, but {one.service} runs on group {one.group}; taken: {taken or 'no node'}",
            "Correct the list, or give the machine's group with --group",
            entry,
        )
    return listed


def compare_addresses(machines: Iterable[Machine], balancer: Balancer, report: Report) -> None:
    seen: dict[str, Machine] = {}
    for machine in machines:
        if first := seen.get(machine.address):
            report.finding(
                machine.address_place,
                machine.name,
                f"{first.name} ({first.address_place}) has the same address, so the compiler will refuse it",
                "Correct one of them",
                machine.address,
            )
        seen.setdefault(machine.address, machine)
    if first := seen.get(balancer.address):
        report.finding(
            balancer.place,
            "haproxy",
            f"{first.name} ({first.address_place}), a node of the cluster, has the same address, "
            "so the compiler will refuse it",
            "Say which address the load balancer has: --load-balancer ADDRESS",
            balancer.address,
        )
