"""A mirror that stalls ends a download, with the real curl."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress

import pytest

from tests.platforms import one_platform

pytestmark = one_platform


def test_a_mirror_that_stalls_is_given_up(sandbox, text):
    if not shutil.which("curl") or not shutil.which("openssl"):
        pytest.skip("curl or openssl is not installed")
    certificate, key = sandbox.folder / "server.crt", sandbox.folder / "server.key"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_stall, args=(listening, context), daemon=True).start()
        # The script's own words, but for the seconds: a minute each, and three more attempts.
        hasty, times = re.subn(r"--speed-time \d+", "--speed-time 1", text.replace("--retry 3", "--retry 0"))
        assert times == 1, "nothing bounds a download that stalls"
        sandbox.write(
            hasty.replace(
                '"step_${step//-/_}"\n', f'download https://127.0.0.1:{listening.getsockname()[1]}/file "$STATE/file"\n'
            )
        )
        done = sandbox.run("volumes", CURL_CA_BUNDLE=str(certificate))
    assert done.returncode == 1 and "curl: (28)" in done.stderr, done.stderr


def _stall(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Send half of what was announced, then nothing more."""
    with suppress(OSError):
        while True:
            near, _ = listening.accept()
            with suppress(OSError), context.wrap_socket(near, server_side=True) as stream:
                stream.recv(65536)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
                stream.recv(1)
