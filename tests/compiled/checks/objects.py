"""The rest of each object: its kind's own fields, labels, rights, and what is the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from math import ceil
from typing import Any

from tests.compiled import reckoned, said
from tests.compiled.tree import Tree, name_of
from tests.compiled.workloads import Workload, workloads

FILES_DIGEST = "dojot.components/files"
SET_LABEL = "dojot.components/set"
_WHO = ("apiVersion", "kind", "metadata")
_RBAC = "rbac.authorization.k8s.io"
# Kinds whose objects have the labels of their service's pods; others say only whose they are.
_LIKE_PODS = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "DaemonSet",
    "Deployment",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
    "StatefulSet",
}
# A drain, an old release to go back to, and how long a job may try: the same for all, and nobody's choice.
_HISTORY, _DEADLINE, _RETRIES = 3, 900, 6


def objects_have_their_labels(tree: Tree) -> list[str]:
    """By them people and tools find what belongs to a service."""
    found = []
    for service, entry in tree.manifests:
        stated = tree.parameters["services"].get(service)
        wanted: dict[str, str] = {"app": "dojot"}
        jobs = {name for name, _ in said.jobs(stated)} if stated else set()
        name = entry["metadata"]["name"]
        if entry["kind"] == "Job" or (entry["kind"] == "ConfigMap" and name.removesuffix("-files") in jobs):
            wanted = {"app": "dojot", "name": name.removesuffix("-files")}
        elif stated and entry["kind"] in _LIKE_PODS:
            wanted = said.labels(service, stated)
        elif entry["kind"] == "PersistentVolume":
            wanted = {"app": "dojot", "name": service, "type": "local"}
        elif entry["kind"] == "VerneMQ":
            wanted = {"vernemq": name}
        there = {key: value for key, value in entry["metadata"].get("labels", {}).items() if key != SET_LABEL}
        if entry["kind"] == "Namespace":
            # What the namespace is called, and the standard that it enforces (checked in abilities.py).
            there = {key: value for key, value in there.items() if key == "app"}
        if there != wanted:
            found.append(f"{service}: {name_of(entry)}: its labels are {there}, not {wanted}")
    return found


def rights_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Each account with its Role or ClusterRole: exactly the rules that its class lists."""
    found = []
    wanted: dict[tuple[str, str], Any] = {}
    opens = [{"name": name} for name in tree.parameters["release"].get("pull_secrets", ())]
    plain = {"automountServiceAccountToken": False, **({"imagePullSecrets": opens} if opens else {})}
    for service, entry in tree.parameters["services"].items():
        account = entry.get("service_account")
        if account is None:
            continue
        home = said.namespace(tree.parameters, service)
        wanted["ServiceAccount", account] = plain
        subjects = [{"kind": "ServiceAccount", "name": account, "namespace": home}]
        for kind, key, name in (("Role", "rbac", account), ("ClusterRole", "cluster_rbac", f"{home}-{account}")):
            if entry.get(key) and tree.parameters["cluster"]["rbac"]:
                wanted[kind, name] = {"rules": [dict(rule) for rule in entry[key]]}
                role = {"apiGroup": _RBAC, "kind": kind, "name": name}
                wanted[f"{kind}Binding", name] = {"roleRef": role, "subjects": subjects}
    # The account of each pod that names none, in every namespace.
    accounts = {
        entry["metadata"]["namespace"]: {key: value for key, value in entry.items() if key not in _WHO}
        for entry in tree.of_kind("ServiceAccount")
        if entry["metadata"]["name"] == "default"
    }
    if accounts != (dict.fromkeys(said.namespaces(tree.parameters), plain) if opens else {}):
        found.append(f"ServiceAccount default: where registries ask who one is, {plain} in each namespace: {accounts}")
    for entry in tree.of_kind("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        key = (entry["kind"], entry["metadata"]["name"])
        if key == ("ServiceAccount", "default"):
            continue
        there = {field: value for field, value in entry.items() if field not in _WHO}
        if key not in wanted:
            found.append(f"{name_of(entry)}: nobody asked for it")
        elif there != wanted.pop(key):
            found.append(f"{name_of(entry)}: differs from what the inventory grants: {there}")
    return found + [f"{kind} {name}: there is none" for kind, name in wanted]


def workloads_have_the_fields_of_the_inventory(tree: Tree) -> list[str]:
    """How a set is updated, how many old ones are kept, who governs it, how long a pod may take to end."""
    found = []
    for workload in workloads(tree):
        if workload.kind == "VerneMQ":
            continue
        entry = tree.parameters["services"][workload.service]
        spec = {
            key: value
            for key, value in workload.found["spec"].items()
            if key not in ("template", "volumeClaimTemplates")
        }
        for key, value in _fields(tree, workload, entry).items():
            there = spec.pop(key, None)
            if there != value:
                found.append(f"{workload}: {key} is {there}, not {value}")
        found += [f"{workload}: nobody asked for {key}" for key in spec]
        found += [f"{workload}: {problem}" for problem in _template(tree, workload, entry)]
    return found


def _fields(tree: Tree, workload: Workload, entry: said.Entry) -> dict[str, Any]:
    labels = workload.labels
    if workload.kind == "Job":
        return {"activeDeadlineSeconds": _DEADLINE, "backoffLimit": _RETRIES}
    fields: dict[str, Any] = {"revisionHistoryLimit": _HISTORY, "selector": {"matchLabels": labels}}
    strategy: dict[str, Any] = {"type": entry.get("update_strategy", "RollingUpdate")}
    if workload.kind == "DaemonSet":
        return {**fields, "updateStrategy": strategy}
    # What follows a rule (brokers, bridges) is reckoned in placement.py.
    replicas = (
        entry["replicas"] if isinstance(entry["replicas"], int) else workload.found["spec"].get("replicas", 0) or None
    )
    if workload.kind == "Deployment":
        if said.apart(tree.parameters, entry, replicas or 0) and strategy["type"] == "RollingUpdate":
            strategy["rollingUpdate"] = {"maxSurge": 0, "maxUnavailable": 1}
        return {
            **fields,
            "replicas": replicas,
            "strategy": strategy,
            **({"progressDeadlineSeconds": entry["progress_deadline"]} if "progress_deadline" in entry else {}),
        }
    doors = entry.get("kubernetes_services", {})
    governing = min(doors, key=lambda name: (not doors[name].get("headless", False), name != workload.service, name))
    return {
        **fields,
        "replicas": replicas,
        "serviceName": governing,
        "updateStrategy": strategy,
        "podManagementPolicy": entry.get("pod_management", "OrderedReady"),
    }


def _template(tree: Tree, workload: Workload, entry: said.Entry) -> list[str]:
    """Of the pod: all but its containers, volumes and place."""
    passed = ("containers", "volumes", "affinity", "topologySpreadConstraints", "securityContext")
    there = {key: value for key, value in workload.spec.items() if key not in passed}
    wanted: dict[str, Any] = {"automountServiceAccountToken": False, "enableServiceLinks": False}
    if workload.kind == "Job":
        wanted["restartPolicy"] = "Never"
    else:
        if "service_account" in entry:
            wanted["serviceAccountName"] = entry["service_account"]
            wanted["automountServiceAccountToken"] = bool(entry.get("rbac") or entry.get("cluster_rbac"))
        if entry.get("host_network"):
            wanted.update(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
        if entry.get("host_pid"):
            wanted["hostPID"] = True
        wanted.update(
            {
                field: entry[key]
                for field, key in (("hostname", "hostname"), ("terminationGracePeriodSeconds", "grace_period"))
                if key in entry
            }
        )
    if "priority" in entry:
        wanted["priorityClassName"] = entry["priority"]
    if workload.kind == "DaemonSet":
        wanted["tolerations"] = [{"operator": "Exists"}]
    labels = said.labels(workload.service, entry) if workload.runs_on else {"app": "dojot", "name": workload.name}
    pods = {key: value for key, value in workload.labels.items() if key != SET_LABEL}
    found = [f"its pods' labels are {pods}, not {labels}"] if pods != labels else []
    notes = workload.found["spec"]["template"]["metadata"].get("annotations", {})
    # A job is made anew by every sync.
    digest = _digest(tree, workload) if workload.runs_on else {}
    if notes != digest:
        found.append(f"its pods' annotations are {notes}, not {digest}: with other files there must be other pods")
    return found + [
        f"the pod's {key} is {there.get(key)}, not {wanted.get(key)}"
        for key in sorted({*there, *wanted})
        if there.get(key) != wanted.get(key)
    ]


def _digest(tree: Tree, workload: Workload) -> dict[str, str]:
    """Of the files that the pod mounts: programs read them when they start."""
    mounted = {volume["configMap"]["name"] for volume in workload.spec.get("volumes", ()) if "configMap" in volume}
    files = {
        name: text
        for entry in tree.of_kind("ConfigMap")
        if entry["metadata"]["name"] in mounted and entry["metadata"].get("namespace") == workload.namespace
        for name, text in entry["data"].items()
    }
    parts = [part for name in sorted(files) for part in (name, files[name])]
    return {FILES_DIGEST: sha256("\0".join(parts).encode()).hexdigest()[:16]} if parts else {}


def priorities_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Each class that somebody names, with its value, and no other."""
    stated, services = tree.parameters["priority_classes"], tree.parameters["services"]
    wanted = {entry["priority"]: stated[entry["priority"]] for entry in services.values() if "priority" in entry}
    there = {
        entry["metadata"]["name"]: {key: entry.get(key) for key in ("value", "description")}
        for entry in tree.of_kind("PriorityClass")
    }
    found = [f"PriorityClasses are {there}, not {wanted}"] if there != wanted else []
    for entry in tree.of_kind("PriorityClass"):
        extra = set(entry) - {"apiVersion", "kind", "metadata", "value", "description"}
        found += [f"{name_of(entry)}: nobody asked for {key}" for key in sorted(extra)]
    return found


def names_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """A workload is called after its service (sets of a spread service are numbered), a job as the inventory says."""
    found = []
    for service, entry in tree.parameters["services"].items():
        kind = entry["kind"]
        name = entry["custom_resource"]["name"] if kind == "VerneMQ" else service
        there = sorted(
            one["metadata"]["name"] for file, one in tree.manifests if file == service and one["kind"] == kind
        )
        numbered = (
            entry.get("spread_evenly") and tree.parameters["platform"]["kubernetes"]["pod_spread"] == "anti-affinity"
        )
        wanted = [f"{name}-{number}" for number in range(1, len(there) + 1)] if numbered else [name]
        if there != wanted:
            found.append(f"{service}: its {kind} is called {there}, not {wanted}")
    return found


def budgets_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """A disruption budget names the pods of its service, and how many may go."""
    found = []
    for service, entry in tree.manifests:
        if entry["kind"] == "PodDisruptionBudget":
            stated = tree.parameters["services"][service]
            spec = dict(entry["spec"])
            # A drain may take at once all that stand on one node.
            nodes = len(reckoned.nodes_of(tree.parameters, stated["group"]))
            most = stated.get("max_unavailable", ceil(reckoned.replicas(tree.parameters, service) / nodes))
            wanted = {"maxUnavailable": most, "selector": {"matchLabels": said.labels(service, stated)}}
            if spec != wanted or entry["metadata"]["name"] != f"{service}-pdb":
                found.append(f"{name_of(entry)}: is {spec}, not {wanted}")
    return found


def api_versions_are_those_of_the_platform(tree: Tree) -> list[str]:
    stated = tree.parameters["platform"]["kubernetes"]["api_versions"]
    fixed: Mapping[str, str] = {
        "ConfigMap": "v1",
        "DaemonSet": "apps/v1",
        "Deployment": "apps/v1",
        "Job": "batch/v1",
        "Namespace": "v1",
        "NetworkPolicy": "networking.k8s.io/v1",
        "PersistentVolume": "v1",
        "PersistentVolumeClaim": "v1",
        "Service": "v1",
        "ServiceAccount": "v1",
        "StatefulSet": "apps/v1",
        "StorageClass": "storage.k8s.io/v1",
        "VerneMQ": "vernemq.com/v1alpha1",
        "CustomResourceDefinition": "apiextensions.k8s.io/v1",
        "PodDisruptionBudget": "policy/v1",
        "PriorityClass": "scheduling.k8s.io/v1",
        **dict.fromkeys(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"), f"{_RBAC}/v1"),
        **stated,
    }
    return [
        f"{file}: {name_of(entry)}: {entry['apiVersion']} is not {fixed.get(entry['kind'])}"
        for file, entry in tree.manifests
        if entry["apiVersion"] != fixed.get(entry["kind"])
    ]


CHECKS = (
    objects_have_their_labels,
    rights_are_those_of_the_inventory,
    workloads_have_the_fields_of_the_inventory,
    priorities_are_those_of_the_inventory,
    names_are_those_of_the_inventory,
    budgets_are_those_of_the_inventory,
    api_versions_are_those_of_the_platform,
)
