"""The certificate of the API and Grafana: a host makes its own, until somebody brings another."""

from __future__ import annotations

import datetime
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from components.cluster.types import Keepalived
from components.kubeadm import script
from tests.platforms import one_platform

from .conftest import new_sandbox, states

pytestmark = one_platform
_DOMAIN, _OWN, _SHARED = "mqtt.example.org", "192.168.0.18", "192.168.0.100"
_MAIN = 'main "$@"\n'


@pytest.fixture
def host(cluster, tmp_path):
    """Runs shell with the functions of the script, on a load balancer with TLS; `place` is its certificate."""
    balancer = cluster.load_balancer
    frontends = tuple(replace(one, tls=not one.devices) for one in balancer.frontends)
    own = replace(balancer.hosts[0], name="second", address=_OWN)

    def run(shell: str = "keep_certificate", domain: str = _DOMAIN, keepalived: Keepalived | None = None):
        changed = replace(balancer, frontends=frontends, hosts=(balancer.hosts[0], own), keepalived=keepalived)
        text = script.script(replace(cluster, domain=domain, load_balancer=changed))
        place = f"HAPROXY_CERTIFICATE={cluster.platform.haproxy.paths.certificate}\n"
        assert place in text
        text = text.replace(place, f"HAPROXY_CERTIFICATE={run.place}\n")
        box.write(f"{text.removesuffix(_MAIN)}identify_balancer second\n{shell}\n")
        return box.run()

    box = new_sandbox(tmp_path / "box", script.script(cluster))
    run.place, run.owed = tmp_path / "etc" / "haproxy.pem", box.host / "owed" / "haproxy"
    return run


def _certificate(path: Path) -> x509.Certificate:
    """Read by another library than the one that has made it; its key is the one that stands beside it."""
    text = path.read_bytes()
    found = x509.load_pem_x509_certificate(text)
    assert load_pem_private_key(text[text.index(b"-----BEGIN PRIVATE") :], None).public_key() == found.public_key()
    return found


def _names(path: Path) -> set[str]:
    return {str(name.value) for name in _certificate(path).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ).value}  # fmt: skip


def test_a_host_without_one_makes_its_own_once(host):
    done = host()
    assert done.returncode == 0 and states(done.stdout) == {"done"}, done.stderr
    assert _names(host.place) == {_DOMAIN, _OWN}
    assert stat.S_IMODE(host.place.stat().st_mode) == 0o600 and host.owed.exists()
    assert [path.name for path in host.place.parent.iterdir()] == [host.place.name]
    before = host.place.read_bytes()
    assert states(host().stdout) == {"skipped"} and host.place.read_bytes() == before


def test_a_dry_run_makes_nothing(host):
    done = host("OPTION[dry-run]=yes\nkeep_certificate\nprintf '%s' \"$(certificate_to_come && echo still)\"")
    assert states(done.stdout.removesuffix("still")) == {"would"} and done.stdout.endswith("still")
    assert not host.place.parent.exists() and not host.owed.exists()


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"domain": "other.example.org"}, {"other.example.org", _OWN}),
        ({"domain": "192.168.0.99"}, {"192.168.0.99", _OWN}),
        ({"keepalived": Keepalived(_SHARED, "eth0", None)}, {_DOMAIN, _OWN, _SHARED}),
    ],
    ids=("a name", "an address", "a shared address"),
)
def test_its_own_follows_what_clients_call(host, change, names):
    host()
    assert states(host(**change).stdout) == {"done"} and _names(host.place) == names
    assert states(host(**change).stdout) == {"skipped"}


def test_its_own_is_made_anew_before_it_ends(host):
    _make(host.place, days=29, issuer="dojot load balancer (self-signed)")
    assert states(host().stdout) == {"done"}
    left = _certificate(host.place).not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert left.days > 1800


def test_what_somebody_has_brought_stays(host):
    """Whatever it says, and however long it lasts; but nobody else may read its key."""
    host.place.parent.mkdir()
    _make(host.place, days=3, issuer="Somebody")
    host.place.chmod(0o644)
    before = host.place.read_bytes()
    assert "let nobody but root read" in host().stdout
    assert host.place.read_bytes() == before and stat.S_IMODE(host.place.stat().st_mode) == 0o600
    assert states(host().stdout) == {"skipped"}


def test_verify_tells_of_one_that_ends(host):
    host()
    assert states(host("verify_certificate").stdout) == {"ok"}
    _make(host.place, days=20, issuer="Somebody")
    said = host("verify_certificate").stdout
    assert said.startswith(f"failed: the certificate {host.place} lasts: it ends on ")
    assert "days): put the next one there" in said


def _make(path: Path, days: int, issuer: str) -> None:
    path.parent.mkdir(exist_ok=True)
    key = path.with_suffix(".key")
    command = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days")
    subprocess.run(
        [*command, str(days), "-subj", f"/O={issuer}", "-keyout", key, "-out", path], check=True, capture_output=True
    )
    path.write_bytes(path.read_bytes() + key.read_bytes())
    path.chmod(0o600)
    key.unlink()
