"""From a port of the load balancer to the container that answers, and who may go that way."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any, Iterator

from tests.compiled.bootstrap_values import table
from tests.compiled.calls import calls
from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import Workload, open_ports, selected, workloads
from tests.haproxy.configuration import sections

HAPROXY = "haproxy/haproxy.cfg"
CALLS = "kong-calls.txt"
# host:port inside a value, with or without a scheme before it.
_ADDRESS = re.compile(r"(?:^|//|[,;@ ])([a-z][a-z0-9.-]*):(\d{2,5})\b")
_HOST_NAME = re.compile(r"^[a-z][a-z0-9.-]*$")
_SCHEMES = {"http": 80, "https": 443}


def listeners_lead_to_containers(tree: Tree) -> list[str]:
    """Each way of the inventory is there whole: listener, nodes, NodePort, Service, container."""
    ways = {listen: (node_port, servers) for listen, node_port, servers in _listeners(tree)}
    found = []
    for service, name, port in _exposed(tree):
        listen = port["expose"].get("listen")
        where = f"{service} {name}"
        if listen is None:
            continue
        if listen not in ways:
            found.append(f"{where}: HAProxy does not listen on {listen}")
            continue
        node_port, servers = ways.pop(listen)
        group = tree.parameters["services"][service]["group"]
        nodes = {
            node["address"] for node in tree.parameters["cluster"]["nodes"].values() if node["group"] == group
        }
        if servers != nodes:
            found.append(
                f"{where}: listener {listen} leads to {', '.join(sorted(servers))}, "
                f"but group {group} is {', '.join(sorted(nodes))}"
            )
        wanted = _node_port(tree, service, name, port)
        if node_port != wanted:
            found.append(f"{where}: listener {listen} leads to NodePort {node_port}, not {wanted}")
    found += [f"HAProxy listens on {listen}, which no service of the inventory exposes" for listen in ways]
    return found


def node_ports_lead_to_containers(tree: Tree) -> list[str]:
    """Each NodePort of the inventory leads to the container port it stands beside, and there is no other."""
    found, seen = [], {}
    for entry in tree.of_kind("Service"):
        for port in entry["spec"].get("ports", ()):
            if entry["spec"].get("type") != "NodePort" and "nodePort" not in port:
                continue
            number = port.get("nodePort", f"of {entry['metadata']['name']} {port.get('name')}")
            if "nodePort" not in port and tree.parameters["nodeports"]["fixed"]:
                found.append(f"{name_of(entry)}: port {port['port']} leaves its NodePort to chance")
                continue
            if number in seen:
                found.append(f"{name_of(entry)}: NodePort {number} leads to {name_of(seen[number][0])} already")
            if "nodePort" in port and not 30000 <= number <= 32767:
                found.append(f"{name_of(entry)}: NodePort {number} is outside 30000-32767")
            seen[number] = (entry, port)
    for service, name, wanted in _exposed(tree):
        number = _node_port(tree, service, name, wanted)
        if number not in seen:
            found.append(f"{service} {name}: no Service has NodePort {number}")
            continue
        entry, port = seen.pop(number)
        targets = {_target(workload, port) for workload in selected(tree, entry["spec"]["selector"])}
        if targets != {wanted["number"]}:
            found.append(f"{service} {name}: NodePort {number} leads to container port {targets or 'none'}, not {wanted['number']}")
        if {one.service for one in selected(tree, entry["spec"]["selector"])} != {service}:
            found.append(f"{service} {name}: NodePort {number} leads to pods of another service")
    found += [f"{name_of(entry)}: NodePort {number} is outside the inventory" for number, (entry, _) in seen.items()]
    return found


def _exposed(tree: Tree) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(service, port name, port) of the inventory for every exposed port that is switched on."""
    for service, entry in tree.parameters["services"].items():
        for name, port in entry.get("ports", {}).items():
            if "expose" in port and port.get("enabled", True):
                yield service, name, port


def _node_port(tree: Tree, service: str, name: str, port: dict[str, Any]) -> int | str:
    """The number of the inventory; where Kubernetes chooses, the Service and port for which it does."""
    if tree.parameters["nodeports"]["fixed"] or "listen" not in port["expose"]:
        return port["expose"]["node_port"]
    return f"of {tree.parameters['services'][service]['external_service']} {name}"


