"""Registries answer as a container runtime asks, under the names that it completes."""

from __future__ import annotations

import hashlib

import pytest

from tests.engines.bootstrap.internet import Request
from tests.rehearsal.images.oci import Config, Store
from tests.rehearsal.images.tree import text
from tests.rehearsal.registry import normalised, registries


@pytest.mark.parametrize(
    ("image", "parts"),
    {
        "busybox:1.37.0": ("docker.io", "library/busybox", "1.37.0"),
        "dojot/auth:v0.6.0": ("docker.io", "dojot/auth", "v0.6.0"),
        "quay.io/a/b": ("quay.io", "a/b", "latest"),
        "localhost:5000/a:1": ("localhost:5000", "a", "1"),
    }.items(),
)
def test_names_are_completed(image, parts):
    assert normalised(image) == parts


@pytest.fixture
def answer(tmp_path):
    store = Store(tmp_path)
    layout = store.image([store.layer({"/hello": text("hello")})], Config(command=("/hello",)))
    ((site, found),) = registries({"dojot/hello:1": layout}).items()
    assert site == "registry-1.docker.io/v2"
    return lambda path: found(Request(path))


def _content(answer) -> bytes:
    return answer.part(answer.size)


def test_an_image_is_found_by_its_tag_and_by_its_digest(answer):
    by_tag = answer("dojot/hello/manifests/1")
    digest = by_tag.headers["Docker-Content-Digest"]
    assert digest == f"sha256:{hashlib.sha256(_content(by_tag)).hexdigest()}"
    assert by_tag.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
    assert _content(answer(f"dojot/hello/manifests/{digest}")) == _content(by_tag)
    assert _content(answer(f"dojot/hello/blobs/{digest}")) == _content(by_tag)


@pytest.mark.parametrize(
    "path", ["dojot/hello/manifests/2", "dojot/other/manifests/1", f"dojot/hello/blobs/sha256:{'0' * 64}", "dojot/../x"]
)
def test_what_is_not_there_is_not_answered(answer, path):
    assert answer(path) is None
