"""Three control planes: who joins whom, by which file, in which order; and that no loss is made worse."""

from __future__ import annotations

import base64
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from components.cluster.types import Cluster, Node
from components.desk import plan
from components.desk.hosts import hosts
from components.kubeadm import script, steps
from components.kubeadm.files import files
from tests.platforms import one_platform

from .conftest import Sandbox, new_sandbox, nodes_of, states, with_three_control_planes

pytestmark = [one_platform, pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")]

TOKEN, HASH, KEY = "abc123.0123456789abcdef", "sha256:" + "0f" * 32, "ab" * 32
SECRETS = "kind: EncryptionConfiguration\n  - {}:\n      secret: not-to-be-seen\n"

# etcd's members are rows of `members`; those of `well` answer. `silent` are addresses whose API server does not.
KUBECTL = r"""
for address in $(cat "$STATE/silent" 2>/dev/null); do [[ $* != *https://$address:6443* ]] || exit 1; done
case $* in
  *--raw=/version*)
    words="$*"; server=${words##*--server=https://} server=${server%%:*}
    printf '{"gitVersion": "%s"}' "$(cat "$STATE/version-$server" 2>/dev/null || cat "$STATE/version")" ;;
  *daemonset\ kube-proxy*) echo daemonset.apps/kube-proxy ;;
  *member\ list*) cat "$STATE/members" ;;
  *endpoint\ health*) printf 'https://%s:2379 is healthy: successfully committed\n' $(cat "$STATE/well") ;;
  *get\ node\ *-o*name*|*get\ node\ *--output=name*) cat "$STATE/node" 2>/dev/null ;;
esac
"""
KUBEADM = r"""
case $* in
  token\ create*) echo TOKEN ;;
  *upload-certs*) printf '[upload-certs] Using certificate key:\n%s\n' KEY ;;
  join*)
    cp "${2#--config=}" "$STATE/config"; stat -c %a "${2#--config=}" >"$STATE/mode"
    [[ ! -e $STATE/join-fails ]] || exit 1
    touch "$HOST/admin.conf" "$HOST/manifests/kube-apiserver.yaml"; mkdir -p "$HOST/member" ;;
esac
"""


@dataclass(frozen=True)
class Site:
    """The sandbox of one host of the cluster."""

    cluster: Cluster
    box: Sandbox

    def at(self, node: Node) -> Sandbox:
        self.box.fake("hostname", f"echo {node.address}")
        return self.box

    def kubeadm(self) -> list[str]:
        return [" ".join(call.split()[1:5]) for call in self.box.calls if call.startswith("kubeadm ")]


@pytest.fixture
def site(cluster, tmp_path):
    three = with_three_control_planes(cluster)
    # /etc/hosts of the machine that runs the test is not for it to write.
    text = script.script(three).replace("\n  write_hosts_block /etc/hosts\n", '\n  write_hosts_block "$HOSTS_FILE"\n')
    box = new_sandbox(tmp_path, text.replace('\nmain "$@"\n', f'\nHOSTS_FILE={tmp_path}/hosts\nmain "$@"\n'))
    for name in ("manifests", "apiserver", "pki"):
        (box.host / name).mkdir()
    (box.state / "version").write_text(three.platform.kubernetes.version)
    # The last one has not begun yet: it has no name.
    begun = [f"started, {node.name}" for node in three.control_planes[:2]]
    (box.state / "members").write_text(
        "".join(
            f"{number}a, {state}, https://{node.address}:2380, https://{node.address}:2379, false\n"
            for number, (node, state) in enumerate(zip(three.control_planes, [*begun, "unstarted, "], strict=True))
        )
    )
    (box.state / "well").write_text(" ".join(node.address for node in three.control_planes))
    box.fake("kubectl", nodes_of(three) + KUBECTL)
    box.fake("kubeadm", f"HOST={box.host}\n" + KUBEADM.replace("TOKEN", TOKEN).replace("KEY", KEY))
    box.fake("openssl", "cat >/dev/null; echo '(stdin)= " + "0f" * 32 + "'")
    box.fake("systemctl", "exit 1")
    box.fake("getent", f"echo root:x:0:0:root:{box.folder / 'home'}:/bin/bash")
    box.fake("timeout", "exit 1")
    box.fake("sleep", "")
    (box.folder / "hosts").write_text("127.0.0.1 localhost\n")
    return Site(three, box)


def _secrets(site: Site) -> str:
    return SECRETS.format(site.cluster.platform.kubernetes.secrets_encryption)


def _join_file(site: Site) -> str:
    secrets = base64.b64encode(_secrets(site).encode()).decode()
    path = site.box.folder / "join-key"
    path.write_text(f"token {TOKEN}\nca-hash {HASH}\ncertificate-key {KEY}\nencryption {secrets}\n")
    return str(path)


def test_the_first_writes_the_file_for_root_alone(site):
    box = site.at(site.cluster.control_plane)
    (box.host / "admin.conf").touch()
    (box.host / "apiserver/encryption.yml").write_text(_secrets(site))
    path = box.folder / "join-key"
    done = box.run("join-key", "--key-file", str(path))
    assert done.returncode == 0, done.stderr
    said = dict(line.split(" ", 1) for line in path.read_text().splitlines())
    assert (said["token"], said["ca-hash"], said["certificate-key"]) == (TOKEN, HASH, KEY)
    assert base64.b64decode(said["encryption"]).decode() == _secrets(site)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and not list((box.folder / "tmp").iterdir())
    for secret in (TOKEN, KEY, said["encryption"]):
        assert secret not in done.stdout + done.stderr + "\n".join(box.calls)


def test_another_one_joins_with_the_key_of_secrets(site):
    node = site.cluster.control_planes[1]
    box = site.at(node)
    path = _join_file(site)
    done = box.run("join-control-plane", "--key-file", path)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((box.state / "config").read_text())
    assert config["controlPlane"] == {
        "certificateKey": KEY,
        "localAPIEndpoint": {"advertiseAddress": node.address, "bindPort": 6443},
    }
    assert config["nodeRegistration"]["name"] == node.name
    assert config["discovery"]["bootstrapToken"]["apiServerEndpoint"] == f"api.{site.cluster.name}:6443"
    assert (box.state / "mode").read_text() == "600\n" and not os.path.exists(path)
    key = box.host / "apiserver/encryption.yml"
    assert key.read_text() == _secrets(site) and key.stat().st_mode & 0o777 == 0o600
    assert list((box.host / "apiserver").glob("audit-policy-*.yml"))
    for secret in (TOKEN, KEY, "not-to-be-seen"):
        assert secret not in done.stdout + done.stderr + "\n".join(box.calls)
    again = box.run("join-control-plane")
    assert states(again.stdout) <= {"skipped", "ok"}, again.stdout + again.stderr
    assert site.kubeadm() == ["join --config=" + next(c for c in box.calls if c.startswith("kubeadm")).split("=")[1]]


def test_its_changed_configuration_has_its_own_name(site):
    node = site.cluster.control_planes[2]
    box = site.at(node)
    assert box.run("join-control-plane", "--key-file", _join_file(site)).returncode == 0
    noted = (box.host / "kubeadm-init.yml").read_text()
    init = next(yaml.safe_load_all(noted))
    assert init["nodeRegistration"]["name"] == node.name
    assert init["localAPIEndpoint"]["advertiseAddress"] == node.address and "@" not in noted
    wanted = files(site.cluster)["kubeadm-init.yml"]
    assert noted == wanted.replace("@NODE@", node.name).replace("@ADDRESS@", node.address)
    (box.host / "kubeadm-init.yml").write_text(noted.replace("profiling", "profile"))
    assert box.run("join-control-plane").returncode == 0
    assert site.kubeadm()[1:] == [
        "init phase upload-config all",
        "init phase etcd local",
        "init phase control-plane all",
        "init phase addon kube-proxy",
    ]


@pytest.mark.parametrize("name", ["token", "certificate-key", "encryption"])
def test_a_file_that_lacks_something_is_refused(site, name):
    box = site.at(site.cluster.control_planes[1])
    path = Path(_join_file(site))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(f"{name} ")))
    done = box.run("join-control-plane", "--key-file", str(path))
    assert done.returncode == 1 and "is not what the step join-key writes" in done.stderr
    assert not site.kubeadm()


