"""Steps that change this host, run for real below --root."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import subprocess
import tarfile

import pytest

from components.haproxy.files import files
from components.kubeadm import runtimes, script
from tests.changed import with_platform

from .conftest import states, tree, with_chosen_node_ports

BINARY = b"#!/bin/sh\n"
# A curl that writes what $STATE/served holds under the name of the address.
CURL = r"""
while (($#)); do case $1 in --output) out=$2; shift ;; https://*) url=$1 ;; esac; shift; done
cat "$STATE/served/${url##*/}" >"$out"
"""
REPOSITORY = {
    "url": "https://packages.example/deb/",
    "suite": "/",
    "key": {
        "url": "https://packages.example/deb/Release.key",
        "fingerprint": "0123456789ABCDEF0123456789ABCDEF01234567",
    },
}


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
    for name in ("kubeadm", "kubectl", "kubelet"):
        (served / name).write_bytes(BINARY)
    (served / "plugins.tgz").write_bytes(archive.getvalue())
    _deliver(sandbox, cluster, "packages" if cluster.platform.kubernetes.packages else "binaries")
    sandbox.fake("curl", CURL)
    sandbox.fake("dpkg-query", 'printf "ii |1"')
    sandbox.fake("apt-mark", "exit 0")
    etc = sandbox.folder / "root" / "etc"
    etc.mkdir()
    system = cluster.platform.operating_system
    (etc / "os-release").write_text(f'ID={system.name}\nVERSION_ID="{system.version}"\n')
    (etc / "fstab").write_text("/dev/sda1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    keyrings = etc / "apt" / "keyrings"
    keyrings.mkdir(parents=True)
    fingerprint = cluster.platform.runtime.repository.key.fingerprint
    (keyrings / f"{cluster.platform.runtime.name}-{fingerprint}.asc").write_text("a key\n")
    (keyrings / f"kubernetes-{REPOSITORY['key']['fingerprint']}.asc").write_text("a key\n")
    return sandbox


def _deliver(sandbox, cluster, way):
    """Write the script of this cluster with Kubernetes as `binaries` or as `packages`."""
    ways = {
        "binaries": {
            "binaries": {
                name: {"url": f"https://files.example/{name}", "sha256": hashlib.sha256(BINARY).hexdigest()}
                for name in ("kubeadm", "kubectl", "kubelet")
            },
            "cni_plugins": {
                "version": "v1.0.0",
                "url": "https://files.example/plugins.tgz",
                "sha256": hashlib.sha256((sandbox.state / "served/plugins.tgz").read_bytes()).hexdigest(),
            },
        },
        "packages": {"packages": {"repository": REPOSITORY, "build": "1.1", "others": {"kubernetes-cni": "1.9.1-1.1"}}},
    }
    kubernetes = {**dict.fromkeys(("binaries", "cni_plugins", "packages")), **ways[way]}
    bare = with_platform(cluster, kubernetes=dict.fromkeys(kubernetes))
    # One package is enough: each costs a process or two, and the tests are to stay quick.
    changed = with_platform(bare, kubernetes=kubernetes, operating_system={"packages": ("curl",)})
    sandbox.write(script.script(changed))


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
    _is_as_before(host, name)


def _is_as_before(host, name):
    before = tree(host.folder / "root")
    again = _node(host, name)
    assert (again.returncode, states(again.stdout)) == (0, {"skipped"}), again.stdout
    assert tree(host.folder / "root") == before


def test_the_runtime_has_its_configuration(host, cluster):
    assert _node(host, cluster.workers[0].name).returncode == 0
    path = {"docker": "etc/docker/daemon.json", "containerd": "etc/containerd/config.toml"}
    assert (host.folder / "root" / path[cluster.platform.runtime.name]).read_text() == runtimes.config(cluster)


def test_binaries_bring_their_unit(host, cluster):
    _deliver(host, cluster, "binaries")
    name, root = cluster.workers[0].name, host.folder / "root"
    done = _node(host, name)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((root / "usr/local/bin/kubelet").stat().st_mode) == 0o755
    assert (root / "opt/cni/bin/flannel").read_bytes() == BINARY
    assert "$KUBELET_KUBEADM_ARGS" in (root / "etc/systemd/system/kubelet.service").read_text()
    assert not (root / "etc/apt/sources.list.d/kubernetes.list").exists()
    _is_as_before(host, name)


def test_packages_come_from_a_repository_that_its_own_key_signs(host, cluster):
    _deliver(host, cluster, "packages")
    name, root = cluster.workers[0].name, host.folder / "root"
    done = _node(host, name)
    assert done.returncode == 0, done.stderr
    key = f"/etc/apt/keyrings/kubernetes-{REPOSITORY['key']['fingerprint']}.asc"
    assert (root / "etc/apt/sources.list.d/kubernetes.list").read_text() == (
        f"deb [arch=amd64 signed-by={key}] {REPOSITORY['url']} /\n"
    )
    # The packages bring the binaries and the unit: a copy of ours would hide theirs.
    assert not (root / "usr/local/bin").exists() and not (root / "etc/systemd/system/kubelet.service").exists()
    _is_as_before(host, name)


def test_a_key_that_is_not_the_inventorys_is_refused(host, cluster):
    _deliver(host, cluster, "packages")
    (host.state / "served/Release.key").write_text("another key\n")
    keyrings = host.folder / "root/etc/apt/keyrings"
    (keyrings / f"kubernetes-{REPOSITORY['key']['fingerprint']}.asc").unlink()
    host.fake("gpg", "exit 0")
    done = _node(host, cluster.workers[0].name)
    assert done.returncode == 1
    assert f"does not hold the key {REPOSITORY['key']['fingerprint']}" in done.stderr
    assert not (host.folder / "root/etc/apt/sources.list.d/kubernetes.list").exists()
    assert [path.name for path in keyrings.iterdir() if "kubernetes" in path.name or "key." in path.name] == []


def test_an_expired_key_is_fetched_again(host, cluster):
    _deliver(host, cluster, "packages")
    (host.state / "served/Release.key").write_text("the key, prolonged\n")
    key = host.folder / f"root/etc/apt/keyrings/kubernetes-{REPOSITORY['key']['fingerprint']}.asc"
    host.fake(
        "gpg",
        """
case $* in
  *show-only*kubernetes-*) grep -q prolonged "${@: -1}" && echo pub:-: || echo pub:e: ;;
  *--export*) echo "the key, prolonged" ;;
