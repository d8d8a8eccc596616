"""From a port of the load balancer to the container that answers, and who may go that way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.compiled import said
from tests.compiled.policies import admits, policies_of
from tests.compiled.reckoned import nodes_of
from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import Workload, open_ports, selected, workloads

CALLS = "kong-calls.txt"
# host:port inside a value, with or without a scheme before it.
_ADDRESS = re.compile(r"(?:^|//|[,;@ ])([a-z][a-z0-9.-]*):(\d{2,5})\b")
_HOST_NAME = re.compile(r"^[a-z][a-z0-9.-]*$")
_SCHEMES = {"http": 80, "https": 443}


def services_reach_pods(tree: Tree) -> list[str]:
    """Each Service selects pods, and each of its ports is open in them."""
    found = []
    for entry in tree.of_kind("Service"):
        members = selected(tree, entry["spec"].get("selector", {"": ""}))
        if not members:
            found.append(f"{name_of(entry)}: selects no pod")
        if len({one.service for one in members}) > 1:
            found.append(f"{name_of(entry)}: selects pods of several services")
        for workload in members:
            for port in entry["spec"].get("ports", ()):
                if _target(workload, port) is None:
                    found.append(
                        f"{name_of(entry)}: port {port['port']} leads to {port.get('targetPort')} "
                        f"of {workload}, which opens {_shown(workload)}"
                    )
    return found


def _target(workload: Workload, port: dict[str, Any]) -> int | None:
    """The container port that a Service's port leads to; None where none is open."""
    wanted, protocol = port.get("targetPort", port["port"]), port.get("protocol", "TCP")
    for (number, other), name in open_ports(workload).items():
        if other == protocol and wanted in (number, name):
            return number
    return None


def _shown(workload: Workload) -> str:
    return ", ".join(str(number) for number, _ in sorted(open_ports(workload))) or "none"


def environment_leads_to_services(tree: Tree) -> list[str]:
    """Every host:port that a container is told is a Service of the cluster with that port, which admits the pod."""
    # The one host outside that pods are told of.
    mail_server = tree.parameters.get("email", {}).get("host")
    found = []
    for workload in workloads(tree):
        for container in workload.containers:
            env = {entry["name"]: entry.get("value") or "" for entry in container.get("env", ())}
            for name, value in env.items():
                for host, port in _ADDRESS.findall(value):
                    found += _unreachable(tree, workload, name, host, int(port))
                if name.endswith("_HOST") and _HOST_NAME.match(value) and value != mail_server:
                    port = env.get(f"{name.removesuffix('_HOST')}_PORT")
                    found += _unreachable(tree, workload, name, value, int(port) if port else None)
    return found


def routes_lead_to_services(tree: Tree) -> list[str]:
    """What Kong is told leads to Services and ports of the cluster only."""
    found = []
    for entry in tree.of_kind("ConfigMap"):
        if CALLS not in entry.get("data", {}):
            continue
        known: set[str] = set()
        name = tree.parameters["gateway"]["service"]
        gateway = next(one for one in workloads(tree) if one.service == name and one.runs_on)
        for line in entry["data"][CALLS].splitlines():
            path, _, text = line.partition(" ")
            body = json.loads(text)
            if path in known:
                found.append(f"{CALLS}: {path} is sent twice")
            known.add(path)
            parent = "/".join(path.split("/")[:3])
            if parent not in known:
                found.append(f"{CALLS}: {path} comes before its service {parent}")
            for url in (body.get("url"), body.get("config", {}).get("pdpUrl")):
                if url:
                    scheme, _, rest = url.partition("://")
                    host, _, port = rest.partition("/")[0].partition(":")
                    found += _unreachable(tree, gateway, path, host, int(port or _SCHEMES[scheme]))
            if "paths" in body and not all(one.startswith("/") for one in body["paths"]):
                found.append(f"{CALLS}: {path}: a path of {body['paths']} does not begin with /")
        found += _schemes(tree, entry["data"][CALLS])
    wanted = {name for entry in tree.parameters["services"].values() for name in entry.get("routes", {})}
    sent = {
        line.split("/")[2].split(" ")[0]
        for entry in tree.of_kind("ConfigMap")
        for line in entry.get("data", {}).get(CALLS, "").splitlines()
    }
    found += [f"{CALLS}: route {name} of the inventory is missing" for name in sorted(wanted - sent)]
    return found


