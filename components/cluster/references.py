"""Names in an inventory that must exist elsewhere in it.

Works on parameters that fit the schema; what passes can be built into a Cluster.
"""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any, Iterator

from .finding import Finding, Path, listed, suggest
from .sizes import SIZE_RULES
from .types import CONTROL_PLANE

FILES = FilePath(__file__).parents[2] / "inventory" / "files"
GATEWAY_CALLS = "gateway_calls"


def findings(parameters: dict[str, Any]) -> list[Finding]:
    """Every name that leads nowhere; empty when all are found."""
    return [finding for check in CHECKS for finding in check(parameters)]


def _groups(parameters: dict[str, Any]) -> Iterator[Finding]:
    groups = parameters["node_groups"]
    places = [
        (("cluster", "nodes", name, "group"), node["group"])
        for name, node in parameters["cluster"]["nodes"].items()
    ]
    places += [
        (("services", name, "group"), service["group"])
        for name, service in parameters["services"].items()
    ]
    places.append((("platform", "argocd", "group"), parameters["platform"]["argocd"]["group"]))
    for path, group in places:
        if group not in groups:
            workers = groups.keys() - ({CONTROL_PLANE} if path[0] != "cluster" else set())
            yield Finding(path, group, "there is no such node group", suggest(group, workers))
    for name, service in parameters["services"].items():
        if service["group"] == CONTROL_PLANE:
            yield Finding(
                ("services", name, "group"), CONTROL_PLANE,
                "no dojot service runs on the control plane", "Choose a group of workers",
            )


def _brokers(parameters: dict[str, Any]) -> Iterator[Finding]:
    brokers = [name for name, service in parameters["services"].items() if service["kind"] == "VerneMQ"]
    sized = [name for name, service in parameters["services"].items() if service["replicas"] in SIZE_RULES]
    if sized and not brokers:
        yield Finding(
            ("services", sized[0], "replicas"), parameters["services"][sized[0]]["replicas"],
            f"the replicas of {listed(sized)} follow the number of brokers, and the profile has none",
            "Add service.vernemq to the profile, or write numbers",
        )
    for name, service in parameters["services"].items():
        if service["kind"] == "VerneMQ" and service["replicas"] == "bridges":
            yield Finding(
                ("services", name, "replicas"), "bridges", "the number of bridges follows that of the brokers",
                "Write a number, or the rule: brokers",
            )
        if service["kind"] == "VerneMQ" and not service.get("one_per_node"):
            yield Finding(
                ("services", name, "one_per_node"), service.get("one_per_node"),
                "bridges speak to the broker on their own node, so brokers stand one on each",
                "Write one_per_node: true",
            )
        if service.get("custom_resource") and service["kind"] != "VerneMQ":
            yield Finding(
                ("services", name, "custom_resource"), None,
                f"{name} is of kind {service['kind']}, and only a VerneMQ has a custom_resource", "Take it out",
            )
        if service.get("custom_resource") is None and service["kind"] == "VerneMQ":
            yield Finding(
                ("services", name, "custom_resource"), None,
                "a service of kind VerneMQ needs its custom_resource",
                "Add it, with name, version, bundler_image, configs and conf",
            )
    for extra in brokers[1:]:
        yield Finding(
            ("services", extra, "kind"), "VerneMQ",
            f"{brokers[0]} is a VerneMQ cluster already, and the operator manages one for each namespace",
            "Keep one of the two",
        )


