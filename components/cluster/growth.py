"""Machines that an inventory lacks for its devices: how many, under which names, and what each of them has to have."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .build import build
from .capacity import Limit, carriers_needed, enough, limits, machine_of
from .contracts import ContractOf
from .input.machines import BalancerHostEntry, Hardware, Node
from .input.target import Inventory
from .rules.placement import free_names, missing_nodes, stem_of
from .types import Cluster

#: From the root of the parameters to the hardware of a machine, or of each machine of a group.
Machine = tuple[str, ...]


@dataclass(frozen=True)
class Growth:
    """`inventory` is the one with every machine that it needs; `cluster` follows from it, and may break other rules.

    `nodes` and `balancers` were missing, by name; `hardware` is that of machines which have to have more. `with_nodes`
    has the nodes, and the load balancers and hardware that are stated.
    """

    inventory: Inventory
    cluster: Cluster
    with_nodes: Cluster
    nodes: Mapping[str, Node] = field(default_factory=dict)
    balancers: Mapping[str, BalancerHostEntry] = field(default_factory=dict)
    hardware: Mapping[Machine, Hardware] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        """What is to be added to the inventory, as its parameters."""
        found: dict[str, Any] = {}
        for name, node in self.nodes.items():
            _put(found, ("cluster", "nodes", name), {"address": node.address, "group": node.group})
        for name, host in self.balancers.items():
            _put(found, ("load_balancers", name), {"address": host.address})
        for path, hardware in self.hardware.items():
            _put(found, path, hardware.written())
        return found


def grown(inventory: Inventory, texts: Mapping[str, str], contract_of: ContractOf) -> Growth:
    """With the machines that its sizes need, and no more; what is there already stays as large as it is.

    Both loops end: the number of nodes follows from no volume and no machine, and what a limit needs from no hardware.
    """
    nodes: dict[str, Node] = {}
    hardware: dict[Machine, Hardware] = {}
    cluster = build(inventory, texts, contract_of)
    while new := dict(_new_nodes(inventory, missing_nodes(cluster))):
        nodes |= new
        inventory = _updated(inventory, ("cluster", "nodes"), {**inventory.cluster.nodes, **new})
        cluster = build(inventory, texts, contract_of)
    with_nodes = cluster
    balancers = dict(_new_balancers(inventory, cluster))
    if balancers:
        inventory = _updated(inventory, ("load_balancers",), {**inventory.load_balancers, **balancers})
        cluster = build(inventory, texts, contract_of)
    while larger := _larger(inventory, cluster):
        hardware |= larger
        for path, has in larger.items():
            inventory = _updated(inventory, path, has)
        cluster = build(inventory, texts, contract_of)
    return Growth(inventory, cluster, with_nodes, nodes, balancers, hardware)


def _larger(inventory: Inventory, cluster: Cluster) -> dict[Machine, Hardware]:
    """Of each machine that is too small, where its hardware is written."""
    found: dict[Machine, Hardware] = {}
    for limit in limits(cluster):
        if limit.fits or limit.hardware is None:
            continue
        path = _where(inventory, limit)
        found[path] = enough(cluster, limit, found.get(path) or machine_of(cluster, limit))
    return found


def _where(inventory: Inventory, limit: Limit) -> Machine:
    if limit.path[0] == "load_balancers":
        own = inventory.load_balancers[limit.machine].hardware
        return (*limit.path, "hardware") if own else ("load_balancer", "hardware")
    node = inventory.cluster.nodes[limit.machine]
    return (*limit.path, "hardware") if node.hardware else ("node_groups", node.group, "hardware")


def _new_nodes(inventory: Inventory, missing: Mapping[str, list[str]]) -> Iterator[tuple[str, Node]]:
    addresses = _free_addresses(inventory)
    for group, names in missing.items():
        for name in names:
            yield name, Node(address=next(addresses), group=group)


def _new_balancers(inventory: Inventory, cluster: Cluster) -> Iterator[tuple[str, BalancerHostEntry]]:
    """As many as it takes where they share the devices, by DNS. Elsewhere one has them all, and becomes larger."""
    balancer = cluster.load_balancer
    if len(balancer.hosts) < 2 or balancer.keepalived:
        return
    missing = carriers_needed(cluster) - balancer.carriers
    taken = {machine.name for machine in cluster.machines}
    names = free_names(stem_of(balancer.hosts[-1].name), taken, first=len(balancer.hosts) + 1)
    addresses = _free_addresses(inventory)
    for name in islice(names, max(0, missing)):
        yield name, BalancerHostEntry(address=next(addresses))


def _free_addresses(inventory: Inventory) -> Iterator[str]:
    """Above the highest that a machine of the cluster has; nobody here knows which are free."""
    taken = [node.address for node in inventory.cluster.nodes.values()]
    taken += [one for host in inventory.load_balancers.values() for one in (host.address, *host.source_addresses)]
    highest = max(map(ipaddress.IPv4Address, taken), default=ipaddress.IPv4Address("192.168.0.9"))
    return addresses_from(highest + 1)


def addresses_from(address: ipaddress.IPv4Address) -> Iterator[str]:
    """That one and those after it; of a network of 256, the first and the last are nobody's."""
    while True:
        if int(address) % 256 not in (0, 255):
            yield str(address)
        address += 1


def _updated(entry: Any, path: Machine, value: Any) -> Any:
    """A copy of an entry, or of a map of them, with another value at `path`."""
    if not path:
        return value
    name, *rest = path
    if isinstance(entry, Mapping):
        return {**entry, name: _updated(entry[name], tuple(rest), value)}
    return entry.model_copy(update={name: _updated(getattr(entry, name), tuple(rest), value)})


def _put(tree: dict[str, Any], path: Machine, value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value
