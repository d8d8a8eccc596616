"""What the bootstrap saves of a real etcd is in the one that it makes of that, though others have seen more of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.cluster.read import read_cluster
from tests.conftest import CLUSTERS, ROOT
from tests.engines.pki import Authority
from tests.engines.processes import Process, free_port
from tests.engines.programs import built

BUILD = "etcd-3-6"
KEYS = {f"/registry/things/{number}": f"thing {number}" for number in range(200)}


@pytest.fixture(scope="module")
def cluster():
    """One whose etcd is of this release."""
    return next(found for found in map(read_cluster, CLUSTERS) if found.platform.runtime.name == "containerd")


class Etcd:
    """As kubeadm runs it: with TLS, under the name of its node; `folder` is in place of /var/lib/etcd."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self._name, self.port = folder, name, free_port()
        self.pki = folder.parent / "pki" / "etcd"
        if not self.pki.exists():
            authority = Authority(self.pki)
            authority.server("server", "127.0.0.1")
            authority.client("healthcheck-client", "healthcheck", "system:masters")

    @contextmanager
    def running(self) -> Iterator[Etcd]:
        peer = f"http://127.0.0.1:{free_port()}"
        own = self.pki / "server"
        process = Process(
            "etcd",
            [
                built("etcd", BUILD),
                *(f"--name={self._name}", f"--data-dir={self.folder}", f"--listen-client-urls={self.url}"),
                *(f"--advertise-client-urls={self.url}", f"--listen-peer-urls={peer}"),
                *(f"--initial-advertise-peer-urls={peer}", f"--initial-cluster={self._name}={peer}"),
                *(f"--cert-file={own}.crt", f"--key-file={own}.key", f"--trusted-ca-file={self.pki / 'ca.crt'}"),
                "--client-cert-auth",
            ],
            self.folder.parent,
        )
        try:
            process.wait_until(lambda: self.ask("endpoint", "health", check=False).returncode == 0, "healthy", 60)
            yield self
        finally:
            process.stop()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def ask(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        own = self.pki / "healthcheck-client"
        return subprocess.run(
            [
                *(built("etcdctl", BUILD), f"--endpoints={self.url}", f"--cacert={self.pki / 'ca.crt'}"),
                *(f"--cert={own}.crt", f"--key={own}.key", *words),
            ],
            capture_output=True,
            text=True,
            check=check,
            timeout=60,
        )

    def content(self) -> dict[str, str]:
        lines = self.ask("get", "--prefix", "").stdout.splitlines()
        return dict(zip(lines[::2], lines[1::2], strict=True))

    def revision(self) -> int:
        return json.loads(self.ask("get", "/none", "--write-out=json").stdout)["header"]["revision"]


@pytest.fixture
def function(cluster, tmp_path):
    """Runs one of the script's functions, with kubectl and ctr that run on this machine what they are asked to."""
    text = (ROOT / "compiled" / cluster.name / "bootstrap" / "bootstrap.sh").read_text()
    for constant, folder in {"ETCD_FOLDER": "etcd", "ETCD_DATA": "etcd/member", "KUBERNETES_FOLDER": ""}.items():
        old = next(line for line in text.splitlines() if line.startswith(f"readonly {constant}="))
        text = text.replace(f"{old}\n", f"readonly {constant}={tmp_path / folder}\n")
    node = cluster.control_plane
    who = f"SELF=([name]={node.name} [address]={node.address})\n"
    script = tmp_path / "functions.sh"
    script.write_text(text.removesuffix('main "$@"\n') + f'{who}set -o errexit\n"$@"\n')
    programs = built("etcdutl", BUILD).parent
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, body in {
        "kubectl": 'while [[ $1 != -- ]]; do shift; done\nshift\nexec "${@/https:\\/\\/127.0.0.1:2379/$ENDPOINT}"',
        "ctr": 'while [[ $1 != dojot-* ]]; do shift; done\nshift\nexec "$@"',
        "kubeadm": "echo registry.k8s.io/etcd:3.6.8-0",
    }.items():
        (tools / name).write_text(f"#!/bin/bash\n{body}\n")
        (tools / name).chmod(0o755)

    def run(etcd: Etcd, *words: object) -> None:
        done = subprocess.run(
            ["bash", script, *map(str, words)],
            env={"PATH": f"{tools}:{programs}:/usr/sbin:/usr/bin:/bin", "HOME": str(tmp_path), "ENDPOINT": etcd.url},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_what_was_saved_is_there_again(cluster, function, tmp_path):
    before = Etcd(tmp_path / "etcd", cluster.control_plane.name)
    with before.running():
        for key, value in KEYS.items():
            before.ask("put", key, value)
        function(before, "save_etcd", tmp_path / "saved.db")
        assert (tmp_path / "saved.db").stat().st_mode & 0o777 == 0o600
        assert not list((tmp_path / "etcd").glob("dojot-backup*"))
        # Kubelets see more before the disk is lost.
        for number in range(50):
            before.ask("put", "/registry/later", str(number))
        seen = before.revision()
    shutil.rmtree(tmp_path / "etcd")
    function(before, "restore_etcd", tmp_path / "saved.db", tmp_path / "no-configuration")
    assert [path.name for path in (tmp_path / "etcd").iterdir()] == ["member"]
    after = Etcd(tmp_path / "etcd", cluster.control_plane.name)
    with after.running():
        assert after.content() == KEYS
        assert after.revision() > seen
        (member,) = json.loads(after.ask("member", "list", "--write-out=json").stdout)["members"]
        node = cluster.control_plane
        assert (member["name"], member["peerURLs"]) == (node.name, [f"https://{node.address}:2380"])
        # What somebody has seen before is not told again, but has to be read anew.
        said = after.ask("watch", f"--rev={seen}", "/registry", check=False)
        assert "compacted" in said.stdout + said.stderr


def test_a_snapshot_that_has_changed_is_refused(cluster, function, tmp_path):
    etcd = Etcd(tmp_path / "etcd", cluster.control_plane.name)
    with etcd.running():
        etcd.ask("put", "/registry/one", "1")
        function(etcd, "save_etcd", tmp_path / "saved.db")
    shutil.rmtree(tmp_path / "etcd")
    content = bytearray((tmp_path / "saved.db").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "saved.db").write_bytes(content)
    with pytest.raises(AssertionError, match="expected sha256"):
        function(etcd, "restore_etcd", tmp_path / "saved.db", tmp_path / "no-configuration")
    assert not (tmp_path / "etcd" / "member").exists()
