"""The load balancer: its hosts and its listeners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..input.follow import Follow
from ..input.machines import Hardware
from ..input.platform.operating_system import NodeExporter

#: Last line of haproxy.cfg.
CONFIG_END = "# End of haproxy.cfg: a file without this line is not whole."
# Linux' own default of fs.nr_open, what one process may open at most; it is raised where HAProxy needs more.
_DEFAULT_NR_OPEN = 1_048_576
#: Path at which HAProxy gives the host's own metrics.
HOST_METRICS = "/host-metrics"
# What everything else on a small host opens (measured far below; a round number).
_OTHER_FILES = 65_536


@dataclass(frozen=True)
class Server:
    """One line of an HAProxy backend; `port` is None where Kubernetes chooses it."""

    name: str
    address: str
    port: int | None


@dataclass(frozen=True)
class Frontend:
    """A TCP listener of the load balancer and where it leads.

    Where Kubernetes chooses the NodePort, `node_port` is None and `variable` stands for it.
    `check` is what a server has to answer: MQTT, TLS, or no more than the connection (tcp). With `proxy_protocol`,
    servers are told the client's address. With `tls`, HAProxy speaks TLS with clients, and plainly with servers.
    With `devices`, `server_maxconn` is the most sessions of one server, and `session_rate` the most new sessions a
    second of the listener; None without. All three are of one load balancer, and so many of them, `carriers`, carry
    every device when one is lost.
    """

    name: str
    service: str
    port: str
    listen: int
    node_port: int | None
    devices: bool
    check: Literal["mqtt", "tls", "tcp"]
    proxy_protocol: bool
    tls: bool
    maxconn: int
    server_maxconn: int | None
    session_rate: int | None
    servers: tuple[Server, ...]
    carriers: int

    @property
    def sessions(self) -> int:
        """That all carriers let in."""
        return self.maxconn * self.carriers

    @property
    def server_sessions(self) -> int:
        """That one server gets from all carriers; 0 where there is no limit."""
        return (self.server_maxconn or 0) * self.carriers

    @property
    def variable(self) -> str:
        """NODEPORT_VERNEMQ_MQTT of vernemq-mqtt."""
        return f"NODEPORT_{self.name.upper().replace('-', '_')}"


def server_line(server: str, number: int) -> str:
    """HAProxy's name of a server's line for the source address of this number, from 0 on: verne-1, then verne-1.2.

    No node has a name with a dot.
    """
    return f"{server}.{number + 1}" if number else server


@dataclass(frozen=True)
class BalancerHost:
    """One machine with HAProxy; what an inventory does not say of it is not judged.

    `source_addresses` are further ones of its own, from which it connects to brokers.
    """

    name: str
    address: str
    hardware: Hardware | None
    source_addresses: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every address from which it connects to brokers, its own first."""
        return (self.address, *self.source_addresses)


@dataclass(frozen=True)
class Keepalived:
    """What one of the hosts has at a time: an address on this interface. `version` is that of the package."""

    address: str
    interface: str
    version: str | None

    @property
    def router_id(self) -> int:
        """VRRP's virtual_router_id, 1 to 255 (RFC 5798, 5.2.3): the last number of the address.

        Another cluster of the network may have the same: by keepalived's manual, instances may whose unicast peers are
        others. So 255 does for an address that ends in 0, which a network larger than 256 has.
        """
        return int(self.address.rpartition(".")[2]) or 255


@dataclass(frozen=True)
class LoadBalancer:
    """All HAProxy hosts, which are alike, with every limit of one of them derived from the device count.

    Several share the devices; so many, `carriers`, are left when one is lost, and each has an equal share. With
    keepalived one has them all.

    `source_ports` is the range of each server line, and a server has a line for each source address; `reserved_ports`
    are the host's own listeners, kept out of the kernel's ephemeral choice. `metrics_readers`
    are the addresses that may read its metrics over the network: those of Prometheus' nodes. `node_exporter`
    measures the host itself, None where nobody asks. `session_rate` is what
    the inventory states, None where the rule decides. `oldest_tls` is the oldest version of TLS that HAProxy speaks.
    Times are in seconds, memory in bytes.
    """

    hosts: tuple[BalancerHost, ...]
    carriers: int
    keepalived: Keepalived | None
    frontends: tuple[Frontend, ...]
    maxconn: int
    open_files: int
    source_ports: tuple[int, int]
    ephemeral_ports: tuple[int, int]
    reserved_ports: tuple[int, ...]
    stats_port: int
    metrics_readers: tuple[str, ...]
    node_exporter: NodeExporter | None
    session_timeout: int
    connect_timeout: int
    client_fin_timeout: int
    hard_stop_after: int
    max_reloads: int
    check_interval: int
    check_timeout: int
    slow_start: int
    recovery: int
    session_rate: int | None
    oldest_tls: str
    memory_per_session: int
    memory_per_tls_connection: int
    follow: Follow

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where devices and clients find it."""
        if self.keepalived:
            return (self.keepalived.address,)
        return tuple(host.address for host in self.hosts)

    @property
    def address(self) -> str:
        """Where one finds it that goes by a single address."""
        return self.addresses[0]

    @property
    def ends_tls(self) -> bool:
        """Does it need a certificate?"""
        return any(frontend.tls for frontend in self.frontends)

    @property
    def memory_of_tls(self) -> int:
        """Of all connections with TLS that it lets in."""
        return sum(frontend.maxconn for frontend in self.frontends if frontend.tls) * self.memory_per_tls_connection

    @property
    def source_ports_per_server(self) -> int:
        """Ports of the source range, of each address: a server has no more sessions, whatever the broker holds.

        Of the host that has the fewest addresses.
        """
        return self.source_ports_per_line * min(len(host.sources) for host in self.hosts)

    @property
    def source_ports_per_line(self) -> int:
        low, high = self.source_ports
        return max(0, high - low + 1)

    @property
    def nr_open(self) -> int:
        """fs.nr_open: what HAProxy alone may open."""
        return max(_DEFAULT_NR_OPEN, self.open_files)

    @property
    def file_max(self) -> int:
        """fs.file-max: old processes hold their files until they end, so the host has room for the newest and for
        as many others as HAProxy leaves alive.

        Kernels before 5.x with 4 GB start with about 400,000.
        """
        return (1 + self.max_reloads) * self.open_files + _OTHER_FILES

    @property
    def tracked_connections(self) -> int:
        """nf_conntrack_max of a host that tracks connections.

        Each session is two connections (client, server), and closed ones stay listed
        for a while: four entries a session.
        """
        return 4 * self.maxconn
