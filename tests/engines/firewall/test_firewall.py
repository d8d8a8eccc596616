"""The compiled firewall in the kernel: packets from hosts with the inventory's addresses, to a node."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from components.cluster.firewall import API_PORT
from components.kubeadm import firewall
from tests.changed import changed
from tests.engines.haproxy.network import Host, Network, Refused
from tests.engines.programs import installed, not_run
from tests.platforms import each_platform

pytestmark = each_platform

STRANGER, OPERATOR, OFFICE = "203.0.113.77", "198.51.100.9", "198.51.100.0/24"
SSH, KUBELET, VXLAN, BROKER, NODE_PORT = 22, 10250, 8472, 1883, 30999
# What kube-proxy does with a NodePort, at the place where it does so.
KUBE_PROXY = f"""
table ip kube-proxy {{
  chain prerouting {{
    type nat hook prerouting priority -100;
    tcp dport {NODE_PORT} redirect to :{BROKER}
  }}
}}
"""


@dataclass(frozen=True)
class Site:
    hosts: dict[str, Host]
    node: Host
    text: str

    def load(self, text: str) -> None:
        done = subprocess.run(
            self.node.command(installed("nft"), "--file", "-"), input=text, text=True, capture_output=True, timeout=30
        )
        assert done.returncode == 0, done.stderr

    def tables(self) -> list[str]:
        done = subprocess.run(
            self.node.command(installed("nft"), "list", "tables"), text=True, capture_output=True, timeout=30
        )
        return done.stdout.splitlines()

    def connect(self, who: str, port: int) -> socket.socket | None:
        with self.hosts[who].inside():
            try:
                # A handshake takes no time here; one that is dropped would be tried again after a second.
                return socket.create_connection((self.node.address, port), timeout=0.8)
            except (TimeoutError, ConnectionRefusedError):
                return None

    def who_connects(self, port: int) -> set[str]:
        found = set()
        for who in self.hosts:
            if connection := self.connect(who, port):
                connection.close()
                found.add(who)
        return found


@pytest.fixture(scope="module")
def site(cluster) -> Iterator[Site]:
    if os.geteuid() != 0:
        not_run("hosts in namespaces of their own need root")
    node, *others = [cluster.control_plane, *cluster.workers]
    cluster = replace(cluster, firewall=changed(cluster.firewall, operators=(OFFICE,)))
    addresses = {
        "node": node.address,
        "worker": others[0].address,
        "balancer": cluster.load_balancer.address,
        "operator": OPERATOR,
        "stranger": STRANGER,
    }
    with ExitStack() as stack:
        try:
            network = Network(addresses)
        except Refused as refused:
            not_run(str(refused))
        stack.callback(network.remove)
        hosts = dict(network.hosts)
        made = Site(hosts, hosts["node"], firewall.text(cluster))
        with made.node.inside():
            for port in (SSH, API_PORT, KUBELET, BROKER):
                stack.enter_context(socket.create_server(("0.0.0.0", port), backlog=64))
        made.load(KUBE_PROXY)
        yield made


EVERYBODY = {"node", "worker", "balancer", "operator", "stranger"}
ADMITTED = {
    SSH: EVERYBODY,
    BROKER: EVERYBODY,
    API_PORT: {"node", "worker", "operator"},
    KUBELET: {"node", "worker"},
    NODE_PORT: {"balancer", "operator"},
}


def test_without_it_everybody_reaches_everything(site):
    for port in ADMITTED.keys() - {NODE_PORT}:
        assert site.who_connects(port) == EVERYBODY
    # The node's own packets do not come in by an interface, so nobody redirects them.
    assert site.connect("stranger", NODE_PORT), "a NodePort leads nowhere, so nothing would be proved"


def test_each_port_is_for_those_who_need_it(site):
    opened = site.connect("stranger", API_PORT)
    site.load(site.text)
    assert {port: site.who_connects(port) for port in ADMITTED} == ADMITTED
    # What was open stays open, however often it is loaded.
    site.load(site.text)
    opened.sendall(b"still there")
    opened.close()
    assert site.tables() == ["table ip kube-proxy", "table inet dojot"]


def test_packets_of_pods_come_from_nodes_alone(site):
    with site.node.inside():
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind(("0.0.0.0", VXLAN))
    listening.settimeout(0.8)
    with listening:
        for who in ("stranger", "balancer", "worker"):
            with site.hosts[who].inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
                sending.sendto(who.encode(), (site.node.address, VXLAN))
        assert listening.recv(64) == b"worker"
        with pytest.raises(TimeoutError):
            listening.recv(64)


def test_it_goes_without_a_trace(site, cluster):
    site.load(firewall.text(replace(cluster, firewall=changed(cluster.firewall, enabled=False))))
    assert site.tables() == ["table ip kube-proxy"]
    assert site.who_connects(API_PORT) == EVERYBODY