esac""",
    )
    done = _node(host, cluster.workers[0].name)
    assert done.returncode == 0, done.stderr
    assert f"done: install the signing key {REPOSITORY['key']['fingerprint']}\n" in done.stdout
    assert key.read_text() == "the key, prolonged\n"
    _is_as_before(host, cluster.workers[0].name)


# Packages that $STATE/packages says are installed, and holds that $STATE/held has.
DPKG_QUERY = (
    'version=$(sed -n "s/^${@: -1}=//p" "$STATE/packages" 2>/dev/null); [[ -z $version ]] || printf "ii |%s" "$version"'
)
APT_GET = 'for word; do [[ $word != *=* || $word == Dpkg* ]] || echo "$word"; done >>"$STATE/packages"'
APT_MARK = """
case $1 in
  hold) shift; printf '%s\n' "$@" >>"$STATE/held" ;;
  showhold) cat "$STATE/held" 2>/dev/null ;;
esac; exit 0"""


def test_packages_are_pinned_and_held(host, cluster):
    """The real function, on a host whose package manager is made up."""
    _deliver(host, cluster, "packages")
    path = host.folder / "bootstrap/bootstrap.sh"
    text = path.read_text()
    main = 'main "$@"\n'
    assert text.endswith(main)
    path.write_text(text.removesuffix(main) + "add_repository() { :; }\ninstall_kubernetes_packages\n")
    host.fake("dpkg-query", DPKG_QUERY)
    host.fake("dpkg", "exit 0")
    host.fake("apt-get", APT_GET)
    host.fake("apt-mark", APT_MARK)
    host.fake("systemctl", "exit 0")
    version = f"{cluster.platform.kubernetes.version.removeprefix('v')}-1.1"
    wanted = {**dict.fromkeys(("kubeadm", "kubectl", "kubelet"), version), "kubernetes-cni": "1.9.1-1.1"}

    done = host.run()
    assert done.returncode == 0, done.stderr
    packages, held = host.state / "packages", host.state / "held"
    assert sorted(packages.read_text().split()) == [f"{name}={value}" for name, value in sorted(wanted.items())]
    assert sorted(held.read_text().split()) == sorted(wanted)
    assert "systemctl restart kubelet" in host.calls
    assert states(host.run().stdout) == {"skipped"}

    # Someone upgraded one by hand: it is put back, and the kubelet follows.
    packages.write_text(packages.read_text().replace(f"kubelet={version}", "kubelet=1.99.0-1.1"))
    before = host.calls
    done = host.run()
    assert f"done: install packages: kubelet={version}\n" in done.stdout
    new = host.calls[len(before) :]
    assert any("--allow-downgrades" in call and "--allow-change-held-packages" in call for call in new)
    assert "systemctl restart kubelet" in new


def test_a_wrong_checksum_is_refused(host, cluster):
    _deliver(host, cluster, "binaries")
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


GOOD = """defaults
  mode tcp
  timeout client 1s
  timeout server 1s
  timeout connect 1s
