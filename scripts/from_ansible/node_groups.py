"""The node group of each worker.

Ansible's files name none: the guide gives it with `kubectl label`. In order of weight: what --group says,
the labels of --nodes, the host's name, and the lists of nodes that HAProxy sends to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .hosts import host_name
from .inventory import AnsibleInventory, Machine
from .kubectl import Listing
from .report import Report

CONTROL_PLANE = "control-plane"
# No node group: the compiler refuses it, so no machine can be forgotten.
UNKNOWN = "unknown"
# Parts of a name that are this short say nothing.
_SHORTEST = 4


@dataclass(frozen=True)
class Groups:
    """Node groups of the inventory: group -> label value, service -> its group."""

    labels: dict[str, str]
    services: dict[str, str]

    @property
    def of_workers(self) -> list[str]:
        return sorted(self.labels.keys() - {CONTROL_PLANE})

    def of_label(self, value: str | None) -> str | None:
        return next((group for group, label in self.labels.items() if label == value), None)

    def of_name(self, name: str) -> str | None:
        """kafka_worker_host is of group kafka, first_verne_worker_host of vernemq."""
        parts = re.split(r"[-_.]", name.lower())
        found = {
            group
            for group in self.of_workers
            for word in (group, self.labels[group].lower())
            for part in parts
            if part == word or (len(part) >= _SHORTEST and (word.startswith(part) or part.rstrip("0123456789") == word))
        }
        return found.pop() if len(found) == 1 else None


@dataclass
class Grouping:
    """Worker -> group; `assumed`: worker -> what its group was taken from; `used`: names that --group gives."""

    of: dict[str, str] = field(default_factory=dict)
    assumed: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def grouping(
    workers: Sequence[Machine],
    groups: Groups,
    listing: Listing,
    lists: Mapping[str, Mapping[str, str | None]],
    told: Mapping[str, str],
    report: Report,
) -> Grouping:
    """`lists` as lists_of_machines has them, `told` as --group says it."""
    found = Grouping()
    for machine in workers:
        group = (
            _told(machine, listing, told, found)
            or _labelled(machine, groups, listing, report)
            or (groups.of_workers[0] if len(groups.of_workers) == 1 else None)
            or _assumed(machine, groups, lists.get(machine.name, {}), found)
        )
        if group is None:
            report.finding(
                machine.place,
                machine.name,
                "nothing says which node group this worker is, so the compiler will refuse it",
                f"Say it: --group {machine.name}=GROUP, GROUP one of {', '.join(groups.of_workers)}",
            )
        found.of[machine.name] = group or UNKNOWN
    return found


def _told(machine: Machine, listing: Listing, told: Mapping[str, str], found: Grouping) -> str | None:
    node = listing.node_of(machine)
    for name in (machine.name, host_name(machine.name), node.name if node else "", machine.address):
        if name in told:
            found.used.add(name)
            return told[name]
    return None


def _labelled(machine: Machine, groups: Groups, listing: Listing, report: Report) -> str | None:
    node = listing.node_of(machine)
    if node is None or node.label is None:
        return None
    if group := groups.of_label(node.label):
        return group
    report.finding(
        listing.place(node),
        node.name,
        "no node group has this label value",
        f"Say which it is: --group {node.name}=GROUP, GROUP one of {', '.join(groups.of_workers)}",
        node.label,
    )
    return UNKNOWN


def _assumed(machine: Machine, groups: Groups, lists: Mapping[str, str | None], found: Grouping) -> str | None:
    by_name = groups.of_name(machine.name)
    listed = {group for group in lists.values() if group}
    by_list = listed.pop() if len(listed) == 1 else None
    if by_name or by_list:
        found.assumed[machine.name] = "its name" if by_name else ", ".join(lists)
    return by_name or by_list


def say_what_was_assumed(found: Grouping, names: Mapping[str, str], ansible: AnsibleInventory, report: Report) -> None:
    if found.assumed:
        report.note(
            ansible.hosts_file,
            "cluster.nodes",
            "the groups of these workers are assumed: "
            + ", ".join(f"{names[name]} is {found.of[name]} by {why}" for name, why in found.assumed.items()),
            "--group or --nodes states them",
        )


def say_who_is_nobody(
    found: Grouping, told: Mapping[str, str], names: Mapping[str, str], workers: Sequence[Machine], report: Report
) -> None:
    for name in sorted(told.keys() - found.used):
        report.finding(
            "--group",
            name,
            "no worker has this name",
            f"Use one of: {', '.join(sorted(names.get(machine.name, machine.name) for machine in workers))}",
        )
