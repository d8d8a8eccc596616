"""The gateway knows its clients: their own addresses come through the load balancer, and nobody may claim another."""

from __future__ import annotations

import socket
import ssl
import uuid
from collections.abc import Callable
from contextlib import suppress

from components.cluster.types import Frontend
from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster

# From no network of the cluster (RFC 5737).
_FORGED = "203.0.113.9"
_NOBODY = "nobody"


def the_gateway_sees_who_asks(made: RehearsedCluster) -> None:
    """By its access log: the limit of log-ins counts the same addresses."""
    proxied = [frontend for frontend in made.cluster.load_balancer.frontends if frontend.proxy_protocol]
    if not proxied:
        made.report.figure("who asks at the gateway", "no listener of this cluster tells it")
    for frontend in proxied:
        balancer, server = made.cluster.load_balancer, frontend.servers[0]
        (seen, client) = _asked(made, frontend, made.site.outside, balancer.address, frontend.listen, "")
        if client == _NOBODY or seen != client:
            made.report.fail(f"{frontend.name}: {client} asks, and the gateway takes it for {seen}")
        made.report.figure(f"who asks at {frontend.name}", f"{client}, for the gateway {seen}")
        # Past the load balancer, with a header of one's own. From the gateway's node: others do not pass the firewall.
        node = made.site.hosts[server.name]
        header = f"PROXY TCP4 {_FORGED} {server.address} 4711 {server.port}\r\n"
        (seen, client) = _asked(made, frontend, node.in_network, server.address, server.port, header)
        if seen in (_FORGED, _NOBODY):
            made.report.fail(
                f"{frontend.name}: {client} says that it is {_FORGED}, and the gateway takes it for {seen}"
            )


def _asked(
    made: RehearsedCluster,
    frontend: Frontend,
    where: Callable[[Callable[[], str]], str],
    address: str,
    port: int,
    header: str,
) -> tuple[str, str]:
    """Whom the gateway's log names for a request of its own path, and who asked."""
    path = f"/rehearsal-{uuid.uuid4()}"

    def ask() -> str:
        with socket.create_connection((address, port), timeout=10) as connection:
            own: str = connection.getsockname()[0]
            # TLS ends at the load balancer, whose certificate is its own until somebody brings another.
            if frontend.tls and not header:
                connection = _believing().wrap_socket(connection)
            connection.sendall(f"{header}GET {path} HTTP/1.0\r\n\r\n".encode())
            connection.recv(4096)
            return own

    client = ""
    # Nobody, if it is refused.
    with suppress(OSError):
        client = where(ask)
    service = made.cluster.service(frontend.service)
    found: list[str] = []

    def told() -> bool:
        lines = made.kubectl(
            "logs", f"--namespace={service.namespace}", f"--selector=name={service.name}", "--tail=200"
        )
        found.extend(line.split()[0] for line in lines.splitlines() if path in line)
        return bool(found)

    return (found[0] if client and until(told, 10, pause=0.5) else _NOBODY), client or _NOBODY


def _believing() -> ssl.SSLContext:
    """Takes any certificate: who answers is a cluster's own machine here."""
    found = ssl.create_default_context()
    found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
    return found


CHECKS = (the_gateway_sees_who_asks,)
