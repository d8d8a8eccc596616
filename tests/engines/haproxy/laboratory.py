"""The load balancer of a cluster, its servers and a device, each a host with the cluster's own addresses."""

from __future__ import annotations

import os
import resource
import ssl
import subprocess
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from urllib.request import urlopen

from components.cluster.types import Cluster, Frontend
from tests.engines.haproxy import adapted
from tests.engines.haproxy.balancer import Balancer
from tests.engines.haproxy.broker import Broker, Certificates
from tests.engines.haproxy.gateway import Gateway
from tests.engines.haproxy.network import Host, Network, Refused
from tests.engines.mqtt.client import Client
from tests.engines.mqtt.generator import Generator
from tests.engines.pki import Authority
from tests.engines.programs import installed, not_run

_DEVICE, _CLIENT = "device", "client"
# Of the networks for benchmarks (RFC 2544); the first that no host of the cluster has.
_OUTSIDE = ("198.18.0.1", "198.18.0.2", "198.19.0.1", "198.19.0.2")


def tls_ports(cluster: Cluster) -> set[int]:
    """NodePorts behind which the broker speaks TLS, as its compiled configuration says."""
    found = set()
    for service in cluster.services:
        settings = service.spec.custom_resource.conf if service.spec.custom_resource else {}
        ends = {str(value).rpartition(":")[2] for key, value in settings.items() if key.startswith("listener.ssl.")}
        found |= {port.expose.node_port for port in service.exposed if str(port.number) in ends}
    return found


class Laboratory:
    """Use it as a context manager. `config` is haproxy.cfg, `kernel` the sysctl file of its host.

    Brokers speak TLS where the compiled one does, or with `tls=False` nowhere: HAProxy sees no difference.
    """

    def __init__(self, cluster: Cluster, config: str, kernel: str, folder: Path, tls: bool = True) -> None:
        for program in ("ip", "haproxy", "mosquitto", "nginx", "sysctl"):
            installed(program)
        if os.geteuid():
            not_run("network namespaces need root")
        self.cluster, self.frontends = cluster, cluster.load_balancer.frontends
        self.device_frontends = [frontend for frontend in self.frontends if frontend.devices]
        self.folder, self._config, self._kernel = folder, config, kernel
        self._tls = tls_ports(cluster) if tls else set()
        self._cleanup = ExitStack()

    def __enter__(self) -> Laboratory:
        try:
            self._start()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _start(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # What a unit's LimitNOFILE does: for the programs that we start.
        resource.setrlimit(resource.RLIMIT_NOFILE, (adapted.files_of_a_process(), hard))
        self._cleanup.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        balancer = self.cluster.load_balancer
        servers = {server.name: server.address for frontend in self.frontends for server in frontend.servers}
        own = balancer.hosts[0]
        taken = {own.address, *servers.values()}
        device, client, *_ = (address for address in _OUTSIDE if address not in taken)
        try:
            self.network = Network({own.name: own.address, **servers, _DEVICE: device, _CLIENT: client})
        except Refused as refused:
            not_run(f"no network namespaces here: {refused}")
        self._cleanup.callback(self.network.remove)
        for address in balancer.hosts[0].source_addresses:
            self.network.add_address(balancer.hosts[0].name, address)
        self.host, self.device = self.network.hosts[balancer.hosts[0].name], self.network.hosts[_DEVICE]
        self.client = self.network.hosts[_CLIENT]
        file = self.folder / "sysctl.conf"
        file.write_text(self._kernel, encoding="utf-8")
        done = subprocess.run(self.host.command(installed("sysctl"), "--load", file), capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, f"sysctl --load: {done.stderr}"
        self._start_servers()
        self.balancer = Balancer(
            self.host, self._config, balancer.stats_port, self.cluster.platform.haproxy, self.folder
        )
        self._cleanup.callback(self.balancer.stop)
        self.balancer.start()
        for frontend in self.frontends:
            assert self.balancer.becomes(frontend.name, {server.name: "UP" for server in frontend.servers}), (
                f"{frontend.name}: HAProxy does not find its servers: {self.balancer.states(frontend.name)}"
            )

    def _start_servers(self) -> None:
        self.authority = Authority(self.folder / "pki")
        ports: dict[str, dict[int, bool]] = {}
        for frontend in self.frontends:
            for server in frontend.servers:
                if frontend.devices:
                    ports.setdefault(server.name, {})[server.port] = server.port in self._tls
                elif frontend.service == self.cluster.gateway:
                    host = self.network.hosts[server.name]
                    gateway = Gateway(self.cluster, frontend, server, host, self.folder)
                    self._cleanup.callback(gateway.stop)
                    gateway.start()
                else:
                    self._serve(self.network.hosts[server.name], server.port)
        # Each broker's certificate has the address by which devices call all of them.
        certificate, key = self.authority.server("broker", self.cluster.load_balancer.address)
        files = Certificates(self.authority.certificate, certificate, key)
        self.brokers = {name: Broker(self.network.hosts[name], own, files, self.folder) for name, own in ports.items()}
        for broker in self.brokers.values():
            self._cleanup.callback(broker.stop)
            broker.start()

    def _serve(self, host: Host, port: int) -> None:
        """An HTTP server that says on which host and port it is, in the place of the service there."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"{host.name}:{port} {self.path}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        with host.inside():
            # Not HTTPServer: it would ask the DNS for the address's name.
            server = ThreadingTCPServer((host.address, port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._cleanup.callback(server.server_close)
        self._cleanup.callback(server.shutdown)

    def secure(self, frontend: Frontend) -> bool:
        """Do the brokers behind it speak TLS?"""
        return frontend.node_port in self._tls

    def trust(self, identity: str | None, authority: Authority | None = None) -> ssl.SSLContext:
        """TLS as a device's: it knows the cluster's CA, and has a certificate for `identity`,
        by `authority` where it is another one.
        """
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        if identity:
            context.load_cert_chain(*(authority or self.authority).client(identity, identity))
        return context

    def connect(self, frontend: Frontend, identifier: str, keepalive: int = 0) -> Client:
        """A session of a device, through HAProxy."""
        address = self.cluster.load_balancer.address
        with self.device.inside():
            return Client(
                address,
                frontend.listen,
                identifier,
                keepalive=keepalive,
                tls=self.trust(identifier) if self.secure(frontend) else None,
                name=address,
            )

    def ask(self, frontend: Frontend, path: str) -> tuple[int, str]:
        """Status and body of what a listener for people answers to a device's host. OSError."""
        scheme = "https" if frontend.tls else "http"
        url = f"{scheme}://{self.cluster.load_balancer.address}:{frontend.listen}{path}"
        with self.device.inside(), urlopen(url, timeout=15, context=self.tls(frontend)) as answer:
            return answer.status, answer.read().decode()

    @staticmethod
    def tls(frontend: Frontend) -> ssl.SSLContext | None:
        """Of a client who knows HAProxy's authority; the certificate is of no address."""
        if not frontend.tls:
            return None
        context = ssl.create_default_context(cafile=str(adapted.authority().certificate))
        context.check_hostname = False
        return context

    def generator(self, address: str, port: int, *options: str) -> Generator:
        """A load generator on the device's host; the caller stops it."""
        return Generator(address, port, *options, within=self.device.command)
