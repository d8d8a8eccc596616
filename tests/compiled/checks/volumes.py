"""Claim, PersistentVolume, directory, owner, node and group: one line of facts, in five places."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from components.cluster.quantity import size
from tests.compiled.bootstrap_values import SCRIPT, table
from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import Workload, workloads

_HOST = "kubernetes.io/hostname"


@dataclass(frozen=True)
class Claim:
    """A claim as it will be in the cluster; `volume` is the name of the pod's volume."""

    name: str
    namespace: str
    volume: str
    spec: dict[str, Any]
    workload: Workload | None


def claims(tree: Tree) -> list[Claim]:
    """The claims of every pod: those among the manifests, and those that sets make of their templates."""
    everyone = workloads(tree)
    mounted = {
        volume["persistentVolumeClaim"]["claimName"]: (volume["name"], workload)
        for workload in everyone
        for volume in workload.spec.get("volumes", ())
        if "persistentVolumeClaim" in volume
    }
    found = [
        Claim(
            name := entry["metadata"]["name"],
            entry["metadata"]["namespace"],
            mounted.get(name, ("", None))[0],
            entry["spec"],
            mounted.get(name, ("", None))[1],
        )
        for entry in tree.of_kind("PersistentVolumeClaim")
    ]
    for workload in everyone:
        for template in workload.claim_templates:
            stem = template["metadata"]["name"]
            found += [
                Claim(
                    f"{stem}-{workload.pods}-{number}",
                    workload.found["metadata"]["namespace"],
                    stem,
                    template["spec"],
                    workload,
                )
                for number in range(workload.replicas)
            ]
    return found


def every_claim_has_its_volume(tree: Tree) -> list[str]:
    """One PersistentVolume for each claim of each pod, reserved for it, and no other."""
    volumes: dict[tuple[str, str], list[Object]] = {}
    for volume in tree.of_kind("PersistentVolume"):
        reserved = volume["spec"].get("claimRef", {})
        volumes.setdefault((reserved.get("namespace", ""), reserved.get("name", "")), []).append(volume)
    found = []
    for claim in claims(tree):
        if claim.workload is None:
            found.append(f"claim {claim.name}: no pod mounts it")
        matching = volumes.pop((claim.namespace, claim.name), [])
        if len(matching) != 1:
            found.append(f"claim {claim.name}: {len(matching)} PersistentVolumes are reserved for it")
        for volume in matching:
            found += _differences(claim, volume)
    for (_, claim), left in volumes.items():
        found += [f"{name_of(volume)}: reserved for claim {claim or '(none)'}, which nobody makes" for volume in left]
    return found


def _differences(claim: Claim, volume: Object) -> list[str]:
    spec = volume["spec"]
    pairs = [(key, claim.spec.get(key), spec.get(key)) for key in ("storageClassName", "accessModes", "volumeMode")]
    found = [
        f"{name_of(volume)}: {key} is {there}, but claim {claim.name} says {here}"
        for key, here, there in pairs
        if here != there
    ]
    wanted, there = claim.spec["resources"]["requests"]["storage"], spec["capacity"]["storage"]
    if size(there) < size(wanted):
        found.append(f"{name_of(volume)}: has {there}, but claim {claim.name} requests {wanted}")
    return found


def names_say_what_never_changes(tree: Tree) -> list[str]:
    """A PersistentVolume with another machine, directory, class or claim has another name: no update is refused."""
    found = []
    for volume in tree.of_kind("PersistentVolume"):
        spec = volume["spec"]
        of = spec["claimRef"]
        parts = [*_node_values(volume, _HOST), spec["local"]["path"], spec["storageClassName"]]
        digest = hashlib.sha256("\n".join([*parts, f"{of['namespace']}/{of['name']}"]).encode()).hexdigest()
        wanted = f"local-pv-{of['name']}-{digest[:8]}"
        if volume["metadata"]["name"] != wanted:
            found.append(f"{name_of(volume)}: its machine, directory, class and claim make {wanted}")
        if len(wanted) > 253:
            found.append(f"{name_of(volume)}: its name has {len(wanted)} letters, and may have 253")
    return found


