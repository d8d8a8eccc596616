"""What the inventory says of a service's containers, in the words of Kubernetes, worked out without the model.

Reads parameters alone. Everything that is switched off is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Entry = Mapping[str, Any]


def on(entries: Mapping[str, Any] | None) -> dict[str, Any]:
    """The entries of a map that are switched on."""
    return {
        name: entry
        for name, entry in (entries or {}).items()
        if not isinstance(entry, Mapping) or entry.get("enabled", True)
    }


def containers(service: str, entry: Entry) -> Iterator[tuple[str, Entry]]:
    """(name, entry) of the service's container and its sidecars."""
    yield service, entry
    yield from sorted(entry.get("sidecars", {}).items())


def jobs(entry: Entry) -> Iterator[tuple[str, Entry]]:
    """(name, entry) of each job: what it does not say, the service's container says."""
    for name, job in entry.get("jobs", {}).items():
        yield name, {**{key: entry[key] for key in ("image", "env", "resources", "security") if key in entry}, **job}


def namespace(parameters: Entry, service: str) -> str:
    services = parameters["services"]
    entry = (services if service in services else services.elsewhere)[service]
    return entry.get("namespace", parameters["cluster"]["namespace"])


def namespaces(parameters: Entry) -> set[str]:
    """Those of the services, and the cluster's own."""
    return {parameters["cluster"]["namespace"], *(namespace(parameters, service) for service in parameters["services"])}


def labels(service: str, entry: Entry) -> dict[str, str]:
    """Of a service's pods; the operator has labels of its own for brokers."""
    if "custom_resource" in entry:
        return {"app": "vernemq", "vernemq": entry["custom_resource"]["name"]}
    return {"app": "dojot", "name": service}


def proxied(port: Entry) -> int | None:
    """The port of the container that expects the PROXY protocol, if the load balancer speaks it."""
    second = port.get("expose", {}).get("proxy_protocol", {"enabled": False})
    return second["number"] if second.get("enabled", True) else None


def entrance(port: Entry) -> int:
    """Where connections from outside arrive in the container."""
    return proxied(port) or port["number"]


def keeps_source(parameters: Entry, entry: Entry) -> bool:
    """A NodePort leads to its own node alone: a pod is on each, and somebody looks at who calls."""
    nodes = [node for node in parameters["cluster"]["nodes"].values() if node["group"] == entry["group"]]
    asked = any(proxied(port) for port in on(entry.get("ports")).values())
    return bool(entry.get("one_per_node")) or (asked and len(nodes) == 1)


def apart(parameters: Entry, entry: Entry, pods: int) -> bool:
    """No two pods share a node: of those that any caller may ask, and of servers that copy from each other."""
    asked = parameters["availability"]
    several = asked["replicas"] if entry["kind"] == "Deployment" else asked["members"] if entry.get("peers") else 1
    return several > 1 and pods > 1 and entry["kind"] in ("Deployment", "StatefulSet")


def elsewhere(parameters: Entry) -> Entry:
    """Services that others run: they are called, and not made."""
    found: Entry = getattr(parameters["services"], "elsewhere", {})
    return found


def host_and_port(parameters: Entry, caller: str, service: str, port: str) -> tuple[str, int]:
    """How `caller` reaches a port: by the Service that has it, one with an address of its own before a headless one."""
    services = parameters["services"]
    if service in elsewhere(parameters):
        return services.elsewhere[service]["external"], services.elsewhere[service]["ports"][port]["number"]
    entry = services[service]
    offers = []
    for name, door in on(entry.get("kubernetes_services")).items():
        number = entry["ports"][port]["number"] if door.get("headless") else door.get("ports", {}).get(port)
        if number is not None:
            offers.append((bool(door.get("headless")), name, number))
    _, host, number = min(offers)
    home = namespace(parameters, service)
    return (host if home == namespace(parameters, caller) else f"{host}.{home}"), number


def variable(parameters: Entry, service: str, value: Any) -> Any:
    """A text, ("secret", name, key) or ("field", path); None for what is derived: see reckoned.py."""
    if isinstance(value, list):
        return ",".join(
            _text(item["value"] if isinstance(item, Mapping) else item)
            for item in value
            if not isinstance(item, Mapping) or item.get("enabled", True)
        )
    if not isinstance(value, Mapping):
        return _text(value)
    if "value" in value:
        return _text(value["value"])
    if "secret" in value:
        return "secret", value["secret"], value["key"]
    if "field" in value:
        return "field", value["field"]
    if "service" in value:
        host, port = host_and_port(parameters, service, value["service"], value["port"])
        return value.get("text", "{host}:{port}").replace("{host}", host).replace("{port}", str(port))
    return None


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def probe(entry: Entry, name: str) -> dict[str, Any] | None:
    """A probe with the number of the port that it names."""
    said = entry.get(name)
    if said is None:
        return None
    found = {key: dict(value) if isinstance(value, Mapping) else value for key, value in said.items()}
    for handler in ("httpGet", "tcpSocket"):
        if handler in found:
            port = entry["ports"][found[handler]["port"]]
            found[handler]["port"] = port["number"]
            if handler == "httpGet" and port.get("tls"):
                found[handler]["scheme"] = "HTTPS"
    return found


def mounts(parameters: Entry, entry: Entry) -> dict[str, tuple]:
    """Path in the container -> what is there.

    ("volume", name), ("nothing kept", name), ("host", path), ("scratch",), ("secret", name) or ("files", names).
    """
    found: dict[str, tuple] = {}
    for name, volume in entry.get("volumes", {}).items():
        kept = volume.get("persistent", parameters["volumes"]["persistent"])
        found[volume["mount"]] = ("volume" if kept else "nothing kept", name)
    for directory in entry.get("host_paths", {}).values():
        found[directory["mount"]] = "host", directory["path"]
    for path in entry["security"].get("writable", ()):
        found[path] = ("scratch",)
    for name, held in on(entry.get("secret_files")).items():
        found[held["mount"]] = "secret", name
    for name, file in entry.get("files", {}).items():
        found[file["mount"]] = "files", tuple(sorted({name, *found.get(file["mount"], ((), ()))[1]}))
    return found
