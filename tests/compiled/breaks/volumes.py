"""Volumes and claims that do not fit, whichever check reports them."""

import re

from tests.compiled.bootstrap_values import SCRIPT
from tests.compiled.breaking import breaks
from tests.compiled.checks import objects, storage, volumes
from tests.compiled.tree import Absent, Object, Tree


def _volume(tree: Tree) -> Object:
    return tree.some("PersistentVolume")


def _remove(tree: Tree, found: Object) -> None:
    for documents in tree.documents.values():
        if found in documents:
            documents.remove(found)


@breaks(volumes.every_claim_has_its_volume, "0 PersistentVolumes are reserved")
def a_volume_that_is_missing(tree: Tree) -> str:
    found = _volume(tree)
    _remove(tree, found)
    return found["spec"]["claimRef"]["name"]


@breaks(volumes.every_claim_has_its_volume, "which nobody makes")
def a_volume_for_nobody(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["claimRef"]["name"] = "nobody"
    return found["metadata"]["name"]


@breaks(volumes.every_claim_has_its_volume, "0 PersistentVolumes are reserved")
def a_volume_for_another_namespace(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["claimRef"]["namespace"] = "default"
    return found["spec"]["claimRef"]["name"]


@breaks(volumes.every_claim_has_its_volume, "0 PersistentVolumes are reserved")
def one_broker_more_than_volumes(tree: Tree) -> str:
    found = tree.some("VerneMQ", lambda entry: "volumeClaimTemplate" in entry["spec"]["storage"])
    found["spec"]["size"] += 1
    return f"vernemq-{found['metadata']['name']}-{found['spec']['size'] - 1}"


@breaks(volumes.every_claim_has_its_volume, "requests 1Mi")
def a_volume_smaller_than_its_claim(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["capacity"]["storage"] = "1Ki"
    return found["metadata"]["name"]


@breaks(volumes.every_claim_has_its_volume, "storageClassName is")
def a_volume_of_another_class(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["storageClassName"] = "standard"
    return found["metadata"]["name"]


@breaks(volumes.every_claim_has_its_volume, "accessModes is")
def a_volume_of_another_access_mode(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["accessModes"] = ["ReadOnlyMany"]
    return found["metadata"]["name"]


@breaks(volumes.every_claim_has_its_volume, "no pod mounts it")
def a_claim_of_nobody(tree: Tree) -> str:
    found = tree.some("PersistentVolumeClaim")
    pod = tree.some("Deployment", lambda entry: "claimName" in str(entry))["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "x", "emptyDir": {}}]
    return found["metadata"]["name"] if pod else ""


@breaks(storage.claims_are_those_of_the_inventory, "ReadWriteMany")
def a_claim_for_many(tree: Tree) -> str:
    found = tree.some("PersistentVolumeClaim")
    found["spec"]["accessModes"] = ["ReadWriteMany"]
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "replicas is 2")
def two_pods_of_one_directory(tree: Tree) -> str:
    found = tree.some("Deployment", lambda entry: "claimName" in str(entry))
    found["spec"]["replicas"] = 2
    return found["metadata"]["name"]


@breaks(storage.volumes_are_those_of_the_inventory, "'Delete'")
def a_volume_that_goes_with_its_claim(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    return found["metadata"]["name"]


@breaks(storage.classes_are_local, "StorageClass other: is")
def a_class_of_another_name(tree: Tree) -> str:
    tree.some("StorageClass")["metadata"]["name"] = "other"
    return ""


@breaks(storage.classes_are_local, "'Immediate'")
def a_class_that_binds_at_once(tree: Tree) -> str:
    found = tree.some("StorageClass")
    found["volumeBindingMode"] = "Immediate"
    return found["metadata"]["name"]


def _expressions(found: Object) -> list[dict]:
    return found["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"]


@breaks(volumes.volumes_are_on_their_services_nodes, "is not pinned to one node")
def a_volume_pinned_to_its_group_only(tree: Tree) -> str:
    # The reference's volumes: with two nodes in a group they follow the label, and the data stay.
    found, key = _volume(tree), tree.parameters["cluster"]["group_label"]
    _expressions(found)[:] = [{"key": key, "operator": "In", "values": ["kafka"]}]
    return found["metadata"]["name"]


@breaks(volumes.volumes_are_on_their_services_nodes, "too")
def a_volume_that_follows_a_label(tree: Tree) -> str:
    found, key = _volume(tree), tree.parameters["cluster"]["group_label"]
    _expressions(found).append({"key": key, "operator": "In", "values": ["x"]})
    return key


@breaks(volumes.volumes_are_on_their_services_nodes, "too")
def a_volume_that_follows_a_field(tree: Tree) -> str:
    terms = _volume(tree)["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    terms[0]["matchFields"] = [{"key": "metadata.name", "operator": "In", "values": ["x"]}]
    return "metadata.name"


def _named_as_before(tree: Tree, key: str, value: object) -> str:
    found = _volume(tree)
    found["spec"][key] = value
    return found["metadata"]["name"]


@breaks(volumes.names_say_what_never_changes, "its machine, directory, class and claim make")
def another_directory_under_the_old_name(tree: Tree) -> str:
    return _named_as_before(tree, "local", {"path": "/elsewhere"})


@breaks(volumes.names_say_what_never_changes, "its machine, directory, class and claim make")
def another_class_under_the_old_name(tree: Tree) -> str:
    return _named_as_before(tree, "storageClassName", "local-storage-other")


@breaks(volumes.names_say_what_never_changes, "its machine, directory, class and claim make")
def another_machine_under_the_old_name(tree: Tree) -> str:
    found = _volume(tree)
    _expressions(found)[0]["values"] = ["another"]
    return found["metadata"]["name"]


@breaks(volumes.names_say_what_never_changes, "its machine, directory, class and claim make")
def another_namespace_under_the_old_name(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["claimRef"]["namespace"] = "elsewhere"
    return found["metadata"]["name"]


@breaks(volumes.names_say_what_never_changes, "may have 253")
def a_name_that_is_too_long(tree: Tree) -> str:
    found = _volume(tree)
    found["spec"]["claimRef"]["name"] = "x" * 250
    return found["metadata"]["name"]


@breaks(volumes.volumes_are_on_their_services_nodes, "runs on group")
def a_volume_on_another_groups_node(tree: Tree) -> str:
    first, *others = tree.of_kind("PersistentVolume")
    nodes = tree.parameters["cluster"]["nodes"]

    def group(one: Object) -> str:
        return nodes[_expressions(one)[0]["values"][0]]["group"]

    for other in others:
        if group(other) != group(first):
            first["spec"]["nodeAffinity"] = other["spec"]["nodeAffinity"]
            return first["metadata"]["name"]
    raise Absent("all volumes are of one group")


@breaks(volumes.the_bootstrap_makes_every_directory, "does not make")
def a_directory_that_nobody_makes(tree: Tree) -> str:
    found = _volume(tree)
    path = found["spec"]["local"]["path"]
    tree.files[SCRIPT] = "\n".join(
        line for line in tree.files[SCRIPT].splitlines() if not re.search(rf"\|\d+\|{re.escape(path)}'?$", line)
    )
    return found["metadata"]["name"]


@breaks(volumes.the_bootstrap_makes_every_directory, "which no volume uses")
def a_directory_for_nothing(tree: Tree) -> str:
    found = _volume(tree)
    _remove(tree, found)
    return found["spec"]["local"]["path"]


@breaks(volumes.the_bootstrap_makes_every_directory, "belongs to 4711")
def a_directory_of_another_owner(tree: Tree) -> str:
    found = _volume(tree)
    path = found["spec"]["local"]["path"]
    tree.files[SCRIPT] = re.sub(
        rf"\|\d+\|{re.escape(path)}('?)$", rf"|4711|{path}\1", tree.files[SCRIPT], flags=re.MULTILINE
    )
    return found["metadata"]["name"]


@breaks(volumes.the_bootstrap_makes_every_directory, "is outside volumes.root")
def another_root(tree: Tree) -> str:
    tree.parameters["volumes"]["root"] = "/elsewhere"
    return _volume(tree)["metadata"]["name"]


@breaks(volumes.the_bootstrap_makes_every_directory, "too")
def one_directory_for_two_volumes(tree: Tree) -> str:
    first = _volume(tree)
    for other in tree.of_kind("PersistentVolume"):
        if other is not first and _expressions(other)[-1] == _expressions(first)[-1]:
            other["spec"]["local"]["path"] = first["spec"]["local"]["path"]
            return first["spec"]["local"]["path"]
    raise Absent("no node has two volumes")


@breaks(volumes.the_bootstrap_makes_every_directory, "PERSISTENT_VOLUMES differ")
def a_volume_that_the_bootstrap_does_not_know(tree: Tree) -> str:
    found = _volume(tree)
    found["metadata"]["name"] = "renamed"
    return "renamed"


@breaks(volumes.pods_can_write_their_volumes, "the directory is")
def a_directory_that_its_pod_cannot_write(tree: Tree) -> str:
    found = tree.some("StatefulSet", lambda entry: "volumeClaimTemplates" in entry["spec"])
    pod = found["spec"]["template"]["spec"]
    pod.pop("securityContext", None)
    pod["containers"][0]["securityContext"]["runAsUser"] = 4711
    return found["metadata"]["name"]


@breaks(volumes.pods_can_write_their_volumes, "no container of")
def a_volume_that_nobody_mounts(tree: Tree) -> str:
    found = tree.some("StatefulSet", lambda entry: "volumeClaimTemplates" in entry["spec"])
    del found["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    return found["metadata"]["name"]


@breaks(storage.claims_are_those_of_the_inventory, " is {")
def a_template_without_its_kind(tree: Tree) -> str:
    found = tree.some("StatefulSet", lambda entry: "volumeClaimTemplates" in entry["spec"])
    del found["spec"]["volumeClaimTemplates"][0]["kind"]
    return found["metadata"]["name"]


@breaks(storage.claims_are_those_of_the_inventory, " is {")
def a_brokers_template_without_its_version(tree: Tree) -> str:
    found = tree.some("VerneMQ", lambda entry: "volumeClaimTemplate" in entry["spec"]["storage"])
    del found["spec"]["storage"]["volumeClaimTemplate"]["apiVersion"]
    return found["metadata"]["name"]