def _uses(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    absent: dict[str, dict[str, Path]] = {}
    for user, path, uses in _all_uses(services):
        for name, use in uses.items():
            if name not in services:
                absent.setdefault(name, {}).setdefault(user, (*path, name))
                continue
            ports = enabled_ports(services[name])
            for port in use["ports"]:
                if port not in ports:
                    yield Finding(
                        (*path, name, "ports"), port, f"{name} has no port of this name", suggest(port, ports)
                    )
    for name, users in absent.items():
        first = min(users)
        yield Finding(
            users[first], None,
            f"{listed(sorted(users))} {'uses' if len(users) == 1 else 'use'} {name}, "
            "which is not part of this cluster",
            f"Add service.{name} to the profile, or take {first if len(users) == 1 else 'all of those'} out of it",
        )


def _all_uses(services: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    for name, service in services.items():
        yield name, ("services", name, "uses"), service.get("uses", {})
        for job_name, job in service.get("jobs", {}).items():
            yield name, ("services", name, "jobs", job_name, "uses"), job.get("uses", {})


def _cycles(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    done: set[str] = set()

    def walk(name: str, chain: tuple[str, ...]) -> tuple[str, ...] | None:
        if name in chain:
            return (*chain[chain.index(name):], name)
        if name in done:
            return None
        for other, use in services[name].get("uses", {}).items():
            if use.get("at_start", True) and other in services:
                cycle = walk(other, (*chain, name))
                if cycle:
                    return cycle
        done.add(name)
        return None

    for name in services:
        cycle = walk(name, ())
        if cycle:
            yield Finding(
                ("services", cycle[0], "uses", cycle[1]), None,
                f"these services wait for each other at start: {' -> '.join(cycle)}",
                "Write at_start: false where a service can start without the other",
            )
            return


def enabled_ports(service: dict[str, Any]) -> dict[str, Any]:
    """The ports of a service that are switched on."""
    return {name: port for name, port in service.get("ports", {}).items() if port.get("enabled", True)}


def _ports(parameters: dict[str, Any]) -> Iterator[Finding]:
    for name, service in parameters["services"].items():
        ports = service.get("ports", {})
        for dns_name, entry in service.get("kubernetes_services", {}).items():
            for port in entry["ports"]:
                if port not in ports:
                    yield Finding(
                        ("services", name, "kubernetes_services", dns_name, "ports", port), None,
                        f"{name} has no port of this name", suggest(port, ports),
                    )
        exposed = [port for port, entry in ports.items() if "expose" in entry]
        if exposed and "external_service" not in service:
            yield Finding(
                ("services", name, "external_service"), None,
                f"{', '.join(exposed)} of {name} is exposed, so its NodePort Service needs a name",
                "Add external_service",
            )


def _names(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Objects and routes are declared by one service each: a second one would overwrite the first."""
    owner: dict[tuple[str, str], str] = {}
    for user, path, kind, name in _declared(parameters["services"]):
        if (kind, name) in owner:
            yield Finding(path, None, f"{owner[kind, name]} has a {kind} {name} already", "Choose another name")
        owner.setdefault((kind, name), user)


def _declared(services: dict[str, Any]) -> Iterator[tuple[str, Path, str, str]]:
    for name, service in services.items():
        path = ("services", name)
        for key, kind in (("kubernetes_services", "Service"), ("secrets", "Secret"), ("routes", "route")):
            for inner in service.get(key, {}):
                yield name, (*path, key, inner), kind, inner
        for key, kind in (("external_service", "Service"), ("service_account", "ServiceAccount")):
            if key in service:
                yield name, (*path, key), kind, service[key]


def _derived(parameters: dict[str, Any]) -> Iterator[Finding]:
    """ZooKeeper's list of servers is made of its own ports and headless Service."""
    services = parameters["services"]
    for path, env in _all_env(services):
        for variable, value in env.items():
            if not isinstance(value, dict) or value.get("derived") != "zookeeper_servers":
                continue
            service = services[path[1]]
            headless = any(entry.get("headless") for entry in service.get("kubernetes_services", {}).values())
            if not headless or not {"server", "leader-election"} <= enabled_ports(service).keys():
                yield Finding(
                    (*path, variable), "zookeeper_servers",
                    f"this is made of ports server and leader-election and of a headless Service, which {path[1]} "
                    "does not have",
                    "Add them, as in service.zookeeper, or write the value",
                )


def _secrets(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    secrets: dict[str, set[str]] = {}
    for service in services.values():
        for secret, keys in service.get("secrets", {}).items():
            secrets.setdefault(secret, set()).update(keys)
    for path, env in _all_env(services):
        for variable, value in env.items():
            if not isinstance(value, dict) or "secret" not in value:
                continue
            if value["secret"] not in secrets:
                yield Finding(
                    (*path, variable), value["secret"], "no service of this cluster declares this Secret",
                    suggest(value["secret"], secrets),
                )
            elif value["key"] not in secrets[value["secret"]]:
                yield Finding(
                    (*path, variable), value["key"], f"the Secret {value['secret']} has no such key",
                    suggest(value["key"], secrets[value["secret"]]),
                )


def _all_env(services: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name, service in services.items():
        yield ("services", name, "env"), service.get("env", {})
        for part in ("sidecars", "jobs"):
            for inner, container in service.get(part, {}).items():
                yield ("services", name, part, inner, "env"), container.get("env", {})


def _databases(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    for name, service in services.items():
        database = service.get("database")
        if database is None:
            continue
        path = ("services", name, "database")
        if not services.get(database["server"], {}).get("database_server"):
            yield Finding(
                (*path, "server"), database["server"], "this service is no database server of the cluster",
                "Name a service with database_server: true, and add it to the profile",
            )
        secrets = service.get("secrets", {})
        if database["secret"] not in secrets:
            yield Finding(
                (*path, "secret"), database["secret"], f"{name} declares no such Secret, and only it may use this one",
                suggest(database["secret"], secrets),
            )
            continue
        for key in ("user", "password"):
            if key not in secrets[database["secret"]]:
                yield Finding(
                    (*path, "secret"), database["secret"],
                    f"this Secret has no key {key}", f"Add it under services.{name}.secrets",
                )


def _routes(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    gateway = parameters.get("gateway", {}).get("service")
    for name, service in services.items():
        for route, entry in service.get("routes", {}).items():
            path = ("services", name, "routes", route)
            if entry["port"] not in enabled_ports(service):
                yield Finding(
                    (*path, "port"), entry["port"], f"{name} has no port of this name",
                    suggest(entry["port"], enabled_ports(service)),
                )
            elif not _dns_names(service, entry["port"]):
                yield Finding(
                    (*path, "port"), entry["port"], "no entry of kubernetes_services offers this port",
                    f"Add the port to one of services.{name}.kubernetes_services",
                )
    routed = [name for name, service in services.items() if service.get("routes")]
    if routed and gateway not in services:
        yield Finding(
            ("services", routed[0], "routes"), None,
            f"{listed(routed)} {'has' if len(routed) == 1 else 'have'} routes, and this cluster has no API gateway",
            "Add service.kong to the profile",
        )


def _dns_names(service: dict[str, Any], port: str) -> list[str]:
    return [
        name for name, entry in service.get("kubernetes_services", {}).items() if port in entry["ports"]
    ]


def _files(parameters: dict[str, Any]) -> Iterator[Finding]:
    for name, service in parameters["services"].items():
        holders = [(("services", name), service)]
        holders += [
            (("services", name, "jobs", job_name), job) for job_name, job in service.get("jobs", {}).items()
        ]
        for path, holder in holders:
            for file, entry in holder.get("files", {}).items():
                source = entry["source"]
                if source != GATEWAY_CALLS and not (FILES / FilePath(source).name).is_file():
                    yield Finding(
                        (*path, "files", file, "source"), source, "there is no such file",
                        f"Put it into inventory/files, or name one of: "
                        f"{', '.join(sorted(item.name for item in FILES.iterdir() if item.is_file()))}",
                    )


CHECKS = (_groups, _brokers, _uses, _cycles, _ports, _names, _secrets, _derived, _databases, _routes, _files)
