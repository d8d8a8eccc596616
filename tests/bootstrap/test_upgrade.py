"""`upgrade` on fakes of a cluster that runs: in kubeadm's order, killed anywhere, and nothing of others' undone."""

from __future__ import annotations

import os
import stat
import time

import pytest

from tests.platforms import each_platform, one_platform

from .conftest import nodes_of, states

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="this step runs as root only")

# The cluster is in files: versions of `server` and `kubelet`, `cordoned`, rows of `pods` and `nodes`. A pod ends as it
# is evicted, but for a while where `budget` counts down, and never where `stuck` is.
KUBECTL = r"""
[[ -e $STATE/server ]] || { echo "connection refused" >&2; exit 1; }
case $* in
  *--raw=/version*) printf '{"gitVersion": "%s"}' "$(cat "$STATE/server")" ;;
  *get\ node\ *conditions*) printf 'True|%s' "$(cat "$STATE/kubelet")" ;;
  *get\ node\ *unschedulable*) [[ ! -e $STATE/cordoned ]] || printf true ;;
  *get\ node\ *) cat "$STATE/kubelet" ;;
  *patch\ node\ *true*) touch "$STATE/cordoned" ;;
  *patch\ node\ *null*) rm -f "$STATE/cordoned" ;;
  *get\ nodes*) cat "$STATE/nodes" ;;
  *get\ pods*) cat "$STATE/pods" ;;
  *create\ --raw=*/eviction*)
    cat >>"$STATE/evictions"
    if [[ -s $STATE/budget ]]; then
      truncate --size=-1 "$STATE/budget"
      echo "Error from server (TooManyRequests): Cannot evict pod as it would violate the pod's disruption budget." >&2
      exit 1
    fi
    words="$*"
    path=${words#*/pods/}
    [[ -e $STATE/stuck ]] || sed -i "/|${path%%/*}|/d" "$STATE/pods" ;;
  *etcdctl*) echo "objects" >"${*: -1}" ;;
esac
"""
# A kubeadm of the inventory's release.
KUBEADM = r"""
case $* in
  upgrade\ apply*)
    [[ ! -e $STATE/apply-fails ]] && printf %s "$3" >"$STATE/server" && echo renewed >"$HOST/admin.conf" ;;
esac
"""
# How packages or binaries come is a matter of other tests: here the kubelet is a file.
INSTALLED = """
install_kubeadm_{source}() {{ change 'install kubeadm' touch "$STATE/kubeadm"; }}
install_kubernetes_{source}() {{
  [[ $(cat "$STATE/kubelet") == "$KUBERNETES_VERSION" ]] || change 'restart kubelet' kubelet
}}
take_kubelet_config() {{ :; }}
need_system() {{ :; }}
readonly DRAIN_LOOK=0
"""
MAIN = 'main "$@"\n'


def _before(version: str, minors: int = 1) -> str:
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) - minors}.9"


@pytest.fixture
def node(sandbox, cluster):
    """A host of a cluster that is one minor release behind; `at` says which."""
    source = "packages" if cluster.platform.kubernetes.packages else "binaries"
    text = sandbox.text.replace(
        "readonly DRAIN_MOST=900 DRAIN_LOOK=5 DRAIN_TELL=60", "readonly DRAIN_MOST=1 DRAIN_TELL=0"
    )
    sandbox.write(text.replace(MAIN, INSTALLED.format(source=source) + MAIN))
    version, old = cluster.platform.kubernetes.version, _before(cluster.platform.kubernetes.version)
    (sandbox.host / "pki").mkdir()
    (sandbox.host / "apiserver").mkdir()
    (sandbox.host / "apiserver" / "encryption.yml").write_text(
        f"  - {cluster.platform.kubernetes.secrets_encryption}:\n"
    )
    (sandbox.host / "kubelet.conf").touch()
    for name in ("server", "kubelet"):
        (sandbox.state / name).write_text(old)
    (sandbox.state / "nodes").write_text("".join(f"{one.name}|True||{old}\n" for one in cluster.nodes))
    (sandbox.state / "pods").write_text("dojot|one-0|StatefulSet|\ndojot|two-abc|ReplicaSet|\n")
    sandbox.fake("kubectl", nodes_of(cluster) + KUBECTL)
    sandbox.fake("kubeadm", f"HOST={sandbox.host}\n{KUBEADM}")
    sandbox.fake("kubelet", f'printf %s {version} >"$STATE/kubelet"')
    sandbox.fake("getent", f"echo root:x:0:0:root:{sandbox.folder / 'home'}:/bin/bash")
    sandbox.fake("sleep", "")
    sandbox.fake("sync", "")
    sandbox.fake("systemctl", "exit 1")
    return sandbox