def _listeners(tree: Tree) -> Iterator[tuple[int, int | str, set[str]]]:
    """(port, NodePort, server addresses) of each listener that leads to servers."""
    found = sections(tree.files[HAPROXY])
    backends = {section.name: section for section in found if section.kind in ("backend", "listen")}
    for section in found:
        if section.kind not in ("frontend", "listen"):
            continue
        for (bind, *_) in section.values("bind"):
            host, _, port = bind.rpartition(":")
            if host not in ("", "*", "0.0.0.0", "::"):
                if ipaddress.ip_address(host).is_loopback:
                    continue
            default = section.values("default_backend")
            # HAProxy's own metrics; who may read them is a check of tests/haproxy.
            if section.kind == "frontend" and not default:
                continue
            servers = [words[1] for words in (backends[default[0][0]] if default else section).values("server")]
            addresses = {server.rpartition(":")[0] for server in servers}
            numbers = {_number(tree, server.rpartition(":")[2]) for server in servers}
            yield int(port), numbers.pop() if len(numbers) == 1 else -1, addresses


def _number(tree: Tree, text: str) -> int | str:
    """A server's port; of a variable, the Service and port whose NodePort the bootstrap sets it to."""
    variables = {
        f"${{{variable}}}": f"of {service.partition('/')[2]} {port}"
        for variable, service, port in table(tree.files, "NODE_PORTS")
    }
    return variables.get(text, text) if text.startswith("$") else int(text)


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


def probes_ask_open_ports(tree: Tree) -> list[str]:
    """A probe asks a port of its own container."""
    found = []
    for workload in workloads(tree):
        for container in workload.containers:
            declared = {key for port in container.get("ports", ()) for key in (port["containerPort"], port.get("name"))}
            for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
                for handler in ("httpGet", "tcpSocket"):
                    port = container.get(probe, {}).get(handler, {}).get("port")
                    if port is not None and port not in declared:
                        found.append(f"{workload}: container {container['name']}: {probe} asks {port}, which it does not open")
    return found


def policies_fit_their_pods(tree: Tree) -> list[str]:
    """A NetworkPolicy names pods and ports that exist, and leaves the way for NodePorts and probes."""
    found = []
    for policy in tree.of_kind("NetworkPolicy"):
        if policy["spec"]["podSelector"] == {}:
            continue  # see namespaces_deny_by_default
        if policy["spec"]["podSelector"]["matchLabels"] in [made["labels"] for _, _, made in _made(tree)]:
            continue  # see made_pods_are_called_by_their_callers
        members = [
            one for one in selected(tree, policy["spec"]["podSelector"])
            if one.namespace == policy["metadata"]["namespace"]
        ]
        if not members:
            found.append(f"{name_of(policy)}: selects no pod")
        for rule in policy["spec"].get("ingress", ()):
            for port in rule.get("ports", ()):
                for workload in members:
                    if (port["port"], port.get("protocol", "TCP")) not in open_ports(workload):
                        found.append(f"{name_of(policy)}: port {port['port']} is not open in {workload}")
            for peer in rule.get("from", ()):
                if "podSelector" in peer and not selected(tree, peer["podSelector"]):
                    found.append(f"{name_of(policy)}: admits pods {peer['podSelector'].get('matchLabels')}, which nobody has")
        for service, name, port in _exposed(tree):
            if any(one.service == service for one in members) and not _open_to_all(policy, port["number"]):
                found.append(f"{name_of(policy)}: closes port {port['number']} ({name}), which is exposed by a NodePort")
    return found


def namespaces_deny_by_default(tree: Tree) -> list[str]:
    """In each namespace one policy selects every pod and admits nobody."""
    closed = {
        policy["metadata"]["namespace"] for policy in tree.of_kind("NetworkPolicy")
        if policy["spec"]["podSelector"] == {} and "Ingress" in policy["spec"].get("policyTypes", ())
    }
    found = [
        f"{name_of(policy)}: admits somebody to every pod of its namespace" for policy in tree.of_kind("NetworkPolicy")
        if policy["spec"]["podSelector"] == {} and policy["spec"].get("ingress")
    ]
    namespaces = {entry["metadata"]["name"] for entry in tree.of_kind("Namespace")}
    return found + [f"namespace {name}: no policy denies by default" for name in sorted(namespaces - closed)]


def made_pods_are_called_by_their_callers(tree: Tree) -> list[str]:
    """Pods that a service makes by itself admit those who are to call them, and nobody else."""
    found = []
    for service, name, made in _made(tree):
        policies = [
            policy for policy in tree.of_kind("NetworkPolicy")
            if policy["spec"]["podSelector"].get("matchLabels") == made["labels"]
        ]
        for other in workloads(tree):
            admitted = any(_admits(tree, policy, other, made["port"]) for policy in policies)
            if admitted != (other.service in made["callers"] and other.runs_on):
                found.append(f"{name} of {service} {'admit' if admitted else 'do not admit'} {other} to port {made['port']}")
    return found


def _made(tree: Tree) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for service, entry in tree.parameters["services"].items():
        for name, made in entry.get("makes", {}).items():
            yield service, name, made