def _schemes(tree: Tree, calls_text: str) -> Iterator[str]:
    """Routes speak TLS with the ports that do, and with no others."""
    for entry in tree.parameters["services"].values():
        for route, wanted in entry.get("routes", {}).items():
            scheme = "https" if entry["ports"][wanted["port"]].get("tls") else "http"
            if f'"url":"{scheme}://' not in next(iter(re.findall(rf"^/services/{route} .*$", calls_text, re.M)), ""):
                yield f"{CALLS}: route {route} does not speak {scheme}, as its port does"


def _unreachable(tree: Tree, workload: Workload, where: str, host: str, port: int | None) -> Iterator[str]:
    """Why `workload` does not get through to host:port."""
    if host == "localhost":
        return
    numbers = {
        number["number"]
        for entry in said.elsewhere(tree.parameters).values()
        if entry["external"] == host
        for number in entry["ports"].values()
    }
    if numbers:
        if port is not None and port not in numbers:
            yield f"{workload}: {where}: nobody is to answer on port {port} of {host}"
        return
    # pod.service names one pod behind a headless Service.
    name = host.split(".")[1] if "." in host and _service(tree, host.split(".")[0]) is None else host.split(".")[0]
    service = _service(tree, name)
    if service is None:
        yield f"{workload}: {where}: there is no Service {host}"
        return
    ports = {entry["port"]: entry for entry in service["spec"].get("ports", ())}
    if port is not None and port not in ports:
        yield f"{workload}: {where}: Service {host} has no port {port}"
        return
    for target in selected(tree, service["spec"]["selector"]) if port is not None else ():
        number = _target(target, ports[port])
        policies = policies_of(tree, target)
        if policies and not any(admits(tree, policy, workload, number) for policy in policies):
            yield f"{workload}: {where}: a NetworkPolicy keeps it from port {port} of {host}"


def _service(tree: Tree, name: str) -> Object | None:
    return next((entry for entry in tree.of_kind("Service") if entry["metadata"]["name"] == name), None)


def local_services_have_local_pods(tree: Tree) -> list[str]:
    """A Service that stays on the node needs a pod on each node from which it is called."""
    found = []
    services = tree.parameters["services"]
    for entry in tree.of_kind("Service"):
        spec, members = entry["spec"], selected(tree, entry["spec"].get("selector", {}))
        keys = spec.get("topologyKeys")
        same_node = keys == ["kubernetes.io/hostname"] or spec.get("internalTrafficPolicy") == "Local"
        if keys and spec.get("externalTrafficPolicy") == "Local":
            found.append(f"{name_of(entry)}: topologyKeys and externalTrafficPolicy: Local exclude each other")
        for wanted in services.values():
            declared = wanted.get("kubernetes_services", {}).get(entry["metadata"]["name"])
            if declared is not None and bool(declared.get("same_node")) != same_node:
                found.append(f"{name_of(entry)}: same-node routing is {same_node}, the inventory says otherwise")
        if spec.get("externalTrafficPolicy") == "Local" or same_node:
            for workload in members:
                wanted = services[workload.service]
                # Where there is one node, each pod is on it.
                if not wanted.get("one_per_node") and len(nodes_of(tree.parameters, wanted["group"])) != 1:
                    found.append(f"{name_of(entry)}: stays on the node, but {workload} has no pod on every node")
    return found


CHECKS = (services_reach_pods, environment_leads_to_services, routes_lead_to_services, local_services_have_local_pods)
