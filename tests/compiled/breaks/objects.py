"""Breaks of tests/compiled/checks/objects.py."""

from tests.compiled.breaking import breaks
from tests.compiled.checks import objects
from tests.compiled.tree import Tree


@breaks(objects.objects_have_their_labels, "its labels are")
def a_label_that_is_lost(tree: Tree) -> str:
    found = tree.some("Service")
    del found["metadata"]["labels"]["app"]
    return found["metadata"]["name"]


@breaks(objects.rights_are_those_of_the_inventory, "differs from what the inventory grants")
def rights_in_another_group(tree: Tree) -> str:
    found = tree.some("Role")
    found["rules"][0]["apiGroups"] = [""]
    return found["metadata"]["name"]


@breaks(objects.rights_are_those_of_the_inventory, "there is none")
def a_binding_that_is_lost(tree: Tree) -> str:
    found = tree.some("RoleBinding")
    found["metadata"]["name"] += "-x"
    return found["metadata"]["name"].removesuffix("-x")


@breaks(objects.rights_are_those_of_the_inventory, "differs from what the inventory grants")
def an_account_that_hands_out_its_token(tree: Tree) -> str:
    found = tree.some("ServiceAccount")
    found["automountServiceAccountToken"] = True
    return found["metadata"]["name"]


@breaks(objects.rights_are_those_of_the_inventory, "where registries ask who one is")
def a_default_account_nobody_asked_for(tree: Tree) -> str:
    found = tree.some("Namespace")
    metadata = {"name": "default", "namespace": found["metadata"]["name"]}
    tree.documents["manifests/namespace.yml"].append(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False}
    )
    return "default"


@breaks(objects.workloads_have_the_fields_of_the_inventory, "strategy is")
def another_way_to_update(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["spec"]["strategy"] = {"type": "Other"}
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "nobody asked for minReadySeconds")
def a_wait_nobody_asked_for(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    found["spec"]["minReadySeconds"] = 5
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "the pod's automountServiceAccountToken")
def a_token_for_everybody(tree: Tree) -> str:
    found = tree.some("Deployment")
    del found["spec"]["template"]["spec"]["automountServiceAccountToken"]
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "the pod's priorityClassName is")
def a_message_log_that_goes_with_the_applications(tree: Tree) -> str:
    found = tree.some("StatefulSet", lambda found: found["metadata"]["name"] == "kafka-server")
    del found["spec"]["template"]["spec"]["priorityClassName"]
    return found["metadata"]["name"]


@breaks(objects.priorities_are_those_of_the_inventory, "not {")
def databases_that_go_before_what_watches(tree: Tree) -> str:
    found = tree.some("PriorityClass")
    found["value"] = -2000
    return found["metadata"]["name"]


@breaks(objects.priorities_are_those_of_the_inventory, "nobody asked for globalDefault")
def a_priority_for_everybody(tree: Tree) -> str:
    found = tree.some("PriorityClass")
    found["globalDefault"] = True
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "its pods' labels are")
def pods_of_another_label(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["spec"]["template"]["metadata"]["labels"]["app"] = "other"
    return found["metadata"]["name"]


@breaks(objects.names_are_those_of_the_inventory, "is called")
def a_workload_of_another_name(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["metadata"]["name"] = "other"
    return "other"


@breaks(objects.budgets_are_those_of_the_inventory, "not {'maxUnavailable'")
def a_budget_of_other_pods(tree: Tree) -> str:
    found = tree.some("PodDisruptionBudget")
    found["spec"]["selector"]["matchLabels"] = {"app": "dojot"}
    return found["metadata"]["name"]


@breaks(objects.budgets_are_those_of_the_inventory, "not {'maxUnavailable'")
def a_budget_of_more_than_a_node(tree: Tree) -> str:
    found = tree.some(
        "PodDisruptionBudget",
        lambda one: (
            "max_unavailable"
            not in tree.parameters["services"].get(one["metadata"]["name"].removesuffix("-pdb"), {"max_unavailable": 1})
        ),
    )
    found["spec"]["maxUnavailable"] += 1
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "with other files there must be other pods")
def pods_that_keep_their_old_files(tree: Tree) -> str:
    found = tree.some(
        "Deployment", lambda one: objects.FILES_DIGEST in one["spec"]["template"]["metadata"].get("annotations", {})
    )
    del found["spec"]["template"]["metadata"]["annotations"]
    return found["metadata"]["name"]


@breaks(objects.api_versions_are_those_of_the_platform, "apps/v1beta1 is not apps/v1")
def an_older_api(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["apiVersion"] = "apps/v1beta1"
    return found["metadata"]["name"]
