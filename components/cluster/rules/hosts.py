"""Machines: addresses and names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from components.inventory.finding import Finding, Path

from ..input.target import Inventory
from ..types import CONTROL_PLANE, Cluster
from .registry import Stage, rule


@rule(Stage.STRUCTURE)
def unique_addresses(cluster: Cluster) -> Iterator[Finding]:
    """Every host, those of the load balancer included, has an address of its own."""
    seen: dict[str, Path] = {}
    for path, address in _addresses(cluster):
        if address in seen:
            yield Finding(
                path,
                address,
                f"this is also {'.'.join(seen[address])}; every host needs an address of its own",
                "Give one of the two another address",
            )
        seen.setdefault(address, path)


@rule(Stage.STRUCTURE)
def addresses_of_hosts(cluster: Cluster) -> Iterator[Finding]:
    """An address that other machines can reach: RFC 6890 keeps some for other purposes."""
    for path, address in _addresses(cluster):
        if kind := _kind_of_no_host(address):
            yield Finding(path, address, f"no machine is reached under this address: {kind}", "Write the host's own")


def _kind_of_no_host(address: str) -> str | None:
    number = ipaddress.IPv4Address(address)
    kinds = {
        "it is every host's own (loopback)": number.is_loopback,
        "it means no host, or this network": number in ipaddress.ip_network("0.0.0.0/8"),
        "it is one that a host gives itself (link-local)": number.is_link_local,
        "it is a group's (multicast)": number.is_multicast,
        "it is reserved": number.is_reserved,
    }
    return next((kind for kind, holds in kinds.items() if holds), None)


@rule(Stage.STRUCTURE)
def domain_of_devices(cluster: Cluster) -> Iterator[Finding]:
    """What consists of numbers is an address, and devices reach the brokers through the load balancer."""
    path, balancer = ("cluster", "domain"), cluster.load_balancer
    if not cluster.domain.replace(".", "").isdigit():
        return
    if len(balancer.addresses) > 1:
        yield Finding(
            path,
            cluster.domain,
            f"an address leads to one host, and devices are to find {len(balancer.addresses)} load balancers",
            "Write a name that has an address record of each",
        )
        return
    try:
        ipaddress.IPv4Address(cluster.domain)
    except ValueError:
        yield Finding(path, cluster.domain, "this is neither a name nor an IPv4 address", "Correct it")
        return
    for node in cluster.nodes:
        if node.address == cluster.domain:
            yield Finding(
                path,
                cluster.domain,
                f"this is {node.name}, and devices would go past the load balancer",
                f"Write the address of {balancer.hosts[0].name}, {balancer.address}, or a name that leads there",
            )


@rule(Stage.NAMES)
def ways_to_several(inventory: Inventory) -> Iterator[Finding]:
    """Several load balancers share the devices in a way that the inventory states."""
    many = len(inventory.load_balancers)
    if many > 1 and inventory.load_balancer.shared is None:
        yield Finding(
            ("load_balancers",),
            None,
            f"there are {many}, and nothing says how devices come to all of them",
            "Write load_balancer.shared: {by: dns}, and give cluster.domain an address record of each host; or "
            "{by: keepalived, address: ADDRESS, interface: eth0}, with an address that one of them has at a time",
        )


@rule(Stage.NAMES)
def an_address_to_share(inventory: Inventory) -> Iterator[Finding]:
    """keepalived gives an address to an interface; with DNS there is none beside those of the hosts."""
    shared = inventory.load_balancer.shared
    if shared is None:
        return
    path = ("load_balancer", "shared")
    for key, value in {"address": shared.address, "interface": shared.interface}.items():
        if shared.by == "keepalived" and value is None:
            yield Finding((*path, key), None, f"keepalived needs this {key}", "Add it")
        if shared.by == "dns" and value is not None:
            yield Finding((*path, key), value, "with dns, devices come to the hosts' own addresses", "Take it out")


@rule(Stage.STRUCTURE)
def keepalived_is_there(cluster: Cluster) -> Iterator[Finding]:
    """The system has the program, in a version that is named."""
    keepalived, system = cluster.load_balancer.keepalived, cluster.platform.operating_system
    if keepalived and keepalived.version is None:
        yield Finding(
            ("load_balancer", "shared", "by"),
            "keepalived",
            f"nothing says which keepalived {system.name} {system.version} has (platform.operating_system.keepalived)",
            "Write dns, or the version that the system's archive has",
        )


@rule(Stage.STRUCTURE)
def labels_of_others(cluster: Cluster) -> Iterator[Finding]:
    """Kubernetes keeps these prefixes for itself, and refuses a kubelet that would set such a label on its node."""
    prefix, _, name = cluster.group_label.rpartition("/")
    allowed = ("kubelet.kubernetes.io", "node.kubernetes.io")
    if prefix not in allowed and f".{prefix}".endswith((".kubernetes.io", ".k8s.io")):
        yield Finding(
            ("cluster", "group_label"),
            cluster.group_label,
            f"labels of {prefix} are Kubernetes' own, and no kubelet may set one",
            f"Write another prefix such as dojot.components/{name}",
        )


@rule(Stage.STRUCTURE)
def unique_names(cluster: Cluster) -> Iterator[Finding]:
    """No host of the load balancer has the name of a node."""
    nodes = {node.name for node in cluster.nodes}
    for host in cluster.load_balancer.hosts:
        if host.name in nodes:
            yield Finding(
                ("load_balancers", host.name),
                None,
                "a node has this name; every host needs its own",
                "Rename one of the two",
            )


@rule(Stage.STRUCTURE)
def addresses_outside_pods(cluster: Cluster) -> Iterator[Finding]:
    """Hosts are not inside the networks that Kubernetes gives to pods and Services."""
    networks = {
        "pods": cluster.platform.pod_network.cidr,
        "Services": cluster.platform.kubernetes.service_subnet,
    }
    for path, address in _addresses(cluster):
        for what, network in networks.items():
            if ipaddress.ip_address(address) in ipaddress.ip_network(network):
                yield Finding(
                    path,
                    address,
                    f"this address is inside the network of the {what}, {network}",
                    "Choose an address outside it, or another network in the platform class",
                )


@rule(Stage.STRUCTURE)
def separate_networks(cluster: Cluster) -> Iterator[Finding]:
    """Pods and Services have networks that do not overlap."""
    pods, services = cluster.platform.pod_network.cidr, cluster.platform.kubernetes.service_subnet
    if ipaddress.ip_network(pods).overlaps(ipaddress.ip_network(services)):
        yield Finding(
            ("platform", "pod_network", "cidr"),
            pods,
            f"the network of the pods overlaps that of the Services, {services} (platform.kubernetes.service_subnet)",
            "Choose another network for one of them",
        )


@rule(Stage.STRUCTURE)
def control_planes_are_odd(cluster: Cluster) -> Iterator[Finding]:
    """etcd on them goes on while more than half of them do: one more than an odd number helps nobody."""
    found = [node.name for node in cluster.control_planes]
    if not found:
        yield Finding(
            ("cluster", "nodes"),
            None,
            f"no node has group: {CONTROL_PLANE}, and the cluster needs one",
            "Add a node for it",
        )
    elif len(found) % 2 == 0:
        yield Finding(
            ("cluster", "nodes", found[-1], "group"),
            CONTROL_PLANE,
            f"{', '.join(found)} are {len(found)} control planes, and etcd on them needs {len(found) // 2 + 1} at "
            f"work: no more of them may be lost than of {len(found) - 1}",
            f"Give {found[-1]} a group of workers, or add another control plane",
        )


@rule(Stage.STRUCTURE)
def own_namespace(cluster: Cluster) -> Iterator[Finding]:
    """The manifests make and keep their namespaces, so those hold nothing else."""
    taken = {
        "default": "Kubernetes",
        "kube-system": "Kubernetes",
        "kube-public": "Kubernetes",
        "kube-node-lease": "Kubernetes",
        cluster.platform.argocd.namespace: "Argo CD",
    }
    paths: dict[str, Path] = {cluster.namespace: ("cluster", "namespace")}
    for service in cluster.services:
        paths.setdefault(service.namespace, ("services", service.name, "namespace"))
    for namespace, path in paths.items():
        if namespace in taken:
            yield Finding(
                path,
                namespace,
                f"this namespace belongs to {taken[namespace]}, and dojot needs one of its own",
                "Choose another name such as dojot",
            )


@rule(Stage.NAMES)
def namespace_apart(inventory: Inventory) -> Iterator[Finding]:
    """Pods that watch see their nodes, which their namespace allows; dojot's are kept from that."""
    if inventory.monitoring and inventory.monitoring.namespace == inventory.cluster.namespace:
        yield Finding(
            ("cluster", "namespace"),
            inventory.cluster.namespace,
            "monitoring has this namespace, whose pods may see their nodes (monitoring.namespace)",
            "Choose another name such as dojot",
        )


@rule(Stage.STRUCTURE)
def distinct_labels(cluster: Cluster) -> Iterator[Finding]:
    """Two groups with one label value would be one group to the scheduler."""
    seen: dict[str, str] = {}
    for group in cluster.groups.values():
        if group.label in seen:
            yield Finding(
                ("node_groups", group.name, "label"),
                group.label,
                f"group {seen[group.label]} has this label value already",
                "Give each group its own value",
            )
        seen.setdefault(group.label, group.name)


def _addresses(cluster: Cluster) -> Iterator[tuple[Path, str]]:
    for node in cluster.nodes:
        yield ("cluster", "nodes", node.name, "address"), node.address
    if keepalived := cluster.load_balancer.keepalived:
        yield ("load_balancer", "shared", "address"), keepalived.address
    for host in cluster.load_balancer.hosts:
        yield ("load_balancers", host.name, "address"), host.address
        for number, address in enumerate(host.source_addresses):
            yield ("load_balancers", host.name, "source_addresses", str(number)), address
