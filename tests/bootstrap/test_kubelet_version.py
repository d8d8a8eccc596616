"""`node` on a host of a running cluster: it changes no release, and no kubelet may be newer than the API server."""

from __future__ import annotations

import os

import pytest

from .conftest import states

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="this step runs as root only")
KUBECTL = """[[ -e $STATE/server ]] || { echo "connection refused" >&2; exit 1; }
printf '{\\n  "gitVersion": "%s"\\n}' "$(cat "$STATE/server")\""""


@pytest.fixture
def member(sandbox, cluster):
    """A worker that has joined, with a kubelet that is older than the inventory's. One that passes ends the run."""
    sandbox.write(
        sandbox.text.replace(
            "  need_system\n  check_kubelet_version\n", "  check_kubelet_version\n  report ok passed\n  exit 0\n"
        )
    )
    sandbox.fake("hostname", f"echo {cluster.workers[0].address}")
    sandbox.fake("kubelet", "echo Kubernetes v1.2.3")
    sandbox.fake("kubectl", KUBECTL)
    (sandbox.host / "kubelet.conf").touch()
    return sandbox


def _other(version: str, patch: int) -> str:
    front, _, last = version.rpartition(".")
    return f"{front}.{int(last) + patch}"


def _minor(version: str, step: int) -> str:
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + step}.0"


def test_a_node_of_another_release_is_upgraded_by_another_step(member, cluster):
    """Older or newer, and whatever the API server is: that one says more of it."""
    version = cluster.platform.kubernetes.version
    for installed in ("v1.2.3", _other(version, -1), _other(version, 1)):
        member.fake("kubelet", f"echo Kubernetes {installed}")
        done = member.run("node")
        assert (done.returncode, done.stdout) == (1, ""), installed
        assert (
            f"with kubelet {installed}, and the inventory has {version}: first run bootstrap.sh upgrade" in done.stderr
        )
        assert "would: refuse: " in member.run("node", "--dry-run").stdout
    assert not [call for call in member.calls if call.startswith("kubectl")]


def test_one_that_is_lost_may_not_come_back_newer(member, cluster):
    version = cluster.platform.kubernetes.version
    member.fake("kubelet", "exit 127")
    for server in (_other(version, -1), _minor(version, -1), "v1.9.11"):
        (member.state / "server").write_text(server)
        done = member.run("node")
        assert (done.returncode, done.stdout) == (1, ""), server
        assert f"{version} would be newer than the API server, {server}" in done.stderr
        assert "would: refuse: " in member.run("node", "--dry-run").stdout
    for server in (version, _other(version, 1), _minor(version, 1), "v2.0.0"):
        (member.state / "server").write_text(server)
        done = member.run("node")
        assert (done.returncode, states(done.stdout)) == (0, {"ok"}), f"{server}: {done.stderr}"


def test_an_api_server_that_does_not_answer_allows_none(member):
    member.fake("kubelet", "exit 127")
    done = member.run("node")
    assert done.returncode == 1
    assert "the API server does not say its version" in done.stderr and "connection refused" in done.stderr


def test_it_asks_with_what_the_host_has(member, cluster):
    member.fake("kubelet", "exit 127")
    (member.state / "server").write_text(cluster.platform.kubernetes.version)
    member.run("node")
    assert f"kubectl --kubeconfig={member.host / 'kubelet.conf'} " in member.calls[-1]
    (member.host / "admin.conf").touch()
    member.run("node")
    assert f"kubectl --kubeconfig={member.host / 'admin.conf'} " in member.calls[-1]


def test_a_host_where_nothing_changes_asks_nobody(member, cluster):
    member.fake("kubelet", f"echo Kubernetes {cluster.platform.kubernetes.version}")
    assert member.run("node").returncode == 0
    member.fake("kubelet", "exit 1")
    (member.host / "kubelet.conf").unlink()  # it has not joined yet
    assert member.run("node").returncode == 0
    assert not [call for call in member.calls if call.startswith("kubectl")]


def test_it_comes_before_anything_of_kubernetes(text):
    """The refusal has to be the first thing that `node` does with the host."""
    step = text[text.index("\nstep_node() {\n") :].partition("\n}\n")[0]
    assert [line.strip() for line in step.splitlines()[2:7]] == [
        "need_root",
        "identify",
        "need_system",
        "check_kubelet_version",
        'set_hostname "$(self name)"',
    ]
