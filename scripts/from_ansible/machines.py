"""From hosts and groups of Ansible to machines of a cluster: name, address, node group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import hosts
from .disagreements import compare_addresses, compare_lists
from .hosts import Balancer
from .inventory import AnsibleInventory
from .kubectl import Listing
from .lists import lists_of_machines
from .node_groups import CONTROL_PLANE, Groups, grouping, say_what_was_assumed, say_who_is_nobody
from .node_names import node_names
from .report import Report


@dataclass(frozen=True)
class ClusterNode:
    """A line of cluster.nodes."""

    name: str
    address: str
    group: str


@dataclass(frozen=True)
class Machines:
    nodes: list[ClusterNode]
    balancer: Balancer


def convert_machines(
    ansible: AnsibleInventory,
    groups: Groups,
    report: Report,
    listing: Listing,
    told: Mapping[str, str],
    balancer: str | None,
) -> Machines:
    """`listing` as --nodes gives it, `told` as --group does, `balancer` as --load-balancer does."""
    control = hosts.control_plane(ansible, report)
    workers = hosts.workers(ansible, control, report)
    machines = [*([control] if control else []), *workers]
    found = grouping(workers, groups, listing, lists_of_machines(ansible, groups), told, report)
    names = node_names(control, workers, found.of, groups, listing, ansible, report)
    nodes = [
        ClusterNode(names[machine.name], hosts.address(machine, report), found.of.get(machine.name, CONTROL_PLANE))
        for machine in machines
    ]
    haproxy = hosts.load_balancer(ansible, balancer, report)
    say_what_was_assumed(found, names, ansible, report)
    compare_lists(ansible, groups, found.of, names, report)
    compare_addresses(machines, haproxy, report)
    say_who_is_nobody(found, told, names, workers, report)
    return Machines(nodes, haproxy)
