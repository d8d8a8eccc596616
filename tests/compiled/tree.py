"""One cluster's compiled folder, parsed once, for checks to look at and for tests to break."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from components.cluster.types import Cluster

Object = dict[str, Any]

# Groups of files that kubeadm and its components read; no API server ever stores them.
_NO_API = ("audit.k8s.io", "kubeadm.k8s.io", "kubelet.config.k8s.io", "kubeproxy.config.k8s.io")
MANIFESTS = "manifests/"
# Files of people's own, which no service's name can be.
OWN = f"{MANIFESTS}own."


class Absent(Exception):
    """The cluster has nothing of the kind that a test wants to break."""


@dataclass(frozen=True)
class Tree:
    """What was compiled for a cluster.

    `parameters` are the inventory's as Kapitan resolves them, before the model: what
    a check expects is worked out from them where it can be, so that a wrong
    derivation in the model does not go unseen. `files` maps a path inside the
    folder to its text, `documents` a path to its Kubernetes objects.
    """

    cluster: Cluster
    parameters: Mapping[str, Any]
    files: dict[str, str]
    documents: dict[str, list[Object]]

    @property
    def objects(self) -> Iterator[tuple[str, Object]]:
        """Every Kubernetes object that is made here, with the path of its file."""
        for path, found in self.documents.items():
            if not path.startswith(OWN):
                yield from ((path, entry) for entry in found)

    @property
    def manifests(self) -> Iterator[tuple[str, Object]]:
        """What is compiled for Argo CD to sync, with the name of the service (the file's name without suffix)."""
        for path in self.documents:
            if path.startswith(MANIFESTS) and not path.startswith(OWN):
                service = path.removeprefix(MANIFESTS).removesuffix(".yml")
                for entry in self.documents[path]:
                    yield service, entry

    @property
    def own(self) -> Iterator[tuple[str, Object]]:
        """What people bring themselves for Argo CD to sync, with the path of its file."""
        for path, found in self.documents.items():
            if path.startswith(OWN):
                yield from ((path, entry) for entry in found)

    def of_kind(self, *kinds: str) -> list[Object]:
        """The manifests of these kinds."""
        return [entry for _, entry in self.manifests if entry.get("kind") in kinds]

    def some(self, kind: str, wanted: Callable[[Object], bool] = lambda found: True) -> Object:
        """The first manifest of a kind that is `wanted`. Raises Absent."""
        return first(
            (entry for entry in self.of_kind(kind) if wanted(entry)), f"{self.cluster.name} has no such {kind}"
        )

    def copy(self) -> Tree:
        """A tree whose files, objects and parameters can be changed; the cluster is shared."""
        parameters, files, documents = pickle.loads(pickle.dumps((self.parameters, self.files, self.documents)))
        return replace(self, parameters=parameters, files=files, documents=documents)


def first(found: Iterable[Any], otherwise: str) -> Any:
    """The first of `found`; Absent, saying `otherwise`, if there is none."""
    for entry in found:
        return entry
    raise Absent(otherwise)


class Services(dict):  # type: ignore[type-arg]
    """Those that run here; `elsewhere` has the others, which are called and not made."""

    elsewhere: Mapping[str, Any]


def here(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters with the services that run here."""
    stated = parameters.get("services", {})
    found = Services({name: entry for name, entry in stated.items() if "external" not in entry})
    found.elsewhere = {name: entry for name, entry in stated.items() if "external" in entry}
    return {**parameters, "services": found} if found.elsewhere else parameters


def read(folder: Path, cluster: Cluster, parameters: Mapping[str, Any]) -> Tree:
    """The tree of a compiled folder."""
    files = {
        str(path.relative_to(folder)): path.read_text("utf-8") for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return Tree(cluster, here(parameters), files, documents(files))


def documents(files: Mapping[str, str]) -> dict[str, list[Object]]:
    """Path -> Kubernetes objects, for every YAML file that has some."""
    found = {
        path: [
            entry
            for entry in yaml.load_all(text, Loader=yaml.CSafeLoader)
            if not str((entry or {}).get("apiVersion")).startswith(_NO_API)
        ]
        for path, text in files.items()
        if path.endswith((".yml", ".yaml"))
    }
    return {path: entries for path, entries in found.items() if entries}


def name_of(found: Object) -> str:
    """Kind and name of an object, for messages."""
    return f"{found.get('kind')} {found.get('metadata', {}).get('name')}"
