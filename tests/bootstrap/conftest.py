"""The assembled script in a sandbox: its own PATH, home and temporary folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from components.cluster.types import CONTROL_PLANE, Cluster, Port
from components.kubeadm import script
from tests.platforms import one_a_platform
from tests.rendered import cluster_of

# Constants of the script that name files of the machine it runs on -> name in the sandbox.
HOST_FILES = {
    "ADMIN_CONF": "admin.conf",
    "API_SERVER_MANIFEST": "manifests/kube-apiserver.yaml",
    "AUDIT_POLICY_FILE": "apiserver/audit-policy-0123abcd.yml",
    "BACKUP_METRICS": "metrics/backup.prom",
    "BACKUP_UNIT": "units/dojot-backup",
    "ENCRYPTION_FILE": "apiserver/encryption.yml",
    "ETCD_DATA": "member",
    "ETCD_FOLDER": "",
    "FIREWALL_FILE": "firewall.nft",
    "FOLLOW_METRICS": "metrics/follow.prom",
    "FOLLOW_REPOSITORY": "follow.git",
    "FOLLOW_STATE": "follow.json",
    "FOLLOW_UNIT": "units/dojot-follow",
    "HAPROXY_FAILED": "failed-reloads",
    "KUBEADM_CONFIG_APPLIED": "kubeadm-init.yml",
    "KUBELET_CERTIFICATE": "kubelet.pem",
    "KUBELET_CONF": "kubelet.conf",
    "KUBELET_CONFIG_FILE": "config.yaml",
    "KUBELET_CONFIG_CHECKSUM": "kubelet-config.sha256",
    "KUBELET_CONFIG_TAKEN": "kubelet-config",
    "KUBERNETES_FOLDER": "",
    "LOCK_FOLDER": "lock",
    "MANIFESTS": "manifests",
    "OWED_FOLDER": "owed",
    "OWN_COPY": "copy/bootstrap.sh",
    "RESTORING": "restoring",
    "UPGRADE_BACKUPS": "before-upgrade",
}


@dataclass(frozen=True)
class Sandbox:
    """Runs bootstrap.sh with fake commands that come before the real ones."""

    folder: Path

    def fake(self, name: str, body: str) -> None:
        """A command of this name; it finds its state in $STATE and notes its arguments in $STATE/calls."""
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/bash\nprintf "%s %s\\n" {name} "$*" >>"$STATE/calls"\n{body}\n')
        path.chmod(0o755)

    def killed(self, at: str, *arguments: str) -> None:
        """A run that is killed as it comes to this command, a fake's name and the first of its arguments."""
        name, _, words = at.partition(" ")
        path = self.folder / "bin" / name
        body = path.read_text()
        path.write_text(body.replace("\n", f'\n[[ "$* " != "{words} "* ]] || {{ kill -KILL $PPID; exit; }}\n', 1))
        done = self.run(*arguments)
        assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
        path.write_text(body)

    def write(self, text: str) -> None:
        for constant, name in HOST_FILES.items():
            text, found = re.subn(rf"\b{constant}=[^ \n]+", f"{constant}={self.host / name}", text)
            assert found == 1, f"the script has {constant} {found} times"
        (self.folder / "bootstrap" / "bootstrap.sh").write_text(text)

    @property
    def text(self) -> str:
        return (self.folder / "bootstrap" / "bootstrap.sh").read_text()

    @property
    def calls(self) -> list[str]:
        path = self.folder / "state" / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def host(self) -> Path:
        """The files of HOST_FILES lie here, so that a test can make them."""
        return self.folder / "host"

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments),
            env=self._environment | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=180,
        )

    def run_as_nobody(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *self._command(arguments)],
            env=self._environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The step at work, in a process group of its own; whoever starts it ends it."""
        return subprocess.Popen(
            self._command(arguments),
            env=self._environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return ["bash", str(self.folder / "bootstrap" / "bootstrap.sh"), *arguments]

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "STATE": str(self.state),
            "LC_ALL": "C",
        }


@pytest.fixture(scope="session", params=one_a_platform())
def cluster(request):
    return cluster_of(request.param)


@pytest.fixture(scope="session")
def text(cluster) -> str:
    return script.script(cluster)


@pytest.fixture
def sandbox(tmp_path: Path, text: str) -> Sandbox:
    return new_sandbox(tmp_path, text)


def new_sandbox(folder: Path, text: str) -> Sandbox:
    for name in ("bin", "home", "tmp", "state", "root", "bootstrap", "host/lock"):
        (folder / name).mkdir(parents=True)
    box = Sandbox(folder)
    box.write(text)
    return box


def with_chosen_node_ports(cluster: Cluster) -> Cluster:
    """The cluster with NodePorts that Kubernetes chooses, as `nodeports.fixed: false` makes it."""
    services = tuple(
        replace(service, container=replace(service.container, ports=tuple(map(_chosen, service.container.ports))))
        for service in cluster.services
    )
    frontends = tuple(replace(frontend, node_port=None) for frontend in cluster.load_balancer.frontends)
    return replace(cluster, services=services, load_balancer=replace(cluster.load_balancer, frontends=frontends))


def _chosen(port: Port) -> Port:
    if port.expose is None or port.expose.listen is None:
        return port
    return replace(port, expose=replace(port.expose, node_port=None))


def with_three_control_planes(cluster: Cluster) -> Cluster:
    """The cluster with two more beside the one that it has."""
    group = cluster.groups[CONTROL_PLANE]
    first = cluster.control_plane
    more = tuple(replace(first, name=f"plane-{number}", address=f"10.99.0.{number}") for number in (2, 3))
    groups = {**cluster.groups, CONTROL_PLANE: replace(group, nodes=(*group.nodes, *more))}
    return replace(cluster, nodes=(*cluster.nodes, *more), groups=groups)


def nodes_of(cluster: Cluster) -> str:
    """Shell of a fake kubectl: it has this cluster's nodes, and says which server it asks."""
    rows = "".join(f"{node.name} {node.address}\\n" for node in cluster.nodes)
    return f"""case $* in
  *config\\ view*) printf https://server.example:6443; exit ;;
  *get\\ nodes*InternalIP*) printf '{rows}'; exit ;;
esac
"""


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder below: mode and content."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


def arguments(written: dict[str, str] | list[dict[str, str]]) -> dict[str, str]:
    """The arguments of a component, whichever form its kubeadm API gives them."""
    if isinstance(written, dict):
        return written
    assert all(entry.keys() == {"name", "value"} for entry in written)
    return {entry["name"]: entry["value"] for entry in written}


def states(output: str) -> set[str]:
    """What the lines of an output begin with."""
    return {line.partition(":")[0] for line in output.splitlines()}
