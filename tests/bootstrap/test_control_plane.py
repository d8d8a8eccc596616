"""`control-plane` on a host that has one: what it says while the API server is away, and what it never says."""

from __future__ import annotations

import base64
import os
import shutil

import pytest
import yaml

from components.kubeadm.files import files
from tests.platforms import one_platform

from .conftest import nodes_of, states

pytestmark = [one_platform, pytest.mark.skipif(os.geteuid() != 0, reason="this step runs as root only")]

# An API server that answers from the attempt on that $STATE/answers says, and has what $STATE/proxy holds.
KUBECTL = r"""
case $* in
  *--raw=/healthz*)
    echo >>"$STATE/asked"
    (($(wc -l <"$STATE/asked") >= $(cat "$STATE/answers"))) ;;
  *--raw=/version*) cat "$STATE/version" ;;
  *daemonset\ kube-proxy*) cat "$STATE/proxy" ;;
  *) exit 0 ;;
esac
"""


@pytest.fixture
def master(sandbox, cluster):
    """A host with an administrator's kubeconfig and etcd's data; its API server answers at once, and is whole."""
    sandbox.fake("hostname", f"echo {cluster.control_plane.address}")
    sandbox.fake("kubectl", nodes_of(cluster) + KUBECTL)
    sandbox.fake("kubeadm", "exit 0")
    sandbox.fake("systemctl", "exit 1")
    (sandbox.state / "version").write_text(f'{{"gitVersion": "{cluster.platform.kubernetes.version}"}}\n')
    (sandbox.host / "kubeadm-init.yml").write_text(files(cluster)["kubeadm-init.yml"])
    sandbox.fake("sleep", "exit 0")
    (sandbox.host / "admin.conf").touch()
    (sandbox.host / "member").mkdir()
    (sandbox.state / "answers").write_text("1")
    (sandbox.state / "proxy").write_text("daemonset.apps/kube-proxy\n")
    return sandbox


def _kubeadm(box) -> list[str]:
    return [" ".join(call.split()[1:5]) for call in box.calls if call.startswith("kubeadm ")]


def _refused(box) -> str:
    """Why; and kubeadm was not called."""
    done = box.run("control-plane")
    assert (done.returncode, done.stdout) == (1, "")
    assert not [call for call in box.calls if call.startswith("kubeadm")]
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    planned = box.run("control-plane", "--dry-run")
    assert (
        planned.returncode == 0 and "would: refuse: " in planned.stdout and "would: kubeadm init" not in planned.stdout
    )
    return line


def test_it_waits_for_an_api_server_that_starts(master):
    (master.state / "answers").write_text("5")
    done = master.run("control-plane")
    assert done.returncode == 0, done.stderr
    assert "skipped: the control plane exists\n" in done.stdout
    assert master.calls.count("sleep 5") == 4


def test_an_api_server_that_does_not_answer_is_no_reason_to_reset(master, cluster):
    (master.state / "answers").write_text("1000000")
    said = _refused(master)
    assert 60 <= 5 * master.calls.count("sleep 5") <= 300
    assert "the API server does not answer" in said and "do not reset" in said
    assert "kubeadm reset" not in said and "did not finish" not in said
    lists = {"docker": "docker ps --all", "containerd": "crictl ps --all"}
    assert lists[cluster.platform.runtime.name] in said and "journalctl -u kubelet" in said


def test_without_data_it_is_an_init_that_broke_off(master):
    (master.state / "answers").write_text("1000000")
    (master.host / "member").rmdir()
    said = _refused(master)
    assert "did not finish" in said and '"kubeadm reset"' in said


def test_an_unfinished_init_with_data_is_saved_first(master):
    (master.state / "proxy").write_text("")
    said = _refused(master)
    assert "did not finish" in said and said.index("save them first") < said.index('"kubeadm reset"')
    (master.host / "member").rmdir()
    assert "save" not in _refused(master)


def test_a_question_that_is_not_answered_proves_nothing(master):
    """The administrator's certificate has expired, say: health is for everybody, daemon sets are not."""
    (master.state / "proxy").unlink()
    said = _refused(master)
    assert "did not finish" not in said and "reset" not in said


def test_data_without_an_administrator_are_kept(master):
    (master.host / "admin.conf").unlink()
    said = _refused(master)
    assert "kubeadm init phase kubeconfig admin" in said and "reset" not in said


