"""Before anything is changed: is each machine the one that the inventory means, and able to become what it says?"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from components.cluster.firewall import API_PORT, ETCD_PORTS, KUBELET_PORT
from components.cluster.quantity import gibibytes
from components.cluster.types import Cluster

from .files import COMMIT, FOLDER, PARTS
from .hosts import Host, control_planes
from .ssh import Desk

_PROBE = Path(__file__).with_name("probe.sh")
#: Seconds that clocks may be apart. Certificates are valid from the moment in which they are made.
_APART = 5.0
#: A machine's memory is less than it was sold with: firmware and kernel keep some of it.
_MEMORY = 0.92


@dataclass(frozen=True)
class Facts:
    """What a host has said of itself; `offset` is its clock beside that of the desk, in seconds."""

    said: Mapping[str, str]
    offset: float

    def __getitem__(self, key: str) -> str:
        return self.said.get(key, "")

    def of(self, kind: str) -> Iterator[tuple[str, str]]:
        """Asked of -> answer, such as 192.168.0.10:6443 -> silent."""
        for key, value in self.said.items():
            if key.startswith(f"{kind} "):
                yield key.removeprefix(f"{kind} "), value


@dataclass(frozen=True)
class Finding:
    """What is wrong with a host, and the way out. `identity`: it may be another machine, so nothing may be done."""

    host: str
    text: str
    identity: bool = False


async def probe(desk: Desk, host: Host, questions: Sequence[str]) -> Facts:
    """Unreached, Failed."""
    before = time.time()
    words = ("bash", "-s", "-", *questions)
    script = _PROBE.read_bytes()
    ended = await desk.as_root(host, *words, given=script)
    after = time.time()
    said = {}
    for line in ended.output.splitlines():
        words_of_line = line.split(" ")
        # These go on with what they are about.
        size = 2 if words_of_line[0] in ("address", "name", "path", "files") else 1
        said[" ".join(words_of_line[:size])] = " ".join(words_of_line[size:]).strip()
    return Facts(said, float(said.get("time") or "nan") - (before + after) / 2)


def questions(cluster: Cluster, machines: Sequence[Host], host: Host) -> list[str]:
    """The arguments of probe.sh for a host."""
    planes = control_planes(machines)
    asked: list[tuple[str, str]] = []
    if "every node" in host.places:
        asked += [("address", f"{other.address}:{API_PORT}") for other in planes if other != host]
    if host in planes:
        asked += [
            ("address", f"{other.address}:{KUBELET_PORT}") for other in machines if "every worker" in other.places
        ]
        asked += [("address", f"{other.address}:{port}") for other in planes if other != host for port in ETCD_PORTS]
    if "load balancer" in host.places:
        asked += sorted(
            {
                ("address", f"{server.address}:{server.port}")
                for frontend in cluster.load_balancer.frontends
                for server in frontend.servers
                if server.port
            }
        )
    asked += [("name", place) for place in sorted(_sources(cluster, host))]
    asked += [("path", disk.host_path) for _, _, disk in cluster.disks if disk.node.name == host.name]
    return [word for pair in asked for word in pair]


def _sources(cluster: Cluster, host: Host) -> set[str]:
    """HOST:PORT of where the packages, binaries and manifests of a host come from."""
    platform = cluster.platform
    # Where a proxy leads there, it alone has to be found.
    urls: list[str] = [platform.proxy.http, platform.proxy.https] if platform.proxy else []
    if urls:
        return {_place(url) for url in urls}
    if "every node" in host.places:
        packages = platform.kubernetes.packages
        urls += [platform.runtime.repository.url, platform.runtime.repository.key.url]
        urls += [packages.repository.url, packages.repository.key.url] if packages else []
        urls += [binary.url for _, binary in platform.kubernetes.binaries or ()]
    if "control plane" in host.places and not platform.argocd.existing:
        urls += [platform.argocd.install.url]
    if "load balancer" in host.places:
        urls += [platform.haproxy.repository.url, platform.haproxy.repository.key.url]
    return {_place(url) for url in urls}


def _place(url: str) -> str:
    """HOST:PORT."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or {'http': 80}.get(parts.scheme, 443)}"


def findings(cluster: Cluster, machines: Sequence[Host], facts: Mapping[Host, Facts]) -> list[Finding]:
    """All that is wrong, host by host."""
    found = [*_twice(facts)]
    middle = statistics.median(each.offset for each in facts.values()) if facts else 0
    for host, said in facts.items():
        found += [Finding(host.name, text, identity=True) for text in _who(host, machines, said)]
        found += [Finding(host.name, text) for text in _able(cluster, host, said)]
        found += [Finding(host.name, text) for text in _network(machines, said)]
        # Not a number where the host has no clock to tell.
        if not abs(said.offset - middle) <= _APART:
            found.append(
                Finding(
                    host.name,
                    f"its clock is {said.offset - middle:+.0f} s beside those of the others: let it keep the time "
                    "(timedatectl set-ntp true)",
                )
            )
    return _in_order(found, machines)


