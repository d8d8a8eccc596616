"""Image registries under their own names: OCI layouts, answered as the distribution protocol asks for them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.engines.bootstrap.internet import Answer, Request

# Where docker.io's images are pulled from.
_DOCKER = "registry-1.docker.io"
_MANIFEST = re.compile(r"(?P<name>.+)/manifests/(?P<reference>[^/]+)")
_BLOB = re.compile(r"(?P<name>.+)/blobs/(?P<digest>sha256:[0-9a-f]{64})")


def normalised(image: str) -> tuple[str, str, str]:
    """Registry, name and tag of a reference, as a container runtime completes it."""
    first, _, rest = image.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        registry = first
    else:
        registry, rest = "docker.io", image if rest else f"library/{image}"
    name, _, tag = rest.partition(":")
    return registry, name, tag or "latest"


def registries(layouts: Mapping[str, Path]) -> dict[str, Callable[[Request], Answer | None]]:
    """Sites of the Internet that serve these images (reference -> folder with an OCI layout)."""
    found: dict[str, dict[str, dict[str, Path]]] = defaultdict(lambda: defaultdict(dict))
    for image, layout in layouts.items():
        registry, name, tag = normalised(image)
        found[_DOCKER if registry == "docker.io" else registry][name][tag] = layout
    return {f"{registry}/v2": _serve(names) for registry, names in found.items()}


def _serve(names: Mapping[str, Mapping[str, Path]]) -> Callable[[Request], Answer | None]:
    def answer(request: Request) -> Answer | None:
        path = request.path.partition("?")[0]
        if not path:
            return Answer(b"{}", {"Content-Type": "application/json"})
        if found := _MANIFEST.fullmatch(path):
            return _manifest(names.get(found["name"], {}), found["reference"])
        if found := _BLOB.fullmatch(path):
            return _blob(names.get(found["name"], {}), found["digest"], "application/octet-stream")
        return None

    return answer


def _manifest(tags: Mapping[str, Path], reference: str) -> Answer | None:
    """By tag, or by digest."""
    for tag, layout in tags.items():
        entry = json.loads((layout / "index.json").read_text())["manifests"][0]
        if reference in (tag, entry["digest"]):
            return _blob({tag: layout}, entry["digest"], entry["mediaType"])
    return None


def _blob(tags: Mapping[str, Path], digest: str, kind: str) -> Answer | None:
    for layout in tags.values():
        path = layout / "blobs" / digest.replace(":", "/")
        if path.is_file():
            return Answer(path, {"Content-Type": kind, "Docker-Content-Digest": digest})
    return None
