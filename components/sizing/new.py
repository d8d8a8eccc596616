"""The page of a cluster that is not there yet, after the pattern of one that is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from components.cluster.growth import addresses_from
from components.cluster.read import cluster_of
from components.inventory.inventory import Inventory
from components.inventory.merging import merged

from .page import Page
from .sized import sized
from .wish import Wish, WrongWish

_HEAD = """\
# yaml-language-server: $schema=../schema.json
# dojot for {devices:,} MQTT devices: machines, addresses, domain and the classes that make up the cluster. Everything
# else follows from it; any value of a class can be overridden here.
"""


@dataclass(frozen=True)
class New:
    """What is to be known of it. Machines get addresses one after another, from `first_address` on."""

    name: str
    devices: int
    domain: str
    first_address: str


def written(pattern: Page, new: New) -> str:
    """The text of its page, which a compile accepts. Raises InvalidInventory, Refused, and WrongWish."""
    found = sized(pattern, Wish(new.devices))
    like = pattern.own()
    parameters = merged([like.get("parameters") or {}, dict(found.parameters)])
    addresses = _addresses(new.first_address)
    cluster = parameters.pop("cluster", {})
    # Of a machine its page may say more, such as its hardware.
    stated = cluster.pop("nodes", {})
    nodes = {
        node.name: {**stated.get(node.name, {}), "address": next(addresses), "group": node.group}
        for node in found.cluster.nodes
    }
    stated = parameters.pop("load_balancers", {})
    balancers = {
        host.name: {**stated.get(host.name, {}), "address": next(addresses)}
        for host in found.cluster.load_balancer.hosts
    }
    own = {"load_balancers": balancers, "scale": {"devices": new.devices}}
    parameters = {
        "cluster": {**cluster, "domain": new.domain, "nodes": nodes},
        **merged([parameters, own]),
    }
    classes = "\n".join(f"  - {name}" for name in like["classes"])
    body = yaml.safe_dump({"parameters": parameters}, default_flow_style=None, sort_keys=False, width=110)
    text = f"{_HEAD.format(devices=new.devices)}classes:\n{classes}\n\n{body}"
    (pattern.folder / "targets" / f"{new.name}.yml").write_text(text, "utf-8")
    cluster_of(Inventory.read(pattern.folder).target(new.name))
    return text


def _addresses(first: str) -> Iterator[str]:
    try:
        return addresses_from(ipaddress.IPv4Address(first))
    except ValueError:
        raise WrongWish(f"{first} is no IPv4 address such as 192.168.0.10") from None
