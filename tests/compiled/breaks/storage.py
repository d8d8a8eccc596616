"""Breaks of tests/compiled/checks/storage.py."""

import base64

from tests.compiled.breaking import breaks
from tests.compiled.checks import storage
from tests.compiled.tree import Tree


@breaks(storage.volumes_are_those_of_the_inventory, "which the inventory does not name")
def a_volume_in_another_directory(tree: Tree) -> str:
    found = tree.some("PersistentVolume")
    found["spec"]["local"]["path"] = "/elsewhere"
    return found["metadata"]["name"]


@breaks(storage.volumes_are_those_of_the_inventory, "the inventory comes to")
def a_smaller_volume(tree: Tree) -> str:
    found = tree.some("PersistentVolume", lambda entry: "kafka" not in entry["metadata"]["name"])
    found["spec"]["capacity"]["storage"] = "7Mi"
    return found["metadata"]["name"]


@breaks(storage.volumes_are_those_of_the_inventory, "Recycle")
def a_volume_that_is_emptied(tree: Tree) -> str:
    found = tree.some("PersistentVolume")
    found["spec"]["persistentVolumeReclaimPolicy"] = "Recycle"
    return found["metadata"]["name"]


@breaks(storage.claims_are_those_of_the_inventory, "ReadWriteMany")
def a_claim_for_many(tree: Tree) -> str:
    found = tree.some("StatefulSet", lambda entry: "volumeClaimTemplates" in entry["spec"])
    found["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] = ["ReadWriteMany"]
    return found["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]


@breaks(storage.claims_are_those_of_the_inventory, "10Gi")
def a_claim_as_large_as_its_volume(tree: Tree) -> str:
    found = tree.some("StatefulSet", lambda entry: "volumeClaimTemplates" in entry["spec"])
    claim = found["spec"]["volumeClaimTemplates"][0]
    claim["spec"]["resources"]["requests"]["storage"] = "10Gi"
    return claim["metadata"]["name"]


@breaks(storage.classes_are_local, "Immediate")
def a_class_that_binds_at_once(tree: Tree) -> str:
    found = tree.some("StorageClass")
    found["volumeBindingMode"] = "Immediate"
    return found["metadata"]["name"]


@breaks(storage.files_are_those_of_the_inventory, "is not inventory/files/")
def a_script_with_a_line_less(tree: Tree) -> str:
    found = tree.some("ConfigMap", lambda entry: any(name.endswith(".sh") for name in entry["data"]))
    name = next(name for name in found["data"] if name.endswith(".sh"))
    found["data"][name] = found["data"][name].partition("\n")[2]
    return name


@breaks(storage.files_are_those_of_the_inventory, "holds")
def a_file_more(tree: Tree) -> str:
    found = tree.some("ConfigMap")
    found["data"]["more"] = "text"
    return "more"


@breaks(storage.brokers_are_configured_as_the_inventory_says, "vmArgs is")
def brokers_with_fewer_processes(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["vmArgs"] = "+P 1024\n"
    return "vmArgs"


@breaks(storage.brokers_are_configured_as_the_inventory_says, "listeners")
def a_listener_on_another_port(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["config"]["listeners"] = [{"address": "0.0.0.0", "port": 7}]
    return found["metadata"]["name"]


@breaks(storage.brokers_are_configured_as_the_inventory_says, "VERNEMQ_CONF is not")
def a_setting_that_is_lost(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    variable = next(one for one in found["spec"]["env"] if one["name"] == "VERNEMQ_CONF")
    text = base64.b64decode(variable["value"]).decode()
    variable["value"] = base64.b64encode(text.partition("\n")[2].encode()).decode()
    return found["metadata"]["name"]
