"""Every image of a cluster as an OCI image layout: real programs where a package registry has them, else stand-ins.

A stand-in demands its variables, opens its ports, writes what and where the image writes, calls whom it calls and ends
as the image would: what it needs stands in inventory/contracts, which the rules of the inventory read as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.engine_catalogue import builds, built
from tests.rehearsal.images.real import REAL
from tests.rehearsal.images.stand_ins import recipes, stand_in
from tests.rehearsal.images.workshop import Workshop

ROOT = Path(__file__).resolve().parents[3]


class Unknown(Exception):
    """An image that nothing here makes; the text says where one is added."""


def layouts(cluster: str, folder: Path | None = None) -> dict[str, Path]:
    """Image reference, as a compiled manifest has it -> folder with its OCI image layout.

    `folder` keeps what has been made (the cache of the engines, if it is not said): a second call makes nothing.
    """
    workshop = Workshop(folder)
    return {reference: layout(workshop, reference) for reference in references(cluster)}


def layout(workshop: Workshop, reference: str) -> Path:
    """Folder with the layout of one image."""
    name = known_as(reference)
    layers, config = REAL[name](workshop) if name in REAL else stand_in(workshop, name)
    return workshop.store.image(layers, config, [reference])


def known_as(reference: str) -> str:
    """The image's name here: its repository, or the end of it, without tag and digest."""
    repository = reference.partition("@")[0]
    host, slash, last = repository.rpartition("/")
    repository = host + slash + last.partition(":")[0]
    parts = repository.split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        if name in REAL or name in recipes():
            return name
    # A copy in a folder of another name.
    alike = [name for name in (*REAL, *recipes()) if name.rpartition("/")[2] == last.partition(":")[0]]
    if len(alike) == 1:
        return alike[0]
    raise Unknown(f"nothing makes the image {reference}: add it to tests/rehearsal/images, to stand-ins.yml or real.py")


def references(cluster: str) -> list[str]:
    """All images that a cluster pulls for its pods: of its compiled manifests, brokers and their plugins included, and
    of the installation of Argo CD, where an engine brings it."""
    found: set[str] = set()
    for path in (*sorted((ROOT / "compiled" / cluster / "manifests").glob("*.yml")), *_installations(cluster)):
        for document in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader):
            found.update(images_in(document))
    return sorted(found)


def _installations(cluster: str) -> Iterator[Path]:
    """What is applied to install Argo CD, for each engine that is of the cluster's Kubernetes and brings it."""
    bootstrap = (ROOT / "compiled" / cluster / "bootstrap" / "kubeadm-init.yml").read_text("utf-8")
    for build in builds().values():
        if f"kubernetesVersion: v{build.minor}." in bootstrap and "argocd" in build.programs:
            built("argocd", build.name)
            yield build.target / "install.yaml"


def images_in(value: Any) -> Iterator[str]:
    """References in an object and in what it holds; the brokers' are put together as the operator does."""
    if isinstance(value, Mapping):
        for key in ("image", "bundlerImage"):
            if isinstance(value.get(key), str):
                yield value[key]
        if isinstance(value.get("baseImage"), str):
            yield f"{value['baseImage']}:{value.get('tag') or value['version']}"
        for inner in value.values():
            yield from images_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from images_in(inner)