def users_are_admitted(tree: Tree) -> list[str]:
    """Whoever declares the use of a port passes the policies of its pods, and nobody else does."""
    found = []
    for service, entry in tree.parameters["services"].items():
        for name, port in entry.get("ports", {}).items():
            if not port.get("enabled", True):
                continue
            targets = [one for one in workloads(tree) if one.service == service and one.runs_on]
            users = _users(tree, service, name)
            for target in targets:
                if target.spec.get("hostNetwork"):
                    continue  # beyond any policy
                policies = _policies(tree, target)
                for other in workloads(tree):
                    admitted = not policies or any(_admits(tree, policy, other, port["number"]) for policy in policies)
                    declared = (
                        other.name in users or other.service in users and other.runs_on
                        or "expose" in port or entry.get("peers") and other.service == service and other.runs_on
                    )
                    if declared and not admitted:
                        found.append(f"{other} uses port {port['number']} of {target}, which admits it not")
                    if admitted and not declared:
                        found.append(f"{target}: port {port['number']} admits {other}, which declares no use")
    return found


def _users(tree: Tree, service: str, port: str) -> set[str]:
    """Names of the services and jobs that declare the use of a port: by `uses`, an address or a route of the gateway."""
    found = set()
    for name, entry in tree.parameters["services"].items():
        # A job without an environment of its own has its service's.
        jobs = {job: {"env": entry.get("env", {}), **one} for job, one in entry.get("jobs", {}).items()}
        for user, holder in {name: entry, **jobs}.items():
            call = calls(holder).get(service)
            if call and port in call.ports:
                found.add(user)
    if any(route["port"] == port for route in tree.parameters["services"][service].get("routes", {}).values()):
        found.add(tree.parameters["gateway"]["service"])
    if tree.parameters["services"][service].get("metrics", {}).get("port") == port and "monitoring" in tree.parameters:
        found.add(tree.parameters["monitoring"]["service"])
    return found


def _policies(tree: Tree, target: Workload) -> list[Object]:
    """The policies that select the pods of a workload."""
    return [
        policy for policy in tree.of_kind("NetworkPolicy")
        if policy["metadata"]["namespace"] == target.namespace
        and policy["spec"]["podSelector"].get("matchLabels", {}).items() <= target.labels.items()
    ]


def _open_to_all(policy: Object, number: int) -> bool:
    return any(
        "from" not in rule and ("ports" not in rule or number in [port["port"] for port in rule["ports"]])
        for rule in policy["spec"].get("ingress", ())
    )


def _admits(tree: Tree, policy: Object, other: Workload, number: int) -> bool:
    return _open_to_all(policy, number) or any(
        ("ports" not in rule or number in [port["port"] for port in rule["ports"]])
        and any(_means(tree, policy, peer, other) for peer in rule["from"])
        for rule in policy["spec"].get("ingress", ()) if "from" in rule
    )


def _means(tree: Tree, policy: Object, peer: Object, other: Workload) -> bool:
    """A peer names pods by their labels, of the policy's namespace or of those with certain labels."""
    if "namespaceSelector" in peer:
        wanted = peer["namespaceSelector"].get("matchLabels", {}).items()
        homes = {
            entry["metadata"]["name"] for entry in tree.of_kind("Namespace")
            if wanted <= entry["metadata"].get("labels", {}).items()
        }
    else:
        homes = {policy["metadata"]["namespace"]}
    labels = peer.get("podSelector", {"matchLabels": {"": ""}}).get("matchLabels", {})
    return other.namespace in homes and labels.items() <= other.labels.items()


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
        for entry in tree.of_kind("ConfigMap") for line in entry.get("data", {}).get(CALLS, "").splitlines()
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
        policies = _policies(tree, target)
        if policies and not any(_admits(tree, policy, workload, number) for policy in policies):
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
        for service, wanted in services.items():
            declared = wanted.get("kubernetes_services", {}).get(entry["metadata"]["name"])
            if declared is not None and bool(declared.get("same_node")) != same_node:
                found.append(f"{name_of(entry)}: same-node routing is {same_node}, the inventory says otherwise")
        if spec.get("externalTrafficPolicy") == "Local" or same_node:
            for workload in members:
                if not services[workload.service].get("one_per_node"):
                    found.append(f"{name_of(entry)}: stays on the node, but {workload} has no pod on every node")
    return found


CHECKS = (
    listeners_lead_to_containers, node_ports_lead_to_containers, services_reach_pods, probes_ask_open_ports,
    policies_fit_their_pods, namespaces_deny_by_default, made_pods_are_called_by_their_callers,
    users_are_admitted, environment_leads_to_services, routes_lead_to_services,
    local_services_have_local_pods,
)
