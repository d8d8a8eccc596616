"""All that a host downloads in `bootstrap.sh node`, and what had to be exchanged for it in the compiled script."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.cluster.input.platform.kubernetes import CniPlugins
from components.cluster.input.platform.packages import Download, PackageRepository
from components.cluster.types import Cluster
from components.kubeadm import values
from scripts.engine_catalogue import builds
from tests.engines.bootstrap.archive import Package, Renamed, Signer, publish
from tests.engines.bootstrap.internet import Place, place_of
from tests.engines.programs import built, not_run

OS_ARCHIVE = "archive.example"
SYSTEM = "throw-away-host"
# A daemon whose work needs images or a kernel of its own; systemd starts and stops it as the real one.
DAEMON = "#!/bin/sh\ncase $* in *version*) echo '{version}' ;; *) exec sleep infinity ;; esac\n"
# A command of such a daemon: it says that nobody answers.
CLIENT = (
    "#!/bin/sh\ncase $* in *version*) echo '{version}' ;; "
    "*) echo 'this stands for {version}: no daemon answers' >&2; exit 1 ;; esac\n"
)
UNIT = "[Service]\nExecStart={program}\nRestart=always\n[Install]\nWantedBy=multi-user.target\n"
START = "systemctl daemon-reload; systemctl enable {name}; systemctl {verb} {name}"


@dataclass(frozen=True)
class Supplies:
    """`sites` as Internet takes them; `exchanges`: text of the compiled script -> what stands for it, and why."""

    sites: dict[str, Place]
    exchanges: dict[str, tuple[str, str]]
    signers: tuple[Signer, ...]
    system_key: bytes

    def script(self, compiled: str) -> str:
        """The compiled script with the exchanges, each of which has to be there."""
        for old, (new, reason) in self.exchanges.items():
            assert old in compiled, f"the compiled script does not have {old!r} ({reason})"
            compiled = compiled.replace(old, new)
        return compiled


@dataclass(frozen=True)
class Packages:
    """What the repositories of the inventory hold; none of HAProxy where no host is to be a load balancer."""

    runtime: Callable[[Cluster], list[Package]]
    kubernetes: Callable[[Cluster], list[Package]]
    haproxy: Callable[[Cluster], list[Renamed]] = lambda _: []


def kubernetes_build(cluster: Cluster) -> str:
    """The entry of engines.yml with this cluster's kubeadm and kubectl."""
    for build in builds().values():
        if build.minor == cluster.platform.kubernetes.minor and {"kubeadm", "kubectl"} <= build.programs.keys():
            return build.name
    not_run(f"no build of engines.yml has kubeadm {cluster.platform.kubernetes.minor}")


def system() -> tuple[Path, Path]:
    """The file system that every host starts from, and the folder with its archive's packages."""
    target = builds()[SYSTEM].target
    if not (target / "complete").is_file():
        not_run(f"the build {SYSTEM} is not there (make engines-install, as root)")
    return target / "root", target / "packages"


def argocd_manifest(cluster: Cluster) -> bytes | None:
    """Argo CD's install manifest in the inventory's version, from a build's sources; None where no build has it."""
    for build in builds().values():
        path = build.target / "install.yaml"
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == cluster.platform.argocd.install.sha256:
            return path.read_bytes()
    return None


def supplies(cluster: Cluster, folder: Path, packages: Packages) -> Supplies:
    sites: dict[str, Place] = {}
    exchanges: dict[str, tuple[str, str]] = {}
    runtime, kubernetes = cluster.platform.runtime, cluster.platform.kubernetes

    signers = [Signer("system")]
    archive = folder / "system"
    shutil.copytree(system()[1], archive)
    publish(archive, signers[0])
    sites[OS_ARCHIVE] = archive

    _repository("runtime", runtime.repository, packages.runtime(cluster), folder, sites, exchanges, signers)
    if kubernetes.packages:
        repository = kubernetes.packages.repository
        _repository("kubernetes", repository, packages.kubernetes(cluster), folder, sites, exchanges, signers)
    else:
        _binaries(cluster, sites, exchanges)
    if haproxy := packages.haproxy(cluster):
        _repository("haproxy", cluster.platform.haproxy.repository, haproxy, folder, sites, exchanges, signers)
    sites[place_of(cluster.platform.argocd.install.url)] = argocd_manifest(cluster) or b"not to be had here\n"
    return Supplies(sites, exchanges, tuple(signers), signers[0].public)


def _repository(
    name: str,
    repository: PackageRepository,
    packages: Sequence[Package | Renamed],
    folder: Path,
    sites: dict[str, Place],
    exchanges: dict[str, tuple[str, str]],
    signers: list[Signer],
) -> None:
    """A signed repository at the inventory's address, and the key that it is signed with at the key's."""
    signer = Signer(name)
    signers.append(signer)
    sites.update(signed_repository(repository, packages, folder / name, signer))
    exchanges[repository.key.fingerprint] = (
        signer.fingerprint,
        f"the private key of the {name} repository is its owner's: a test key signs in its place",
    )


