"""The hosts of one cluster on their LAN, and the Internet behind its router."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import yaml

from components.cluster.brokers import broker_open_files
from components.cluster.types import Cluster
from scripts.engine_catalogue import built
from tests.engines.bootstrap.host import Host
from tests.engines.bootstrap.internet import ADDRESS, Answer, Internet, Place, Request
from tests.engines.bootstrap.network import listener
from tests.engines.bootstrap.site import Site
from tests.engines.bootstrap.sshd import Keys
from tests.engines.bootstrap.supplies import Packages, signed_repository, system
from tests.engines.haproxy import adapted
from tests.engines.processes import Process
from tests.haproxy.configuration import CONFIG, SYSCTL
from tests.rehearsal.differences import differences
from tests.rehearsal.hosts import Groups, Lan, NodeHost
from tests.rehearsal.images.nodes import COREDNS
from tests.rehearsal.registry import registries

T = TypeVar("T")
_KUBELET_FRAGMENTS = "/etc/kubernetes/kubelet.conf.d"
# It would refuse this machine's control groups.
_KUBEADM = """\
#!/bin/sh
case " $* " in
  *' phase '*) ;;
  ' init '* | ' join '* | ' upgrade apply '* | ' upgrade node '* | ' upgrade plan '*)
    set -- "$@" --ignore-preflight-errors={ignored} ;;
esac
exec /usr/bin/kubeadm "$@"
"""


class Wrong(Exception):
    """A rehearsal that cannot be; the text says why and what to do."""


class RehearsalSite(Site):
    """Use it as a context manager: with it, all of its hosts are gone."""

    def __init__(
        self, cluster: Cluster, compiled: Path, folder: Path, packages: Packages, sites: Mapping[str, Place]
    ) -> None:
        if Path("/sys/fs/cgroup/cgroup.controllers").exists():
            raise Wrong(
                "this machine has control groups of version 2, on which no rehearsal runs: take one with version 1"
            )
        super().__init__(cluster, compiled, folder, packages, sites)
        # Whatever has to be open at once: no process of this machine may open more.
        most = adapted.files_of_a_process()
        wanted = {"LOAD_BALANCER_OPEN_FILES={}\n": cluster.load_balancer.open_files}
        if cluster.brokers:
            wanted["|{}'\n"] = broker_open_files(cluster)
        for text, files in wanted.items():
            if files > most:
                self.supplies.exchanges[text.format(files)] = (text.format(most), "the machine's own limit")
        self.hosts: dict[str, NodeHost] = {}
        self._internet: Internet | None = None
        #: Where somebody is to log in.
        self.keys: Keys | None = None
        self._groups = Groups()
        self._lan = Lan(folder, _free_address(cluster), cluster.platform.kubernetes.service_subnet)
        self._stack = ExitStack()

    def __enter__(self) -> RehearsalSite:
        with ExitStack() as stack:
            stack.callback(self._groups.remove)
            stack.callback(self.close)
            stack.enter_context(self._lan)
            internet = Internet(self.supplies.sites, self._context)
            internet.serve(lambda port: self._lan.listen(lambda: listener(ADDRESS, port)))
            stack.callback(internet.close)
            self._internet = internet
            self._serve_names(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _serve_names(self, stack: ExitStack) -> None:
        """The router's name server: every name of the Internet, and no other."""
        file = self.folder / "Corefile"
        names = "\n".join(f"        {ADDRESS} {name}" for name in self._names)
        file.write_text(f". {{\n    bind {self._lan.router}\n    hosts {{\n{names}\n    }}\n}}\n")
        server = Process(
            "names",
            self._lan.command("setpriv", "--pdeathsig=KILL", built("coredns", COREDNS), "-conf", file),
            self.folder,
        )
        stack.callback(server.stop)

    def boot(self, name: str, address: str) -> NodeHost:
        """A new host on the LAN, from nothing."""
        self._count += 1
        host = NodeHost(name, self.folder / f"host-{name}", [system()[0]], address)
        host.lan, host.groups = self._lan, self._groups
        self._dress(host)
        self.hosts[name] = self._stack.enter_context(host)
        return host

    def _dress(self, host: Host) -> None:
        super()._dress(host)
        if self.keys:
            self.keys.dress(host)
        host.write("etc/hosts", "127.0.0.1 localhost\n")
        host.write("etc/resolv.conf", f"nameserver {self._lan.router}\n")
        kubelet = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            **differences()["kubelet"]["configuration"],
        }
        host.write(f"{_KUBELET_FRAGMENTS}/90-rehearsal.conf", yaml.safe_dump(kubelet))
        host.write("etc/default/kubelet", f"KUBELET_EXTRA_ARGS=--config-dir={_KUBELET_FRAGMENTS}\n")
        ignored = differences()["control_groups"]["ignored_preflight_errors"]
        host.write("usr/local/sbin/kubeadm", _KUBEADM.format(ignored=ignored), 0o755)

    def carried(self) -> dict[str, str]:
        found = super().carried()
        for name, adapt in {CONFIG: adapted.configuration, SYSCTL: adapted.kernel_settings}.items():
            found[f"haproxy/{name}"] = adapt(found[f"haproxy/{name}"])
        return found

    def outside(self, make: Callable[[], T]) -> T:
        """What `make` returns; the sockets that it opens are those of a client on the Internet."""
        return self._lan.listen(make)

    def offer(self, cluster: Cluster, packages: Packages, images: Mapping[str, Path]) -> None:
        """From now on the Internet also has the packages and images of the cluster's release of Kubernetes."""
        kubernetes = cluster.platform.kubernetes
        assert self._internet and kubernetes.packages, "not entered, or a release that comes as binaries"
        signer = next(one for one in self.supplies.signers if one.name == "kubernetes")
        folder = self.folder / f"kubernetes-{kubernetes.version}"
        sites = self._internet.sites
        sites.update(signed_repository(kubernetes.packages.repository, packages.kubernetes(cluster), folder, signer))
        for place, registry in registries(images).items():
            sites[place] = _either(registry, sites.get(place))

    def at_the_router(self, *words: object) -> list[str]:
        """A command of this machine, from where all hosts are reached; it ends with the rehearsal."""
        return self._lan.command("setpriv", "--pdeathsig=KILL", *words)

    @property
    def authority(self) -> str:
        """The CA of the router's certificates."""
        return self._authority.read_text()

    def memory(self) -> dict[str, int]:
        """Host -> bytes in use by all that runs on it."""
        return {name: host.groups.memory(name) for name, host in self.hosts.items()}


def _either(one: Callable[[Request], Answer | None], other: Place | None) -> Place:
    """Whoever of the two has an answer."""
    return (lambda request: one(request) or other(request)) if callable(other) else one


def _free_address(cluster: Cluster) -> str:
    """An address for the router, in the network of all hosts."""
    taken = {ipaddress.ip_address(node.address) for node in cluster.nodes}
    taken.add(ipaddress.ip_address(cluster.load_balancer.address))
    networks = {ipaddress.ip_network(f"{address}/24", strict=False) for address in taken}
    if len(networks) > 1:
        raise Wrong(f"the machines are in {len(networks)} networks; a rehearsal has one, so use one of their /24")
    return str(next(address for address in reversed(list(networks.pop().hosts())) if address not in taken))
