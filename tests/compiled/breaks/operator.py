"""Breaks of tests/compiled/checks/operator.py."""

import base64

from tests.compiled.breaking import breaks
from tests.compiled.checks import operator
from tests.compiled.tree import Tree
from tests.compiled.workloads import broker_config


@breaks(operator.the_operator_reads_every_field, "'topologySpreadConstraints' was unexpected")
def a_field_that_the_operator_never_had(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["topologySpreadConstraints"] = []
    return found["metadata"]["name"]


@breaks(operator.the_operator_reads_every_field, "'seccompProfile' was unexpected")
def a_field_that_its_kubernetes_did_not_have(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["securityContext"]["seccompProfile"] = {"type": "RuntimeDefault"}
    return found["metadata"]["name"]


@breaks(operator.the_operator_reads_every_field, "is not of type 'integer'")
def a_port_as_text(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["config"]["listeners"][0]["port"] = "1883"
    return found["metadata"]["name"]


def _described(tree: Tree) -> tuple[str, dict]:
    found = tree.some("CustomResourceDefinition", lambda one: one["spec"]["names"]["kind"] == "VerneMQ")
    return found["metadata"]["name"], found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
        "properties"
    ]


@breaks(operator.the_definition_has_the_operators_types, "the operator has no such field")
def a_definition_with_a_field_of_its_own(tree: Tree) -> str:
    name, fields = _described(tree)
    fields["replicas"] = {"type": "integer"}
    return name


@breaks(operator.the_definition_has_the_operators_types, "string in the definition, integer in the operator")
def a_definition_with_another_type(tree: Tree) -> str:
    name, fields = _described(tree)
    fields["size"] = {"type": "string"}
    return name


@breaks(operator.the_definition_has_the_operators_types, "takes a number or a text")
def a_definition_with_numbers_for_quantities(tree: Tree) -> str:
    name, fields = _described(tree)
    fields["resources"]["properties"]["limits"]["additionalProperties"] = {"type": "integer"}
    return name


@breaks(operator.the_operator_can_use_it, "the operator knows 1.7.0 and later releases of VerneMQ 1")
def a_version_without_its_last_number(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["version"] = "1.10"
    return found["metadata"]["name"]


@breaks(operator.the_operator_can_use_it, "the operator runs the container as 10000")
def another_user(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["securityContext"]["runAsUser"] = 1000
    return found["metadata"]["name"]


@breaks(operator.the_operator_can_use_it, "the operator makes it")
def a_shared_volume(tree: Tree) -> str:
    found = tree.some("VerneMQ", lambda one: "volumeClaimTemplate" in one["spec"]["storage"])
    found["spec"]["storage"]["volumeClaimTemplate"]["spec"]["accessModes"] = ["ReadWriteMany"]
    return found["metadata"]["name"]


@breaks(operator.the_operator_can_use_it, "the operator relies on port 8888")
def a_health_check_that_nobody_answers(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    text = broker_config(found).replace("0.0.0.0:8888", "0.0.0.0:8889")
    for entry in found["spec"]["env"]:
        if entry["name"] == "VERNEMQ_CONF":
            entry["value"] = base64.b64encode(text.encode()).decode()
    return found["metadata"]["name"]


@breaks(operator.the_operator_can_use_it, "has no effect")
def a_setting_of_the_virtual_machine(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    text = broker_config(found) + "erlang.max_ports = 1000\n"
    for entry in found["spec"]["env"]:
        if entry["name"] == "VERNEMQ_CONF":
            entry["value"] = base64.b64encode(text.encode()).decode()
    return found["metadata"]["name"]


@breaks(operator.the_operator_can_use_it, "one VERNEMQ_CONF replaces the operator's own")
def no_configuration(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["env"] = [entry for entry in found["spec"]["env"] if entry["name"] != "VERNEMQ_CONF"]
    return found["metadata"]["name"]
