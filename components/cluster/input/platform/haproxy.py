"""HAProxy on the load balancer's host."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ..entry import Entry, Maybe
from ..scalar import Scalar
from ..shapes import Month, Package, Path, Port, Positive, Switch, Url
from .packages import SigningKey

_Account = Annotated[str, Scalar("an account of the host, such as haproxy", pattern="[a-z_][a-z0-9_-]*")]


class HAProxyPackage(Entry):
    """The apt package."""

    wanted: ClassVar = "name and version of the apt package"

    name: Package
    """its name"""
    version: Annotated[
        str,
        Scalar('a package version, or a release line such as "2.0.*"', pattern=r"[0-9]+\.[0-9][0-9A-Za-z.+:~-]*\*?"),
    ]
    """its version, or a release line"""


class HAProxyRepository(Entry):
    """The apt repository."""

    wanted: ClassVar = "an apt repository with url, suite, component and key"

    url: Url
    """its address"""
    suite: Annotated[str, Scalar("a suite of the repository such as bionic", pattern="[a-z0-9./-]+")]
    """its suite"""
    component: Annotated[str, Scalar("a component of the repository such as main", pattern="[a-z0-9-]+")]
    """its component"""
    key: SigningKey
    """its signing key"""


class HAProxyPaths(Entry):
    """Where the files and the admin socket are on the host."""

    wanted: ClassVar = "where the files and the admin socket are on the host"

    config: Path
    """haproxy.cfg"""
    certificate: Path
    """with `load_balancer.tls`: the certificate, those of its issuers, and the key"""
    sysctl: Path
    """kernel settings"""
    unit_limits: Path
    """drop-in of its systemd unit"""
    chroot: Path
    """the directory that it is confined to"""
    admin_socket: Path
    """its admin socket"""


class HAProxyLog(Entry):
    """Where the log goes."""

    wanted: ClassVar = "where the log goes, a socket or address and a syslog facility"

    target: Annotated[str, Scalar("a syslog socket or address such as /dev/log", pattern=r"[^\s]+")]
    """a syslog socket or address"""
    facility: Annotated[
        Literal["daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
        Scalar("a syslog facility such as local0"),
    ]
    """a syslog facility"""


class TcpKeepalive(Entry):
    """The kernel's keepalive."""

    wanted: ClassVar = "the kernel's keepalive, idle and interval in seconds and a number of probes"

    idle: Positive
    """seconds of silence before the first probe"""
    interval: Positive
    """seconds between two probes"""
    probes: Positive
    """probes without an answer that end a connection"""


class HAProxy(Entry):
    """HAProxy's release, where it comes from, and its settings."""

    wanted: ClassVar = "HAProxy's release, where it comes from, and its settings"

    version: Annotated[
        str, Scalar('a release line of HAProxy in quotes, from "2.0" to "3.4"', pattern=r"2\.[0-9]|3\.[0-4]")
    ]
    """its release line"""
    supported_until: Maybe[Month] = None
    """the last month in which its project mends it"""
    package: HAProxyPackage
    """the apt package"""
    repository: HAProxyRepository
    """the apt repository that it comes from"""
    prometheus_exporter: Switch
    """whether the package has the Prometheus exporter"""
    user: _Account
    """user that it runs as"""
    group: _Account
    """group that it runs as"""
    paths: HAProxyPaths
    """where the files are on the host"""
    log: HAProxyLog
    """where the log goes"""
    stats_port: Port
    """port of its statistics"""
    connect_timeout: Positive
    """seconds to connect to a server"""
    client_fin_timeout: Positive
    """seconds that a half-closed connection is kept"""
    check_interval: Positive
    """seconds between two checks of a server"""
    check_timeout: Positive
    """seconds in which a broker answers a check"""
    slow_start: Positive
    """seconds in which a broker that is back gets its full share of new sessions"""
    hard_stop_after: Positive
    """seconds that an old process lives after a reload"""
    max_reloads: Annotated[int, Scalar("a number of processes from 1 to 10", minimum=1, maximum=10)]
    """old processes that may live beside the newest; one reload more ends the oldest with its sessions"""
    source_port_retries: Positive
    """ports that are tried before a connection has failed"""
    backlog: Annotated[int, Scalar("a number of connections from 1024 to 65535", minimum=1024, maximum=65535)]
    """connections that wait to be accepted"""
    tcp_keepalive: TcpKeepalive
    """the kernel's keepalive"""
