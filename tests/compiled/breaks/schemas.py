"""Breaks of tests/compiled/checks/schemas.py."""

from tests.compiled.breaking import breaks
from tests.compiled.checks import schemas
from tests.compiled.tree import Absent, Tree
from tests.schemas import kubernetes


@breaks(schemas.objects_fit_their_schema, "failureThresold")
def a_probe_with_a_misspelled_key(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["failureThresold"] = 3
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "is not of type")
def a_number_that_is_text(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    found["spec"]["replicas"] = "three"
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "topologySpreadKeys")
def an_unknown_field_of_a_service(tree: Tree) -> str:
    found = tree.some("Service")
    found["spec"]["topologySpreadKeys"] = ["*"]
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "no schema for policy/v2")
def a_kind_without_a_schema(tree: Tree) -> str:
    found = tree.some("PodDisruptionBudget")
    found["apiVersion"] = "policy/v2"
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "no schema for v1 StatefulSet")
def a_set_of_the_wrong_group(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    found["apiVersion"] = "v1"
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "no schema for None StatefulSet")
def a_set_without_an_api_version(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    del found["apiVersion"]
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "'matchLabel' was unexpected")
def an_unknown_field_deep_inside_a_custom_resource(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    terms = found["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    terms[0]["labelSelector"]["matchLabel"] = {}
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "is not of type 'integer'")
def a_custom_resource_of_the_wrong_type(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["size"] = str(found["spec"]["size"])
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "no schema for vernemq.com/v1alpha1 VerneMQ")
def a_custom_resource_without_its_definition(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    del tree.documents["manifests/vernemq-crd.yml"]
    return found["metadata"]["name"]


@breaks(schemas.objects_fit_their_schema, "hostNetworking")
def an_unknown_field_of_the_pod_network(tree: Tree) -> str:
    found = next(entry for entry in tree.documents["bootstrap/pod-network.yml"] if entry["kind"] == "DaemonSet")
    found["spec"]["template"]["spec"]["hostNetworking"] = True
    return found["metadata"]["name"]


def _definition(tree: Tree) -> tuple[str, dict, dict]:
    found = tree.some("CustomResourceDefinition")
    return found["metadata"]["name"], found["spec"], found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


@breaks(schemas.definitions_are_structural, "its scope is Cluster")
def a_definition_for_the_whole_cluster(tree: Tree) -> str:
    found = tree.some("CustomResourceDefinition")
    found["spec"]["scope"] = "Cluster"
    return found["metadata"]["name"]


@breaks(schemas.definitions_are_structural, "preserveUnknownFields must be left out")
def a_definition_that_states_what_the_server_drops(tree: Tree) -> str:
    name, spec, _ = _definition(tree)
    spec["preserveUnknownFields"] = False
    return name


@breaks(schemas.definitions_are_structural, "type is missing")
def a_level_without_a_type(tree: Tree) -> str:
    name, _, schema = _definition(tree)
    del schema["properties"]["spec"]["properties"]["affinity"]["type"]
    return name


@breaks(schemas.definitions_are_structural, "$ref is forbidden")
def a_reference(tree: Tree) -> str:
    name, _, schema = _definition(tree)
    schema["properties"]["status"]["properties"]["nodes"]["items"] = {"type": "string", "$ref": "#/definitions/node"}
    return name


@breaks(schemas.definitions_are_structural, "additionalProperties: false is forbidden")
def a_closed_object(tree: Tree) -> str:
    name, _, schema = _definition(tree)
    schema["properties"]["spec"]["properties"]["resources"]["properties"]["limits"]["additionalProperties"] = False
    return name


@breaks(schemas.definitions_are_structural, "type is forbidden inside anyOf")
def a_type_inside_a_choice(tree: Tree) -> str:
    name, _, schema = _definition(tree)
    schema["properties"]["spec"]["properties"]["tag"]["anyOf"] = [{"type": "string"}]
    return name


@breaks(schemas.definitions_are_structural, "exactly one version is stored")
def no_stored_version(tree: Tree) -> str:
    name, spec, _ = _definition(tree)
    spec["versions"][0]["storage"] = False
    return name


@breaks(schemas.definitions_are_structural, "an array states one schema for its items")
def an_array_of_anything(tree: Tree) -> str:
    name, _, schema = _definition(tree)
    del schema["properties"]["spec"]["properties"]["env"]["items"]
    return name


@breaks(schemas.definitions_are_structural, "sizes is required but not described")
def a_requirement_without_a_description(tree: Tree) -> str:
    name, _, schema = _definition(tree)
    schema["properties"]["spec"]["required"].append("sizes")
    return name


def _have(tree: Tree, group: str, version: str, kind: str) -> None:
    """Raises Absent where the release has dropped the old version: there its schema is missing."""
    if not kubernetes.validator(tree.cluster.platform.kubernetes.json_schema, group, version, kind):
        raise Absent(f"{group}/{version}")


@breaks(schemas.api_versions_are_the_releases, "extensions/v1beta1 is older than the release's apps/v1")
def a_deployment_of_an_old_group(tree: Tree) -> str:
    found = tree.some("Deployment")
    _have(tree, "extensions", "v1beta1", "Deployment")
    found["apiVersion"] = "extensions/v1beta1"
    return found["metadata"]["name"]


@breaks(schemas.api_versions_are_the_releases, "apiextensions.k8s.io/v1beta1 is older")
def a_definition_of_an_old_version(tree: Tree) -> str:
    found = tree.some("CustomResourceDefinition")
    _have(tree, "apiextensions.k8s.io", "v1beta1", "CustomResourceDefinition")
    found["apiVersion"] = "apiextensions.k8s.io/v1beta1"
    return found["metadata"]["name"]


@breaks(schemas.api_versions_are_the_releases, "the platform class says")
def a_budget_of_another_release(tree: Tree) -> str:
    found = tree.some("PodDisruptionBudget")
    if "PodDisruptionBudget" not in tree.cluster.platform.kubernetes.api_versions:
        raise Absent("the platform class names no version of PodDisruptionBudget")
    found["apiVersion"] = "policy/v2"
    return found["metadata"]["name"]
