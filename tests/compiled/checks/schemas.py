"""Every object fits the schema of its kind, in the release that the cluster runs."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

from jsonschema import Draft7Validator

from tests.compiled.tree import Object, Tree, name_of
from tests.schemas import kubernetes, structural

# Argo CD's own kinds: argocd_documents.py knows every key of the two objects.
_ARGOCD = "argoproj.io"


def objects_fit_their_schema(tree: Tree) -> list[str]:
    """Strictly: a field that the schema does not know is an error, and so is a kind without a schema."""
    return [
        f"{path}: {name_of(found)}: {error}"
        for path, found in tree.objects
        if kubernetes.kind_of(found)[0] != _ARGOCD
        for error in _judged(tree, found)
    ]


# Release and text of an object -> its errors. Clusters and variants share most of their objects.
_known: dict[tuple[str, bytes], list[str]] = {}


def _judged(tree: Tree, found: Object) -> list[str]:
    if _custom(tree, kubernetes.kind_of(found)):
        return list(_errors(tree, found))  # the definition may be another one
    key = (_release(tree), pickle.dumps(found))
    if key not in _known:
        _known[key] = list(_errors(tree, found))
    return _known[key]


def _errors(tree: Tree, found: Object) -> Iterator[str]:
    kind = kubernetes.kind_of(found)
    schema = kubernetes.validator(_release(tree), *kind) or _custom(tree, kind)
    if schema is None:
        yield f"no schema for {found.get('apiVersion')} {found.get('kind')} in Kubernetes {_release(tree)}"
    else:
        yield from kubernetes.errors(schema, found)


def _custom(tree: Tree, kind: tuple[str, str, str]) -> Draft7Validator | None:
    """The schema that a definition among the manifests has for this kind, made strict."""
    for definition in tree.of_kind("CustomResourceDefinition"):
        spec = definition["spec"]
        for version in spec["versions"]:
            if (spec["group"], version["name"], spec["names"]["kind"]) == kind:
                return Draft7Validator(structural.strict(version["schema"]["openAPIV3Schema"]))
    return None


def definitions_are_structural(tree: Tree) -> list[str]:
    """Custom resources are described so that the API server prunes and judges them."""
    found = []
    for definition in tree.of_kind("CustomResourceDefinition"):
        spec, name = definition["spec"], name_of(definition)
        if "preserveUnknownFields" in spec:
            found.append(
                f"{name}: preserveUnknownFields must be left out: v1 allows false only, and the API server drops it"
            )
        if definition["metadata"]["name"] != f"{spec['names']['plural']}.{spec['group']}":
            found.append(f"{name}: its name must be {spec['names']['plural']}.{spec['group']}")
        if spec.get("scope") != "Namespaced":
            found.append(f"{name}: its scope is {spec.get('scope')}, and its objects have a namespace")
        if [version.get("storage") for version in spec["versions"]].count(True) != 1:
            found.append(f"{name}: exactly one version is stored")
        for version in spec["versions"]:
            schema = version.get("schema", {}).get("openAPIV3Schema", {})
            found += [f"{name}: {problem}" for problem in structural.problems(schema, version["name"])]
    return found


def api_versions_are_the_releases(tree: Tree) -> list[str]:
    """Each kind comes in the most stable version that the release has: what is next to go is not used."""
    found = []
    for path, entry in tree.objects:
        group, version, kind = kubernetes.kind_of(entry)
        newest = kubernetes.newest(_release(tree), kind)
        if kubernetes.validator(_release(tree), group, version, kind) and (group, version) != newest:
            best = "/".join(part for part in newest if part)
            found.append(f"{path}: {name_of(entry)}: {entry['apiVersion']} is older than the release's {best}")
        named = tree.cluster.platform.kubernetes.api_versions.get(kind)
        if named and entry["apiVersion"] != named:
            found.append(f"{path}: {name_of(entry)}: the platform class says {named}, not {entry['apiVersion']}")
    return found


def _release(tree: Tree) -> str:
    return tree.cluster.platform.kubernetes.json_schema


CHECKS = (objects_fit_their_schema, definitions_are_structural, api_versions_are_the_releases)