#: What `strangers` wants to know of a host.
BROUGHT = ("files", f"{FOLDER}/*/{COMMIT}")


def strangers(cluster: Cluster, machines: Sequence[Host], facts: Mapping[Host, Facts]) -> list[Finding]:
    """Hosts that may be others than the cluster's; with less than the inventory says a host can leave all the same."""
    found = [finding for finding in _twice(facts) if finding.identity]
    for host, said in facts.items():
        found += [Finding(host.name, text, identity=True) for text in _who(host, machines, said)]
        others = {Path(path).parent.name for _, answer in said.of("files") for path in answer.split()}
        if others and not others & {cluster.name, *(cluster.name + part for part in PARTS)}:
            text = (
                f"make up has brought it the files of {', '.join(sorted(others))}, and none of {cluster.name}: is it "
                f"that cluster's? If not, delete them in {FOLDER}"
            )
            found.append(Finding(host.name, text, identity=True))
    return _in_order(found, machines)


def _in_order(found: list[Finding], machines: Sequence[Host]) -> list[Finding]:
    return sorted(found, key=lambda each: [host.name for host in machines].index(each.host))


def _twice(facts: Mapping[Host, Facts]) -> Iterator[Finding]:
    """A copy of a machine has its id, by which programs tell them apart; or it is one machine under two addresses."""
    owners: dict[str, list[Host]] = defaultdict(list)
    for host, said in facts.items():
        owners[said["machine-id"]].append(host)
    for number, hosts in owners.items():
        if not number:
            yield from (Finding(host.name, "it has no /etc/machine-id: systemd-machine-id-setup") for host in hosts)
        elif len(hosts) > 1:
            names = " and ".join(map(str, hosts))
            yield Finding(
                hosts[0].name,
                f"{names} have the same /etc/machine-id: one machine, or a copy of one. On a copy: rm /etc/machine-id, "
                "systemd-machine-id-setup, and a reboot",
                identity=True,
            )


def _who(host: Host, machines: Iterable[Host], said: Facts) -> Iterator[str]:
    others = {other.name for other in machines} - {host.name}
    if host.address not in said["addresses"].split():
        yield (
            f"behind {host.address} answers {said['hostname']}, which has other addresses "
            f"({said['addresses'].strip()}): the inventory needs the machine's own address"
        )
    if said["hostname"] in others:
        yield f"behind {host.address} answers {said['hostname']}, which the inventory has at another address"


def _able(cluster: Cluster, host: Host, said: Facts) -> Iterator[str]:
    system = cluster.platform.operating_system
    if said["architecture"] != "x86_64":
        yield f"it is {said['architecture']}; all that is installed is for x86_64"
    if "every node" in host.places and said["system"] != f"{system.name} {system.version}":
        yield f"it runs {said['system']}, and the inventory's platform is for {system.name} {system.version}"
    hardware = next(
        (each.hardware for each in cluster.machines if each.name == host.name),
        None,
    )
    if hardware and int(said["cores"] or 0) * 1000 < hardware.cpu:
        yield f"it has {said['cores']} cores, and the inventory counts with {hardware.cpu / 1000:g}"
    if hardware and int(said["memory"] or 0) < hardware.memory * _MEMORY:
        yield (
            f"it has {gibibytes(int(said['memory'] or 0))} of memory, and the inventory counts with "
            f"{gibibytes(hardware.memory)}"
        )
    yield from _disks(cluster, host, said)


def _disks(cluster: Cluster, host: Host, said: Facts) -> Iterator[str]:
    """Volumes that are together larger than the file system that they come to lie on."""
    sizes = {disk.host_path: disk.size for _, _, disk in cluster.disks if disk.node.name == host.name}
    places: dict[tuple[str, int], list[str]] = defaultdict(list)
    for path, answer in said.of("path"):
        size, _, target = answer.partition(" ")
        places[target.strip(), int(size or 0)].append(path)
    for (target, there), paths in places.items():
        wanted = sum(sizes.get(path, 0) for path in paths)
        if wanted > there:
            yield (
                f"{', '.join(paths)} lie on {target}, which has {gibibytes(there)}, and the volumes there are "
                f"{gibibytes(wanted)} large: is their disk mounted?"
            )


def _network(machines: Iterable[Host], said: Facts) -> Iterator[str]:
    names = {host.address: host.name for host in machines}
    for place, answer in said.of("address"):
        address, _, port = place.rpartition(":")
        if answer == "silent":
            yield (
                f"it does not reach {names.get(address, address)} at port {port}: a firewall is between them, or "
                f"{address} is another machine's"
            )
    for place, answer in said.of("name"):
        if answer == "unknown":
            yield f"it finds no address for {place.rpartition(':')[0]}: see its /etc/resolv.conf"
        elif answer == "silent":
            yield f"it does not reach {place}, from where packages come"
