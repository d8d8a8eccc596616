"""Package archives for the virtual machine: those of this machine, asked for when a test runs."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread
from urllib.request import urlopen

from scripts.engine_catalogue import MODULES, packages
from tests.engines.pki import Authority
from tests.engines.virtual_machine.machine import BUILD, HOST

# Settings that whoever has a frozen archive, or a proxy in front of it, has given to apt.
_SETTINGS = r"^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy\S*) .*$"


@dataclass(frozen=True)
class Archive:
    """One archive: a line of sources.list, in its parts."""

    url: str
    suite: str
    component: str

    def __str__(self) -> str:
        return f"deb {self.url} {self.suite} {self.component}"


def own() -> list[Archive]:
    """The archives of this machine's own system."""
    done = subprocess.run(["bash", str(MODULES / BUILD / "apt-sources.sh")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [Archive(*line.split()[1:4]) for line in done.stdout.splitlines()]


def settings() -> str:
    """What this machine's apt was told about its archives, as lines of apt.conf."""
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True, timeout=60)
    return "".join(f"{found[0]}\n" for found in re.finditer(_SETTINGS, done.stdout, re.MULTILINE))


def security(archives: list[Archive]) -> Archive:
    """The archive with security updates."""
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    return next(found for found in archives if (found.suite, found.component) == (f"{codename}-security", "main"))


def haproxy_line() -> str:
    """The release line of HAProxy that these archives have, as a version with a wildcard."""
    done = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", packages()["haproxy"]],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return re.search(r"^Version: (\d+\.\d+\.)", done.stdout, re.MULTILINE)[1] + "*"


def keyring() -> Path:
    """The public keys of this distribution's archives."""
    return Path(f"/usr/share/keyrings/{platform.freedesktop_os_release()['ID']}-archive-keyring.gpg")


def signer(archive: Archive) -> str:
    """Fingerprint of a key that has signed the archive's index."""
    with urlopen(f"{archive.url.rstrip('/')}/dists/{archive.suite}/InRelease", timeout=60) as answer:
        index = answer.read()
    done = subprocess.run(
        ["gpgv", "--status-fd", "1", "--keyring", str(keyring())], input=index, capture_output=True, timeout=60
    )
    # The last word of the line is the primary key, where a subkey has signed.
    found = re.search(r"^\[GNUPG:\] VALIDSIG .* ([0-9A-F]{40})$", done.stdout.decode(), re.MULTILINE)
    assert found, f"no key of {keyring()} has signed {archive}:\n{done.stderr.decode()}"
    return found[1]


@dataclass(frozen=True)
class KeyServer:
    """Where keys are fetched from, and the certificate of the CA that it is known by."""

    url: str
    authority: bytes


@contextmanager
def key_server(folder: Path) -> Iterator[KeyServer]:
    """This distribution's keys over HTTPS, for virtual machines of this user."""
    served = folder / "served"
    served.mkdir()
    (served / "keys.gpg").write_bytes(keyring().read_bytes())
    authority = Authority(folder / "pki")
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("keys", HOST))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(served)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield KeyServer(f"https://{HOST}:{server.server_port}/keys.gpg", authority.certificate.read_bytes())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a failed download is the script's to report."""
