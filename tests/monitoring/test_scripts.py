"""The scripts that measure, under BusyBox as in their image."""

from __future__ import annotations

import datetime
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.engines.processes import Process, free_port, until
from tests.engines.programs import installed

_FILES = Path(__file__).resolve().parents[2] / "inventory" / "files"


@pytest.fixture(scope="session")
def tools(tmp_path_factory) -> Path:
    """BusyBox by all its names, and nothing else."""
    folder = tmp_path_factory.mktemp("busybox")
    busybox = installed("busybox")
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        (folder / name).symlink_to(busybox)
    return folder


def _run(tools: Path, script: str, **environment: object) -> subprocess.CompletedProcess:
    variables = {"PATH": str(tools), "NODE": "n", **{key: str(value) for key, value in environment.items()}}
    return subprocess.run([tools / "sh", _FILES / script], env=variables, capture_output=True, text=True, timeout=60)


def _values(text: str) -> dict[str, int]:
    """Path -> value of each sample."""
    return {
        path: int(value) for path, value in re.findall(r'^\w+\{node="n",path="([^"]+)"\} (\d+)$', text, re.MULTILINE)
    }


def _certificate(path: Path, until: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "n")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def test_certificates_end_when_they_say(tools, tmp_path):
    """With the two ways in which a certificate writes a year, of which the later begins with 2050."""
    ends = {
        "soon.crt": datetime.datetime(2027, 2, 28, 23, 59, 58, tzinfo=datetime.UTC),
        "etcd/last.crt": datetime.datetime(2049, 12, 31, 8, 9, 10, tzinfo=datetime.UTC),
        "late.crt": datetime.datetime(2051, 3, 1, tzinfo=datetime.UTC),
    }
    (tmp_path / "etcd").mkdir()
    for name, end in ends.items():
        _certificate(tmp_path / name, end)
    (tmp_path / "ca.key").write_text("nobody reads this")
    done = _run(tools, "certificate-expiry.sh", CERTIFICATES=tmp_path)
    assert done.returncode == 0, done.stderr
    assert _values(done.stdout) == {str(tmp_path / name): int(end.timestamp()) for name, end in ends.items()}


def test_the_first_certificate_of_a_chain_counts(tools, tmp_path):
    end = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    _certificate(tmp_path / "a.crt", end)
    _certificate(tmp_path / "b.pem", end + datetime.timedelta(days=1000))
    (tmp_path / "a.crt").write_bytes((tmp_path / "a.crt").read_bytes() + (tmp_path / "b.pem").read_bytes())
    assert list(_values(_run(tools, "certificate-expiry.sh", CERTIFICATES=tmp_path).stdout).values()) == [
        end.timestamp()
    ]


def test_a_file_that_holds_no_certificate_is_a_failure(tools, tmp_path):
    (tmp_path / "a.crt").write_text("nothing")
    done = _run(tools, "certificate-expiry.sh", CERTIFICATES=tmp_path)
    assert done.returncode and "holds no certificate" in done.stderr


def test_volumes_of_this_node_are_measured_and_others_passed_over(tools, tmp_path):
    here, elsewhere = tmp_path / "kafka", tmp_path / "mongodb"
    (here / "log").mkdir(parents=True)
    (here / "log" / "0").write_bytes(b"x" * 3 * 2**20)
    (tmp_path / "volumes.txt").write_text(f"{here}\n{elsewhere}\n")
    done = _run(tools, "volume-usage.sh", VOLUMES=tmp_path / "volumes.txt")
    assert done.returncode == 0, done.stderr
    ((path, used),) = _values(done.stdout).items()
    assert path == str(here) and 3 * 2**20 <= used <= 3 * 2**20 + 2**16


def test_the_page_follows_the_measurement_and_is_gone_when_that_fails(tools, tmp_path):
    measure, port = tmp_path / "measure.sh", free_port()
    measure.write_text("echo first\n")
    (tmp_path / "www").mkdir()
    process = Process(
        "serve",
        [tools / "sh", _FILES / "serve-metrics.sh", measure],
        tmp_path,
        {
            "PATH": str(tools),
            "PORT": str(port),
            "PAUSE_SECONDS": "0.2",
            "FOLDER": str(tmp_path / "www"),
        },
    )

    def page() -> str | None:
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/metrics.txt", timeout=5) as answer:
            # Prometheus 3 reads nothing of which the type is not said.
            assert answer.headers["Content-Type"] == "text/plain"
            return answer.read().decode()
        return None

    try:
        assert until(lambda: page() == "first\n", 10)
        measure.write_text("echo second\n")
        assert until(lambda: page() == "second\n", 10)
        measure.write_text("echo third; exit 1\n")
        assert until(lambda: page() is None, 10), "an old page is shown as if it were new"
    finally:
        started = time.monotonic()
        process.stop()
    assert time.monotonic() - started < 3, "it does not end when it is asked to"
