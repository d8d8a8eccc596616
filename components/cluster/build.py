"""An Inventory whose names lead somewhere -> Cluster. Derives, and judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from .balancer import load_balancer
from .contracts import ContractOf
from .frozen import freeze
from .input.target import Inventory
from .manifests import manifest_file
from .monitoring import monitoring
from .services import services
from .sizes import scale
from .types import Cluster, GitSource, Group, Node


def build(inventory: Inventory, texts: Mapping[str, str], contract_of: ContractOf) -> Cluster:
    """The Cluster that `inventory` describes; it may still break rules. `texts` are its files, by name."""
    cluster = inventory.cluster
    nodes = _nodes(inventory)
    groups = {
        name: Group(name, entry.label, tuple(node for node in nodes if node.group == name))
        for name, entry in inventory.node_groups.items()
    }
    sizes = scale(inventory)
    built = services(inventory, texts, sizes, groups, contract_of)
    here = tuple(service for service in built if not service.spec.external)
    frozen: Cluster = freeze(
        Cluster(
            name=cluster.name,
            release=inventory.release.version,
            domain=cluster.domain,
            namespace=cluster.namespace,
            rbac=cluster.rbac,
            group_label=cluster.group_label,
            storage_class=inventory.volumes.storage_class,
            priority_classes=inventory.priority_classes,
            gateway=inventory.gateway.service if inventory.gateway else None,
            nodes=nodes,
            groups=groups,
            services=here,
            external=tuple(service for service in built if service.spec.external),
            load_balancer=load_balancer(inventory, sizes, here, groups),
            scale=sizes,
            platform=inventory.platform,
            git=GitSource(inventory.repository.url, inventory.repository.revision, f"compiled/{cluster.name}"),
            reserve=inventory.reserve,
            firewall=inventory.firewall,
            backup=inventory.backup,
            monitoring=monitoring(inventory),
            pull_secrets=inventory.release.pull_secrets,
            manifests=tuple(manifest_file(name, texts[name]) for name in inventory.manifests),
        )
    )
    return frozen


def _nodes(inventory: Inventory) -> tuple[Node, ...]:
    return tuple(
        Node(
            name=name,
            address=entry.address,
            group=entry.group,
            hardware=entry.hardware or inventory.node_groups[entry.group].hardware,
        )
        for name, entry in inventory.cluster.nodes.items()
    )