def _at_control_plane(node, cluster):
    node.fake("hostname", f"echo {cluster.control_plane.address}")
    (node.host / "admin.conf").write_text("of last year\n")
    return node


def _at_worker(node, cluster):
    """The control plane has been upgraded."""
    node.fake("hostname", f"echo {cluster.workers[0].address}")
    (node.state / "server").write_text(cluster.platform.kubernetes.version)
    return node


def _changes(box, *, of: tuple[str, ...] = ("kubeadm", "kubelet")) -> list[str]:
    """What was done to the cluster and to the host, in its order."""
    found = []
    for call in box.calls:
        words = [word for word in call.split() if not word.startswith("--")]
        if words[0] in of:
            found.append(" ".join(words[:3]))
        elif "eviction" in call:
            found.append("evict " + call.partition("/pods/")[2].partition("/")[0])
        elif "etcdctl" in call:
            found.append("snapshot")
        elif words[:3] == ["kubectl", "patch", "node"]:
            found.append("cordon" if "true" in call else "uncordon")
    return found


def _is_upgraded(box, cluster) -> bool:
    version = cluster.platform.kubernetes.version
    here = [(box.state / name).read_text() for name in ("server", "kubelet")]
    return here == [version] * 2 and not (box.state / "cordoned").exists()


def _refused(box, *options: str) -> str:
    """Why; and nothing was changed."""
    done = box.run("upgrade", *options)
    assert done.returncode == 1, done.stdout
    assert _changes(box) == [] and not (box.host / "before-upgrade").exists()
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    planned = box.run("upgrade", "--dry-run", *options)
    assert planned.returncode == 0 and "would: refuse: " in planned.stdout, planned.stdout + planned.stderr
    return line


@each_platform
def test_a_control_plane_in_its_order(node, cluster):
    version = cluster.platform.kubernetes.version
    done = _at_control_plane(node, cluster).run("upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-2:] == [
        f"ok: node {cluster.control_plane.name} is Ready with Kubernetes {version}",
        f"done: uncordon {cluster.control_plane.name}",
    ]
    assert _changes(node) == [
        "snapshot",
        "kubeadm upgrade plan",
        "kubeadm init phase",
        "kubeadm upgrade apply",
        "kubeadm init phase",
        "cordon",
        "evict one-0",
        "evict two-abc",
        "kubelet",
        "uncordon",
    ]
    assert f"kubeadm upgrade apply {version} --yes" in node.calls
    assert _is_upgraded(node, cluster)
    # What the step control-plane looks at.
    assert (node.host / "kubeadm-init.yml").read_text() == _value(node, "KUBEADM_INIT")
    assert not list((node.host / "owed").iterdir())
    assert states(node.run("upgrade").stdout) == {"skipped"}


def _value(box, name: str) -> str:
    return box.text.partition(f"<<'END_OF_{name}' || true\n")[2].partition(f"END_OF_{name}\n")[0]


@each_platform
def test_a_worker_in_its_order(node, cluster):
    done = _at_worker(node, cluster).run("upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _changes(node) == [
        "kubeadm upgrade node",
        "cordon",
        "evict one-0",
        "evict two-abc",
        "kubelet",
        "uncordon",
    ]
    assert _is_upgraded(node, cluster)
    api = cluster.platform.kubernetes.api_versions["PodDisruptionBudget"]
    assert (node.state / "evictions").read_text().count(f'"apiVersion": "{api}", "kind": "Eviction"') == 2
    # A worker has no other rights than its kubelet's.
    assert {call.split()[1] for call in node.calls if call.startswith("kubectl")} == {
        f"--kubeconfig={node.host / 'kubelet.conf'}"
    }
    assert states(node.run("upgrade").stdout) == {"skipped"}


@each_platform
def test_kubeadm_comes_alone(sandbox, cluster):
    """Before anything else of the new release: it upgrades what the former one has made."""
    stubs = 'add_repository() { :; }\ninstall_pinned() { printf "%s\\n" "$@"; }\nfetch() { printf "%s\\n" "$*"; }\n'
    sandbox.write(sandbox.text.replace(MAIN, f'{stubs}"install_kubeadm_$KUBERNETES_FROM"\n'))
    kubernetes, said = cluster.platform.kubernetes, sandbox.run().stdout
    if kubernetes.packages:
        assert said == f"kubeadm|{kubernetes.version.removeprefix('v')}-{kubernetes.packages.build}\n"
    else:
        binary = dict(kubernetes.binaries)["kubeadm"]
        assert said == f"{binary.url} {binary.sha256} /usr/local/bin/kubeadm 0755\n"


