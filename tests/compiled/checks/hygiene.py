"""Good manners of pods, and what the API server refuses although the schema allows it."""

from __future__ import annotations

import re
from typing import Any, Iterator

from components.cluster.quantity import millicores, size

from tests.compiled.tree import Tree, name_of
from tests.compiled.workloads import Workload, selected, workloads

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


def containers_state_their_resources(tree: Tree) -> list[str]:
    """Requests of CPU and memory, a limit of memory, and no limit below its request."""
    found = []
    for workload in workloads(tree):
        for container in workload.containers:
            where = f"{workload}: container {container['name']}"
            resources = container.get("resources", {})
            requests, limits = resources.get("requests", {}), resources.get("limits", {})
            found += [f"{where}: requests no {what}" for what in ("cpu", "memory") if what not in requests]
            if "memory" not in limits:
                found.append(f"{where}: has no memory limit")
            for what, number in (("cpu", millicores), ("memory", size)):
                if what in requests and what in limits and number(limits[what]) < number(requests[what]):
                    found.append(f"{where}: its {what} limit is below its request")
    return found


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


def containers_have_no_rights(tree: Tree) -> list[str]:
    """No capability but named ones, no way up, and of the host what the service's class names, for reading."""
    found = []
    for workload, container in _containers(tree):
        where, context = f"{workload}: container {container['name']}", container.get("securityContext", {})
        if context.get("capabilities", {}).get("drop") != ["ALL"]:
            found.append(f"{where}: does not drop ALL capabilities")
        if context.get("allowPrivilegeEscalation") is not False:
            found.append(f"{where}: allowPrivilegeEscalation is not false")
        if context.get("privileged"):
            found.append(f"{where}: is privileged")
        if context.get("runAsUser") is None or (context["runAsUser"] == 0) == bool(context.get("runAsNonRoot")):
            found.append(f"{where}: runAsUser {context.get('runAsUser')} and runAsNonRoot {context.get('runAsNonRoot')} disagree")
    for workload in workloads(tree):
        stated = tree.parameters["services"].get(workload.service, {})
        named = {"hostNetwork": stated.get("host_network"), "hostPID": stated.get("host_pid"), "hostIPC": False}
        found += [f"{workload}: {word} opens the host" for word, asked in named.items() if workload.spec.get(word) and not asked]
        paths = {entry["path"] for entry in stated.get("host_paths", {}).values()}
        for volume in workload.spec.get("volumes", ()):
            if "hostPath" not in volume:
                continue
            if volume["hostPath"]["path"] not in paths:
                found.append(f"{workload}: volume {volume['name']} is a hostPath")
            for container in workload.containers:
                found += [
                    f"{workload}: container {container['name']} may write to the host's {volume['hostPath']['path']}"
                    for mount in container.get("volumeMounts", ())
                    if mount["name"] == volume["name"] and not mount.get("readOnly")
                ]
        if workload.kind == "VerneMQ" and not workload.spec["securityContext"].get("runAsNonRoot"):
            found.append(f"{workload}: may run as root")
    return found


def pods_see_no_more_than_they_need(tree: Tree) -> list[str]:
    """No service variables; a token of the API for those only who have rights there."""
    bound = {
        subject["name"] for entry in tree.of_kind("RoleBinding", "ClusterRoleBinding") for subject in entry.get("subjects", ())
        if subject["kind"] == "ServiceAccount"
    }
    accounts = {entry["metadata"]["name"]: entry for entry in tree.of_kind("ServiceAccount")}
    found = []
    for workload in workloads(tree):
        account = workload.spec.get("serviceAccountName", "default")
        if account != "default" and account not in accounts:
            found.append(f"{workload}: there is no ServiceAccount {account}")
        if workload.kind == "VerneMQ":
            # The operator states neither switch, so the ServiceAccount must.
            token = accounts.get(account, {}).get("automountServiceAccountToken", True)
        else:
            token = workload.spec.get("automountServiceAccountToken", True)
            if workload.spec.get("enableServiceLinks") is not False:
                found.append(f"{workload}: enableServiceLinks is not false")
        # Without RBAC everyone has every right, so a token is no sign of anything.
        if tree.cluster.rbac and token and account not in bound:
            found.append(f"{workload}: gets a token of the API, but has no rights there")
        if not token and account in bound:
            found.append(f"{workload}: has rights at the API, but gets no token")
    return found


def rights_are_exact(tree: Tree) -> list[str]:
    """Roles without wildcards, bindings that lead somewhere."""
    found = []
    for role in tree.of_kind("Role", "ClusterRole"):
        for rule in role.get("rules", ()):
            for key in ("apiGroups", "resources", "verbs"):
                if "*" in rule.get(key, ()):
                    found.append(f"{name_of(role)}: a wildcard in {key}")
    accounts = {(entry["metadata"]["namespace"], entry["metadata"]["name"]) for entry in tree.of_kind("ServiceAccount")}
    for kind in ("Role", "ClusterRole"):
        names = {(entry["metadata"].get("namespace"), entry["metadata"]["name"]) for entry in tree.of_kind(kind)}
        for binding in tree.of_kind(f"{kind}Binding"):
            home = binding["metadata"].get("namespace")
            if (home, binding["roleRef"]["name"]) not in names:
                found.append(f"{name_of(binding)}: there is no {kind} {binding['roleRef']['name']}")
            for subject in binding.get("subjects", ()):
                if (subject.get("namespace"), subject["name"]) not in accounts or home not in (None, subject["namespace"]):
                    found.append(f"{name_of(binding)}: there is no {subject['kind']} {subject['name']}")
    return found


