"""A mosquitto on a node of the cluster, with the ports that HAProxy looks for there."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.engines.haproxy.network import Host
from tests.engines.mqtt.client import Client
from tests.engines.processes import Process
from tests.engines.programs import installed

#: The topic whose retained message is the broker's name.
WHO = "test/broker"


class Certificates:
    """Files of a broker's TLS listeners."""

    def __init__(self, authority: Path, certificate: Path, key: Path) -> None:
        self.authority, self.certificate, self.key = authority, certificate, key


class Broker:
    """Listens on `ports` of its host: with TLS and client certificates where the value says so."""

    def __init__(self, host: Host, ports: Mapping[int, bool], certificates: Certificates, folder: Path) -> None:
        self.host = host
        self._ports = ports
        self._folder = folder
        # Started by root, it would give up its rights and could not read the keys.
        lines = ["user root", "per_listener_settings true", "sys_interval 1", "set_tcp_nodelay true"]
        # One of its own, for the test alone, where a session can leave the broker's name.
        for port, tls in {**ports, self._own_port: False}.items():
            lines += [f"listener {port} {host.address}", "allow_anonymous true"]
            if tls:
                # As VerneMQ's compiled listener: who has no certificate of the CA is not let in.
                lines += [
                    "require_certificate true",
                    "use_identity_as_username true",
                    f"cafile {certificates.authority}",
                    f"certfile {certificates.certificate}",
                    f"keyfile {certificates.key}",
                ]
        self._config = folder / f"{host.name}.conf"
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: Process | None = None

    @property
    def _own_port(self) -> int:
        return next(port for port in range(1883, 65536) if port not in self._ports)

    @property
    def address(self) -> tuple[str, int]:
        """Where a session reaches it directly, without TLS."""
        return self.host.address, self._own_port

    def start(self) -> None:
        command = self.host.command(installed("mosquitto"), "-c", self._config)
        self._process = Process(f"mosquitto-{self.host.name}", command, self._folder)
        self._process.wait_until(self._listens, "listening", seconds=15)
        with self.host.inside(), Client(*self.address, f"{self.host.name}-itself") as client:
            client.publish(WHO, self.host.name.encode(), retain=True)

    def _listens(self) -> bool:
        with suppress(OSError):
            return {port for _, port in self.host.listening()} >= {*self._ports, self._own_port}
        return False

    def kill(self) -> None:
        """As a crash: no last word to anyone."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def clients(self) -> int:
        """Sessions that it knew of a second ago, so this question's own is not among them."""
        with self.host.inside(), Client(*self.address, f"{self.host.name}-asks") as client:
            client.subscribe("$SYS/broker/clients/total")
            return int(client.receive()[1])

    def sessions(self) -> list[tuple[str, int]]:
        """The peers on the ports that HAProxy uses."""
        return [peer for port in self._ports for peer in self.host.established(port)]

    def stop(self) -> None:
        if self._process:
            self._process.stop()
