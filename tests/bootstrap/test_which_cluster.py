"""The cluster that answers has to be the inventory's, by what it says itself."""

from __future__ import annotations

import os

import pytest

from tests.platforms import one_platform

from .conftest import nodes_of

pytestmark = one_platform

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")
OF_ROOT = ("join-done", "join-token", "argocd", "node-ports", "control-plane")
STEPS = [
    *(pytest.param(step, marks=needs_root) for step in OF_ROOT),
    *("labels", "secrets", "leave", "forget"),
]
# What a step asks of whoever runs it.
ASKED = {"leave": ("--server", "verne-9"), "forget": ("--gone", "verne-9")}
OTHER = r"""case $* in
  *config\ view*) printf https://other.example:6443; exit ;;
  *get\ nodes*InternalIP*) printf '%b' "$(cat "$STATE/nodes")"; exit ;;
esac
"""
READING = ("get --raw=/healthz", "get nodes ", "config view ", "get daemonset kube-proxy")


@pytest.fixture
def box(sandbox, cluster):
    """Somebody else's cluster."""
    sandbox.fake("kubectl", OTHER)
    sandbox.fake("kubeadm", "exit 0")
    sandbox.fake("hostname", f"echo {cluster.control_plane.address}")
    (sandbox.state / "nodes").write_text("kind-control-plane 172.18.0.2\n")
    (sandbox.folder / "argocd").mkdir()
    for name in ("argocd-cm.yml", "project.yml", "application.yml"):
        (sandbox.folder / "argocd" / name).write_text("\n")
    return sandbox


def _asked(box) -> list[str]:
    return [
        call.split(" ", 2)[2].removeprefix("--request-timeout=10s ") for call in box.calls if call.startswith("kubectl")
    ]


@pytest.mark.parametrize("step", STEPS)
def test_another_cluster_is_left_alone(box, cluster, step):
    if step == "node-ports":
        box.write(box.text.replace("readonly NODE_PORTS=(", "readonly NODE_PORTS=('A|b/c|d'"))
    if step == "control-plane":
        (box.host / "admin.conf").touch()
        box.fake("kubectl", OTHER + "case $* in *kube-proxy*) echo daemonset.apps/kube-proxy ;; esac")
    words = (step, *ASKED.get(step, ()))
    done = box.run(*words, "--kubeconfig", str(box.host / "admin.conf"))
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"failed: the cluster at https://other.example:6443 is not {cluster.name}: ")
    assert "its nodes are kind-control-plane 172.18.0.2; " in said
    assert f"the control plane {cluster.control_plane.name} {cluster.control_plane.address}" in said
    assert all(
        asked.startswith(READING) or asked.startswith("--namespace=kube-system get daemonset") for asked in _asked(box)
    ), _asked(box)
    assert "kubeadm" not in {call.split()[0] for call in box.calls}

    planned = box.run(*words, "--dry-run")
    assert (
        planned.returncode == 0 and "would: refuse: the cluster at https://other.example:6443 is not" in planned.stdout
    )


@pytest.mark.parametrize(
    "nodes", ["{name} 10.9.9.9\\n", "another {address}\\n", "{name}-2 {address}\\n", "{name} {address}0\\n", ""]
)
def test_name_and_address_both_count(box, cluster, nodes):
    master = cluster.control_plane
    (box.state / "nodes").write_text(nodes.format(name=master.name, address=master.address))
    assert " is not " in box.run("labels").stderr
    (box.state / "nodes").write_text(f"x 10.1.1.1\\n{master.name} fd00::1\\n{master.name} {master.address}\\n")
    assert " is not " not in box.run("labels").stderr


def test_a_cluster_that_does_not_say_is_no_one_s(box):
    box.fake("kubectl", "case $* in *get\\ nodes*) echo Forbidden >&2; exit 1 ;; esac")
    done = box.run("secrets")
    assert done.returncode == 1 and "does not say which nodes it has" in done.stderr and "Forbidden" in done.stderr
    assert not any("create" in call for call in box.calls)


def test_verify_says_so_and_looks_no_further(box, cluster):
    done = box.run("verify")
    assert done.returncode == 1
    assert f"failed: the cluster is {cluster.name}: the cluster at https://other.example:6443 is not" in done.stdout
    assert "Secret" not in done.stdout and f"node {cluster.control_plane.name} is Ready" not in done.stdout
    box.fake("kubectl", nodes_of(cluster))
    assert f"ok: the cluster is {cluster.name}\n" in box.run("verify").stdout


def test_a_list_of_kubeconfigs_is_kubectls_to_read(box):
    files = f"{box.folder / 'a'}:{box.folder / 'b'}"
    box.fake("kubectl", 'echo "$KUBECONFIG" >"$STATE/list"\n' + OTHER)
    box.run("labels", KUBECONFIG=files)
    assert (box.state / "list").read_text() == f"{files}\n"
    assert not any("--kubeconfig" in call for call in box.calls)
    box.run("labels", "--kubeconfig", str(box.folder / "c"), KUBECONFIG=files)
    assert f"kubectl --kubeconfig={box.folder / 'c'} " in box.calls[-1]
