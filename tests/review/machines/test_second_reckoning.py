"""The script itself says the same: a step that is said to be untouched skips everything, another one does not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.review.machines import steps
from tests.compiled.bootstrap_values import SCRIPT, scalar

from .edits import Files, compiled, edited

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="directories of volumes get owners")

BEFORE = compiled("today")
#: Steps that prepare a system below --root, and the node that they are run for.
RUNS = {"node": "kafka", "volumes": "kafka", "load-balancer": "haproxy"}
CFG = "haproxy/haproxy.cfg"
#: What changes -> the files then. What only a running system has (packages, services) does not show below --root.
EDITS: dict[str, Files] = {
    "firewall": edited(BEFORE, ("# etcd\n", "# etcd, again\n")),
    "kernel": edited(BEFORE, ("kernel.panic = 10\n", "kernel.panic = 20\n")),
    "runtime": edited(BEFORE, ("pause:3.10.2", "pause:3.11")),
    "repository of the balancer": edited(BEFORE, ("/haproxy-3.2/ubuntu|noble", "/haproxy-3.2/ubuntu|resolute")),
    "needrestart": edited(
        BEFORE, ("NEEDRESTART_FOLDER=/etc/needrestart/conf.d", "NEEDRESTART_FOLDER=/etc/needrestart/d")
    ),
    "address of another node": edited(BEFORE, ("verne-3|192.168.0.16", "verne-3|192.168.0.26")),
    "group of another node": edited(BEFORE, ("192.168.0.16|worker|vernemq", "192.168.0.16|worker|kafka")),
    "volume": edited(BEFORE, ("'kafka|1000|/mnt/data/kafka'", "'kafka|1000|/srv/kafka'")),
    "volume of another node": edited(BEFORE, ("'x509|10001|/mnt/data/ejbca'", "'x509|10001|/srv/ejbca'")),
    "Secrets, brokers, Argo CD, ports": edited(
        BEFORE,
        ("'dojot/kafka-ws-secret|ticket|random|'", "'dojot/kafka-ws-secret|another|random|'"),
        ("'dojot|vernemq-k8s|3|vernemq|", "'dojot|vernemq-k8s|3|vernemq|1"),
        ("ARGOCD_VERSION=v3.5.6", "ARGOCD_VERSION=v3.5.7"),
        ("'80|kong-http'", "'8081|kong-http'"),
    ),
    "a comment of the balancer": {**BEFORE, CFG: b"# more\n" + BEFORE[CFG]},
}


class _Host:
    """A root below which the former script has made everything."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        for name in ("bin", "home", "tmp", "root/etc/apt/keyrings"):
            (folder / name).mkdir(parents=True)
        for name, body in {
            "dpkg-query": 'printf "ii |1"',
            "apt-mark": "exit 0",
            "gpg": "exit 0",
            "haproxy": "exit 0",
        }.items():
            (folder / "bin" / name).write_text(f"#!/bin/bash\n{body}\n")
            (folder / "bin" / name).chmod(0o755)
        system = f'ID={scalar(_text(BEFORE), "OS_NAME")}\nVERSION_ID="{scalar(_text(BEFORE), "OS_VERSION")}"\n'
        (self.root / "etc/os-release").write_text(system)
        (self.root / "etc/fstab").write_text("/dev/sda1 / ext4 defaults 0 1\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        for name in ("RUNTIME", "KUBERNETES", "HAPROXY"):
            fingerprint = scalar(_text(BEFORE), f"{name}_REPOSITORY").rpartition("|")[2]
            name = scalar(_text(BEFORE), "RUNTIME_NAME") if name == "RUNTIME" else name.lower()
            (self.root / f"etc/apt/keyrings/{name}-{fingerprint}.asc").write_text("a key\n")

    def would(self, files: Files, step: str) -> list[str]:
        """What it would change, or refuses."""
        lines = self.run(files, step, "--dry-run").splitlines()
        return [line for line in lines if not line.startswith("skipped: ")]

    def run(self, files: Files, step: str, *options: str) -> str:
        for name, content in files.items():
            path = self.folder / "compiled" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # A lock of its own: hosts of other tests are at work at the same time.
            path.write_bytes(content.replace(b"LOCK_FOLDER=/run/lock", b"LOCK_FOLDER=" + bytes(self.folder / "tmp")))
        node = ["--node", RUNS[step]] if step != "load-balancer" else []
        done = subprocess.run(
            ["bash", str(self.folder / "compiled" / SCRIPT), step, *node, "--root", str(self.root), *options],
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "HOME": "/nowhere",
                "TMPDIR": str(self.folder / "tmp"),
            },
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _text(files: Files) -> dict[str, str]:
    return {SCRIPT: files[SCRIPT].decode()}


@pytest.fixture(scope="module", params=RUNS)
def made(request, tmp_path_factory):
    """(step, host): each has a root of its own, since both write a host name."""
    host = _Host(tmp_path_factory.mktemp(request.param))
    assert "done" in host.run(BEFORE, request.param)
    return request.param, host


def test_the_script_does_something_where_a_step_is_due_and_else_skips_all(made):
    step, host = made
    assert not host.would(BEFORE, step)
    said, done = {}, {}
    for what, after in EDITS.items():
        said[what] = any(due.step == step and RUNS[step] in due.hosts for due in steps(BEFORE, after))
        done[what] = bool(host.would(after, step))
    assert said == done
    assert set(said.values()) == {True, False}
