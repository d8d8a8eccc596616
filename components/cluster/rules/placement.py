"""Services and the nodes that must carry them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import count, islice

from components.inventory.finding import Finding, listed

from ..quantity import ceil_div
from ..types import Cluster, Service
from .registry import Stage, rule
from .sizes import wrong_number


@rule(Stage.STRUCTURE)
def enough_nodes(cluster: Cluster) -> Iterator[Finding]:
    """Each group has the nodes that its services' pods need."""
    for name, names in missing_nodes(cluster).items():
        members, needed = _members(cluster, name)
        asking = [service for service in members if _nodes_needed(service)[0] == needed]
        yield Finding(
            ("cluster", "nodes"),
            None,
            f"group {name} has {_nodes(len(cluster.groups[name].nodes))}, and "
            f"{listed([_who(cluster, service) for service in asking])} "
            f"{'needs' if len(asking) == 1 else 'need'} {needed} ({_nodes_needed(asking[0])[1]})",
            f"Add {_span(names)} under cluster.nodes,{' each' * (len(names) > 1)} with group: {name}"
            f"{''.join(_fewer(cluster, service) for service in asking)}",
        )


def _fewer(cluster: Cluster, service: Service) -> str:
    """The minimum is the guide's, for a cluster that outlives a broker; small ones may choose otherwise."""
    scale = cluster.scale
    least = ceil_div(scale.devices, scale.devices_per_broker)
    if service.kind != "VerneMQ" or not least <= service.replicas - 1 == scale.minimum_brokers - 1:
        return ""
    lost = "none takes over when it is lost" if least == 1 else "too few are left when one of them is lost"
    return f", or lower scale.minimum_brokers: {least} would carry {scale.devices:,} devices, but {lost}"


def missing_nodes(cluster: Cluster) -> dict[str, list[str]]:
    """Group -> names for the nodes that it lacks, which go on where its own end: verne-3 -> verne-4, verne-5."""
    taken = {host.name for host in cluster.machines}
    found: dict[str, list[str]] = {}
    for group in cluster.groups.values():
        missing = _members(cluster, group.name)[1] - len(group.nodes)
        if missing > 0:
            stem = stem_of(group.nodes[-1].name) if group.nodes else group.name
            found[group.name] = list(islice(free_names(stem, taken), missing))
            taken |= {*found[group.name]}
    return found


def _members(cluster: Cluster, group: str) -> tuple[list[Service], int]:
    """Services of a group, and the nodes that they need."""
    members = [service for service in cluster.services if service.group == group]
    return members, max((_nodes_needed(service)[0] for service in members), default=0)


@rule(Stage.STRUCTURE)
def brokers_fill_their_group(cluster: Cluster) -> Iterator[Finding]:
    """Every node of the brokers' group has a broker, because bridges stand on each of them."""
    for service in cluster.services:
        if not service.spec.one_per_node or service.kind != "VerneMQ":
            continue
        group = cluster.groups[service.group]
        # Fewer brokers than the minimum are refused for that alone.
        if len(group.nodes) > service.replicas >= cluster.scale.minimum_brokers:
            yield Finding(
                ("services", service.name, "replicas"),
                service.replicas,
                f"group {group.name} has {len(group.nodes)} nodes, and its other pods would stand "
                f"on {_nodes(len(group.nodes) - service.replicas)} without a {service.title} beside them",
                f"Write {len(group.nodes)}, or take {listed([n.name for n in group.nodes[service.replicas :]])} "
                f"out of the group: what waits for the loss of another is of group spare (class availability.spare)",
            )


@rule(Stage.STRUCTURE)
def clients_meet_a_pod(cluster: Cluster) -> Iterator[Finding]:
    """Traffic to a service with one pod a node stays on the node it arrives at, so each must have that pod."""
    for service in cluster.services:
        nodes = cluster.nodes_of(service)
        if service.spec.one_per_node and service.kind != "VerneMQ" and len(nodes) > service.replicas:
            yield Finding(
                ("services", service.name, "group"),
                service.group,
                f"this group has {_nodes(len(nodes))}, {service.title} runs on {_nodes(service.replicas)}, and traffic "
                "stays on the node it arrives at: the others would not answer",
                f"Write services.{service.name}.group: a group of {_nodes(service.replicas)}",
            )


@rule(Stage.STRUCTURE)
def even_shares(cluster: Cluster) -> Iterator[Finding]:
    """Bridges: at least the guide's number for each broker, and the same number beside each."""
    brokers, least = cluster.scale.brokers, cluster.scale.bridges_per_broker
    for service in cluster.services:
        if service.per_node is None:
            continue
        path = ("services", service.name, "replicas")
        if service.replicas % brokers:
            yield Finding(
                path,
                service.replicas,
                f"{service.replicas} pods cannot be shared evenly by {brokers} brokers",
                f"Write a multiple of {brokers}, at least {brokers * least}, or the rule: bridges",
            )
        elif service.replicas < brokers * least:
            yield Finding(
                path,
                service.replicas,
                f"{brokers} brokers need at least {least} bridges each, {brokers * least} in all (guide)",
                f"Write {brokers * least}, or the rule: bridges",
            )


@rule(Stage.STRUCTURE)
def single_writer(cluster: Cluster) -> Iterator[Finding]:
    """A local volume has one writer, so a Deployment that has one runs one pod."""
    for service in cluster.services:
        if service.kind == "Deployment" and service.replicas > 1 and any(v.persistent for v in service.volumes):
            yield Finding(
                ("services", service.name, "replicas"),
                service.replicas,
                "its volume is a directory of one node, which only one pod may write",
                "Write 1, or persistent: false for its volumes",
            )


def _nodes_needed(service: Service) -> tuple[int, str]:
    # Nobody adds nodes for pods that there cannot be.
    if not wrong_number(service):
        if service.spec.one_per_node:
            return service.replicas, "one pod on each node"
        if service.apart:
            return service.replicas, "availability: each pod on a node of its own"
        if service.kind != "Deployment" and any(volume.persistent for volume in service.volumes):
            return service.replicas, "each pod keeps its volume on a node of its own"
    return 1, "its pods run nowhere else"


def _who(cluster: Cluster, service: Service) -> str:
    pods = "1 pod" if service.replicas == 1 else f"{service.replicas} pods"
    devices = f" for {cluster.scale.devices:,} devices" if service.kind == "VerneMQ" else ""
    return f"{service.title} ({pods}{devices})"


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count or 'no'} nodes"


def _span(names: Sequence[str]) -> str:
    """ "verne-4 and verne-5", "verne-4 to verne-30"; names with a gap are all listed."""
    first, last = names[0].rpartition("-"), names[-1].rpartition("-")
    if len(names) > 3 and first[0] == last[0] and int(last[2]) - int(first[2]) == len(names) - 1:
        return f"{names[0]} to {names[-1]}"
    return listed(names)


def stem_of(name: str) -> str:
    """verne of verne-3."""
    return name.rstrip("0123456789").rstrip("-")


def free_names(stem: str, taken: Set[str], first: int = 1) -> Iterator[str]:
    return (name for number in count(first) if (name := f"{stem}-{number}") not in taken)
