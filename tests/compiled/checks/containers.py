"""What a container is given is what the inventory says: no more, no less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.cluster.quantity import size
from tests.compiled import reckoned, said
from tests.compiled.tree import Tree
from tests.compiled.workloads import Workload, workloads

# What the operator is told in a variable of its own (checked in storage.py).
_ELSEWHERE = "VERNEMQ_CONF"
_PROBES = {"readiness": "readinessProbe", "liveness": "livenessProbe", "startup": "startupProbe"}


def _pairs(tree: Tree) -> Iterator[tuple[str, Workload, Mapping[str, Any], said.Entry]]:
    """(where, workload, container, its entry in the inventory) of everything that the manifests run."""
    for workload in workloads(tree):
        entry = tree.parameters["services"][workload.service]
        known = dict(said.containers(workload.service, entry)) if workload.runs_on else dict(said.jobs(entry))
        for container in workload.containers:
            name = workload.service if workload.kind == "VerneMQ" else container["name"]
            yield f"{workload}: container {container['name']}", workload, container, known[name]


def every_container_is_there(tree: Tree) -> list[str]:
    """A pod has the container of its service and its sidecars; each job runs one."""
    found = []
    for service, entry in tree.parameters["services"].items():
        own = [one for one in workloads(tree) if one.service == service]
        wanted = sorted(name for name, _ in said.jobs(entry))
        there = sorted(container["name"] for one in own if not one.runs_on for container in one.containers)
        if there != wanted:
            found.append(f"{service}: its jobs run {there}, not {wanted}")
        for workload in own:
            names = [container["name"] for container in workload.containers]
            if (
                workload.runs_on
                and workload.kind != "VerneMQ"
                and names != [name for name, _ in said.containers(service, entry)]
            ):
                found.append(f"{workload}: has the containers {names}")
    return found


def programs_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Image, command, arguments, resources."""
    found = []
    for where, workload, container, entry in _pairs(tree):
        wanted = {"image": entry["image"]}
        if workload.kind != "VerneMQ":  # the operator's own command
            wanted["imagePullPolicy"] = "IfNotPresent"
            wanted["command"], wanted["args"] = entry.get("command"), entry.get("args")
        for key, value in wanted.items():
            if container.get(key) != value:
                found.append(f"{where}: {key} is {container.get(key)}, not {value}")
        for kind in ("requests", "limits"):
            stated = {name: str(number) for name, number in entry["resources"][kind].items()}
            if container.get("resources", {}).get(kind) != stated:
                found.append(f"{where}: {kind} are {container.get('resources', {}).get(kind)}, not {stated}")
    return found


def variables_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Each with its value, or the Secret and key, or the field it comes from."""
    found = []
    for where, workload, container, entry in _pairs(tree):
        wanted = {name: _said(tree, workload.service, value) for name, value in said.on(entry.get("env")).items()}
        if entry.get("database_server"):
            wanted |= reckoned.databases(tree.parameters, workload.service)
        there = {variable["name"]: _source(variable) for variable in container.get("env", ())}
        for name in wanted.keys() - there.keys():
            found.append(f"{where}: has no variable {name}")
        for name, source in there.items():
            if name not in wanted:
                if name != _ELSEWHERE:
                    found.append(f"{where}: nobody asked for the variable {name}")
            elif source != wanted[name]:
                found.append(f"{where}: {name} is {source}, not {wanted[name]}")
    return found


def _said(tree: Tree, service: str, value: Any) -> Any:
    if isinstance(value, Mapping) and "derived" in value:
        return reckoned.derived(tree.parameters, service, value["derived"])
    return said.variable(tree.parameters, service, value)


def _source(variable: Mapping[str, Any]) -> Any:
    reference = variable.get("valueFrom")
    if reference is None:
        return variable.get("value")
    if "secretKeyRef" in reference and set(reference["secretKeyRef"]) == {"name", "key"}:
        return "secret", reference["secretKeyRef"]["name"], reference["secretKeyRef"]["key"]
    if (
        set(reference.get("fieldRef", {})) == {"apiVersion", "fieldPath"}
        and reference["fieldRef"]["apiVersion"] == "v1"
    ):
        return "field", reference["fieldRef"]["fieldPath"]
    return reference


def ports_and_probes_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """A port by its name, number and protocol; a probe with all its numbers."""
    known = tree.parameters["platform"]["kubernetes"]["startup_probes"]
    found = []
    for where, workload, container, entry in _pairs(tree):
        if workload.kind == "VerneMQ":
            continue  # the operator knows ports and probes by itself
        ports = {
            (name, port["number"], port.get("protocol", "TCP")) for name, port in said.on(entry.get("ports")).items()
        }
        second = filter(None, map(said.proxied, said.on(entry.get("ports")).values()))
        ports |= {(f"proxied-{number}", number, "TCP") for number in second}
        there = {
            (port.get("name"), port.get("containerPort"), port.get("protocol")) for port in container.get("ports", ())
        }
        if there != ports or any(
            set(port) != {"name", "containerPort", "protocol"} for port in container.get("ports", ())
        ):
            found.append(f"{where}: its ports are {sorted(there, key=str)}, not {sorted(ports)}")
        for name, field in _PROBES.items():
            wanted = said.probe(entry, name)
            if name == "startup" and not known:
                wanted = None
            if name != "startup" and wanted and known and "startup" in entry:
                # The startup probe is what waits.
                wanted.pop("initialDelaySeconds", None)
            if container.get(field) != wanted:
                found.append(f"{where}: {field} is {container.get(field)}, not {wanted}")
    return found


def security_contexts_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """User, group, capabilities and whether the root file system may be written; the pod's group for its volumes."""
    found = []
    for where, workload, container, entry in _pairs(tree):
        security = entry["security"]
        capabilities = {
            "drop": ["ALL"],
            **({"add": list(security["capabilities"])} if security.get("capabilities") else {}),
        }
        wanted = {
            "allowPrivilegeEscalation": False,
            "capabilities": capabilities,
            "readOnlyRootFilesystem": security.get("read_only_root", False),
            "runAsGroup": security["group"],
            "runAsNonRoot": security["user"] != 0,
            "runAsUser": security["user"],
        }
        if workload.kind == "VerneMQ":
            # It passes on the pod's part only.
            wanted = {key: wanted[key] for key in ("runAsGroup", "runAsNonRoot", "runAsUser")}
            there = {key: value for key, value in workload.spec["securityContext"].items() if key != "fsGroup"}
        else:
            there = container.get("securityContext", {})
        if there != wanted:
            found.append(f"{where}: its securityContext is {there}, not {wanted}")
    for workload in workloads(tree):
        entry = tree.parameters["services"][workload.service]
        group = entry["security"].get("fs_group")
        if not workload.runs_on and not said.on(dict(said.jobs(entry))[workload.name].get("secret_files")):
            group = None
        if workload.spec.get("securityContext", {}).get("fsGroup") != group:
            found.append(
                f"{workload}: fsGroup is {workload.spec.get('securityContext', {}).get('fsGroup')}, not {group}"
            )
    return found