def test_a_join_that_broke_off_says_the_way_out(site):
    box = site.at(site.cluster.control_planes[1])
    (box.state / "join-fails").touch()
    assert "join-key --lost plane-2" in box.run("join-control-plane", "--key-file", _join_file(site)).stderr
    (box.host / "member").mkdir()
    done = box.run("join-control-plane", "--key-file", _join_file(site))
    assert done.returncode == 1 and "did not finish" in done.stderr and "bootstrap.sh remove" in done.stderr
    assert len(site.kubeadm()) == 1


def test_only_the_first_begins_a_cluster(site):
    done = site.at(site.cluster.control_planes[1]).run("control-plane")
    assert done.returncode == 1 and "join-control-plane" in done.stderr and not site.kubeadm()


def test_a_first_that_was_lost_does_not_begin_a_second_cluster(site):
    """Another control plane answers."""
    box = site.at(site.cluster.control_plane)
    box.fake("timeout", "exit 0")
    done = box.run("control-plane")
    assert done.returncode == 1 and not site.kubeadm()
    assert f"join-key --lost {site.cluster.control_plane.name} on plane-2" in done.stderr
    # So it joins.
    assert box.run("join-control-plane", "--key-file", _join_file(site)).returncode == 0
    assert (box.state / "config").exists()