def signed_repository(
    repository: PackageRepository, packages: Sequence[Package | Renamed], folder: Path, signer: Signer
) -> dict[str, Place]:
    """Its places; `folder` is made, and takes its files."""
    folder.mkdir()
    for package in packages:
        package.build(folder)
    publish(folder, signer, repository.suite, repository.component or "")
    # A key server is asked for the key by its fingerprint, which is exchanged there as well.
    key = repository.key
    return {
        place_of(repository.url): folder,
        place_of(key.url.replace(key.fingerprint, signer.fingerprint)): signer.public,
    }


def _daemon(version: str) -> str:
    return DAEMON.format(version=version)


def _runtime_packages(cluster: Cluster) -> list[Package]:
    """Docker's own packages start the service as they install; containerd.io brings a configuration without CRI."""
    versions = cluster.platform.runtime.packages
    service = cluster.platform.runtime.service
    found = [
        Package(
            "containerd.io",
            versions["containerd.io"],
            {
                "/etc/containerd/config.toml": 'disabled_plugins = ["cri"]\n',
                "/usr/bin/containerd": _daemon(f"containerd {versions['containerd.io']}"),
                "/lib/systemd/system/containerd.service": UNIT.format(program="/usr/bin/containerd"),
            },
            configuration=("/etc/containerd/config.toml",),
            postinst=START.format(name="containerd", verb="start"),
        )
    ]
    if service == "docker":
        found += [
            Package(
                "docker-ce-cli",
                versions["docker-ce-cli"],
                {
                    "/usr/bin/docker": CLIENT.format(version=f"Docker version {cluster.platform.runtime.version}"),
                },
            ),
            Package(
                "docker-ce",
                versions["docker-ce"],
                {
                    "/usr/bin/dockerd": _daemon("Docker"),
                    "/lib/systemd/system/docker.service": UNIT.format(program="/usr/bin/dockerd"),
                },
                depends="containerd.io, docker-ce-cli",
                postinst=START.format(name="docker", verb="start"),
            ),
        ]
    return found


def _kubernetes_packages(cluster: Cluster) -> list[Package]:
    """kubeadm and kubectl are the real ones; the kubelet waits for its configuration, as the real one's unit does."""
    build = kubernetes_build(cluster)
    versions = values.kubernetes_packages(cluster.platform.kubernetes)
    version = cluster.platform.kubernetes.version
    return [
        Package(
            "kubeadm",
            versions["kubeadm"],
            {
                "/usr/bin/kubeadm": built("kubeadm", build),
                "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": (
                    "[Service]\nEnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\n"
                ),
            },
            depends="cri-tools",
        ),
        Package("kubectl", versions["kubectl"], {"/usr/bin/kubectl": built("kubectl", build)}),
        Package(
            "kubelet",
            versions["kubelet"],
            {
                "/usr/bin/kubelet": _daemon(f"Kubernetes {version}"),
                "/usr/lib/systemd/system/kubelet.service": UNIT.format(program="/usr/bin/kubelet"),
            },
            depends="iptables, kubernetes-cni, iproute2, mount, util-linux",
        ),
        Package(
            "cri-tools",
            versions["cri-tools"],
            {
                "/usr/bin/crictl": CLIENT.format(version=f"crictl version {versions['cri-tools']}"),
            },
        ),
        Package(
            "kubernetes-cni", versions["kubernetes-cni"], {"/opt/cni/bin/loopback": _daemon("CNI loopback plugin")}
        ),
    ]


STAND_INS = Packages(_runtime_packages, _kubernetes_packages)


def _binaries(cluster: Cluster, sites: dict[str, Place], exchanges: dict[str, tuple[str, str]]) -> None:
    kubernetes, build = cluster.platform.kubernetes, kubernetes_build(cluster)
    contents = {
        "kubeadm": built("kubeadm", build).read_bytes(),
        "kubectl": built("kubectl", build).read_bytes(),
        "kubelet": _daemon(f"Kubernetes {kubernetes.version}").encode(),
    }
    for name, binary in kubernetes.binaries:
        _exchange_file(binary, contents[name], sites, exchanges, f"{name} is not the release archive's build")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name in ("flannel", "loopback", "portmap"):
            content = _daemon(f"CNI {name} plugin").encode()
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mode, member.uid = len(content), 0o755, 1001
            tar.addfile(member, io.BytesIO(content))
    _exchange_file(kubernetes.cni_plugins, archive.getvalue(), sites, exchanges, "the CNI plugins are stand-ins")


def _exchange_file(
    wanted: Download | CniPlugins,
    content: bytes,
    sites: dict[str, Place],
    exchanges: dict[str, tuple[str, str]],
    reason: str,
) -> None:
    sites[place_of(wanted.url)] = content
    exchanges[wanted.sha256] = (hashlib.sha256(content).hexdigest(), reason)
