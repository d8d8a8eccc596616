"""Who is asked for a digest, and how: by the name of an image, with a token where the registry sends people for one."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from components.supply.pins import Named, pinned
from components.supply.registry import NotAnswered, Registries, logins, parted
from scripts import pin_images

MANIFEST = b'{"schemaVersion": 2}'


@pytest.mark.parametrize(
    ("repository", "parts"),
    [
        ("busybox", ("docker.io", "library/busybox")),
        ("dojot/auth", ("docker.io", "dojot/auth")),
        ("docker.io/busybox", ("docker.io", "library/busybox")),
        ("docker.io/a/b", ("docker.io", "a/b")),
        ("quay.io/a/b", ("quay.io", "a/b")),
        ("localhost/a", ("localhost", "a")),
        ("host:5000/a", ("host:5000", "a")),
    ],
)
def test_the_registry_of_a_name(repository, parts):
    assert parted(repository) == parts


class _Handler(BaseHTTPRequestHandler):
    """Gives a token to who logs in, or to everybody for `public`; manifests to who has the token."""

    def do_GET(self):
        here = f"http://{self.headers['Host']}"
        allowed = self.headers.get("Authorization", "")
        if self.path.startswith("/token?"):
            assert "service=registry" in self.path and "scope=repository%3A" in self.path
            if allowed != "Basic bWU6bXk=" and "public" not in self.path:
                self._say(401, b"", {})
            else:
                self._say(200, json.dumps({"token": "t0"}).encode(), {})
        elif allowed != "Bearer t0":
            scope = f"repository:{self.path.split('/')[2]}:pull"
            bearer = f'Bearer realm="{here}/token",service="registry",scope="{scope}"'
            self._say(401, b"", {"WWW-Authenticate": bearer})
        else:
            assert "application/vnd.oci.image.index.v1+json" in self.headers["Accept"]
            self._say(200, MANIFEST, {})

    def _say(self, code, content, headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def place():
    server = HTTPServer(("localhost", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_token_is_fetched_where_the_registry_says(place):
    digest = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
    known = logins({"auths": {place: {"auth": "bWU6bXk="}, "other": {}}})
    assert Registries(known, frozenset([place])).digest(f"{place}/private", "1") == digest
    assert Registries({}, frozenset([place])).digest(f"{place}/public", "1") == digest
    with pytest.raises(NotAnswered, match=r"private:1: who asks has to log in \(401\)"):
        Registries({}, frozenset([place])).digest(f"{place}/private", "1")


def test_nobody_answers():
    with pytest.raises(NotAnswered, match="localhost:1/a:1: "):
        Registries({}, frozenset(["localhost:1"])).digest("localhost:1/a", "1")


def test_nothing_else_of_a_line_changes():
    text = "images:\n  a: x/a:${version}  # tested\n  b: x/a:1@sha256:" + "0" * 64 + "\n"
    one = Named("f", 2, "x/a:${version}", "x/a", "1")
    other = Named("f", 3, "x/a:1@sha256:" + "0" * 64, "x/a", "1")
    assert pinned(text, {one: "sha256:1", other: "sha256:2"}) == (
        "images:\n  a: x/a:1@sha256:1  # tested\n  b: x/a:1@sha256:2\n"
    )


def test_wrong_use(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(pin_images.ROOT)
    (tmp_path / "config.json").write_text("[")
    assert pin_images.main(["dojot-lab", "--logins", str(tmp_path / "config.json")]) == pin_images.USAGE
    assert pin_images.main(["nowhere"]) == pin_images.USAGE
    assert "there is no cluster nowhere" in capsys.readouterr().err
