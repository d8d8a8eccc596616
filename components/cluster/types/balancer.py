"""The load balancer and its listeners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..input.machines import Hardware
from ..input.platform.operating_system import NodeExporter

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
    servers are told the client's address.
    With `devices`, `server_maxconn` is the most sessions of one server, and `session_rate` the most new sessions a
    second of the listener; None without.
    """

    name: str
    service: str
    port: str
    listen: int
    node_port: int | None
    devices: bool
    check: Literal["mqtt", "tls", "tcp"]
    proxy_protocol: bool
    maxconn: int
    server_maxconn: int | None
    session_rate: int | None
    servers: tuple[Server, ...]

    @property
    def variable(self) -> str:
        """NODEPORT_VERNEMQ_MQTT of vernemq-mqtt."""
        return f"NODEPORT_{self.name.upper().replace('-', '_')}"


@dataclass(frozen=True)
class LoadBalancer:
    """The HAProxy host with every limit derived from the device count.

    `source_ports` is the range each server line connects from; `reserved_ports`
    are the host's own listeners, kept out of the kernel's ephemeral choice. `metrics_readers`
    are the addresses that may read its metrics over the network: those of Prometheus' nodes. `node_exporter`
    measures the host itself, None where nobody asks. `session_rate` is what
    the inventory states, None where the rule decides. Times are in seconds, memory in bytes.
    """

    hostname: str
    address: str
    hardware: Hardware | None
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
    memory_per_session: int

    @property
    def source_ports_per_server(self) -> int:
        """The ports of a server line's source range: it has no more sessions, whatever the broker holds."""
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
