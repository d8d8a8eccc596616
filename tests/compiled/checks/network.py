"""How pods are found and who may call them: whole Services and NetworkPolicies against the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.compiled import said
from tests.compiled.calls import Call, calls
from tests.compiled.tree import Tree, name_of

NAMESPACE_LABEL = "dojot.components/namespace"
_SAME_NODE = {
    "topologyKeys": {"topologyKeys": ["kubernetes.io/hostname"]},
    "internalTrafficPolicy": {"internalTrafficPolicy": "Local"},
}


def services_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Each name that others look up, with its type, ports and pods; and one Service of NodePorts for what is open."""
    wanted: dict[tuple[str, str], tuple[str, Any]] = {}
    for service, entry in tree.parameters["services"].items():
        home = said.namespace(tree.parameters, service)
        for name, spec in _services(tree, service, entry):
            wanted[home, name] = service, spec
    return _compared(tree, "Service", wanted)


def _services(tree: Tree, service: str, entry: said.Entry) -> Iterator[tuple[str, dict[str, Any]]]:
    ports = said.on(entry.get("ports"))
    pods = said.labels(service, entry)
    for name, door in entry.get("kubernetes_services", {}).items():
        spec: dict[str, Any] = {"type": "ClusterIP", "selector": pods}
        offered = door.get("ports", {})
        if door.get("headless"):
            spec.update(clusterIP="None", publishNotReadyAddresses=True)
            offered = {port: one["number"] for port, one in ports.items()}
        if door.get("same_node"):
            spec.update(_SAME_NODE[tree.parameters["platform"]["kubernetes"]["same_node_routing"]])
        spec["ports"] = [
            {
                "name": port,
                "port": number,
                "protocol": ports[port].get("protocol", "TCP"),
                "targetPort": ports[port]["number"],
            }
            for port, number in offered.items()
            if port in ports
        ]
        yield name, {key: value for key, value in spec.items() if value != []}
    exposed = {port: one for port, one in ports.items() if "expose" in one}
    if exposed:
        fixed = tree.parameters["nodeports"]["fixed"]
        yield (
            entry["external_service"],
            {
                "type": "NodePort",
                "selector": pods,
                "externalTrafficPolicy": "Local" if said.keeps_source(tree.parameters, entry) else "Cluster",
                "ports": [
                    {
                        "name": port,
                        "port": one["number"],
                        "protocol": one.get("protocol", "TCP"),
                        "targetPort": said.entrance(one),
                        # A number that clients are told, or that HAProxy does not listen for, Kubernetes never chooses.
                        **({"nodePort": one["expose"]["node_port"]} if fixed or "listen" not in one["expose"] else {}),
                    }
                    for port, one in exposed.items()
                ],
            },
        )


def policies_admit_who_says_so(tree: Tree) -> list[str]:
    """Each namespace denies by default; a policy names its pods, and who may come to which port."""
    wanted: dict[tuple[str, str], tuple[str, Any]] = {
        (home, "default-deny"): ("", {"podSelector": {}, "policyTypes": ["Ingress"]})
        for home in said.namespaces(tree.parameters)
    }
    services = tree.parameters["services"]
    asked = {name: _Asked(caller) for name, caller in services.items()}
    for service, entry in services.items():
        home = said.namespace(tree.parameters, service)
        if entry.get("host_network"):
            continue
        admitted = set(_admitted(tree, service, entry, asked))
        if admitted:
            wanted[home, service] = service, _policy(said.labels(service, entry), admitted)
        for name, made in entry.get("makes", {}).items():
            callers = {
                (
                    _peer(home, said.namespace(tree.parameters, other), said.labels(other, services[other])),
                    (made["port"], "TCP"),
                )
                for other in made["callers"]
                if other in services
            }
            wanted[home, name] = service, _policy(made["labels"], callers)
    return _compared(tree, "NetworkPolicy", wanted, _canonical)


class _Asked:
    """Whom a service and its jobs call."""

    def __init__(self, caller: said.Entry) -> None:
        self.service = calls(_switched(caller))
        self.jobs = {name: calls(_switched(job)) for name, job in said.jobs(caller)}


def _admitted(tree: Tree, service: str, entry: said.Entry, asked: Mapping[str, _Asked]) -> Iterator[tuple[Any, Any]]:
    """(peer, port) pairs; peer None is everybody, port None every port."""
    home = said.namespace(tree.parameters, service)
    if entry.get("peers"):
        yield _peer(home, home, said.labels(service, entry)), None
    for port, one in said.on(entry.get("ports")).items():
        number = (one["number"], one.get("protocol", "TCP"))
        if "expose" in one:
            yield None, (said.entrance(one), number[1])
            if said.proxied(one) is None:
                continue
        for other, caller in tree.parameters["services"].items():
            there = said.namespace(tree.parameters, other)
            if port in _asks(tree, other, asked[other].service, service):
                yield _peer(home, there, said.labels(other, caller)), number
            for name, job in asked[other].jobs.items():
                if port in getattr(job.get(service), "ports", ()):
                    yield _peer(home, there, {"app": "dojot", "name": name}), number


