"""What a host can download: the inventory's own addresses, answered from this machine."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# An address for documentation (RFC 5737): nobody has it.
ADDRESS = "203.0.113.1"


@dataclass(frozen=True)
class Answer:
    """What an address gives: bytes or a file, and headers that say more about it."""

    content: bytes | Path
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def part(self, size: int) -> bytes:
        """Its beginning."""
        if isinstance(self.content, bytes):
            return self.content[:size]
        with open(self.content, "rb") as file:
            return file.read(size)

    def write(self, to: IO[bytes]) -> None:
        if isinstance(self.content, bytes):
            to.write(self.content)
            return
        with open(self.content, "rb") as file:
            shutil.copyfileobj(file, to, 1 << 20)


@dataclass(frozen=True)
class Request:
    """What is asked of an address; `path` as far as the prefix does not have it, with what stands behind a `?`."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


# What is behind a prefix: a folder, the bytes of one file, or whoever answers for it.
Place = Path | bytes | Callable[[Request], Answer | None]


class Internet:
    """HTTP and HTTPS for the names in `sites`: name/path prefix -> what is there.

    `context` has the certificate by which it is trusted. `asked` notes every address that was asked for.
    """

    def __init__(self, sites: Mapping[str, Place], context: ssl.SSLContext) -> None:
        self.sites = dict(sites)
        self.asked: list[str] = []
        # Part of an address -> what is there now in place of the right thing; None: nothing.
        self.instead: dict[str, bytes | None] = {}
        # Part of an address whose answer stops half way, until the client gives up.
        self.stalled = ""
        self._servers: list[ThreadingHTTPServer] = []
        self._context = context

    def find(self, request: Request) -> Answer | None:
        """The answer; here `path` is the whole address, name and all."""
        place = request.path
        for part, content in self.instead.items():
            if part in place:
                return None if content is None else Answer(content)
        for prefix, content in self.sites.items():
            if isinstance(content, bytes):
                if place == prefix:
                    return Answer(content)
                continue
            folder = prefix.rstrip("/") + "/"
            if not place.startswith(folder):
                continue
            if isinstance(content, Path):
                path = content / place[len(folder) :]
                if path.is_file() and path.resolve().is_relative_to(content.resolve()):
                    return Answer(path)
            elif found := content(replace(request, path=place[len(folder) :])):
                return found
        return None

    def contents(self, part: str) -> list[bytes]:
        """What is at the addresses that end with `part`."""
        files = [
            path
            for folder in self.sites.values()
            if isinstance(folder, Path)
            for path in folder.rglob("*")
            if path.is_file()
        ]
        found = [path.read_bytes() for path in files if str(path).endswith(part)]
        return found + [
            content for place, content in self.sites.items() if isinstance(content, bytes) and place.endswith(part)
        ]

    def serve(self, listen: Callable[[int], object]) -> None:
        """Answer on the sockets that `listen` opens for a port."""
        for port in (80, 443):
            server = _Server((ADDRESS, port), self._handler(), bind_and_activate=False)
            server.socket.close()
            server.socket = listen(port)
            server.tls = self._context if port == 443 else None
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
            self._servers.append(server)

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers.clear()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        internet = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                place = f"{self.headers.get('Host', '').partition(':')[0]}{self.path}"
                internet.asked.append(place)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(place, self.command, self.headers, body)
                found = internet.find(request) or internet.find(replace(request, path=unquote(place)))
                self.send_response(200 if found else 404)
                found = found or Answer(b"")
                self.send_header("Content-Length", str(found.size))
                for header in found.headers.items():
                    self.send_header(*header)
                self.end_headers()
                if self.command == "HEAD":
                    return
                if internet.stalled and internet.stalled in place:
                    self.wfile.write(found.part(found.size // 2))
                    self.connection.recv(1)
                    return
                found.write(self.wfile)

            do_HEAD = do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """`asked` is the log."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request, client_address) -> None:
        # Here, in the thread of the request: a client that never speaks TLS stops nobody.
        if self.tls:
            request.settimeout(60)
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address) -> None:
        """A client that is killed or refuses our certificate is part of the tests."""


def place_of(url: str) -> str:
    """Host and path of an address, as `sites` names them."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def certificates(folder: Path, names: list[str]) -> tuple[Path, ssl.SSLContext]:
    """The certificate of a CA that a host has to trust, and a server that it vouches for under all names."""
    folder.mkdir(parents=True)
    now = datetime.datetime.now(datetime.UTC)

    def sign(subject: str, public, by: ec.EllipticCurvePrivateKey, extensions) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the CA of a test")]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(by, hashes.SHA256())

    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = sign("the CA of a test", authority.public_key(), authority, [(x509.BasicConstraints(True, None), True)])
    alternatives = [x509.DNSName(name) for name in names] + [x509.IPAddress(ipaddress.ip_address(ADDRESS))]
    server = sign("internet", key.public_key(), authority, [(x509.SubjectAlternativeName(alternatives), False)])
    pem = serialization.Encoding.PEM
    (folder / "ca.crt").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").touch(mode=0o600)
    (folder / "server.pem").write_bytes(
        server.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "ca.crt", context