@one_platform
def test_what_a_dry_run_would_do(node, cluster):
    for at in (_at_control_plane, _at_worker):
        said = at(node, cluster).run("upgrade", "--dry-run").stdout
        assert states(said) <= {"would", "skipped"} and _changes(node) == []
        assert "would: drain " in said and "would: uncordon " in said
    assert not (node.host / "before-upgrade").exists() and not (node.host / "owed").exists()


@one_platform
def test_an_api_server_goes_one_minor_release_at_a_time(node, cluster):
    version = cluster.platform.kubernetes.version
    _at_control_plane(node, cluster)
    (node.state / "server").write_text(_before(version, 2))
    (node.state / "kubelet").write_text(_before(version, 2))
    said = _refused(node)
    assert f"the API server is {_before(version, 2)}" in said and "one minor release at a time" in said
    assert f"a release of {_before(version).removeprefix('v').rpartition('.')[0]}, with the script" in said


@one_platform
def test_a_kubelet_that_is_further_behind_comes_after_all(node, cluster):
    """The script of a release between would find an API server that is newer."""
    _at_worker(node, cluster)
    (node.state / "kubelet").write_text(_before(cluster.platform.kubernetes.version, 2))
    assert node.run("upgrade").returncode == 0 and _is_upgraded(node, cluster)


@one_platform
@pytest.mark.parametrize("at", [_at_control_plane, _at_worker])
def test_it_never_goes_back(node, cluster, at):
    major, minor, patch = cluster.platform.kubernetes.version.split(".")
    at(node, cluster)
    for newer in (f"{major}.{minor}.{int(patch) + 1}", f"{major}.{int(minor) + 1}.0"):
        (node.state / "server").write_text(newer)
        assert f"the API server is {newer}, newer than" in _refused(node)
    (node.state / "server").write_text(cluster.platform.kubernetes.version)
    (node.state / "kubelet").write_text(newer)
    assert f" is {newer}, newer than" in _refused(node)


@one_platform
def test_no_kubelet_before_the_api_server(node, cluster):
    _at_worker(node, cluster)
    (node.state / "server").write_text(_before(cluster.platform.kubernetes.version))
    assert f"First, on {cluster.control_plane.name}: bootstrap.sh upgrade" in _refused(node)


@one_platform
@pytest.mark.parametrize("at", [_at_control_plane, _at_worker])
def test_an_api_server_that_does_not_answer(node, cluster, at):
    at(node, cluster)
    (node.state / "server").unlink()
    assert "run this step again when the API server answers" in _refused(node)


@one_platform
@pytest.mark.parametrize(
    "row, said",
    [
        ("{name}|Unknown||{old}", "is not Ready"),
        ("{name}|True|true|{old}", "is cordoned, and nodes are upgraded one at a time"),
        ("{name}|True||{older}", "bring every node to that of the API server"),
    ],
)
def test_one_node_at_a_time(node, cluster, row, said):
    """Also of a worker, where it may see the others."""
    version, other = cluster.platform.kubernetes.version, cluster.workers[-1].name
    row = row.format(name=other, old=_before(version), older=_before(version, 2))
    path = node.state / "nodes"
    path.write_text("\n".join(row if line.startswith(f"{other}|") else line for line in path.read_text().splitlines()))
    found = _refused(_at_control_plane(node, cluster))
    assert f"node {other} " in found and said in found
    if "API server" not in said:
        assert f"node {other} " in _refused(_at_worker(node, cluster), "--kubeconfig", str(node.folder / "config"))
        assert "skipped: the other nodes are not looked at" in node.run("upgrade").stdout


@one_platform
@pytest.mark.parametrize("at", [_at_control_plane, _at_worker])
def test_a_pod_that_nobody_makes_again_stays(node, cluster, at):
    at(node, cluster)
    with (node.state / "pods").open("a") as pods:
        pods.write("default|by-hand||\n")
    assert "nobody would make these pods again, once this node is drained: default/by-hand." in _refused(node)


STOPS = {
    _at_control_plane: [
        "kubeadm upgrade plan",
        "kubeadm init",
        "kubeadm upgrade apply",
        "kubectl --kubeconfig={kubelet} --request-timeout=10s patch",
        "sleep 0",
        "kubelet",
    ],
    _at_worker: [
        "kubeadm upgrade node",
        "kubectl --kubeconfig={kubelet} --request-timeout=10s patch",
        "sleep 0",
        "kubelet",
    ],
}


