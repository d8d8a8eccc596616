"""Objects written in a bad way, whichever check reports them."""

from datetime import datetime

from tests.compiled.breaking import breaks
from tests.compiled.checks import containers, storage, style
from tests.compiled.tree import Tree


@breaks(style.no_anchors, "id001")
def an_anchor(tree: Tree) -> str:
    path = "manifests/namespace.yml"
    tree.files[path] += "---\nlabels: &id001\n  app: dojot\nselector: *id001\n"
    return path


@breaks(style.no_anchors, "shared")
def an_anchor_in_a_flow(tree: Tree) -> str:
    path = "argocd/project.yml"
    tree.files[path] += "---\nlabels: {one: &shared [1], two: *shared}\n"
    return path


@breaks(style.no_timestamps, "2024-02-29T12:00")
def a_time_in_a_text(tree: Tree) -> str:
    tree.files["README.md"] += "Generated 2024-02-29T12:00:00Z\n"
    return "README.md"


@breaks(style.no_timestamps, "creationTimestamp is a time")
def a_time_in_an_object(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["metadata"]["creationTimestamp"] = datetime(2024, 2, 29)
    return found["metadata"]["name"]


@breaks(style.no_empty_fields, "metadata.creationTimestamp is empty (None)")
def a_null(tree: Tree) -> str:
    found = tree.some("CustomResourceDefinition")
    found["metadata"]["creationTimestamp"] = None
    return found["metadata"]["name"]


@breaks(style.no_empty_fields, "spec.template.spec.containers[0].env is empty ([])")
def an_empty_list(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["spec"]["template"]["spec"]["containers"][0]["env"] = []
    return found["metadata"]["name"]


@breaks(style.no_empty_fields, "metadata.labels is empty ({})")
def an_empty_mapping(tree: Tree) -> str:
    found = tree.some("Service")
    found["metadata"]["labels"] = {}
    return found["metadata"]["name"]


@breaks(style.identities_are_unique, "is also in manifests/")
def the_same_service_twice(tree: Tree) -> str:
    found = tree.some("Service")
    tree.documents["manifests/namespace.yml"].append(found)
    return found["metadata"]["name"]


@breaks(style.identities_are_unique, "is also in manifests/")
def the_same_deployment_in_two_versions(tree: Tree) -> str:
    found = tree.some("Deployment")
    tree.documents["manifests/storage-class.yml"].append({**found, "apiVersion": "apps/v1beta2"})
    return found["metadata"]["name"]


@breaks(style.namespaces_are_stated, "metadata.namespace is missing")
def an_object_without_a_namespace(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    del found["metadata"]["namespace"]
    return found["metadata"]["name"]


@breaks(style.namespaces_are_stated, "metadata.namespace is default, not")
def an_object_of_another_namespace(tree: Tree) -> str:
    found = tree.some("Service")
    found["metadata"]["namespace"] = "default"
    return found["metadata"]["name"]


@breaks(style.namespaces_are_stated, "this kind has no namespace")
def a_definition_with_a_namespace(tree: Tree) -> str:
    found = tree.some("CustomResourceDefinition")
    found["metadata"]["namespace"] = tree.cluster.namespace
    return found["metadata"]["name"]


def _image(tree: Tree, image: str) -> str:
    found = tree.some("Job")
    found["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return found["metadata"]["name"]


@breaks(containers.programs_are_those_of_the_inventory, "image is")
def an_image_without_a_tag(tree: Tree) -> str:
    return _image(tree, "dojot/byrnedo-alpine-curl")


@breaks(containers.programs_are_those_of_the_inventory, "image is registry.example.org:5000")
def an_image_without_a_tag_from_a_port(tree: Tree) -> str:
    return _image(tree, "registry.example.org:5000/dojot/curl")


@breaks(containers.programs_are_those_of_the_inventory, ":latest, not")
def the_latest_image(tree: Tree) -> str:
    return _image(tree, "curlimages/curl:latest")


@breaks(storage.brokers_are_configured_as_the_inventory_says, "bundlerImage is")
def a_bundler_without_a_version(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["bundlerImage"] = found["spec"]["bundlerImage"].rpartition(":")[0]
    return found["metadata"]["name"]
