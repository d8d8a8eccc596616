"""The firewall of the nodes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from components.inventory.finding import Finding

from ..types import Cluster
from .registry import Stage, rule


@rule(Stage.STRUCTURE)
def networks_of_operators(cluster: Cluster) -> Iterator[Finding]:
    """A network is written as its first address: a machine's address with the network's length may mean either."""
    for number, written in enumerate(cluster.firewall.operators):
        network = ipaddress.IPv4Network(written, strict=False)
        if str(network) != written:
            yield Finding(
                ("firewall", "operators", str(number)),
                written,
                "this is an address in a network, with the length of that network",
                f"Write {network} for the network, or {written.partition('/')[0]}/32 for that machine",
            )