def mounts_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Each path in a container leads to the volume, directory of the node, Secret or files that the inventory names."""
    found = []
    for where, workload, container, entry in _pairs(tree):
        if workload.kind == "VerneMQ":
            continue  # the operator mounts its one volume
        wanted = said.mounts(tree.parameters, entry)
        there = {
            mount.get("mountPath"): _leads_to(tree, workload, mount) for mount in container.get("volumeMounts", ())
        }
        for path in sorted({*wanted, *there}, key=str):
            if there.get(path) != wanted.get(path):
                found.append(f"{where}: {path} is {there.get(path)}, not {wanted.get(path)}")
    for workload in workloads(tree):
        mounted = {mount["name"] for container in workload.containers for mount in container.get("volumeMounts", ())}
        volumes = [volume["name"] for volume in workload.spec.get("volumes", ())]
        found += [f"{workload}: nobody mounts volume {name}" for name in volumes if name not in mounted]
    return found


def _leads_to(tree: Tree, workload: Workload, mount: Mapping[str, Any]) -> tuple:
    name, written = mount["name"], not mount.get("readOnly", False)
    rest = {key: value for key, value in mount.items() if key not in ("name", "mountPath", "readOnly")}
    for template in workload.claim_templates:
        if template["metadata"]["name"] == name:
            return ("volume", name) if written and not rest else ("volume", name, mount)
    volume = next((one for one in workload.spec.get("volumes", ()) if one["name"] == name), {})
    kind = {key: value for key, value in volume.items() if key != "name"}
    stated = tree.parameters["services"][workload.service].get("volumes", {})
    if name in stated and set(kind) == {"emptyDir"} and written and not rest:
        limit = kind["emptyDir"]
        sized = set(limit) == {"sizeLimit"} and size(limit["sizeLimit"]) == reckoned.volume_size(
            tree.parameters, workload.service, name
        )
        return ("nothing kept", name) if sized else ("nothing kept", name, limit)
    if kind == {"emptyDir": {"sizeLimit": "256Mi"}} and written and not rest:
        return ("scratch",)
    if kind == {"persistentVolumeClaim": {"claimName": name}} and written and not rest:
        return "volume", name
    if (
        "hostPath" in kind
        and kind["hostPath"].get("type") == "DirectoryOrCreate"
        and not written
        and rest == {"mountPropagation": "HostToContainer"}
    ):
        return "host", kind["hostPath"]["path"]
    if "secret" in kind and not written and not rest and kind["secret"].get("defaultMode") == 0o440:
        keys = {
            key
            for entry in tree.parameters["services"].values()
            for key in said.on(entry.get("secrets")).get(kind["secret"]["secretName"], {})
            if key != "enabled"
        }
        if {(item["key"], item["path"]) for item in kind["secret"].get("items", ())} == {(key, key) for key in keys}:
            return "secret", kind["secret"]["secretName"]
    if "configMap" in kind and not written and not rest and kind["configMap"].get("defaultMode") == 0o555:
        data = next(
            (
                one["data"]
                for one in tree.of_kind("ConfigMap")
                if one["metadata"]["name"] == kind["configMap"]["name"]
                and one["metadata"].get("namespace") == workload.namespace
            ),
            {},
        )
        items = kind["configMap"].get("items", [{"key": key, "path": key} for key in data])
        return "files", tuple(
            sorted(item["key"] for item in items if item["key"] == item["path"] and item["key"] in data)
        )
    return name, mount, kind


CHECKS = (
    every_container_is_there,
    programs_are_those_of_the_inventory,
    variables_are_those_of_the_inventory,
    ports_and_probes_are_those_of_the_inventory,
    security_contexts_are_those_of_the_inventory,
    mounts_are_those_of_the_inventory,
)
