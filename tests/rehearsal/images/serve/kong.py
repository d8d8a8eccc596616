"""Kong: the admin API as tests/engines/jobs/kong_admin.py has it, kept in PostgreSQL; its status; and the gateway.

The gateway sends a request to the service of the route with the longest path that it begins with, and asks for a token
where the route or its service has the plugin jwt. Each request leaves four lines in /tmp/lualogs.txt, as pepkong does,
and one in the access log, which begins with the client's address as nginx' real_ip would have it.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from threading import Thread
from typing import Any

from tests.engines.jobs.http_server import Call, serving
from tests.engines.jobs.kong_admin import Entity, Kong
from tests.rehearsal.images.serve import kept

LOG = "/tmp/lualogs.txt"
_CONSUMERS = re.compile(r"/consumers(?:/[^/]+(?:/jwt(?:/[^/]+)?)?)?/?")


class Kept(Kong):
    def __init__(self) -> None:
        super().__init__()
        self.entities = kept.get("entities", self.entities)

    def __call__(self, call: Call) -> tuple[int, Any]:
        # auth makes a consumer for each of its users.
        if _CONSUMERS.fullmatch(call.path):
            return (201 if call.method in ("POST", "PUT") else 200), {
                "id": "consumer",
                "key": "key",
                "secret": "secret",
            }
        status, found = super().__call__(call)
        if call.method == "PUT" and status < 300:
            kept.put("entities", self.entities)
        return status, found

    def route(self, path: str) -> tuple[Entity, str] | None:
        """The route of a path, and which of the route's paths it begins with."""
        fitting = [
            (route, start) for route in self.of("routes") for start in route["paths"] or () if path.startswith(start)
        ]
        return max(fitting, key=lambda found: len(found[1]), default=None)

    def wants_token(self, route: Entity) -> bool:
        holders = ({"id": route["id"]}, None), (None, route["service"])
        return any(
            plugin["name"] == "jwt" and (plugin["route"], plugin["service"]) in holders for plugin in self.of("plugins")
        )


def proxied(header: bytes, peer: str) -> str | None:
    """The client of a connection by its PROXY protocol (version 1); None where there is no such header.

    A peer that is not trusted is not believed.
    """
    words = header.decode("ascii", "replace").split()
    if words[:1] != ["PROXY"] or not header.endswith(b"\r\n"):
        return None
    believed = os.environ.get("KONG_REAL_IP_HEADER") == "proxy_protocol" and words[1:2] in (["TCP4"], ["TCP6"])
    trusted = os.environ.get("KONG_NGINX_PROXY_SET_REAL_IP_FROM", "").split()
    if believed and any(ip_address(peer) in ip_network(each) for each in trusted):
        return words[2]
    return peer


def gateway(kong: Kept, with_header: bool) -> type[BaseHTTPRequestHandler]:
    """What answers on one port of proxy_listen; `with_header` where the PROXY protocol comes first."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.client: str | None = self.client_address[0]
            if with_header:
                self.client = proxied(self.rfile.readline(108), self.client_address[0])

        def handle(self) -> None:
            if self.client is not None:
                super().handle()

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with open(LOG, "a") as log:
                log.writelines(f"{word} {self.path}\n" for word in ("uri", "method", "token", "pdp"))
            found = kong.route(self.path.partition("?")[0])
            if found is None:
                return self._send(404, b'{"message": "no Route matched with those values"}')
            route, start = found
            if kong.wants_token(route) and self.headers.get("Authorization", "").count(".") != 2:
                return self._send(401, b'{"message": "Unauthorized"}')
            service = kong.entities["services"][route["service"]["id"]]
            rest = self.path[len(start) :] if route["strip_path"] else self.path
            path = f"{(service['path'] or '').rstrip('/')}/{rest.lstrip('/')}"
            try:
                upstream = http.client.HTTPConnection(service["host"], service["port"], timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                headers["X-Real-IP"] = str(self.client)
                upstream.request(self.command, path, body, headers)
                reply = upstream.getresponse()
                self._send(reply.status, reply.read(), reply.getheader("Content-Type"))
            except OSError as error:
                self._send(502, f'{{"message": "{error}"}}'.encode())

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _any

        def _send(self, status: int, body: bytes, kind: str | None = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind or "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *words: Any) -> None:
            print(self.client, "-", "-", format % words, flush=True)

    return Handler


def listens(variable: str, otherwise: str = "") -> Iterator[tuple[tuple[str, int], list[str]]]:
    """Address and flags of each entry: `0.0.0.0:8000, 0.0.0.0:8010 proxy_protocol`."""
    for entry in filter(None, os.environ.get(variable, otherwise).split(",")):
        place, *flags = entry.split()
        host, _, port = place.rpartition(":")
        yield (host, int(port)), flags


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not kept.get("migrated", False):
        sys.exit("failed: the database needs bootstrapping: run `kong migrations bootstrap`")
    kong = Kept()
    with ExitStack() as open_ports:
        for variable, otherwise in (("KONG_ADMIN_LISTEN", "127.0.0.1:8001"), ("KONG_STATUS_LISTEN", "")):
            for address, _ in listens(variable, otherwise):
                open_ports.enter_context(serving(kong, *address))
        for address, flags in listens("KONG_PROXY_LISTEN", "0.0.0.0:8000"):
            listener = ThreadingHTTPServer(address, gateway(kong, "proxy_protocol" in flags))
            Thread(target=listener.serve_forever, daemon=True).start()
        signal.pause()


if __name__ == "__main__":
    main()
