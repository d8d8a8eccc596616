"""Hosts with addresses of their own on this machine: network namespaces on one bridge."""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

_NAMESPACES = Path("/run/netns")
_PREFIX = "dojot-test"
_CLONE_NEWNET = 0x40000000
_SWITCH = "switch"
_numbers = itertools.count(1)


class Refused(Exception):
    """This machine does not let us make network namespaces; the text says why."""


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Host:
    """One namespace: `address` on eth0, everything else reachable over the bridge."""

    def __init__(self, name: str, address: str, namespace: str) -> None:
        self.name, self.address, self.namespace = name, address, namespace

    def command(self, *words: object) -> list[str]:
        """The command line that runs these words on the host."""
        return ["ip", "netns", "exec", self.namespace, *map(str, words)]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread opens belong to the host; they keep to it afterwards."""
        with open("/proc/thread-self/ns/net") as home, open(_NAMESPACES / self.namespace) as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def listening(self) -> set[tuple[str, int]]:
        """Address and port of every TCP listener, of IPv4 and of IPv6."""
        with self.inside():
            return {(address, port) for (address, port), _, state in self._sockets() if state == "0A"}

    def established(self, port: int) -> list[tuple[str, int]]:
        """The peers that are connected to this port."""
        with self.inside():
            return [peer for (_, own), peer, state in self._sockets() if state == "01" and own == port]

    @staticmethod
    def _sockets() -> Iterator[tuple[tuple[str, int], tuple[str, int], str]]:
        for table in ("tcp", "tcp6"):
            path = Path("/proc/thread-self/net") / table
            for line in path.read_text().splitlines()[1:] if path.exists() else ():
                _, own, peer, state = line.split()[:4]
                yield _endpoint(own), _endpoint(peer), state


class Network:
    """Hosts by name, all on one bridge, which is in a namespace too: this machine's own network
    does not change. Raises Refused where this is not possible.
    """

    def __init__(self, addresses: dict[str, str]) -> None:
        _remove_left_over()
        self._number = next(_numbers)
        self.hosts: dict[str, Host] = {}
        self._switch = self._namespace(_SWITCH)
        try:
            _ip("netns", "add", self._switch)
            _ip("-n", self._switch, "link", "add", "bridge", "type", "bridge")
            _ip("-n", self._switch, "link", "set", "bridge", "up")
            for name, address in addresses.items():
                self._add(name, address)
        except BaseException:
            self.remove()
            raise

    def _namespace(self, name: str) -> str:
        return f"{_PREFIX}-{os.getpid()}-{self._number}-{name}"

    def _add(self, name: str, address: str) -> None:
        host = Host(name, address, self._namespace(name))
        _ip("netns", "add", host.namespace)
        port = f"port{len(self.hosts)}"
        self.hosts[name] = host
        _ip("-n", self._switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
        _ip("-n", self._switch, "link", "set", port, "master", "bridge", "up")
        for words in (
            ("addr", "add", f"{address}/32", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", host.namespace, *words)
        # No subnet, so that any addresses can be each other's neighbours.
        _ip("-n", host.namespace, "route", "add", "default", "dev", "eth0", "scope", "link")

    def add_host(self, name: str, address: str) -> None:
        """One more."""
        self._add(name, address)

    def addresses(self, name: str) -> list[str]:
        """Those that a host has now."""
        said = _ip("-n", self.hosts[name].namespace, "-oneline", "-4", "addr", "show", "dev", "eth0")
        return re.findall(r" inet ([0-9.]+)/", said)

    def add_address(self, name: str, address: str) -> None:
        """A further one of a host."""
        _ip("-n", self.hosts[name].namespace, "addr", "add", f"{address}/32", "dev", "eth0")

    def plug(self, name: str, connected: bool) -> None:
        """Put in or pull out the host's cable, seen from the bridge: the host itself notices nothing."""
        port = f"port{list(self.hosts).index(name)}"
        _ip("-n", self._switch, "link", "set", port, *(("master", "bridge") if connected else ("nomaster",)))

    def remove(self) -> None:
        for namespace in [*(host.namespace for host in self.hosts.values()), self._switch]:
            _delete(namespace)


def _enter(namespace: int) -> None:
    # os.setns came with Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET):
        raise Refused(f"setns: {os.strerror(ctypes.get_errno())}")


def _endpoint(text: str) -> tuple[str, int]:
    """Address and port as /proc/net/tcp writes them: in words of the machine's own order."""
    words, _, port = text.partition(":")
    octets = b"".join(bytes.fromhex(words[at : at + 8])[::-1] for at in range(0, len(words), 8))
    if len(octets) == 4:
        return str(IPv4Address(octets)), int(port, 16)
    address = IPv6Address(octets)
    return str(address.ipv4_mapped or address), int(port, 16)


def _delete(namespace: str) -> None:
    """With whatever still runs in it."""
    if not (_NAMESPACES / namespace).exists():
        return
    for pid in subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True).stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)


def _remove_left_over() -> None:
    """Namespaces of a test process that was killed and could not clean up."""
    for path in _NAMESPACES.glob(f"{_PREFIX}-*") if _NAMESPACES.is_dir() else ():
        owner = re.match(rf"{_PREFIX}-(\d+)-", path.name)
        if owner and not Path("/proc", owner[1]).exists():
            _delete(path.name)
