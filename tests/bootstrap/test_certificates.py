"""`certificates` with those of a CA made here and a fake of kubeadm: renewed in time, shown, and never by halves."""

from __future__ import annotations

import base64
import datetime
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.platforms import one_platform

from .conftest import nodes_of, states

pytestmark = [one_platform, pytest.mark.skipif(os.geteuid() != 0, reason="this step runs as root only")]

FILES = ("apiserver.crt", "apiserver-kubelet-client.crt", "front-proxy-client.crt", "etcd/server.crt", "etcd/peer.crt")
CONFIGS = ("admin.conf", "controller-manager.conf", "scheduler.conf")
AUTHORITIES = ("ca.crt", "front-proxy-ca.crt", "etcd/ca.crt")
PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    component: {0}\n  name: {0}\n"
# A kubelet that has started each pod with its manifest as it is now.
KUBECTL = r"""
case $* in
  *config.hash*) words="$*"; pod=${words#*get pod }; sha256sum "$HOST/manifests/${pod%%-master*}.yaml" ;;
esac
"""
# Certificates of a year from now lie beside those that are there.
KUBEADM = r"""
case $* in
  *certs\ --help) [[ ! -e $STATE/old ]] ;;
  *renew\ all) [[ ! -e $STATE/fails ]] && cp -r "$STATE/renewed/." "$HOST" ;;
esac
"""
# The certificate that a port shows: of a process that has started since, the one on the disk.
OPENSSL = r"""
if [[ $1 != s_client ]]; then exec {openssl} "$@"; fi
case $3 in *:6443) cat "$HOST/pki/apiserver.crt" ;; *) cat "$HOST/pki/etcd/server.crt" ;; esac
"""


class Authority:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, days: int) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "one")])
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=400))
        made = made.not_valid_after(now + datetime.timedelta(days=days, hours=1))
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def master(sandbox, cluster):
    """A control plane whose certificates end in 200 days."""
    authority = Authority()
    for folder in (sandbox.host, sandbox.state / "renewed"):
        (folder / "pki" / "etcd").mkdir(parents=True)
    for days, folder in ((200, sandbox.host), (364, sandbox.state / "renewed")):
        put(folder, authority, days, *FILES, *CONFIGS)
    put(sandbox.host, authority, 3000, *AUTHORITIES)
    (sandbox.host / "kubelet.pem").write_bytes(authority.sign(250))
    (sandbox.host / "kubelet.conf").write_text("users: []\n")
    (sandbox.host / "manifests").mkdir()
    for pod in PODS:
        (sandbox.host / "manifests" / f"{pod}.yaml").write_text(MANIFEST.format(pod))
    host = f"export HOST={sandbox.host}\n"
    sandbox.fake("hostname", f"echo {cluster.control_plane.address}")
    sandbox.fake("kubectl", host + nodes_of(cluster) + KUBECTL)
    sandbox.fake("kubeadm", host + KUBEADM)
    sandbox.fake("openssl", host + OPENSSL.replace("{openssl}", "/usr/bin/openssl"))
    sandbox.fake("getent", f"echo root:x:0:0:root:{sandbox.folder / 'home'}:/bin/bash")
    sandbox.fake("sleep", "")
    return sandbox


def put(folder, authority: Authority, days: int, *names: str) -> None:
    for name in names:
        text = authority.sign(days)
        if name in CONFIGS:
            text = b"users:\n- user:\n    client-certificate-data: " + base64.b64encode(text) + b"\n"
        (folder / ("" if name in CONFIGS else "pki") / name).write_bytes(text)


def _renewals(box) -> list[str]:
    return [call for call in box.calls if call.endswith("renew all")]


def _started(box) -> list[str]:
    """Pods of which a kubelet makes new ones."""
    return [pod for pod in PODS if "dojot.components/started" in (box.host / "manifests" / f"{pod}.yaml").read_text()]


def test_in_time_nothing_is_renewed(master):
    done = master.run("certificates")
    assert done.returncode == 0 and states(done.stdout) == {"ok", "skipped"}, done.stderr
    for name in (*FILES, *AUTHORITIES):
        assert f"ok: {master.host}/pki/{name} ends on " in done.stdout
    for name in CONFIGS:
        assert f"ok: {master.host}/{name} ends on " in done.stdout
    assert done.stdout.count("(200 days)") == len(FILES) + len(CONFIGS)
    assert "skipped: none ends within 60 days\n" in done.stdout
    assert f"{master.host / 'kubelet.pem'} ends on" in done.stdout
    assert not _renewals(master) and not _started(master)


