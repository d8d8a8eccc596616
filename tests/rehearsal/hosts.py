"""Hosts on one LAN, each with control groups, disks and an address of its own, so that a kubelet can work on it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from tests.engines.bootstrap.internet import ADDRESS
from tests.engines.bootstrap.network import in_network
from tests.engines.bootstrap.site import SiteHost
from tests.engines.processes import Process

ENTER_GROUPS = Path(__file__).with_name("enter-groups.sh")
# On a disk of the machine: containerd's own overlay cannot lie on the host's.
DISKS = ("/srv", "/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet", "/var/log/pods")
BRIDGE = "lan"


def name(process: int) -> str:
    """What is called so belongs to the rehearsal that this process runs."""
    return f"dojot-rehearsal-{process}"


class Lan:
    """The machines' network: a bridge in a namespace of its own, and a router on it that also plays the Internet.

    The router tells whoever asks for an address of `unknown` that there is nobody.
    """

    def __init__(self, folder: Path, router: str, unknown: str) -> None:
        self.router, self._unknown = router, unknown
        self._folder = folder
        self._process: Process | None = None
        self._ports = 0

    def __enter__(self) -> Lan:
        self._process = Process(
            "lan", ["setpriv", "--pdeathsig=KILL", "unshare", "--net", "sleep", "infinity"], self._folder
        )
        own = os.readlink("/proc/self/ns/net")
        self._process.wait_until(lambda: self._namespace() not in ("", own), "in a network of its own", 10)
        self.ip("link", "set", "lo", "up")
        self.ip("address", "add", f"{ADDRESS}/32", "dev", "lo")
        self.ip("link", "add", BRIDGE, "type", "bridge")
        self.ip("address", "add", f"{self.router}/24", "dev", BRIDGE)
        self.ip("link", "set", BRIDGE, "up")
        self.ip("route", "add", "unreachable", self._unknown)
        return self

    def _namespace(self) -> str:
        with suppress(OSError):
            return os.readlink(f"/proc/{self._process.pid}/ns/net")
        return ""

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def command(self, *words: object) -> list[str]:
        """A command in this network."""
        return ["nsenter", "--target", str(self._process.pid), "--net", *map(str, words)]

    def ip(self, *words: str) -> None:
        subprocess.run(self.command("ip", *words), check=True)

    def plug(self, init: int, address: str) -> None:
        """Give the network of a process the interface eth0 with this address, on a cable to the bridge.

        A machine that boots again has the hardware address of before: its neighbours ask for no other for a while.
        """
        self._ports += 1
        port = f"port{self._ports}"
        self.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(init))
        hardware = ":".join(f"{number:02x}" for number in (2, 0, *ip_address(address).packed))
        for words in (
            ("link", "set", "eth0", "address", hardware),
            ("address", "add", f"{address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            subprocess.run(["nsenter", "--target", str(init), "--net", "ip", *words], check=True)
        self.ip("link", "set", port, "master", BRIDGE, "up")

    def listen(self, make):
        """What `make` returns; the sockets that it opens are the router's."""
        return in_network(self._process.pid, make)


class Groups:
    """Control groups of a rehearsal: a folder in each hierarchy of this machine, with one below it for each host.

    Of version 1: version 2 hands its controllers on only from groups without processes, and a host's root has some.
    """

    def __init__(self) -> None:
        self._name = name(os.getpid())

    def of(self, host: str) -> list[Path]:
        """New groups of a host, one in each hierarchy."""
        found = []
        for folder in _hierarchies():
            group = folder / self._name / host
            group.mkdir(parents=True, exist_ok=True)
            for made in (group.parent, group):
                # A new group of cpuset has neither processors nor memory.
                for name in ("cpuset.cpus", "cpuset.mems"):
                    if (made / name).is_file():
                        (made / name).write_text((made.parent / name).read_text())
            found.append(group)
        return found

    def clear(self, host: str) -> None:
        """What ran on a host is gone, and its groups with it: they do not outlive a power failure."""
        remove_groups(f"{self._name}/{host}")

    def memory(self, host: str) -> int:
        """Bytes in use by all that runs on a host, without what the kernel only caches."""
        for folder in _hierarchies():
            statistics = folder / self._name / host / "memory.stat"
            if statistics.is_file():
                found = dict(line.split() for line in statistics.read_text().splitlines())
                return sum(int(found.get(name, 0)) for name in ("total_rss", "total_shmem"))
        return 0

    def remove(self) -> None:
        remove_groups(self._name)


def _hierarchies() -> Iterator[Path]:
    """Where groups can be made in each hierarchy. Beside version 1, version 2 is where systemd has its own."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own[controllers.removeprefix("name=")] = path
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            yield Path(place)
        elif kind == "cgroup":
            controllers = next(key for key in own if key and _is_of(key, options.split(",")))
            yield Path(f"{place}{own[controllers]}")


def _is_of(controllers: str, options: Sequence[str]) -> bool:
    return all(name in options or f"name={name}" in options for name in controllers.split(","))


def remove_groups(name: str) -> None:
    """Those of one rehearsal, or of a host of it, without processes by now."""
    for folder in _hierarchies():
        for path, _, _ in os.walk(folder / name, topdown=False):
            with suppress(OSError):
                os.rmdir(path)


class NodeHost(SiteHost):
    """A host that can be a node."""

    lan: Lan
    groups: Groups

    def _started_by(self) -> list[str]:
        return ["bash", str(ENTER_GROUPS), *map(str, self.groups.of(self.name)), "--"]

    def _binds(self) -> dict[str, Path]:
        binds = {"/dev/kmsg": Path("/dev/kmsg")}
        for path in DISKS:
            disk = self.folder / "disks" / path.lstrip("/").replace("/", "-")
            disk.mkdir(parents=True, exist_ok=True)
            binds[path] = disk
        return binds

    def _connect(self) -> None:
        assert self.address
        self.lan.plug(self._init, self.address)
        self._network("route", "add", "default", "via", self.lan.router)

    def within(self, *words: str) -> list[str]:
        """A command of this machine, in the host's network."""
        return ["nsenter", "--target", str(self._init), "--net", *words]

    def power_off(self) -> None:
        super().power_off()
        self.groups.clear(self.name)

    def _find_internet(self) -> None:
        """It is behind the router."""

    def _lose_internet(self) -> None:
        """The router is there for all."""
