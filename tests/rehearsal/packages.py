"""Packages with real programs, under the names and versions that the inventory pins."""

from __future__ import annotations

from pathlib import Path

from components.cluster.types import Cluster
from components.kubeadm import values
from scripts.engine_catalogue import built, installed
from tests.engines.bootstrap import containers
from tests.engines.bootstrap.archive import Package, Renamed
from tests.engines.bootstrap.supplies import START, Packages, kubernetes_build, system
from tests.rehearsal.images.nodes import node_build

# kubeadm's package: where the kubelet finds what kubeadm has written for it, and people's own arguments last.
_KUBEADM_DROP_IN = """\
[Service]
Environment=BOOTSTRAP=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf
Environment=KUBECONFIG=--kubeconfig=/etc/kubernetes/kubelet.conf
Environment=CONFIG=--config=/var/lib/kubelet/config.yaml
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $BOOTSTRAP $KUBECONFIG $CONFIG $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""
_KUBELET_UNIT = """\
[Unit]
Description=kubelet
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/bin/kubelet
Restart=always
RestartSec=10
[Install]
WantedBy=multi-user.target
"""


def _runtime(cluster: Cluster) -> list[Package]:
    runtime = cluster.platform.runtime
    if runtime.service != "containerd":
        raise NotImplementedError(f"no rehearsal with {runtime.service}: its programs are in no registry of modules")
    version = runtime.packages["containerd.io"]
    return [
        Package(
            "containerd.io",
            version,
            {
                "/etc/containerd/config.toml": 'disabled_plugins = ["cri"]\n',
                containers.MAIN: containers.CONFIG,
                **{
                    f"/usr/bin/{program}": built(program, build)
                    for build, names in containers.PROGRAMS.items()
                    for program in names
                    if program != "crictl"
                },
                "/lib/systemd/system/containerd.service": containers.UNIT,
            },
            configuration=("/etc/containerd/config.toml",),
            postinst=START.format(name="containerd", verb="start"),
        )
    ]


def _kubernetes(cluster: Cluster) -> list[Package]:
    build, versions = kubernetes_build(cluster), values.kubernetes_packages(cluster.platform.kubernetes)
    plugins = installed("/usr/lib/cni/bridge").parent
    contents: dict[str, tuple[dict[str, str | Path], str]] = {
        "kubeadm": (
            {
                "/usr/bin/kubeadm": built("kubeadm", build),
                "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": _KUBEADM_DROP_IN,
            },
            "cri-tools",
        ),
        "kubectl": ({"/usr/bin/kubectl": built("kubectl", build)}, ""),
        "kubelet": (
            {
                "/usr/bin/kubelet": built("kubelet", node_build(cluster)),
                "/usr/lib/systemd/system/kubelet.service": _KUBELET_UNIT,
            },
            "conntrack, iptables, kubernetes-cni, iproute2, mount, util-linux",
        ),
        "cri-tools": ({"/usr/bin/crictl": built("crictl", "containerd-2-3")}, ""),
        "kubernetes-cni": ({f"/opt/cni/bin/{path.name}": path for path in sorted(plugins.iterdir())}, ""),
    }
    return [Package(name, versions[name], files, depends) for name, (files, depends) in contents.items()]


def _haproxy(cluster: Cluster) -> list[Renamed]:
    """Debian's own package, as if it were of the line that the inventory asks for."""
    package = cluster.platform.haproxy.package
    (debian,) = system()[1].glob(f"{package.name}_*.deb")
    return [Renamed(debian, package.name, package.version.replace("*", "0"))]


REAL = Packages(_runtime, _kubernetes, _haproxy)