@pytest.mark.parametrize("name", ["apiserver.crt", "etcd/peer.crt", "scheduler.conf"])
def test_where_one_ends_soon_all_are_renewed_and_every_pod_is_started_anew(master, name):
    put(master.host, Authority(), 59, name)
    planned = master.run("certificates", "--dry-run")
    assert "would: kubeadm certs renew all\n" in planned.stdout and not _renewals(master) and not _started(master)
    done = master.run("certificates")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _renewals(master) == ["kubeadm certs renew all"] and _started(master) == list(PODS)
    for pod in PODS:
        assert f"ok: {pod} runs with its new manifest\n" in done.stdout
    assert "ok: the API server shows its new certificate\n" in done.stdout
    assert "ok: etcd shows its new certificate\n" in done.stdout
    assert (master.host / "pki" / "apiserver.crt").read_bytes() == (
        master.state / "renewed" / "pki" / "apiserver.crt"
    ).read_bytes()
    again = master.run("certificates")
    assert states(again.stdout) == {"ok", "skipped"} and len(_renewals(master)) == 1


def test_the_span_is_a_choice(master):
    assert "kubeadm certs renew all" in master.run("certificates", "--within", "201", "--dry-run").stdout
    assert "skipped: none ends within 200 days" in master.run("certificates", "--within", "200").stdout
    assert master.run("certificates", "--within", "soon").returncode == 2


def test_older_releases_have_another_command(master):
    (master.state / "old").touch()
    assert master.run("certificates", "--within", "300").returncode == 0
    assert _renewals(master) == ["kubeadm alpha certs renew all"]


def test_ended_ones_need_no_api_server(master):
    """Nobody answers whoever asks with them: the pods are started anew all the same, and waited for afterwards."""
    put(master.host, Authority(), -3, *FILES, *CONFIGS)
    body = (master.folder / "bin" / "kubectl").read_text()
    master.fake("kubectl", f"grep -q started {master.host}/manifests/kube-scheduler.yaml || exit 1\n" + body)
    done = master.run("certificates")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(-3 days)" in done.stdout or "(-2 days)" in done.stdout
    assert _started(master) == list(PODS)


def test_one_that_breaks_off_leaves_no_pod_with_its_old_certificate(master):
    (master.state / "fails").touch()
    done = master.run("certificates", "--within", "300")
    assert done.returncode == 1 and "failed: kubeadm certs renew all" in done.stderr and not _started(master)
    (master.state / "fails").unlink()
    master.fake("mv", 'exec /usr/bin/mv "$@"')
    master.killed("mv --force", "certificates", "--within", "300")
    assert _started(master) == []
    # All of them end in a year by now: no reason to renew them again, only to start who has not been started.
    done = master.run("certificates")
    assert done.returncode == 0 and "skipped: none ends within 60 days" in done.stdout, done.stderr
    assert _started(master) == list(PODS) and len(_renewals(master)) == 2
    assert "ok: the API server shows its new certificate" in done.stdout
    assert not list((master.host / "owed").iterdir())


def test_what_is_shown_is_looked_at(master):
    stale = Authority().sign(10)
    (master.state / "stale").write_bytes(stale)
    master.fake("openssl", 'if [[ $1 != s_client ]]; then exec /usr/bin/openssl "$@"; fi\ncat "$STATE/stale"')
    done = master.run("certificates", "--within", "300")
    assert done.returncode == 1 and "port 6443 of " in done.stderr and "does not show the certificate of" in done.stderr


def test_the_administrators_copy_follows(master):
    copy = master.folder / "home" / ".kube" / "config"
    copy.parent.mkdir()
    copy.write_bytes((master.host / "admin.conf").read_bytes())
    assert master.run("certificates", "--within", "300").returncode == 0
    assert copy.read_bytes() == (master.host / "admin.conf").read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    copy.write_text("of another cluster\n")
    assert master.run("certificates", "--within", "400").returncode == 0
    assert copy.read_text() == "of another cluster\n"


def test_what_renews_itself_or_never_is_told_when_it_is_late(master):
    (master.host / "kubelet.pem").write_bytes(Authority().sign(29))
    done = master.run("certificates")
    assert done.returncode == 1 and "the kubelet has not renewed its own certificate" in done.stderr
    put(master.host, Authority(), 20, "etcd/ca.crt")
    done = master.run("certificates")
    assert done.returncode == 1 and "etcd/ca.crt ends on" in done.stderr and "kubeadm renews no CA" in done.stderr


def test_a_host_without_a_control_plane_is_named(master):
    (master.host / "admin.conf").unlink()
    done = master.run("certificates")
    assert done.returncode == 1 and "this host has no control plane" in done.stderr
