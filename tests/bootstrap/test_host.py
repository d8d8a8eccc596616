"""Steps that change this host, run for real below --root."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tarfile
from dataclasses import replace

import pytest

from components.kubeadm import script

from .conftest import states, tree

BINARY = b"#!/bin/sh\n"
# A curl that writes what $STATE/served holds under the name of the address.
CURL = r"""
while (($#)); do case $1 in --output) out=$2; shift ;; https://*) url=$1 ;; esac; shift; done
cat "$STATE/served/${url##*/}" >"$out"
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories to other users")


@pytest.fixture
def host(sandbox, cluster):
    """A machine with the inventory's system, and downloads whose checksums are right."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("./flannel")
        member.size, member.mode = len(BINARY), 0o755
        tar.addfile(member, io.BytesIO(BINARY))
    served = sandbox.state / "served"
    served.mkdir()
    kubernetes = dict(cluster.platform.kubernetes)
    kubernetes["binaries"] = {
        name: {**binary, "sha256": hashlib.sha256(BINARY).hexdigest()}
        for name, binary in kubernetes["binaries"].items()
    }
    for binary in kubernetes["binaries"].values():
        (served / binary["url"].rpartition("/")[2]).write_bytes(BINARY)
    plugins = kubernetes["cni_plugins"]
    (served / plugins["url"].rpartition("/")[2]).write_bytes(archive.getvalue())
    kubernetes["cni_plugins"] = {**plugins, "sha256": hashlib.sha256(archive.getvalue()).hexdigest()}
    # One package is enough: each costs a process or two, and the tests are to stay quick.
    system = {**cluster.platform.operating_system, "packages": ["curl"]}
    platform = replace(cluster.platform, kubernetes=kubernetes, operating_system=system)
    sandbox.write(script.script(replace(cluster, platform=platform)))
    sandbox.fake("curl", CURL)
    sandbox.fake("dpkg-query", 'printf "ii |1"')
    sandbox.fake("apt-mark", "exit 0")
    etc = sandbox.folder / "root" / "etc"
    etc.mkdir()
    (etc / "os-release").write_text(f'ID={system["name"]}\nVERSION_ID="{system["version"]}"\n')
    (etc / "fstab").write_text("/dev/sda1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    keyrings = etc / "apt" / "keyrings"
    keyrings.mkdir(parents=True)
    fingerprint = cluster.platform.runtime["repository"]["key"]["fingerprint"]
    (keyrings / f"{cluster.platform.runtime['name']}-{fingerprint}.asc").write_text("a key\n")
    return sandbox


def _node(host, name, *options):
    return host.run("node", "--node", name, "--root", str(host.folder / "root"), *options)


def test_node_prepares_a_system(host, cluster):
    name = cluster.workers[0].name
    done = _node(host, name)
    assert done.returncode == 0, done.stderr
    root = host.folder / "root"
    assert (root / "etc/hostname").read_text() == f"{name}\n"
    assert f"{cluster.control_plane.address} {cluster.control_plane.name}\n" in (root / "etc/hosts").read_text()
    fstab = (root / "etc/fstab").read_text().splitlines()
    assert fstab[0].startswith("/dev/sda1") and fstab[1].startswith("#")
    assert (root / "etc/fstab.previous").exists()
    assert stat.S_IMODE((root / "usr/local/bin/kubelet").stat().st_mode) == 0o755
    assert (root / "opt/cni/bin/flannel").read_bytes() == BINARY
    unit = (root / "etc/systemd/system/kubelet.service").read_text()
    assert "$KUBELET_KUBEADM_ARGS" in unit

    before = tree(root)
    again = _node(host, name)
    assert (again.returncode, states(again.stdout)) == (0, {"skipped"}), again.stdout
    assert tree(root) == before


def test_a_wrong_checksum_is_refused(host, cluster):
    (host.state / "served" / "kubelet").write_bytes(b"not the kubelet")
    done = _node(host, cluster.workers[0].name)
    assert done.returncode == 1
    assert "does not have the SHA-256" in done.stderr and done.stderr.startswith("failed: download https://")
    assert sorted(os.listdir(host.folder / "root/usr/local/bin")) == ["kubeadm", "kubectl"]


def test_another_system_is_refused(host, cluster):
    (host.folder / "root/etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    done = _node(host, cluster.workers[0].name)
    assert done.returncode == 1 and "platform classes" in done.stderr
    assert not (host.folder / "root/etc/hostname").exists()


@needs_root
def test_volumes_belong_to_their_services(sandbox, cluster):
    root = sandbox.folder / "root"
    for node in {disk.node.name for _, _, disk in cluster.disks}:
        done = sandbox.run("volumes", "--node", node, "--root", str(root))
        assert (done.returncode, states(done.stdout)) == (0, {"done"}), done.stderr
        for _, _, disk in cluster.disks:
            if disk.node.name == node:
                found = (root / disk.host_path.lstrip("/")).stat()
                assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (disk.owner, 0o750)
        again = sandbox.run("volumes", "--node", node, "--root", str(root))
        assert states(again.stdout) == {"skipped"}
        shutil.rmtree(root)
        root.mkdir()


@needs_root
def test_a_volume_that_a_pod_has_mounted_stays_open_to_its_group(sandbox, cluster):
    root = sandbox.folder / "root"
    disk = cluster.disks[0][2]
    directory = root / disk.host_path.lstrip("/")
    step = ("volumes", "--node", disk.node.name, "--root", str(root))
    sandbox.run(*step)
    # What the kubelet does for fsGroup.
    os.chown(directory, disk.owner, 4242)
    directory.chmod(0o2770)
    assert states(sandbox.run(*step).stdout) == {"skipped"}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o2770

    directory.chmod(0o755)
    assert f"done: make {directory}" in sandbox.run(*step).stdout
    assert stat.S_IMODE(directory.stat().st_mode) == 0o750


GOOD = "defaults\n  mode tcp\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\nlisten a\n  bind 127.0.0.1:1\n"


@pytest.fixture
def balancer(host, cluster):
    folder = host.folder / "haproxy"
    folder.mkdir()
    (folder / "haproxy.cfg").write_text(GOOD)
    (folder / "99-dojot-haproxy.conf").write_text("a.b = 1\n")
    (folder / "haproxy.service.d-limits.conf").write_text("[Service]\nLimitNOFILE=1000\n")
    host.fake("haproxy", 'grep -q nonsense "${@: -1}" && exit 1; exit 0')
    fingerprint = cluster.platform.haproxy["repository"]["key"]["fingerprint"]
    (host.folder / f"root/etc/apt/keyrings/haproxy-{fingerprint}.asc").write_text("a key\n")
    return host


def _balancer(host):
    return host.run("load-balancer", "--root", str(host.folder / "root"))


def test_load_balancer_gets_its_files_unless_haproxy_refuses_them(balancer, cluster):
    done = _balancer(balancer)
    assert done.returncode == 0, done.stderr
    config = balancer.folder / f"root{cluster.platform.haproxy['paths']['config']}"
    assert (config.read_text(), stat.S_IMODE(config.stat().st_mode)) == (GOOD, 0o640)
    assert states(_balancer(balancer).stdout) == {"skipped"}

    (balancer.folder / "haproxy/haproxy.cfg").write_text("nonsense\n")
    done = _balancer(balancer)
    assert done.returncode == 1 and "the running configuration stays" in done.stderr
    assert config.read_text() == GOOD


def test_files_that_were_not_copied_are_named(host):
    done = host.run("load-balancer", "--root", str(host.folder / "root"))
    assert done.returncode == 1
    assert "haproxy.cfg is missing" in done.stderr and "--compiled" in done.stderr
