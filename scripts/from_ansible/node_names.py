"""The name of each machine as a node: that of the running cluster, or one made of Ansible's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .hosts import host_name
from .inventory import AnsibleInventory, Machine
from .kubectl import Listing, Node
from .node_groups import Groups
from .report import Report


def node_names(
    control: Machine | None,
    workers: Sequence[Machine],
    group_of: Mapping[str, str],
    groups: Groups,
    listing: Listing,
    ansible: AnsibleInventory,
    report: Report,
) -> dict[str, str]:
    """Ansible's name -> the node's own."""
    machines = [*([control] if control else []), *workers]
    names: dict[str, str] = {}
    left = list(listing.nodes)
    for machine in machines:
        if node := listing.node_of(machine):
            names[machine.name] = node.name
            left.remove(node)
    if control and control.name not in names and (node := next((n for n in left if n.control_plane), None)):
        names[control.name] = node.name
        left.remove(node)
    _pair_by_group(workers, group_of, groups, listing, names, left, report)
    for node in left:
        _say_no_host(node, listing, report)
    unnamed = [machine for machine in machines if machine.name not in names]
    for machine in unnamed:
        names[machine.name] = host_name(machine.name)
    if unnamed:
        report.note(
            ansible.hosts_file,
            "cluster.nodes",
            "the nodes are named after Ansible's hosts: "
            + ", ".join(f"{machine.name} is {names[machine.name]}" for machine in unnamed),
            "bootstrap.sh gives the machines these names; --nodes takes those of a running cluster",
        )
    return names


def _pair_by_group(
    workers: Sequence[Machine],
    group_of: Mapping[str, str],
    groups: Groups,
    listing: Listing,
    names: dict[str, str],
    left: list[Node],
    report: Report,
) -> None:
    """A listing without addresses: the machines of a group and its nodes, in their order."""
    for group in dict.fromkeys(group_of.values()):
        machines = [machine for machine in workers if group_of[machine.name] == group and machine.name not in names]
        nodes = [node for node in left if node.address is None and groups.of_label(node.label) == group]
        if not nodes or len(nodes) != len(machines):
            continue
        for machine, node in zip(machines, nodes, strict=True):
            names[machine.name] = node.name
            left.remove(node)
        if len(nodes) > 1:
            report.note(
                listing.place(nodes[0]),
                "cluster.nodes",
                f"the nodes of group {group} are taken in the order in which both files list them: "
                + ", ".join(f"{m.name} is {n.name}" for m, n in zip(machines, nodes, strict=True)),
                "kubectl get nodes -o wide --show-labels has their addresses",
            )


def _say_no_host(node: Node, listing: Listing, report: Report) -> None:
    report.finding(
        listing.place(node),
        node.name,
        "the node is in the cluster, but no host of the inventory is this node; left out",
        f"Write ansible_host: {node.address} at its host, or add the host to worker_nodes"
        if node.address
        else "Add its host to worker_nodes, or list the nodes with -o wide",
        node.address,
    )
