"""`remove` takes back what the other steps have done to a host; all of the host's paths are in a folder here."""

from __future__ import annotations

import os
import re

import pytest

from components.kubeadm import script

from .conftest import new_sandbox, states, tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")

# Services of this host: a file each that is enabled, and a file each that runs.
SYSTEMCTL = r"""
name=${*: -1}; name=${name%.service}
case "$1 $2" in
  'is-active '*) [[ -e $STATE/runs.$name ]] ;;
  'is-enabled '*) [[ -e $STATE/enabled.$name ]] ;;
  'disable --now') rm -f "$STATE/runs.$name" "$STATE/enabled.$name" ;;
  'show '*) echo no ;;
esac"""
APT_MARK = r"""
case $1 in
  showhold) cat "$STATE/held" 2>/dev/null ;;
  unhold) shift; printf '%s\n' "$@" | grep -vxFf - "$STATE/held" >"$STATE/left"; mv "$STATE/left" "$STATE/held" ;;
esac"""
# As kubeadm does it: the kubelet's and its own files are gone, in this order; half of it where it is killed.
KUBEADM = r"""
[[ $1 == reset ]] || exit 3
rm -rf "$HOST"/kubelet.conf "$HOST"/admin.conf
[[ ! -e $STATE/breaks ]] || exit 1
rm -rf "$HOST"/config.yaml "$HOST"/etcd/member
touch "$STATE/reset" """
IPTABLES_SAVE = r"""cat "$STATE/rules" 2>/dev/null"""
IPTABLES_RESTORE = r"""cat >"$STATE/new"; mv "$STATE/new" "$STATE/rules" """
IP = r"""
case "$1 $2" in
  'link show') [[ -e $STATE/link.$3 ]] ;;
  'link delete') rm "$STATE/link.$3" ;;
esac"""
RULES = """*filter
:INPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:OURS - [0:0]
-A INPUT -j KUBE-ROUTER-INPUT
-A OURS -s 192.0.2.1/32 -j ACCEPT
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
COMMIT
"""
# What the host has beside: none of it is the script's.
OTHERS = {
    "etc/hosts": "127.0.0.1 localhost\n192.0.2.9 printer\n",
    "etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n",
    "etc/sysctl.d/10-site.conf": "kernel.panic = 1\n",
    "etc/apt/sources.list.d/site.list": "deb [arch=amd64] http://mirror.example /\n",
    "etc/apt/keyrings/site.asc": "a key\n",
}


@pytest.fixture
def box(cluster, tmp_path):
    """A host on which every path of the script that is not a program's leads into its own folder."""
    root = tmp_path / "box" / "host"
    text = script.script(cluster)
    moved = re.sub(r"(?<![\w/.}*=\"'-])/(etc|var|run|usr/local)/", rf"{root}/\1/", text)
    moved = re.sub(r"(?<=[=\"'])/(etc|var|run|usr/local)/", rf"{root}/\1/", moved)
    box = new_sandbox(tmp_path / "box", moved)
    # Elsewhere the host's folder stands for this one.
    path = box.folder / "bootstrap" / "bootstrap.sh"
    path.write_text(
        re.sub(r"(?m)^readonly (ETCD_FOLDER|ETCD_DATA)=\S*/", rf"readonly \1={root}/etcd/", path.read_text())
    )
    host = f"export HOST={root}\n"
    for name, text in OTHERS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, body in {
        "systemctl": SYSTEMCTL,
        "apt-mark": APT_MARK,
        "kubeadm": host + KUBEADM,
        "iptables-save": IPTABLES_SAVE,
        "iptables-restore": IPTABLES_RESTORE,
        "ip6tables-save": "exit 1",
        "ip": IP,
        "getent": f"echo root:x:0:0::{root}/root:/bin/bash",
        "ss": 'cat "$STATE/sessions" 2>/dev/null',
    }.items():
        box.fake(name, body)
    return box


@pytest.fixture
def root(box):
    return box.host


def _is(box, address):
    box.fake("hostname", f"echo {address}")