def test_a_fresh_host_gets_its_control_plane(master):
    (master.host / "admin.conf").unlink()
    (master.host / "member").rmdir()
    # Nobody answers kubectl, and nothing is noted.
    master.fake("kubectl", "exit 1")
    (master.host / "kubeadm-init.yml").unlink()
    done = master.run("control-plane", "--dry-run")
    assert done.returncode == 0 and states(done.stdout) <= {"would", "skipped"}
    assert "would: kubeadm init" in done.stdout and "refuse" not in done.stdout


def test_a_changed_configuration_reaches_a_control_plane_that_runs(master, cluster):
    (master.host / "kubeadm-init.yml").write_text("kind: ClusterConfiguration\n")
    former = master.host / "apiserver" / "audit-policy-former.yml"
    former.parent.mkdir()
    former.touch()
    planned = master.run("control-plane", "--dry-run")
    assert planned.returncode == 0 and states(planned.stdout) <= {"would", "skipped"} and not _kubeadm(master)
    done = master.run("control-plane")
    assert done.returncode == 0, done.stderr
    assert _kubeadm(master) == [
        "init phase upload-config all",
        "init phase etcd local",
        "init phase control-plane all",
        "init phase addon kube-proxy",
    ]
    assert (master.host / "kubeadm-init.yml").read_text() == files(cluster)["kubeadm-init.yml"]
    assert not former.exists()
    key = master.host / "apiserver" / "encryption.yml"
    assert key.stat().st_mode & 0o777 == 0o600
    (provider, identity) = yaml.safe_load(key.read_text())["resources"][0]["providers"]
    (secret,) = [one["secret"] for one in provider[cluster.platform.kubernetes.secrets_encryption]["keys"]]
    assert len(base64.b64decode(secret)) == 32 and identity == {"identity": {}}
    assert secret not in done.stdout + done.stderr + "\n".join(master.calls)
    again = master.run("control-plane")
    assert len(_kubeadm(master)) == 4 and key.read_text().count(secret) == 1
    assert "skipped: the control plane has the configuration of kubeadm-init.yml\n" in again.stdout


def test_no_step_upgrades_a_control_plane(master):
    (master.host / "kubeadm-init.yml").unlink()
    (master.state / "version").write_text('{"gitVersion": "v1.2.3"}')
    done = master.run("control-plane")
    assert done.returncode == 1 and "the API server is v1.2.3, the inventory has " in done.stderr
    assert not _kubeadm(master) and not (master.host / "apiserver").exists()


@pytest.fixture(params=[True, False], ids=["noted", "not noted"])
def made(master, request):
    """Its API server has a manifest, in which both files are named; with and without a note of the configuration."""
    (master.host / "manifests").mkdir()
    (master.host / "apiserver").mkdir()
    (master.host / "manifests/kube-apiserver.yaml").write_text(MANIFEST.format(master.host / "apiserver"))
    if not request.param:
        (master.host / "kubeadm-init.yml").unlink()
    return master


MANIFEST = """apiVersion: v1
kind: Pod
metadata:
  labels:
    component: kube-apiserver
  name: kube-apiserver
spec:
  containers:
  - command:
    - kube-apiserver
    - --audit-policy-file={0}/audit-policy-0123abcd.yml
    - --encryption-provider-config={0}/encryption.yml
"""


def test_a_lost_key_is_not_replaced(made):
    done = made.run("control-plane")
    assert done.returncode == 1 and "bring it back from where it was saved" in done.stderr
    assert not _kubeadm(made) and not (made.host / "apiserver/encryption.yml").exists()


def test_an_api_server_that_cannot_start_without_its_key_is_not_waited_for(made):
    (made.state / "answers").write_text("1000000")
    done = made.run("control-plane")
    assert done.returncode == 1 and "bring it back from where it was saved" in done.stderr
    assert "sleep 5" not in made.calls


def test_another_provider_is_a_matter_of_its_own(made):
    (made.host / "apiserver/encryption.yml").write_text("  providers:\n  - aesgcm:\n")
    planned = made.run("control-plane", "--dry-run")
    assert planned.returncode == 0 and planned.stdout.count("would: refuse: ") == 1
    done = made.run("control-plane")
    assert done.returncode == 1 and "Another key for Secrets" in done.stderr
    assert not _kubeadm(made)


