"""What the picture says of a cluster, in words: its chips, and the text for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.quantity import cores
from components.cluster.types import CONTROL_PLANE, EVERY_NODE, BalancerHost, Cluster, Frontend, Group, Node, Service

from .. import way
from ..words import amount, count, names, plural
from .canvas import Chip

_STEPS = {way.UP: "write", way.LOOPBACK: "loop", way.BACK: "read"}
# A message comes to the brokers and to Kafka before it comes to these.
_WAY = {name: number for number, name in enumerate(_STEPS, start=1)}


def alternative(cluster: Cluster) -> str:
    """The picture in one line."""
    brokers = f"{plural(cluster.scale.brokers, 'broker')}, " if cluster.brokers else ""
    return (
        f"Cluster {cluster.name} as a picture: {plural(cluster.scale.devices, 'device')}, the load balancer, {brokers}"
        f"{plural(len(cluster.nodes), 'node')} with what runs on them, and headroom"
    )


def sentences(cluster: Cluster) -> Iterator[str]:
    """All that the picture has but the way and the bars, of which the page has a list and a table."""
    balancer = cluster.load_balancer
    doors = ", ".join(
        f"{frontend.listen} leads to {cluster.service(frontend.service).title}" for frontend in balancer.frontends
    )
    balancers = ", ".join(f"{host.name} ({host.address})" for host in balancer.hosts)
    yield f"Load balancer {balancers}" + (f": port {doors}." if doors else ".")
    for group in cluster.groups.values():
        hosts = ", ".join(f"{node.name} ({node.address})" for node in group.nodes)
        runs = ", ".join(chip.text for chip, _ in chips(cluster, group))
        yield f"Group {group.name}: {hosts}." + (f" There: {runs}." if runs else "")
    if everywhere := [service.title for service in cluster.services if service.group == EVERY_NODE]:
        yield f"On every node: {', '.join(everywhere)}."


def about(host: Node | BalancerHost) -> list[str]:
    """Its address, and its hardware where that is known."""
    found = host.hardware
    return [host.address, *([f"{cores(found.cpu)} CPU, {amount(found.memory)}"] if found else ())]


def node_port_of(frontend: Frontend) -> str:
    return "any" if frontend.node_port is None else str(frontend.node_port)


def chips(cluster: Cluster, group: Group) -> list[tuple[Chip, str]]:
    """What stands in a group, each with the service of a message's way beside which it is shown; "" for the others."""
    own = sorted((one for one in cluster.services if one.group == group.name), key=lambda one: _WAY.get(one.name, 0))
    found = [(_chip(cluster, service, group), _beside(cluster, service)) for service in own]
    if group.name == CONTROL_PLANE:
        found.insert(0, (Chip("Kubernetes control plane"), ""))
    if cluster.argocd_group == group.name:
        found.append((Chip("Argo CD"), ""))
    return found


def _beside(cluster: Cluster, service: Service) -> str:
    """Bridges are shown with the brokers, the loopback with Kafka."""
    brokers = cluster.brokers
    if brokers and (service == brokers or service.name in (way.UP, way.BACK)):
        return brokers.name
    return way.LOG if brokers and service.name in (way.LOG, way.LOOPBACK) else ""


def _chip(cluster: Cluster, service: Service, group: Group) -> Chip:
    step = way.steps(cluster).get(_STEPS.get(service.name, ""))
    keeps = any(volume.disks for volume in service.volumes)
    return Chip(_says(service, group), step, keeps, "carries" if _beside(cluster, service) else "chip")


def _says(service: Service, group: Group) -> str:
    """Its title, with the number of its pods and where they stand, unless one stands wherever there is room."""
    if service.per_node is not None or service.spec.one_per_node:
        each = "" if service.per_node in (None, 1) else f"{count(service.per_node or 1)} × "
        return f"{each}{service.title}" + (" on each" if len(group.nodes) > 1 else "")
    number = "" if service.replicas == 1 else f"{count(service.replicas)} × "
    return f"{number}{service.title}{_where(service, group)}"


def _where(service: Service, group: Group) -> str:
    """Nodes that volumes give it, where they are not all of the group."""
    nodes = [disk.node.name for volume in service.volumes for disk in volume.disks]
    chosen = list(dict.fromkeys(nodes))
    return f" on {names(chosen)}" if chosen and len(chosen) < len(group.nodes) else ""