def sets_have_their_service(tree: Tree) -> list[str]:
    """The governing Service exists and selects the pods; where pods are called by name it is headless."""
    services = {entry["metadata"]["name"]: entry for entry in tree.of_kind("Service")}
    found = []
    for workload in workloads(tree):
        if workload.kind != "StatefulSet":
            continue
        name = workload.found["spec"].get("serviceName", "")
        if name not in services:
            found.append(f"{workload}: its governing Service {name or '(none)'} does not exist")
            continue
        spec = services[name]["spec"]
        if not spec.get("selector", {}).items() <= workload.labels.items():
            found.append(f"{workload}: its governing Service {name} selects other pods")
        if workload.replicas > 1 and spec.get("clusterIP") != "None":
            found.append(f"{workload}: its governing Service {name} is not headless, so its pods have no names")
    return found


def selectors_fit_their_templates(tree: Tree) -> list[str]:
    """A controller selects its own pods and nobody else's."""
    found = []
    for entry in tree.of_kind("Deployment", "StatefulSet"):
        selector = entry["spec"].get("selector", {})
        if not selector.get("matchLabels", {}).items() <= entry["spec"]["template"]["metadata"].get("labels", {}).items():
            found.append(f"{name_of(entry)}: its selector does not match its template")
        for other in selected(tree, selector):
            if other.found is not entry:
                found.append(f"{name_of(entry)}: selects pods of {other} too")
    return found


def mounts_lead_to_volumes(tree: Tree) -> list[str]:
    """Each mount has its volume, each volume its ConfigMap or claim, and each ConfigMap a reader."""
    maps = {entry["metadata"]["name"] for entry in tree.of_kind("ConfigMap")}
    claims = {entry["metadata"]["name"] for entry in tree.of_kind("PersistentVolumeClaim")}
    read, found = set(), []
    for workload in workloads(tree):
        volumes = workload.spec.get("volumes", [])
        names = [volume["name"] for volume in volumes] + [one["metadata"]["name"] for one in workload.claim_templates]
        found += [f"{workload}: two volumes are called {name}" for name in set(names) if names.count(name) > 1]
        mounted = set()
        for container in workload.containers:
            paths = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
            found += [f"{workload}: {path} is mounted twice" for path in set(paths) if paths.count(path) > 1]
            for mount in container.get("volumeMounts", ()):
                mounted.add(mount["name"])
                if mount["name"] not in names:
                    found.append(f"{workload}: container {container['name']} mounts {mount['name']}, which is no volume")
        if workload.kind != "VerneMQ":
            found += [f"{workload}: nobody mounts volume {name}" for name in names if name not in mounted]
        for volume in volumes:
            name = volume.get("configMap", {}).get("name")
            read.add(name)
            if name and name not in maps:
                found.append(f"{workload}: there is no ConfigMap {name}")
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in claims:
                found.append(f"{workload}: there is no claim {claim}")
    found += [f"ConfigMap {name}: nobody mounts it" for name in sorted(maps - read)]
    return found


def names_are_legal(tree: Tree) -> list[str]:
    """Names, labels, keys and variables, as the API server checks them."""
    found = []
    for path, entry in tree.objects:
        name = entry["metadata"]["name"]
        pattern = _SERVICE if entry["kind"] == "Service" else _LABEL if entry["kind"] in ("Namespace", "Job") else _SUBDOMAIN
        if entry["kind"] not in ("ClusterRole", "ClusterRoleBinding") and not pattern.match(name):
            found.append(f"{path}: {name_of(entry)}: the name is not legal")
        if entry["kind"] == "StatefulSet" and len(name) > _SET_NAME:
            found.append(f"{path}: {name_of(entry)}: the name is longer than {_SET_NAME}")
        for key, value in entry["metadata"].get("labels", {}).items():
            if not _VALUE.match(value):
                found.append(f"{path}: {name_of(entry)}: label {key} = {value} is not legal")
        if entry["kind"] == "ConfigMap":
            found += [f"{path}: {name_of(entry)}: key {key} is not legal" for key in entry["data"] if not _FILE.match(key)]
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
                        found.append(f"{workload}: variable {entry['name']} quotes {name}, which does not stand above it")
                above.add(entry["name"])
    return found


def services_are_well_formed(tree: Tree) -> list[str]:
    """Ports of a Service are named and differ."""
    found = []
    for entry in tree.of_kind("Service"):
        ports = entry["spec"].get("ports", [])
        for key in ("name", "port"):
            values = [(port.get(key), port.get("protocol", "TCP") if key == "port" else "") for port in ports]
            if len(set(values)) != len(values) or (len(ports) > 1 and (None, "") in values):
                found.append(f"{name_of(entry)}: two ports share a {key}, or have none")
        found += [
            f"{name_of(entry)}: {port['name']} is not a legal port name" for port in ports
            if "name" in port and not _LABEL.match(port["name"])
        ]
    return found


CHECKS = (
    containers_state_their_resources, containers_are_probed, containers_have_no_rights, pods_see_no_more_than_they_need,
    rights_are_exact, sets_have_their_service, selectors_fit_their_templates, mounts_lead_to_volumes, names_are_legal,
    quoted_variables_come_first, services_are_well_formed,
)