def _asks(tree: Tree, other: str, called: Mapping[str, Call], service: str) -> set[str]:
    """The ports of `service` that another one calls: as it says, for routes (the gateway), for metrics (Prometheus)."""
    entry = tree.parameters["services"][service]
    # What a service calls of its own stays in its pod, or is a matter of peers.
    found = set() if other == service else set(getattr(called.get(service), "ports", ()))
    if other == tree.parameters.get("gateway", {}).get("service"):
        found |= {route["port"] for route in entry.get("routes", {}).values()}
        plugins = [*tree.parameters["gateway"]["authentication"].values()]
        plugins += [
            plugin
            for one in tree.parameters["services"].values()
            for route in one.get("routes", {}).values()
            for plugin in route.get("plugins", {}).values()
        ]
        found |= {
            value["port"]
            for plugin in plugins
            for value in plugin.values()
            if isinstance(value, Mapping) and value.get("service") == service
        }
    if other == tree.parameters.get("monitoring", {}).get("service") and "metrics" in entry:
        found.add(entry["metrics"]["port"])
    return found


def _switched(entry: said.Entry) -> dict[str, Any]:
    """Without what is switched off in its environment."""
    inner = {
        name: {**sidecar, "env": said.on(sidecar.get("env"))} for name, sidecar in entry.get("sidecars", {}).items()
    }
    return {**entry, "env": said.on(entry.get("env")), "sidecars": inner}


def _peer(home: str, namespace: str, labels: Mapping[str, str]) -> tuple:
    return tuple(sorted(labels.items())), None if namespace == home else namespace


def _policy(pods: Mapping[str, str], admitted: set) -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": {"matchLabels": dict(pods)}, "policyTypes": ["Ingress"]}
    return {**spec, **({"ingress": frozenset(admitted)} if admitted else {})}


def _canonical(spec: dict[str, Any]) -> dict[str, Any]:
    """The rules of a policy as pairs of peer and port; what has another form stays as it is."""
    if "ingress" not in spec:
        return spec
    try:
        pairs = frozenset(pair for rule in spec["ingress"] for pair in _read_rule(rule))
    except (KeyError, ValueError):
        return spec
    return {**spec, "ingress": pairs}


def _read_rule(rule: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    if set(rule) - {"from", "ports"}:
        raise ValueError(rule)
    for peer in [_read_peer(one) for one in rule["from"]] if "from" in rule else [None]:
        for port in [_read_port(one) for one in rule["ports"]] if "ports" in rule else [None]:
            yield peer, port


def _read_peer(peer: Mapping[str, Any]) -> tuple:
    if set(peer) - {"podSelector", "namespaceSelector"} or set(peer["podSelector"]) != {"matchLabels"}:
        raise ValueError(peer)
    other = None
    if "namespaceSelector" in peer:
        (label,) = peer["namespaceSelector"]["matchLabels"]
        if label != NAMESPACE_LABEL:
            raise ValueError(peer)
        other = peer["namespaceSelector"]["matchLabels"][label]
    return tuple(sorted(peer["podSelector"]["matchLabels"].items())), other


def _read_port(port: Mapping[str, Any]) -> tuple[int, str]:
    if set(port) != {"port", "protocol"}:
        raise ValueError(port)
    return port["port"], port["protocol"]


def _compared(
    tree: Tree, kind: str, wanted: Mapping[tuple[str, str], tuple[str, Any]], read=lambda spec: spec
) -> list[str]:
    """Every object of a kind has the spec that is wanted of it, stands in its service's file, and no other is there."""
    found, left = [], dict(wanted)
    for file, entry in tree.manifests:
        if entry.get("kind") != kind:
            continue
        key = (entry["metadata"].get("namespace", ""), entry["metadata"]["name"])
        service, spec = left.pop(key, (None, None))
        if service is None:
            found.append(f"{file}: {name_of(entry)}: nobody asked for it")
        elif service and service != file:
            found.append(f"{file}: {name_of(entry)}: this is an object of {service}")
        elif set(entry) != {"apiVersion", "kind", "metadata", "spec"}:
            found.append(f"{file}: {name_of(entry)}: has the fields {sorted(entry)}")
        elif read(entry["spec"]) != spec:
            found.append(f"{file}: {name_of(entry)}: its spec is {read(entry['spec'])}, not {spec}")
    found += [f"{service}: there is no {kind} {name} in {home}" for (home, name), (service, _) in left.items()]
    return found


CHECKS = (services_are_those_of_the_inventory, policies_admit_who_says_so)