def volumes_are_on_their_services_nodes(tree: Tree) -> list[str]:
    """A volume names its node by host name alone, and that node is of the group of the pod that mounts it."""
    parameters, found = tree.parameters, []
    of_claim = {(claim.namespace, claim.name): claim for claim in claims(tree)}
    for volume in tree.of_kind("PersistentVolume"):
        hosts, others = _node_values(volume, _HOST), _node_keys(volume) - {_HOST}
        if len(hosts) != 1 or hosts[0] not in parameters["cluster"]["nodes"]:
            found.append(f"{name_of(volume)}: is not pinned to one node of the cluster ({', '.join(hosts) or 'none'})")
            continue
        group = parameters["cluster"]["nodes"][hosts[0]]["group"]
        if others:
            # A label is one line of the inventory, and where a volume may be mounted is never changed.
            found.append(f"{name_of(volume)}: is on {hosts[0]}, but asks for {', '.join(sorted(others))} too")
        claim = of_claim.get((volume["spec"]["claimRef"]["namespace"], volume["spec"]["claimRef"]["name"]))
        if claim and claim.workload:
            wanted = parameters["services"][claim.workload.service]["group"]
            if group != wanted:
                found.append(
                    f"{name_of(volume)}: is on {hosts[0]} of group {group}, but {claim.workload} runs on group {wanted}"
                )
    return found


def _node_values(volume: Object, key: str) -> list[str]:
    """The values that a volume's node must have for a label; only a single term is understood."""
    terms = volume["spec"].get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms", [])
    if len(terms) != 1:
        return []
    return [
        value
        for wanted in terms[0].get("matchExpressions", ())
        if wanted["key"] == key and wanted["operator"] == "In"
        for value in wanted["values"]
    ]


def _node_keys(volume: Object) -> set[str]:
    """All labels that a volume looks at."""
    terms = volume["spec"].get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms", [])
    return {wanted["key"] for term in terms for kind in term.values() for wanted in kind}


def the_bootstrap_makes_every_directory(tree: Tree) -> list[str]:
    """Each volume's directory is made on its node, for the owner that the inventory names, and no other is."""
    made = {(node, path): int(owner) for node, owner, path in table(tree.files, "DISKS")}
    of_claim = {(claim.namespace, claim.name): claim for claim in claims(tree)}
    root = PurePosixPath(tree.parameters["volumes"]["root"])
    found, seen = [], {}
    for volume in tree.of_kind("PersistentVolume"):
        path = volume["spec"]["local"]["path"]
        for node in _node_values(volume, _HOST):
            if (node, path) in seen:
                found.append(f"{name_of(volume)}: {seen[node, path]} has {path} on {node} too")
            seen[node, path] = name_of(volume)
            if (node, path) not in made:
                found.append(f"{name_of(volume)}: {SCRIPT} does not make {path} on {node}")
                continue
            owner = made.pop((node, path))
            claim = of_claim.get((volume["spec"]["claimRef"]["namespace"], volume["spec"]["claimRef"]["name"]))
            if claim and claim.workload:
                wanted = tree.parameters["services"][claim.workload.service]["volumes"][claim.volume]
                if (owner, path) != (wanted["owner"], wanted["host_path"]):
                    found.append(
                        f"{name_of(volume)}: {path} belongs to {owner}, the inventory says "
                        f"{wanted['host_path']} of {wanted['owner']}"
                    )
        if root not in PurePosixPath(path).parents:
            found.append(f"{name_of(volume)}: {path} is outside volumes.root ({root})")
    found += [f"{SCRIPT}: makes {path} on {node}, which no volume uses" for node, path in made]
    listed = [row[0] for row in table(tree.files, "PERSISTENT_VOLUMES")]
    names = sorted(volume["metadata"]["name"] for volume in tree.of_kind("PersistentVolume"))
    if sorted(listed) != names:
        found.append(f"{SCRIPT}: PERSISTENT_VOLUMES differ from the manifests: {sorted(set(listed) ^ set(names))}")
    return found


def pods_can_write_their_volumes(tree: Tree) -> list[str]:
    """The user of a container owns the directory, or its group does (fsGroup gives it to the group)."""
    found = []
    for claim in claims(tree):
        if claim.workload is None:
            continue
        spec = claim.workload.spec
        owner = tree.parameters["services"][claim.workload.service]["volumes"][claim.volume]["owner"]
        pod = spec.get("securityContext", {})
        mounts = [
            container
            for container in claim.workload.containers
            if claim.workload.kind == "VerneMQ"
            or claim.volume in [mount["name"] for mount in container.get("volumeMounts", ())]
        ]
        if not mounts:
            found.append(f"claim {claim.name}: no container of {claim.workload} mounts {claim.volume}")
        for container in mounts:
            user = container.get("securityContext", {}).get("runAsUser", pod.get("runAsUser"))
            if user != owner and "fsGroup" not in pod:
                found.append(
                    f"claim {claim.name}: container {container['name']} is user {user}, the directory is {owner}'s"
                )
    return found


CHECKS = (
    every_claim_has_its_volume,
    names_say_what_never_changes,
    volumes_are_on_their_services_nodes,
    the_bootstrap_makes_every_directory,
    pods_can_write_their_volumes,
)
