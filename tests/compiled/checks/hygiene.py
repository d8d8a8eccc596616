"""Good manners of pods, and what the API server refuses although the schema allows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.compiled.tree import Tree, name_of
from tests.compiled.workloads import Workload, workloads

_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
_SUBDOMAIN = re.compile(r"^(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
_SERVICE = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
_PORT = re.compile(r"^(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
_FILE = re.compile(r"^[-._a-zA-Z0-9]{1,253}$")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_QUOTED = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_HANDLERS = ("exec", "httpGet", "tcpSocket")
# StatefulSet: its pods carry <name>-<revision hash> as a label.
_SET_NAME = 52


def _containers(tree: Tree) -> Iterator[tuple[Workload, dict[str, Any]]]:
    """Every container of which this project writes the pod template."""
    for workload in workloads(tree):
        if workload.kind != "VerneMQ":  # the operator writes that one
            for container in workload.containers:
                yield workload, container


def containers_are_probed(tree: Tree) -> list[str]:
    """Readiness and liveness, each by exactly one handler; jobs end by themselves."""
    found = []
    for workload, container in _containers(tree):
        for name in ("readinessProbe", "livenessProbe", "startupProbe"):
            where = f"{workload}: container {container['name']}: {name}"
            probe = container.get(name)
            if probe is None:
                if name != "startupProbe" and workload.runs_on and container in workload.spec["containers"]:
                    found.append(f"{where} is missing")
                continue
            if sum(handler in probe for handler in _HANDLERS) != 1:
                found.append(f"{where} needs exactly one of {', '.join(_HANDLERS)}")
            if name != "readinessProbe" and probe.get("successThreshold", 1) != 1:
                found.append(f"{where}: successThreshold must be 1")
            if probe.get("timeoutSeconds", 1) > probe.get("periodSeconds", 10):
                found.append(f"{where}: its timeout is longer than its period")
    return found


def names_are_legal(tree: Tree) -> list[str]:
    """Names, labels, keys and variables, as the API server checks them."""
    found = []
    for path, entry in tree.objects:
        name = entry["metadata"]["name"]
        pattern = (
            _SERVICE if entry["kind"] == "Service" else _LABEL if entry["kind"] in ("Namespace", "Job") else _SUBDOMAIN
        )
        if entry["kind"] not in ("ClusterRole", "ClusterRoleBinding") and not pattern.match(name):
            found.append(f"{path}: {name_of(entry)}: the name is not legal")
        if entry["kind"] == "StatefulSet" and len(name) > _SET_NAME:
            found.append(f"{path}: {name_of(entry)}: the name is longer than {_SET_NAME}")
        for key, value in entry["metadata"].get("labels", {}).items():
            if not _VALUE.match(value):
                found.append(f"{path}: {name_of(entry)}: label {key} = {value} is not legal")
        if entry["kind"] == "ConfigMap":
            found += [
                f"{path}: {name_of(entry)}: key {key} is not legal" for key in entry["data"] if not _FILE.match(key)
            ]
    for workload in workloads(tree):
        found += _names_in_pod(workload)
    return found


def _names_in_pod(workload: Workload) -> Iterator[str]:
    names = [container["name"] for container in workload.containers]
    names += [volume["name"] for volume in workload.spec.get("volumes", ())]
    if "hostname" in workload.spec:
        names.append(workload.spec["hostname"])
    for name in names:
        if not _LABEL.match(name):
            yield f"{workload}: {name} is not a legal name"
    seen: set[Any] = set()
    for container in workload.containers:
        for port in container.get("ports", ()):
            if "name" in port and not _PORT.match(port["name"]):
                yield f"{workload}: {port['name']} is not a legal port name (15 letters, digits and dashes at most)"
            for key in ((port["containerPort"], port.get("protocol", "TCP")), port.get("name")):
                if key is not None and key in seen:
                    yield f"{workload}: port {key} is there twice"
                seen.add(key)
        variables = [entry["name"] for entry in container.get("env", ())]
        for name in set(variables):
            if not _VARIABLE.match(name) or variables.count(name) > 1:
                yield f"{workload}: variable {name} is there twice or not legal"
        for entry in container.get("env", ()):
            if "value" in entry and "valueFrom" in entry:
                yield f"{workload}: variable {entry['name']} has a value and a source"


def quoted_variables_come_first(tree: Tree) -> list[str]:
    """Kubernetes fills $(NAME) in from the variables above; of one below, or of none, the text stays as it is."""
    found = []
    for workload in workloads(tree):
        for container in workload.containers:
            above: set[str] = set()
            for entry in container.get("env", ()):
                for name in _QUOTED.findall(entry.get("value") or ""):
                    if name not in above:
                        found.append(
                            f"{workload}: variable {entry['name']} quotes {name}, which does not stand above it"
                        )
                above.add(entry["name"])
    return found


CHECKS = (containers_are_probed, names_are_legal, quoted_variables_come_first)