def _write(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")


def _installed(box, cluster, node):
    """What node, volumes and worker (or control-plane) leave, by their own functions where these need no fake."""
    root, runtime = box.host, cluster.platform.runtime
    _is(box, node.address)
    hosts = "# dojot nodes: begin\n192.0.2.1 master\n# dojot nodes: end\n"
    (root / "etc/hosts").write_text(OTHERS["etc/hosts"] + hosts)
    fstab = OTHERS["etc/fstab"].replace("/swap", "# swap is off for the kubelet: /swap")
    (root / "etc/fstab").write_text(fstab)
    _write(
        root,
        "etc/sysctl.d/90-dojot.conf",
        "etc/modules-load.d/dojot.conf",
        f"etc/systemd/system/{runtime.service}.service.d/90-dojot.conf",
        "etc/systemd/system/dojot-firewall.service",
        "etc/apt/sources.list.d/kubernetes.list",
        "etc/apt/keyrings/kubernetes-ABC.asc",
        f"etc/apt/sources.list.d/{runtime.name}.list",
        "etc/cni/net.d/10-flannel.conflist",
        "var/lib/cni/networks/cbr0/10.244.1.2",
        "run/flannel/subnet.env",
        "var/cache/dojot/cni-plugins.tgz",
        "etc/dojot/kubelet-config",
        "etc/dojot/firewall.nft",
        "kubelet.conf",
        "config.yaml",
    )
    for name in ("kubelet", "dojot-firewall"):
        (box.state / f"runs.{name}").touch()
        (box.state / f"enabled.{name}").touch()
    for link in ("cni0", "flannel.1", "eth0"):
        (box.state / f"link.{link}").touch()
    (box.state / "rules").write_text(RULES)
    held = [*runtime.packages, *(["kubelet", "kubeadm"] if cluster.platform.kubernetes.packages else [])]
    (box.state / "held").write_text("".join(f"{name}\n" for name in [*held, "postfix"]))
    disks = [disk.host_path for _, _, disk in cluster.disks if disk.node == node]
    for path in disks:
        folder = root.parent / "data" / path.strip("/")
        folder.mkdir(parents=True)
        (folder / "kept").write_text("x")
    # A directory of a volume is no path of the script's own, so it is not moved with the others.
    text = (box.folder / "bootstrap" / "bootstrap.sh").read_text()
    for path in disks:
        text = text.replace(f"|{path}'", f"|{root.parent}/data{path}'")
    (box.folder / "bootstrap" / "bootstrap.sh").write_text(text)
    box.fake("kubectl", 'cat "$STATE/answer"')
    (box.state / "answer").touch()
    return [root.parent / "data" / path.strip("/") for path in disks]


def _worker(box, cluster):
    node = next(node for node in cluster.workers if any(disk.node == node for _, _, disk in cluster.disks))
    return node, _installed(box, cluster, node)


def _remove(box, cluster, *options):
    return box.run("remove", "--yes", cluster.name, *options)


def _only_others(root):
    """The files that the host had before; and what write_file keeps of them."""
    found = {name: text.decode() for name, (_, text) in tree(root).items() if text and "previous" not in name}
    return {name: text for name, text in found.items() if name in OTHERS or not name.startswith("lock")} == OTHERS


def test_a_worker_is_as_it_was_before(box, root, cluster):
    node, disks = _worker(box, cluster)
    done = _remove(box, cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (box.state / "reset").exists() and _only_others(root), [*tree(root)]
    assert {path.name for path in box.state.glob("link.*")} == {"link.eth0"}
    assert not list(box.state.glob("runs.*")) and not list(box.state.glob("enabled.*"))
    assert (box.state / "held").read_text() == "postfix\n"
    rules = (box.state / "rules").read_text()
    assert "KUBE-" not in rules and "FLANNEL" not in rules and "-A OURS -s 192.0.2.1/32 -j ACCEPT\nCOMMIT\n" in rules
    assert disks and all((path / "kept").exists() for path in disks)
    assert f"directories of volumes stay, with all that is in them (--data removes them): {disks[0]}" in done.stdout
    assert f"On the control plane: kubectl delete node {node.name}." in done.stdout.splitlines()[-1]
    (reset,) = [call for call in box.calls if call.startswith("kubeadm ")]
    assert reset.replace(str(root), "") == f"kubeadm reset --force --cri-socket={cluster.platform.runtime.cri_socket}"
    # The firewall has guarded the ports until the kubelet was gone.
    told = [line for line in done.stdout.splitlines() if line.startswith("done: ")]
    assert told.index("done: kubeadm reset") < told.index("done: take the firewall away")

    again = _remove(box, cluster)
    assert (again.returncode, states(again.stdout)) == (0, {"skipped", "ok"})
    assert again.stdout.count("ok: ") == 1


def test_data_go_when_somebody_says_so(box, root, cluster):
    _, disks = _worker(box, cluster)
    (root / "etc/dojot/volumes").write_text("".join(f"{path}\n" for path in disks))
    assert _remove(box, cluster).returncode == 0
    # By the list, volumes knows a disk that is missing then.
    assert [path.name for path in (root / "etc/dojot").iterdir()] == ["volumes"] and all(map(os.path.exists, disks))
    done = _remove(box, cluster, "--data")
    assert done.returncode == 0 and not any(map(os.path.exists, disks)) and not (root / "etc/dojot").exists()


@pytest.mark.parametrize(
    "answer, words", [("kong-1\nauth-2\n", "run kong-1, auth-2. First, on the control plane: kubectl drain")]
)
def test_a_worker_with_work_is_left_alone(box, root, cluster, answer, words):
    _worker(box, cluster)
    (box.state / "answer").write_text(answer)
    before = tree(root)
    done = _remove(box, cluster)
    assert done.returncode == 1 and words in done.stderr and tree(root) == before
    box.fake("kubectl", "exit 1")
    done = _remove(box, cluster)
    assert done.returncode == 1 and "does not say which pods run" in done.stderr and tree(root) == before
    assert _remove(box, cluster, "--force").returncode == 0


def _installed_master(box, cluster):
    _installed(box, cluster, cluster.control_plane)
    root = box.host
    _write(
        root,
        "admin.conf",
        "etcd/member/snap",
        "root/.kube/config",
        "etc/dojot/kubeadm-init.yml",
        "units/dojot-backup.timer",
    )
    _write(root, "apiserver/encryption.yml", "metrics/backup.prom", "copy/bootstrap.sh", "units/dojot-backup.service")


def test_a_control_plane_goes_last(box, root, cluster):
    _installed_master(box, cluster)
    master, workers = cluster.control_plane.name, [node.name for node in cluster.workers]
    (box.state / "answer").write_text("\n".join([master, *workers]) + "\n")
    before = tree(root)
    done = _remove(box, cluster)
    assert done.returncode == 1 and f"the cluster has other nodes: {', '.join(workers)}. First run" in done.stderr
    asked = box.run("remove", "--force")
    assert asked.returncode == 1 and "the whole cluster with all its Secrets ends here" in asked.stderr
    assert tree(root) == before
    (box.state / "answer").write_text(f"{master}\n")
    done = _remove(box, cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    left = {name for name, (_, text) in tree(root).items() if text and "previous" not in name}
    assert left == set(OTHERS)
    again = _remove(box, cluster)
    assert (again.returncode, states(again.stdout)) == (0, {"skipped", "ok"})


def test_a_disk_of_etcds_own_stays_mounted(box, root, cluster):
    """It is empty then, and the backups of upgrades are told of: they hold the keys of the cluster."""
    _installed_master(box, cluster)
    (box.state / "answer").write_text(f"{cluster.control_plane.name}\n")
    box.fake("mountpoint", f"[[ ${{*: -1}} -ef {root}/etcd ]]")
    _write(root, "before-upgrade/one/manifest")
    done = _remove(box, cluster)
    assert done.returncode == 0 and list((root / "etcd").iterdir()) == [], done.stderr
    told = f"stay, with all keys of the cluster: {root}/before-upgrade\n"
    assert told in done.stdout and (root / "before-upgrade/one/manifest").exists()
    again = _remove(box, cluster)
    assert (again.returncode, states(again.stdout)) == (0, {"skipped", "ok"})


def test_of_a_whole_cluster_nodes_of_the_inventory_need_not_have_left(box, root, cluster):
    """--whole: but for a node that no inventory has, and an API server that does not say."""
    _installed_master(box, cluster)
    nodes = [node.name for node in cluster.nodes]
    before = tree(root)
    for fake, words in (
        (f"printf '%s\\n' {' '.join(nodes)} stranger", "the cluster has other nodes: stranger. First"),
        ("exit 1", "the API server does not say which nodes the cluster has"),
    ):
        box.fake("kubectl", fake)
        done = _remove(box, cluster, "--whole")
        assert done.returncode == 1 and words in done.stderr and tree(root) == before
        told = _remove(box, cluster, "--whole", "--dry-run")
        assert f"would: refuse: {words}" in told.stdout
    box.fake("kubectl", f"printf '%s\\n' {' '.join(nodes)}")
    assert _remove(box, cluster, "--whole").returncode == 0


def test_of_a_whole_cluster_pods_and_sessions_end(box, root, cluster):
    _worker(box, cluster)
    (box.state / "answer").write_text("kong-1\n")
    done = _remove(box, cluster, "--whole")
    assert done.returncode == 0 and "kubectl delete node" not in done.stdout
    _is(box, cluster.load_balancer.address)
    (box.state / "runs.haproxy").touch()
    (box.state / "sessions").write_text("a session\n")
    assert _remove(box, cluster).returncode == 1
    assert _remove(box, cluster, "--whole").returncode == 0 and not (box.state / "runs.haproxy").exists()


def test_somebody_elses_kubeconfig_stays(box, root, cluster):
    _installed_master(box, cluster)
    (root / "root/.kube/config").write_text("of another cluster")
    (box.state / "answer").write_text(f"{cluster.control_plane.name}\n")
    assert _remove(box, cluster).returncode == 0 and (root / "root/.kube/config").exists()


def test_where_it_was_killed_it_goes_on(box, root, cluster):
    """kubeadm has taken the kubelet's access away, and not come to its end."""
    _worker(box, cluster)
    (box.state / "breaks").touch()
    assert _remove(box, cluster).returncode == 1 and not (box.state / "reset").exists()
    (box.state / "breaks").unlink()
    (box.state / "answer").write_text("kong-1\n")
    for at in ("kubeadm reset", "apt-mark unhold"):
        box.killed(at, "remove", "--yes", cluster.name)
    done = _remove(box, cluster)
    assert done.returncode == 0 and (box.state / "reset").exists() and _only_others(root)


def test_a_load_balancer_with_sessions_is_left_alone(box, root, cluster):
    balancer, haproxy = cluster.load_balancer, cluster.platform.haproxy
    _is(box, balancer.address)
    _write(root, "etc/haproxy/haproxy.cfg", haproxy.paths.sysctl.lstrip("/"), haproxy.paths.unit_limits.lstrip("/"))
    _write(root, "etc/apt/sources.list.d/haproxy.list", "etc/dojot/node-ports")
    (box.state / "held").write_text(f"{haproxy.package.name}\n")
    (box.state / "runs.haproxy").touch()
    (box.state / "enabled.haproxy").touch()
    (box.state / "sessions").write_text("a session\n" * 3)
    before = tree(root)
    done = _remove(box, cluster)
    assert done.returncode == 1 and "3 sessions are open, and end with HAProxy. Nothing was changed" in done.stderr
    assert tree(root) == before
    done = _remove(box, cluster, "--force")
    assert done.returncode == 0 and _only_others(root), done.stdout + done.stderr
    assert not (box.state / "runs.haproxy").exists() and not (box.state / "held").read_text()
    again = _remove(box, cluster)
    assert (again.returncode, states(again.stdout)) == (0, {"skipped", "ok"})


def test_another_machine_is_none_of_its_own(box, cluster):
    _is(box, "192.0.2.77")
    done = _remove(box, cluster)
    assert done.returncode == 1 and "this host is no node of" in done.stderr


def test_it_says_first_what_it_would_do(box, root, cluster):
    _worker(box, cluster)
    before = tree(root)
    done = box.run("remove", "--dry-run", "--data")
    assert done.returncode == 0 and states(done.stdout) <= {"would", "skipped"} and tree(root) == before, done.stderr
    assert "would: kubeadm reset\n" in done.stdout