listen a
  bind 127.0.0.1:1
"""


@pytest.fixture
def balancer(host, cluster):
    folder = host.folder / "haproxy"
    folder.mkdir()
    (folder / "haproxy.cfg").write_text(GOOD)
    (folder / "99-dojot-haproxy.conf").write_text("a.b = 1\n")
    (folder / "haproxy.service.d-limits.conf").write_text("[Service]\nLimitNOFILE=1000\n")
    host.fake("haproxy", 'grep -q nonsense "${@: -1}" && exit 1; exit 0')
    fingerprint = cluster.platform.haproxy.repository.key.fingerprint
    (host.folder / f"root/etc/apt/keyrings/haproxy-{fingerprint}.asc").write_text("a key\n")
    return host


def _balancer(host):
    return host.run("load-balancer", "--root", str(host.folder / "root"))


def test_load_balancer_gets_its_files_unless_haproxy_refuses_them(balancer, cluster):
    done = _balancer(balancer)
    assert done.returncode == 0, done.stderr
    config = balancer.folder / f"root{cluster.platform.haproxy.paths.config}"
    assert (config.read_text(), stat.S_IMODE(config.stat().st_mode)) == (GOOD, 0o640)
    assert states(_balancer(balancer).stdout) == {"skipped"}

    (balancer.folder / "haproxy/haproxy.cfg").write_text("nonsense\n")
    done = _balancer(balancer)
    assert done.returncode == 1 and "the running configuration stays" in done.stderr
    assert config.read_text() == GOOD


def test_load_balancer_sets_the_node_ports_that_were_chosen(balancer, cluster):
    """With the real HAProxy, which reads the variables of one file from another's `setenv`."""
    chosen = with_chosen_node_ports(cluster)
    (balancer.folder / "bin/haproxy").unlink()
    balancer.write(script.script(chosen))
    compiled = files(chosen)["haproxy.cfg"]
    (balancer.folder / "haproxy/haproxy.cfg").write_text(compiled)
    noted = balancer.folder / "ports"
    step = ("load-balancer", "--root", str(balancer.folder / "root"), "--node-ports", str(noted))
    done = balancer.run(*step)
    assert (
        done.returncode == 1 and f"{noted} has no NodePort for " in done.stderr and "node-ports makes it" in done.stderr
    )
    assert f"with the NodePorts of {noted}\n" in balancer.run(*step, "--dry-run").stdout

    variables = [frontend.variable for frontend in chosen.load_balancer.frontends]
    noted.write_text("".join(f"{name} {31000 + place}\n" for place, name in enumerate(variables)))
    done = balancer.run(*step)
    assert done.returncode == 0, done.stderr
    written = (balancer.folder / f"root{cluster.platform.haproxy.paths.config}").read_text()
    assert written.endswith(f"\n\n{compiled}") and f"    setenv {variables[0]} 31000\n" in written
    assert states(balancer.run(*step).stdout) == {"skipped"}
    assert not list((balancer.folder / "tmp").iterdir())


def test_files_that_were_not_copied_are_named(host):
    done = host.run("load-balancer", "--root", str(host.folder / "root"))
    assert done.returncode == 1
    assert "haproxy.cfg is missing" in done.stderr and "--compiled" in done.stderr


@pytest.mark.parametrize("life, expired", [("2038-01-01", False), ("seconds=1", True)])
def test_gpg_itself_says_whether_a_key_has_expired(sandbox, text, life, expired):
    """The real gpg, on a key that it makes here."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    home, key = sandbox.folder / "home", sandbox.folder / "key.asc"
    home.chmod(0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--passphrase", "", "--faked-system-time", "20200101T000000"]
    subprocess.run([*gpg, "--quick-generate-key", "nobody", "ed25519", "sign", life], check=True, capture_output=True)
    key.write_bytes(subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    sandbox.write(text.removesuffix('main "$@"\n') + 'if key_has_expired "$1"; then echo expired; fi\n')
    done = sandbox.run(str(key))
    assert (done.returncode, done.stdout) == (0, "expired\n" if expired else "")
