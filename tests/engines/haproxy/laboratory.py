"""A cluster's HAProxy configuration on this machine: loopback addresses, brokers that echo."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Callable
from urllib.request import urlopen

from components.cluster.types import Cluster, Server
from components.haproxy.files import files
from tests.haproxy.binary import haproxy
from tests.haproxy.checks import CONFIG

PATIENCE = 15  # seconds until an expected change must have come


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(wanted: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Does `wanted` come true in time?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if wanted():
            return True
        time.sleep(0.1)
    return False


class Broker:
    """Listens on its own loopback address and answers what it is sent."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address = name, address
        self._listener = socket.create_server((address, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                session, _ = self._listener.accept()
                threading.Thread(target=self._echo, args=(session,), daemon=True).start()

    def _echo(self, session: socket.socket) -> None:
        with session, suppress(OSError):
            while data := session.recv(1024):
                session.sendall(self.name.encode() + b" " + data)

    def vanish(self) -> None:
        """No new connection; the open ones stay, silent, as after a power failure."""
        # shutdown wakes the thread that waits in accept; closing alone would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Device:
    """A client that holds its session open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.broker = self.ask()

    def ask(self) -> str | None:
        """Name of the broker that answers, None when the session has ended."""
        try:
            self._socket.sendall(b"ping")
            return self._socket.recv(1024).decode().partition(" ")[0] or None
        except OSError:
            return None

    def leave(self) -> None:
        self._socket.close()

    def ended(self) -> bool:
        self._socket.settimeout(0.05)
        try:
            return self._socket.recv(1024) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


class Laboratory:
    """One device listener of the cluster, with brokers of our own behind it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        frontend = next(found for found in cluster.load_balancer.frontends if found.devices)
        self.brokers = {
            server.name: Broker(server.name, f"127.0.0.{number}")
            for number, server in enumerate(frontend.servers, start=11)
        }
        self.port, self.stats_port = free_port(), free_port()
        self._log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._log.bind(("127.0.0.1", 0))
        self._log.settimeout(PATIENCE)
        balancer = replace(
            cluster.load_balancer,
            address="127.0.0.1",
            maxconn=500,
            stats_port=self.stats_port,
            check_interval=1,
            # Few ports, so that a new process meets those of the old one at once.
            source_ports=(21000, 21019),
            frontends=(
                replace(
                    frontend,
                    listen=self.port,
                    maxconn=400,
                    servers=tuple(Server(found.name, found.address, found.port) for found in self.brokers.values()),
                ),
            ),
        )
        settings = dict(cluster.platform.haproxy)
        settings["paths"] = {**settings["paths"], "admin_socket": str(folder / "admin.sock")}
        settings["log"] = {**settings["log"], "target": f"127.0.0.1:{self._log.getsockname()[1]}"}
        local = replace(cluster, load_balancer=balancer, platform=replace(cluster.platform, haproxy=settings))
        # Neither root nor the account haproxy is needed to try it out.
        lines = files(local)[CONFIG].splitlines()
        kept = [line for line in lines if line.split()[:1] not in (["chroot"], ["user"], ["group"])]
        self._config = folder / CONFIG
        self._config.write_text("\n".join(kept) + "\n", encoding="utf-8")
        self._processes: list[subprocess.Popen] = []
        self._start()

    def _start(self, *options: str) -> None:
        self._processes.append(
            subprocess.Popen([haproxy(), "-db", "-f", str(self._config), *options], stderr=subprocess.DEVNULL)
        )
        assert until(self._answers), "HAProxy does not start"

    def _answers(self) -> bool:
        assert self._processes[-1].poll() is None, f"haproxy ended with {self._processes[-1].returncode}"
        # Several times: while a new process takes over, the old one answers too.
        with suppress(OSError):
            return all(f"for pid {self._processes[-1].pid}<" in self.get("/") for _ in range(8))
        return False

    def reload(self) -> None:
        """A new process takes the listeners over; the old one keeps its sessions, unchecked."""
        self._start("-sf", str(self._processes[-1].pid))

    def get(self, path: str) -> str:
        """A page of the statistics listener; OSError if it is not served."""
        with urlopen(f"http://127.0.0.1:{self.stats_port}{path}", timeout=PATIENCE) as answer:
            return answer.read().decode()

    def states(self) -> dict[str, str]:
        """Server -> its state in the device listener, as HAProxy's own table says."""
        table = self.get("/;csv").lstrip("# ").splitlines()
        head = table[0].split(",")
        rows = [dict(zip(head, line.split(","))) for line in table[1:]]
        return {row["svname"]: row["status"] for row in rows if row["svname"] in self.brokers and row["tracked"]}

    def logged(self, words: str) -> bool:
        with suppress(TimeoutError):
            while True:
                if words in self._log.recv(4096).decode(errors="replace"):
                    return True
        return False

    def stop(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for broker in self.brokers.values():
            with suppress(OSError):
                broker.vanish()
        self._log.close()