def test_each_control_plane_asks_itself_first_once_it_can(site):
    first, second, third = site.cluster.control_planes

    def order(node: Node) -> list[str]:
        assert site.at(node).run("join-control-plane", "--key-file", _join_file(site)).returncode == 0
        lines = (site.box.folder / "hosts").read_text().splitlines()
        return [line.split()[0] for line in lines if line.endswith(f" api.{site.cluster.name}")]

    assert order(third) == [third.address, first.address, second.address]


def test_a_lost_one_is_taken_out_of_etcd(site):
    box = site.at(site.cluster.control_plane)
    lost = site.cluster.control_planes[2]
    (box.host / "admin.conf").touch()
    (box.host / "apiserver/encryption.yml").write_text(_secrets(site))
    (box.state / "node").write_text(f"node/{lost.name}\n")
    words = ("join-key", "--key-file", str(box.folder / "key"), "--yes", site.cluster.name, "--lost")
    # It is well.
    done = box.run(*words, lost.name)
    assert done.returncode == 1 and "is well, so nothing is lost there" in done.stderr
    (box.state / "well").write_text(" ".join(one.address for one in site.cluster.control_planes[:2]))
    done = box.run(*words, lost.name)
    assert done.returncode == 0, done.stderr
    assert [call for call in box.calls if "member remove 2a" in call]
    assert [call for call in box.calls if f"delete node {lost.name}" in call]
    for other in (site.cluster.control_plane.name, site.cluster.workers[0].name, "x/e touch"):
        assert "has no control plane" in box.run(*words, other).stderr


@pytest.mark.parametrize("well, leaves", [(3, True), (2, False)])
def test_nobody_leaves_whom_etcd_needs(site, well, leaves):
    """Two of three are well, and one of these two is to go."""
    box = site.at(site.cluster.control_plane)
    (box.host / "admin.conf").touch()
    (box.state / "well").write_text(" ".join(one.address for one in site.cluster.control_planes[:well]))
    done = box.run("remove", "--yes", site.cluster.name, "--dry-run")
    assert ("would: refuse: of etcd's other members" in done.stdout) is not leaves, done.stdout + done.stderr
    assert "would: kubeadm reset\n" in done.stdout