@one_platform
@pytest.mark.parametrize("at, stop", [(at, stop) for at, stops in STOPS.items() for stop in stops])
def test_killed_it_goes_on(node, cluster, at, stop):
    """At each command that changes something, before and after it has its effect."""
    at(node, cluster).killed(stop.format(kubelet=node.host / "kubelet.conf"), "upgrade")
    if stop == "kubeadm upgrade plan":
        # The next one makes a backup of its own, and their names have seconds.
        time.sleep(1)
    done = node.run("upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _is_upgraded(node, cluster) and not list((node.host / "owed").iterdir())
    assert states(node.run("upgrade").stdout) == {"skipped"}


@one_platform
def test_an_upgrade_that_broke_off_is_begun_again_with_the_same_backup(node, cluster):
    """The API server may be of the new release then: that alone does not show that all is done."""
    _at_control_plane(node, cluster)
    (node.state / "apply-fails").touch()
    done = node.run("upgrade")
    assert done.returncode == 1 and "failed: kubeadm upgrade apply" in done.stderr
    (node.state / "apply-fails").unlink()
    (node.state / "server").write_text(cluster.platform.kubernetes.version)
    assert node.run("upgrade").returncode == 0
    assert _changes(node).count("kubeadm upgrade apply") == 2 and _changes(node).count("snapshot") == 1


@one_platform
def test_what_is_saved_before(node, cluster):
    """As `restore` takes it, with the script of the release that ran."""
    folder = node.host / "before-upgrade"
    for number in range(3):
        (folder / f"{cluster.name}-2025010{number}T000000Z").mkdir(parents=True)
    done = _at_control_plane(node, cluster).run("upgrade")
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2 and names[0] == f"{cluster.name}-20250102T000000Z"
    saved = folder / names[1]
    assert {"etcd.db", "kubernetes.tar", "manifest"} == {path.name for path in saved.iterdir()}
    assert f"kubernetes|{_before(cluster.platform.kubernetes.version)}\n" in (saved / "manifest").read_text()
    for path in (folder, saved, *saved.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@one_platform
def test_whom_somebody_has_cordoned_stays_so(node, cluster):
    (node.state / "cordoned").touch()
    done = _at_worker(node, cluster).run("upgrade")
    assert done.returncode == 0 and "is cordoned already, and stays so" in done.stdout
    assert (node.state / "cordoned").exists() and "uncordon" not in _changes(node)


@one_platform
def test_a_budget_is_waited_for(node, cluster):
    (node.state / "budget").write_text("...")
    done = _at_worker(node, cluster).run("upgrade")
    assert done.returncode == 0, done.stderr
    assert _changes(node).count("evict one-0") == 3 and _is_upgraded(node, cluster)


@one_platform
def test_a_pod_that_does_not_end_is_named(node, cluster):
    (node.state / "stuck").touch()
    (node.state / "pods").write_text("dojot|one-0|StatefulSet|ending\n")
    done = _at_worker(node, cluster).run("upgrade")
    assert done.returncode == 1
    assert "still here: dojot/one-0" in done.stderr
    assert f"these pods are still on {cluster.workers[0].name}: dojot/one-0. It stays cordoned" in done.stderr
    assert not [change for change in _changes(node) if change.startswith(("evict", "kubelet"))]
    (node.state / "pods").write_text("")
    assert node.run("upgrade").returncode == 0 and _is_upgraded(node, cluster)


@one_platform
def test_the_administrators_copy_follows(node, cluster):
    copy = node.folder / "home" / ".kube" / "config"
    copy.parent.mkdir()
    copy.write_text("of last year\n")
    _at_control_plane(node, cluster).killed(
        "kubectl --kubeconfig={} --request-timeout=10s patch".format(node.host / "kubelet.conf"), "upgrade"
    )
    assert copy.read_text() == "renewed\n"
    assert node.run("upgrade").returncode == 0


@one_platform
def test_another_kubeconfig_stays(node, cluster):
    copy = node.folder / "home" / ".kube" / "config"
    copy.parent.mkdir()
    copy.write_text("of another cluster\n")
    assert _at_control_plane(node, cluster).run("upgrade").returncode == 0
    assert copy.read_text() == "of another cluster\n"


@one_platform
def test_the_key_of_secrets_is_there_before_the_api_server_starts_anew(node, cluster):
    _at_control_plane(node, cluster)
    (node.host / "manifests").mkdir()
    (node.host / "manifests" / "kube-apiserver.yaml").write_text(f"x=={node.host / 'apiserver' / 'encryption.yml'}\n")
    (node.host / "apiserver" / "encryption.yml").unlink()
    assert "that file is gone" in _refused(node)