# The pod of the API server is always the one that its manifest describes.
HASH = """case $* in *get\\ pod\\ kube-apiserver-*) sha256sum <{0}; exit ;; esac
"""


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "edited"])
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "whole"])
def test_an_audit_policy_is_brought_back_and_read(master, cluster, lost, killed):
    folder, manifest = master.host / "apiserver", master.host / "manifests/kube-apiserver.yaml"
    manifest.parent.mkdir()
    folder.mkdir()
    manifest.write_text(MANIFEST.format(folder))
    master.fake("kubectl", nodes_of(cluster) + HASH.format(manifest) + KUBECTL)
    provider = cluster.platform.kubernetes.secrets_encryption
    (folder / "encryption.yml").write_text(f"  providers:\n  - {provider}:\n")
    policy = folder / "audit-policy-0123abcd.yml"
    assert "done" in states(master.run("control-plane").stdout) and policy.exists()
    text, before = policy.read_text(), yaml.safe_load(manifest.read_text())
    assert states(master.run("control-plane").stdout) <= {"skipped", "ok"}

    policy.unlink() if lost else policy.write_text("rules: []\n")
    planned = master.run("control-plane", "--dry-run")
    assert "would: start kube-apiserver anew: it reads its files only then\n" in planned.stdout
    assert yaml.safe_load(manifest.read_text()) == before and policy.exists() != lost
    # Another second: that is what makes the manifest another one.
    master.fake("date", "echo 99")
    if killed:
        master.fake("sed", f'exec {shutil.which("sed")} "$@"')
        master.killed("sed -e \\|^    dojot.components/started: |d", "control-plane")
    done = master.run("control-plane")
    assert "done: start kube-apiserver anew: it reads its files only then\n" in done.stdout, done.stderr
    assert "ok: kube-apiserver runs with its new manifest\n" in done.stdout and not _kubeadm(master)
    assert policy.read_text() == text and policy.stat().st_mode & 0o777 == 0o600
    now = yaml.safe_load(manifest.read_text())
    assert now["metadata"]["labels"].pop("dojot.components/started") == "99"
    assert before["metadata"]["labels"].pop("dojot.components/started") != "99" and now == before
    assert [path.name for path in manifest.parent.iterdir()] == ["kube-apiserver.yaml"]
    assert manifest.stat().st_mode & 0o777 == 0o600
    assert states(master.run("control-plane").stdout) <= {"skipped", "ok"}


ROLLOUT = "--request-timeout=10s --namespace=kube-system rollout restart"


def test_kube_proxy_is_restarted_by_the_next_run_where_one_was_killed(master, cluster):
    """kubeadm has written its configuration, and nobody has read it."""
    body = (
        f"""case $* in *get\\ configmap\\ kube-proxy*) cat "$STATE/proxy-config" 2>/dev/null; exit ;; esac{KUBECTL}"""
    )
    master.fake("kubectl", nodes_of(cluster) + body)
    master.fake("kubeadm", '[[ $* != *kube-proxy* ]] || echo new >"$STATE/proxy-config"')
    (master.host / "kubeadm-init.yml").write_text("kind: ClusterConfiguration\n")
    rollout = f"kubectl --kubeconfig={master.host}/admin.conf {ROLLOUT}"
    master.killed(rollout, "control-plane")
    done = master.run("control-plane")
    assert done.returncode == 0, done.stderr
    assert "done: start kube-proxy anew, node by node\n" in done.stdout
    # What has not changed, and was read, is left alone.
    (master.host / "kubeadm-init.yml").write_text("kind: ClusterConfiguration\n")
    done = master.run("control-plane")
    assert len(_kubeadm(master)) == 12 and "kube-proxy anew" not in done.stdout
    assert not list((master.host / "owed").iterdir())


def test_a_killed_run_is_made_up_for_where_the_inventory_has_gone_back(master):
    """Half of another configuration is there, and the note is of the one that the inventory has again."""
    text = master.text
    master.write(text.replace("\nreadonly KUBEADM_INIT\n", "\nKUBEADM_INIT+='# another'\nreadonly KUBEADM_INIT\n"))
    assert master.text != text
    master.killed("kubeadm init phase addon", "control-plane")
    master.write(text)
    assert master.run("control-plane").returncode == 0 and len(_kubeadm(master)) == 7
    assert "skipped: the control plane has the configuration" in master.run("control-plane").stdout
