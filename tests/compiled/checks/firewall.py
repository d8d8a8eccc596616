"""The nodes' firewall: packets of everybody to every port that counts, judged by its rules and by the inventory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from tests.compiled import reckoned, said
from tests.compiled.bootstrap_values import EMBEDDED
from tests.compiled.tree import Tree

_OWN = ["table inet dojot", "delete table inet dojot"]
# What comes before any port: after connection tracking (-200), before NodePorts are translated (-100); no other policy
# than accept, or whatever this file forgets would be cut off.
_HEAD = [
    "table inet dojot {",
    "chain prerouting {",
    "type filter hook prerouting priority -150; policy accept;",
    'iif "lo" accept',
    "ct state established,related accept",
    "fib daddr type != local accept",
]
_RULE = re.compile(
    r"(?P<protocol>tcp|udp) dport (?P<ports>[0-9-]+|\{ [0-9, -]+ \})"
    r"(?: ip saddr \{ (?P<sources>[0-9./, ]+) \})? (?P<verdict>accept|counter drop)"
)
# Of nobody: RFC 5737 keeps it for documents.
_STRANGER = "203.0.113.77"
_API, _KUBELET, _ETCD, _VXLAN = 6443, 10250, (2379, 2380), 8472
_NOBODY = (10249, 10256, 20244)
_NODE_PORTS = range(30000, 32768)


@dataclass(frozen=True)
class _Rule:
    protocol: str
    ports: tuple[tuple[int, int], ...]
    sources: tuple[IPv4Network, ...] | None
    accepts: bool

    def fits(self, source: IPv4Address, protocol: str, port: int) -> bool:
        return (
            protocol == self.protocol
            and any(first <= port <= last for first, last in self.ports)
            and (self.sources is None or any(source in network for network in self.sources))
        )


def who_reaches_what(tree: Tree) -> list[str]:
    """Every packet has the verdict that the inventory asks for, and no rule is about anything else than ports."""
    lines = [line.strip() for line in tree.files[EMBEDDED["FIREWALL"]].splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not tree.parameters["firewall"]["enabled"]:
        return [] if lines == _OWN else [f"firewall: switched off, and it says {lines}"]
    head, rest = lines[: len(_OWN + _HEAD)], lines[len(_OWN + _HEAD) :]
    if head != _OWN + _HEAD or rest[-2:] != ["}", "}"]:
        return [f"firewall: does not begin with {_OWN + _HEAD} and end with two braces"]
    matches = {line: _RULE.fullmatch(line) for line in rest[:-2]}
    if strange := [line for line, match in matches.items() if match is None]:
        return [f"firewall: {line!r} is no rule about ports" for line in strange]
    rules = [_rule(match) for line in rest[:-2] if (match := matches[line])]
    found = []
    for name, source, protocol, port in _packets(tree.parameters):
        verdict = next((rule.accepts for rule in rules if rule.fits(IPv4Address(source), protocol, port)), True)
        wanted = _admitted(tree.parameters, source, protocol, port)
        if verdict != wanted:
            found.append(
                f"firewall: {name} ({source}) {'reaches' if verdict else 'does not reach'} {protocol} port {port}"
            )
    return found


def _rule(match: re.Match[str]) -> _Rule:
    ranges = [part.split("-") for part in match["ports"].strip("{ }").split(", ")]
    sources = match["sources"]
    return _Rule(
        match["protocol"],
        tuple((int(each[0]), int(each[-1])) for each in ranges),
        tuple(IPv4Network(each) for each in sources.split(", ")) if sources else None,
        match["verdict"] == "accept",
    )


def _people(parameters: Mapping[str, Any]) -> dict[str, str]:
    """One of each kind who may come."""
    first, *_ = IPv4Network(parameters["platform"]["pod_network"]["cidr"]).hosts()
    operators = {
        f"an operator in {network}": str(IPv4Network(network).network_address + (network[-3:] != "/32"))
        for network in parameters["firewall"]["operators"]
    }
    return {
        **{name: node["address"] for name, node in parameters["cluster"]["nodes"].items()},
        **{f"load balancer at {address}": address for address in _balancers(parameters)},
        "a pod": str(first),
        "a stranger": _STRANGER,
        **operators,
    }


def _balancers(parameters: Mapping[str, Any]) -> list[str]:
    """Whatever address they connect from."""
    return [address for name in reckoned.balancers(parameters) for address in reckoned.sources(parameters, name)]


def _packets(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """Ports beside those that are guarded, too."""
    ports = {
        *(("tcp", port + more) for port in (22, _API, _KUBELET, *_ETCD, *_NOBODY) for more in (-1, 0, 1)),
        ("udp", _VXLAN),
        ("udp", 53),
        *((protocol, port) for protocol in ("tcp", "udp") for port in (29999, 30000, 31111, 32767, 32768)),
        *((protocol, port) for _, protocol, port in _of_hosts(parameters)),
        *_open(parameters),
        *(("tcp", one.node_port) for one in reckoned.listeners(parameters) if one.node_port),
    }
    for name, source in _people(parameters).items():
        yield from ((name, source, protocol, port) for protocol, port in sorted(ports))


def _of_hosts(parameters: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Ports of pods that have the network of their node."""
    return [
        (service, port.get("protocol", "TCP").lower(), port["number"])
        for service, entry in parameters["services"].items()
        if entry.get("host_network")
        for port in said.on(entry.get("ports")).values()
    ]


def _open(parameters: Mapping[str, Any]) -> set[tuple[str, int]]:
    """NodePorts that clients call without the load balancer."""
    return {
        (port.get("protocol", "TCP").lower(), port["expose"]["node_port"])
        for entry in parameters["services"].values()
        for port in said.on(entry.get("ports")).values()
        if "expose" in port and port["expose"].get("listen") is None
    }


def _admitted(parameters: Mapping[str, Any], source: str, protocol: str, port: int) -> bool:
    address, network = IPv4Address(source), parameters["platform"]["pod_network"]
    nodes = [node["address"] for node in parameters["cluster"]["nodes"].values()]
    operator = any(address in IPv4Network(each) for each in parameters["firewall"]["operators"])
    inside = source in nodes or address in IPv4Network(network["cidr"])
    if (protocol, port) in _open(parameters):
        return True
    if port in _NODE_PORTS:
        return operator or (protocol == "tcp" and source in _balancers(parameters))
    if protocol == "udp":
        return port != _VXLAN or network["backend"] != "vxlan" or source in nodes
    if port == _API:
        return inside or operator
    if port in _ETCD:
        return source in reckoned.nodes_of(parameters, reckoned.CONTROL_PLANE).values()
    if port == _KUBELET or port in [number for _, _, number in _of_hosts(parameters)]:
        return inside
    return port not in _NOBODY


CHECKS = (who_reaches_what,)
