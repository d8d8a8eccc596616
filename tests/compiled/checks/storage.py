"""Volumes, claims, files and the brokers' own object, field by field against the inventory."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from components.cluster.quantity import size
from tests.compiled import reckoned, said
from tests.compiled.tree import Tree, name_of
from tests.compiled.workloads import workloads

FILES = Path(__file__).resolve().parents[3] / "inventory" / "files"
# Of every claim in each running cluster: another one would be refused in all of them (docs/decisions.md).
_REQUEST = "1Mi"


def volumes_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Where each volume lies, how large it is, and that nothing but its own claim may have it."""
    found = []
    stated = tree.parameters["volumes"]
    for service, entry in tree.manifests:
        if entry["kind"] != "PersistentVolume":
            continue
        spec = dict(entry["spec"])
        path = spec.pop("local", {}).get("path")
        names = {
            volume["host_path"]: name
            for name, volume in tree.parameters["services"][service].get("volumes", {}).items()
        }
        if path not in names:
            found.append(f"{name_of(entry)}: lies at {path}, which the inventory does not name")
            continue
        wanted = {
            "accessModes": ["ReadWriteOnce"],
            "volumeMode": "Filesystem",
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": stated["storage_class"],
        }
        reference = spec.pop("claimRef", {})
        home = said.namespace(tree.parameters, service)
        if {key: value for key, value in reference.items() if key != "name"} != {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": home,
        }:
            found.append(f"{name_of(entry)}: its claimRef is {reference}")
        found += _sized(tree, service, names[path], name_of(entry), spec.pop("capacity", {}))
        spec.pop("nodeAffinity", None)  # see placement.py and volumes.py
        if spec != wanted:
            found.append(f"{name_of(entry)}: is {spec}, not {wanted}")
    return found


def claims_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Of Deployments and of sets: of the volume's class, and alike whatever its size, which may change."""
    found = []
    claims = [(service, one) for service, one in tree.manifests if one["kind"] == "PersistentVolumeClaim"]
    claims += [(workload.service, one) for workload in workloads(tree) for one in workload.claim_templates]
    for service, claim in claims:
        volume = tree.parameters["services"][service].get("volumes", {}).get(claim["metadata"]["name"])
        where = f"{service}: claim {claim['metadata']['name']}"
        if volume is None:
            found.append(f"{where}: the inventory has no such volume")
            continue
        spec = claim["spec"]
        wanted = {
            "resources": {"requests": {"storage": _REQUEST}},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": tree.parameters["volumes"]["storage_class"],
            "volumeMode": "Filesystem",
        }
        if spec != wanted or claim.get("apiVersion") != "v1" or claim.get("kind") != "PersistentVolumeClaim":
            found.append(f"{where}: is {claim}, not {wanted}")
    return found


def _sized(tree: Tree, service: str, name: str, where: str, there: dict[str, Any]) -> list[str]:
    if set(there) != {"storage"}:
        return [f"{where}: its size is {there}"]
    wanted = reckoned.volume_size(tree.parameters, service, name)
    if size(there["storage"]) == wanted:
        return []
    return [f"{where}: has {there['storage']}, the inventory comes to {wanted} bytes"]


def classes_are_local(tree: Tree) -> list[str]:
    """The storage class makes nothing by itself, and is named by the inventory."""
    found = []
    for entry in tree.of_kind("StorageClass"):
        there = {key: value for key, value in entry.items() if key not in ("apiVersion", "kind", "metadata")}
        wanted = {
            "provisioner": "kubernetes.io/no-provisioner",
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
        if there != wanted or entry["metadata"]["name"] != tree.parameters["volumes"]["storage_class"]:
            found.append(f"{name_of(entry)}: is {there}, not {wanted}")
    return found


def files_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """A ConfigMap holds the files of its service or job as inventory/files has them; generated ones have tests."""
    found = []
    for service, entry in tree.manifests:
        if entry["kind"] != "ConfigMap":
            continue
        stated = tree.parameters["services"][service]
        owner = entry["metadata"]["name"].removesuffix("-files")
        holder = stated if owner == service else dict(said.jobs(stated)).get(owner, {})
        files = holder.get("files", {})
        if set(entry.get("data", {})) != set(files) or set(entry) != {"apiVersion", "kind", "metadata", "data"}:
            found.append(f"{name_of(entry)}: holds {sorted(entry.get('data', {}))}, not {sorted(files)}")
            continue
        for name, file in files.items():
            source = FILES / Path(file["source"]).name
            if source.is_file() and entry["data"][name] != source.read_text("utf-8"):
                found.append(f"{name_of(entry)}: {name} is not inventory/files/{source.name}")
    return found


def brokers_are_configured_as_the_inventory_says(tree: Tree) -> list[str]:
    """vernemq.conf, and what the operator's plugin sets while the broker runs."""
    found = []
    for workload in workloads(tree):
        if workload.kind != "VerneMQ":
            continue
        entry = tree.parameters["services"][workload.service]
        resource, spec = entry["custom_resource"], dict(workload.found["spec"])
        # The operator writes BASE:TAG, and a tag may have a digest behind it.
        place, slash, last = entry["image"].rpartition("/")
        base, tag = place + slash + last.partition(":")[0], last.partition(":")[2]
        listeners = [
            {
                "address": "0.0.0.0",
                "port": port["number"],
                **({"websocket": True} if port["listener"] == "websocket" else {}),
            }
            for port in said.on(entry.get("ports")).values()
            if "listener" in port
        ]
        wanted = {
            "baseImage": base,
            "tag": tag,
            "version": resource["version"],
            "bundlerImage": resource["bundler_image"],
            "vmArgs": "+P {processes}\n-env ERL_MAX_PORTS {ports}\n".format(**resource["erlang"]),
            "serviceAccountName": entry["service_account"],
            "terminationGracePeriodSeconds": entry["grace_period"],
            **({"priorityClassName": entry["priority"]} if "priority" in entry else {}),
            "config": {
                "configs": [{"name": name, "value": value} for name, value in resource["configs"].items()],
                "listeners": listeners,
                "plugins": [],
            },
        }
        found += [
            f"{workload}: {key} is {spec.get(key)}, not {value}"
            for key, value in wanted.items()
            if spec.get(key) != value
        ]
        elsewhere = {"size", "affinity", "resources", "securityContext", "env", "storage"}
        found += [f"{workload}: nobody asked for {key}" for key in sorted(set(spec) - set(wanted) - elsewhere)]
        kept = any(
            volume.get("persistent", tree.parameters["volumes"]["persistent"])
            for volume in entry.get("volumes", {}).values()
        )
        storage = spec.get("storage", {})
        room = size(storage.get("emptyDir", {}).get("sizeLimit", "0Gi"))
        if set(storage) != ({"volumeClaimTemplate"} if kept else {"emptyDir"}):
            found.append(f"{workload}: its storage is {sorted(storage)}")
        elif not kept and room != reckoned.volume_size(tree.parameters, workload.service):
            found.append(f"{workload}: its emptyDir has {room} bytes")
        conf = "".join(f"{key} = {value}\n" for key, value in resource["conf"].items())
        there = next((one["value"] for one in spec.get("env", ()) if one["name"] == "VERNEMQ_CONF"), "")
        if base64.b64decode(there).decode() != conf:
            found.append(f"{workload}: VERNEMQ_CONF is not what custom_resource.conf says")
    return found


CHECKS = (
    volumes_are_those_of_the_inventory,
    claims_are_those_of_the_inventory,
    classes_are_local,
    files_are_those_of_the_inventory,
    brokers_are_configured_as_the_inventory_says,
)
