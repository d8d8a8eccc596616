"""Joining: the token is in a file of root's, and nowhere else."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess

import pytest
import yaml

from .conftest import arguments, nodes_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")

TOKEN = "abc123.0123456789abcdef"
HASH = "sha256:" + "0f" * 32


@pytest.fixture
def worker(sandbox, cluster):
    sandbox.fake("hostname", f"echo {cluster.workers[-1].address}")
    sandbox.fake("kubeadm", 'cp "${2#--config=}" "$STATE/config"; stat -c %a "${2#--config=}" >"$STATE/mode"')
    (sandbox.folder / "join").write_text(f"token {TOKEN}\nca-hash {HASH}\n")

    def run():
        return sandbox.run("worker", "--node", cluster.workers[-1].name, "--join-file", str(sandbox.folder / "join"))

    return sandbox, run


def test_a_worker_joins_with_its_label(worker, cluster):
    sandbox, run = worker
    done = run()
    assert done.returncode == 0, done.stderr
    node = cluster.workers[-1]
    config = yaml.safe_load((sandbox.state / "config").read_text())
    registration = config["nodeRegistration"]
    assert registration["name"] == node.name
    assert registration["criSocket"] == cluster.platform.runtime.cri_socket
    assert arguments(registration["kubeletExtraArgs"]) == {
        "node-ip": node.address,
        "node-labels": f"{cluster.group_label}={cluster.groups[node.group].label}",
    }
    assert config["discovery"]["bootstrapToken"]["token"] == TOKEN
    assert config["discovery"]["bootstrapToken"]["caCertHashes"] == [HASH]
    assert (sandbox.state / "mode").read_text() == "600\n"
    assert TOKEN not in done.stdout + done.stderr + "\n".join(sandbox.calls)
    assert not (sandbox.folder / "join").exists()
    assert not list((sandbox.folder / "tmp").iterdir())


def test_a_worker_that_was_taken_out_of_the_cluster_is_told_so(worker, cluster):
    sandbox, run = worker
    name = cluster.workers[-1].name
    (sandbox.host / "kubelet.conf").touch()
    sandbox.fake("kubectl", f'[[ $* == *kubelet.conf*\\ get\\ node\\ {name}\\ * ]] && cat "$STATE/node"')
    (sandbox.state / "node").write_text("")
    done = run()
    assert (
        done.returncode == 1
        and "the cluster has no such node any more" in done.stderr
        and "run the steps remove, node, volumes on this worker" in done.stderr
    )
    assert (sandbox.folder / "join").exists()
    (sandbox.state / "node").write_text(f"node/{name}\n")
    assert f"skipped: {name} has joined the cluster\n" in run().stdout
    # A cluster that does not answer is no reason to join it again.
    (sandbox.state / "node").unlink()
    done = run()
    assert done.returncode == 0 and f"skipped: {name} has joined the cluster (" in done.stdout
    assert not [call for call in sandbox.calls if call.startswith("kubeadm")]


@pytest.mark.parametrize("content", ["", "token abc\nca-hash x\n", f"token {TOKEN}\nca-hash sha256:1; id\n"])
def test_a_wrong_join_file_is_refused(worker, content):
    sandbox, run = worker
    (sandbox.folder / "join").write_text(content)
    done = run()
    assert done.returncode == 1 and "is not what the step join-token writes" in done.stderr
    assert not [call for call in sandbox.calls if call.startswith("kubeadm")]


def test_the_ca_hash_is_that_of_the_public_key(text, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "ca.crt", tmp_path / "ca.key"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=ca",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    public = subprocess.run(
        ["openssl", "ec", "-in", str(key), "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    function = text[text.index("\nca_hash() {") :]
    function = function[: function.index("\n}\n") + 3]
    done = subprocess.run(["bash", "-c", f'{function}\nca_hash "$0"', str(certificate)], capture_output=True, text=True)
    assert done.stdout == "sha256:" + hashlib.sha256(public).hexdigest()


def test_the_join_file_is_for_root_alone(sandbox, cluster):
    sandbox.fake("kubectl", nodes_of(cluster) + "echo ok")
    sandbox.fake("hostname", f"echo {cluster.control_plane.address}")
    sandbox.fake("kubeadm", f"echo {TOKEN}")
    sandbox.fake("openssl", "cat >/dev/null; echo '(stdin)= " + "0f" * 32 + "'")
    path = sandbox.folder / "join"
    done = sandbox.run("join-token", "--node", cluster.control_plane.name, "--join-file", str(path))
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == f"token {TOKEN}\nca-hash {HASH}\n"
    assert TOKEN not in done.stdout + done.stderr
