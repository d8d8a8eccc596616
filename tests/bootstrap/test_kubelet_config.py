"""A node that runs takes a changed configuration of its kubelet from the cluster, once."""

from __future__ import annotations

import os

import pytest

from .conftest import states

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="this step runs as root only")

KUBECTL = """[[ $* == *kubelet.conf* ]] || exit 1
[[ $* == *get\\ configmap* ]] && cat "$STATE/offered\""""


@pytest.fixture
def member(sandbox, cluster):
    """A worker that has joined; of the step nothing is left but its last part."""
    head, _, rest = sandbox.text.partition("  need_system\n  check_kubelet_version\n")
    sandbox.write(head + rest[rest.index("  take_kubelet_config\n") :])
    sandbox.fake("hostname", f"echo {cluster.workers[0].address}")
    sandbox.fake("kubectl", KUBECTL)
    sandbox.fake("kubeadm", f'cp "$STATE/offered" {sandbox.host}/config.yaml')
    sandbox.fake("systemctl", "exit 0")
    (sandbox.host / "kubelet.conf").touch()
    (sandbox.host / "config.yaml").write_text("podPidsLimit: 1\n")
    (sandbox.state / "offered").write_text("podPidsLimit: 2\n")
    return sandbox


def _restarts(box) -> int:
    return box.calls.count("systemctl restart kubelet")


def test_it_is_taken_once(member, cluster):
    assert states(member.run("node", "--dry-run").stdout) == {"would"} and not _restarts(member)
    done = member.run("node")
    assert (done.returncode, states(done.stdout)) == (0, {"done"}), done.stderr
    assert "kubeadm upgrade node phase kubelet-config" in member.calls and _restarts(member) == 1
    assert any(f"configmap {cluster.platform.kubernetes.kubelet_config_map} " in call for call in member.calls)
    assert states(member.run("node").stdout) == {"skipped"} and _restarts(member) == 1
    (member.state / "offered").write_text("podPidsLimit: 3\n")
    assert states(member.run("node").stdout) == {"done"} and _restarts(member) == 2


def test_a_file_that_somebody_has_edited_is_made_anew(member):
    member.run("node")
    before = member.host / "config.yaml"
    before.write_text("podPidsLimit: 9\n")
    said = member.run("node", "--dry-run").stdout
    assert [line for line in said.splitlines() if not line.startswith("skipped: ")] == [
        f"would: take the kubelet's configuration from the cluster: {before}"
    ]
    assert states(member.run("node").stdout) == {"done", "skipped"} and _restarts(member) == 2
    assert before.read_text() == "podPidsLimit: 2\n"
    assert states(member.run("node").stdout) == {"skipped"}


def test_a_kubelet_that_has_it_is_not_restarted(member):
    """An earlier version of the script has noted nothing."""
    (member.host / "config.yaml").write_text("podPidsLimit: 2\n")
    assert states(member.run("node").stdout) == {"done"} and not _restarts(member)


def test_a_cluster_that_does_not_answer_changes_nothing(member):
    (member.state / "offered").unlink()
    done = member.run("node")
    assert (done.returncode, states(done.stdout)) == (0, {"skipped"})
    assert not (member.host / "kubelet-config").exists()


def test_a_kubeadm_that_fails_is_asked_again(member):
    member.fake("kubeadm", "exit 1")
    done = member.run("node")
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith("failed: take the kubelet's configuration")
    assert not (member.host / "kubelet-config").exists() and not _restarts(member)


def test_a_run_that_was_killed_before_the_restart_is_made_up_for(member):
    member.killed("systemctl restart kubelet", "node")
    assert (member.host / "config.yaml").read_text() == "podPidsLimit: 2\n" and not _restarts(member)
    assert states(member.run("node").stdout) == {"done"} and _restarts(member) == 1
    assert states(member.run("node").stdout) == {"skipped"} and _restarts(member) == 1


def test_a_killed_run_is_made_up_for_where_the_cluster_has_gone_back(member):
    member.run("node")
    former = (member.state / "offered").read_text()
    (member.state / "offered").write_text("podPidsLimit: 3\n")
    member.killed("systemctl restart kubelet", "node")
    (member.state / "offered").write_text(former)
    member.run("node")
    assert (member.host / "config.yaml").read_text() == former and _restarts(member) == 2
    assert states(member.run("node").stdout) == {"skipped"}
