"""--dry-run reads, says what it would do, and touches nothing."""

from __future__ import annotations

import hashlib

import pytest

from components.kubeadm import steps

from .conftest import states, tree

READING = (
    "systemctl is-active",
    "systemctl is-enabled",
    "systemctl show",
    "sysctl -n",
    "apt-mark showhold",
    "kubectl --kubeconfig",
    "gpg --import-options show-only",
)
# Steps of the control plane's own system.
MASTERS = ("control-plane", "join-token", "join-key", "join-control-plane")
MASTERS += ("backup", "backup-timer", "restore", "certificates")


def _a_backup(box, cluster):
    """Of one file."""
    folder, kubernetes = box.folder / "backup", cluster.platform.kubernetes.version
    folder.mkdir()
    (folder / "one").write_text("")
    node = cluster.control_plane
    rows = [("cluster", cluster.name), ("kubernetes", kubernetes), ("control-plane", node.name, node.address)]
    rows.append(("file", hashlib.sha256().hexdigest(), "0", "one"))
    (folder / "manifest").write_text("".join("|".join(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def traps(sandbox):
    for name in (
        "apt-get",
        "systemctl",
        "kubeadm",
        "modprobe",
        "sysctl",
        "swapoff",
        "hostnamectl",
        "curl",
        "apt-mark",
        "kubectl",
        "install",
        "mkdir",
        "mv",
        "chmod",
        "gpg",
    ):
        sandbox.fake(name, "exit 1")
    compiled = {
        "argocd": ["argocd-cm.yml", "project.yml", "application.yml"],
        "haproxy": ["haproxy.cfg", "99-dojot-haproxy.conf", "haproxy.service.d-limits.conf"],
    }
    for folder, names in compiled.items():
        (sandbox.folder / folder).mkdir()
        for name in names:
            (sandbox.folder / folder / name).write_text("\n")
    sandbox.fake("haproxy", "exit 0")
    return sandbox


@pytest.mark.parametrize("step", [step.name for step in steps.read().steps if "--dry-run" in step.options])
def test_nothing_is_changed(traps, cluster, step):
    node = cluster.control_plane if step in MASTERS else cluster.workers[0]
    more = ("--from", str(_a_backup(traps, cluster))) if step == "restore" else ()
    before = tree(traps.folder / "root")
    own = {"drain": "--server", "undrain": "--server", "leave": "--server", "forget": "--gone"}
    live = (*MASTERS, "worker", "rotate", "remove", "upgrade", *own)
    options = ("--root", str(traps.folder / "root")) if step not in live else more
    if step in own:
        options = (own[step], "verne-9")
    elif step == "rotate":
        options = ("--secret", next(name for one in cluster.services for name in one.secrets))
    name = cluster.load_balancer.hosts[0].name if step == "load-balancer" else node.name
    done = traps.run(step, "--dry-run", "--node", name, *options)
    assert done.returncode == 0, done.stderr
    assert states(done.stdout) <= {"would", "skipped", "ok"}
    assert tree(traps.folder / "root") == before
    for call in traps.calls:
        assert call.startswith(READING) or call.startswith("haproxy -c"), call
    assert not list((traps.folder / "tmp").iterdir()), "a temporary file is left"
