"""The control-plane node of a cluster: a host with the script, an API server of the release, simulated nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.cluster.types import Cluster
from components.kubeadm import configs
from tests.engines.bootstrap.host import Host
from tests.engines.bootstrap.network import Relay, listener
from tests.engines.bootstrap.site import COMPILED, Site, SiteHost
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.kubernetes.nodes import nodes
from tests.engines.programs import control_plane

ADMIN = "/etc/kubernetes/admin.conf"
PKI = "/etc/kubernetes/pki"
# With which configuration kubeadm has last made or changed the control plane.
APPLIED = "/etc/dojot/kubeadm-init.yml"
INIT = f"--config={COMPILED}/bootstrap/kubeadm-init.yml"
# What kubeadm init does, once the control plane runs, that later steps build on.
UPLOADS = (["upload-config", "all"], ["bootstrap-token"])
LAST = ["addon", "kube-proxy"]


@dataclass(frozen=True)
class Master:
    """The host, and the API server that answers at the control plane's own address."""

    host: SiteHost
    plane: ControlPlane
    cluster: Cluster
    relay: list[Relay]

    @contextmanager
    def away(self) -> Iterator[None]:
        """While it is open, the API server does not answer on the host."""
        self.relay.pop().close()
        yield
        self.relay.append(connect(self.host, self.cluster, self.plane))

    def phase(self, *words: str) -> None:
        """One phase of the real `kubeadm init`, with the compiled configuration."""
        self.host.run("kubeadm", "init", "phase", *words, INIT, f"--kubeconfig={ADMIN}")


def connect(host: Host, cluster: Cluster, plane: ControlPlane) -> Relay:
    """On this host, the API server answers where the inventory says."""
    address = cluster.control_plane.address
    return Relay(host.in_network(lambda: listener(address, configs.API_PORT)), plane.port)


@contextmanager
def master(site: Site, cluster: Cluster, on: Host, folder: Path) -> Iterator[Master]:
    """A control-plane node whose kubeadm init has come as far as the administrator's kubeconfig, and is noted.

    kubeadm cannot start the control plane itself: that takes a container runtime with images.
    """
    kubernetes, address = cluster.platform.kubernetes, cluster.control_plane.address
    with ExitStack() as stack:
        plane = stack.enter_context(
            ControlPlane(
                control_plane(kubernetes.minor),
                folder / "plane",
                service_subnet=kubernetes.service_subnet,
                feature_gates=kubernetes.feature_gates,
                addresses=[address],
            )
        )
        stack.enter_context(nodes(plane, cluster))
        host = stack.enter_context(
            site.host(cluster.control_plane.name, address, [cluster.load_balancer.address], on=on)
        )
        relay = [connect(host, cluster, plane)]
        stack.callback(lambda: relay.pop().close())
        done = host.step("node")
        assert done.returncode == 0, done.stderr
        admin = plane.authority.kubeconfig(
            "host", f"https://{configs.endpoint(cluster)}", "kubernetes-admin", "system:masters"
        )
        host.put(ADMIN, admin.read_text())
        host.put(APPLIED, host.read(f"{COMPILED}/bootstrap/kubeadm-init.yml"))
        host.run("chmod", "644", APPLIED)
        host.put(f"{PKI}/ca.crt", plane.authority.certificate.read_text())
        host.put(f"{PKI}/ca.key", plane.authority.key.read_text())
        yield Master(host, plane, cluster, relay)