def test_workers_wait_for_every_api_server(site):
    """An upgrade: no kubelet is newer than any of them."""
    version, planes = site.cluster.platform.kubernetes.version, site.cluster.control_planes
    box = site.box
    box.write(box.text.replace('\nmain "$@"\n', '\nneed_system() { :; }\nown_kubelet() { echo v1.2.3; }\nmain "$@"\n'))
    (box.host / "kubelet.conf").touch()
    (box.state / f"version-{planes[1].address}").write_text("v1.2.3")
    said = site.at(site.cluster.workers[0]).run("upgrade").stderr
    assert "the API server on plane-2 is v1.2.3" in said and "on plane-2: bootstrap.sh upgrade" in said
    said = site.at(planes[2]).run("upgrade").stderr
    assert "First, on plane-2: bootstrap.sh upgrade" in said
    (box.state / f"version-{planes[0].address}").write_text("v1.2.3")
    said = site.at(planes[1]).run("upgrade").stderr
    assert f"First, on {planes[0].name}: bootstrap.sh upgrade" in said and version not in said.split("First")[1]


def test_verify_names_the_one_that_is_away(site):
    box = site.at(site.cluster.control_plane)
    second = site.cluster.control_planes[1]
    (box.state / "silent").write_text(second.address)
    (box.state / "well").write_text(" ".join(one.address for one in site.cluster.control_planes if one != second))
    done = box.run("verify")
    assert f"failed: the API server on {second.name} answers: " in done.stdout
    assert f"failed: etcd's member on {second.name} is well: " in done.stdout
    for other in site.cluster.control_planes:
        assert other == second or f"ok: the API server on {other.name} answers\n" in done.stdout
        assert other == second or f"ok: etcd's member on {other.name} is well\n" in done.stdout


def test_one_control_plane_does_not_become_several(site):
    box = site.at(site.cluster.control_plane)
    (box.host / "admin.conf").touch()
    (box.host / "kubeadm-init.yml").write_text("controlPlaneEndpoint: 192.168.0.10:6443\n")
    done = box.run("control-plane")
    assert done.returncode == 1 and "one control plane does not become several" in done.stderr
    assert not site.kubeadm()


def test_the_desk_lets_them_join_one_by_one_and_workers_after_them(site):
    tables = {"OTHER_CONTROL_PLANES"}
    found = plan.tasks(plan.of_the_plan(steps.read().steps, tables), hosts(site.cluster))
    after = {task.key: task.after for task in found}
    first, second, third = (node.name for node in site.cluster.control_planes)
    assert ("join-key", first) in after["join-control-plane", second]
    assert ("join-control-plane", second) in after["join-control-plane", third]
    assert {("join-control-plane", second), ("join-control-plane", third)} <= after["join-token", first]
    assert ("control-plane", second) not in after and ("join-control-plane", first) not in after
    (remove,) = (step for step in steps.read().steps if step.name == "remove")
    order = [task.host.name for task in plan.from_outside_in(remove, hosts(site.cluster))]
    assert order[-3:] == [second, third, first]
    gone = {task.host.name: task.after for task in plan.from_outside_in(remove, hosts(site.cluster))}
    assert ("remove", second) in gone[third] and ("remove", third) in gone[first]


def test_one_that_never_began_may_leave(site):
    """Its own pod does not answer, and those of the others do; etcd knows it by its address alone, or not at all."""
    third = site.cluster.control_planes[2]
    box = site.at(third)
    box.fake("kubectl", f"[[ $* != *exec\\ etcd-{third.name}* ]] || exit 1\n" + nodes_of(site.cluster) + KUBECTL)
    (box.host / "admin.conf").touch()
    (box.state / "well").write_text(" ".join(one.address for one in site.cluster.control_planes[:2]))
    said = box.run("remove", "--yes", site.cluster.name, "--dry-run").stdout
    assert "would: kubeadm reset\n" in said and "refuse" not in said
    members = (box.state / "members").read_text().splitlines(keepends=True)
    (box.state / "members").write_text("".join(members[:2]))
    (box.state / "well").write_text(site.cluster.control_planes[0].address)
    assert "refuse" not in box.run("remove", "--yes", site.cluster.name, "--dry-run").stdout
