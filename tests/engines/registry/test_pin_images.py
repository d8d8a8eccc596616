"""Digests from a real registry (Debian's docker-registry), open and with a password, written into an inventory."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import urllib.request

import pytest
import yaml

from scripts import pin_images
from tests.conftest import ROOT
from tests.engines.processes import Process, free_port, until
from tests.engines.programs import installed

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_USER = "operator:open-sesame-17"


def _request(url: str, method: str, content: bytes = b"", kind: str = "application/octet-stream"):
    login = base64.b64encode(_USER.encode()).decode()
    headers = {"Content-Type": kind, "Authorization": f"Basic {login}"}
    return urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method), timeout=10)


def _answers(url: str) -> bool:
    try:
        return _request(url, "GET").status == 200
    except OSError:
        return False


class Registry:
    def __init__(self, port: int):
        self.place = f"localhost:{port}"

    def push(self, path: str, tag: str, text: bytes) -> str:
        """An image of one layer, as a client pushes it; its digest."""
        url = f"http://{self.place}/v2/{path}"
        blobs = [b"{}", text]
        for blob in blobs:
            where = _request(f"{url}/blobs/uploads/", "POST").headers["Location"]
            digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
            _request(f"{where}{'&' if '?' in where else '?'}digest={digest}", "PUT", blob)
        parts = [{"size": len(blob), "digest": f"sha256:{hashlib.sha256(blob).hexdigest()}"} for blob in blobs]
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **parts[0]},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **parts[1]}],
        }
        content = json.dumps(manifest).encode()
        answer = _request(f"{url}/manifests/{tag}", "PUT", content, _MANIFEST)
        return answer.headers["Docker-Content-Digest"]


@pytest.fixture(params=["open", "closed"])
def registry(request, tmp_path):
    program, port = installed("docker-registry"), free_port()
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "store")}},
        "http": {"addr": f"localhost:{port}"},
    }
    if request.param == "closed":
        user, _, password = _USER.partition(":")
        hashed = subprocess.run(
            [installed("htpasswd"), "-Bbn", user, password], check=True, capture_output=True, text=True
        ).stdout
        (tmp_path / "users").write_text(hashed)
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(tmp_path / "users")}}
    (tmp_path / "registry.yml").write_text(yaml.safe_dump(settings))
    process = Process("docker-registry", [program, "serve", tmp_path / "registry.yml"], tmp_path)
    try:
        assert until(lambda: _answers(f"http://localhost:{port}/v2/"), 20), process.log.read_text()
        yield Registry(port)
    finally:
        process.stop()


@pytest.fixture
def fork(registry, tmp_path):
    """This repository's inventory, with two images in that registry; one target."""
    root = tmp_path / "fork"
    shutil.copytree(ROOT / "inventory", root / "inventory")
    release = root / "inventory" / "classes" / "release" / "v0-6-0.yml"
    text = release.read_text("utf-8")
    text = text.replace("dojot/auth:${release:version}\n", f"{registry.place}/dojot/auth:${{release:version}}\n")
    text = text.replace("confluentinc/cp-kafka:5.5.0", f"{registry.place}/confluentinc/cp-kafka:5.5.0  # tested")
    release.write_text(text, "utf-8")
    return root


def _run(fork, registry, capsys, tmp_path) -> tuple[int, str]:
    logins = tmp_path / "config.json"
    login = base64.b64encode(_USER.encode()).decode()
    logins.write_text(json.dumps({"auths": {registry.place: {"auth": login}}}))
    # All other registries are asked in vain: nothing answers there.
    options = ["dojot-lab", "--root", str(fork), "--logins", str(logins), "--plain", registry.place]
    return pin_images.main(options), capsys.readouterr().err


@pytest.fixture
def alone(monkeypatch):
    """No registry but that one can be reached."""
    real = urllib.request.urlopen

    def open_here(request, timeout):
        if "//localhost:" not in request.full_url:
            raise OSError("nothing answers there")
        return real(request, timeout=timeout)

    monkeypatch.setattr(urllib.request, "urlopen", open_here)
    monkeypatch.chdir(ROOT)


def test_tags_get_their_digest_and_follow_it(alone, registry, fork, capsys, tmp_path):
    release = fork / "inventory" / "classes" / "release" / "v0-6-0.yml"
    before = release.read_text("utf-8")
    for content in (b"one", b"two"):
        auth = registry.push("dojot/auth", "v0.6.0", content)
        kafka = registry.push("confluentinc/cp-kafka", "5.5.0", content + b"k")
        code, said = _run(fork, registry, capsys, tmp_path)
        # The others' registries say nothing, and their lines stay.
        assert code == pin_images.FINDING and "nothing answers there" in said and registry.place not in said
        wanted = before.replace("auth:${release:version}\n      auth-redis", f"auth:v0.6.0@{auth}\n      auth-redis")
        assert release.read_text("utf-8") == wanted.replace("kafka:5.5.0  #", f"kafka:5.5.0@{kafka}  #")


def test_a_tag_that_is_not_there(alone, registry, fork, capsys, tmp_path):
    code, said = _run(fork, registry, capsys, tmp_path)
    assert code == pin_images.FINDING
    assert (
        f"inventory/classes/release/v0-6-0.yml:8: {registry.place}/dojot/auth:v0.6.0: there is no such tag (404)"
        in said
    )
