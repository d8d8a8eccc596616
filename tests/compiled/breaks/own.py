"""What may be wrong with objects that people bring themselves: each is brought to a cluster that has none."""

from __future__ import annotations

import copy

from tests.compiled.breaking import breaks
from tests.compiled.checks import own
from tests.compiled.tree import OWN, Object, Tree

_PATH = f"{OWN}mine.yml"


def _bring(tree: Tree, entry: Object) -> None:
    tree.documents[_PATH] = [entry]


@breaks(own.own_manifests_are_the_inventorys, "is listed nowhere")
def a_file_that_nobody_listed(tree: Tree) -> str:
    tree.files[_PATH] = "kind: ConfigMap\n"
    return _PATH


@breaks(own.own_objects_spoil_no_other, "values in Git")
def a_secret(tree: Tree) -> str:
    _bring(tree, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine", "namespace": "dojot"}})
    return "mine"


@breaks(own.own_objects_spoil_no_other, "is compiled already")
def an_object_of_ours(tree: Tree) -> str:
    found = tree.some("Deployment")
    _bring(tree, copy.deepcopy(found))
    return found["metadata"]["name"]


@breaks(own.own_objects_spoil_no_other, "taken for those of a compiled Service")
def a_pod_with_the_labels_of_a_service(tree: Tree) -> str:
    door = tree.some("Service", lambda one: "selector" in one["spec"])
    labels = door["spec"]["selector"]
    metadata = {"name": "mine", "namespace": door["metadata"]["namespace"], "labels": labels}
    _bring(tree, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}})
    return "mine"


@breaks(own.own_objects_fit_their_schema, "Additional properties are not allowed")
def a_field_that_is_misspelt(tree: Tree) -> str:
    metadata = {"name": "mine", "namespace": "dojot"}
    _bring(tree, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "date": {}})
    return "mine"


@breaks(own.own_objects_fit_their_schema, "this release has no Ingress")
def a_version_that_is_gone(tree: Tree) -> str:
    _bring(tree, {"apiVersion": "policy/v1", "kind": "Ingress", "metadata": {"name": "mine", "namespace": "dojot"}})
    return "mine"
