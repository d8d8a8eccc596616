"""What containers are given: variables, credentials, databases and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from ..containers import references_of
from ..finding import Finding, Path, suggest
from ..ports import namespace_of
from ..types import PROVIDED

FILES = FilePath(__file__).parents[3] / "inventory" / "files"
#: Files that are made from the cluster, by the name that `source` gives them.
GENERATED = (
    "dashboard_load_balancer",
    "dashboard_nodes",
    "dashboard_overview",
    "dashboard_storage",
    "gateway_calls",
    "prometheus_config",
    "prometheus_rules",
    "volume_directories",
)


def derived(parameters: dict[str, Any]) -> Iterator[Finding]:
    """What a value is derived from must be there."""
    judges = {"zookeeper_servers": _zookeeper_servers, "storage_share": _storage_share}
    for path, env in _all_env(parameters["services"]):
        for variable, value in env.items():
            if isinstance(value, dict) and value.get("derived") in judges:
                yield from judges[value["derived"]](parameters, path[1], (*path, variable))


def _zookeeper_servers(parameters: dict[str, Any], name: str, path: Path) -> Iterator[Finding]:
    """ZooKeeper's list of servers is made of its own ports and headless Service."""
    service = parameters["services"][name]
    headless = any(entry.get("headless") for entry in service.get("kubernetes_services", {}).values())
    if not headless or not {"server", "leader-election"} <= service.get("ports", {}).keys():
        yield Finding(
            path,
            "zookeeper_servers",
            f"this is made of ports server and leader-election and of a headless Service, which {name} does not have",
            "Add them, as in service.zookeeper, or write the value",
        )


def _storage_share(parameters: dict[str, Any], name: str, path: Path) -> Iterator[Finding]:
    """Part of the service's one volume, as monitoring says."""
    volumes = parameters["services"][name].get("volumes", {})
    if len(volumes) != 1 or "monitoring" not in parameters:
        yield Finding(
            path,
            "storage_share",
            f"this is monitoring.storage_share of the one volume of {name}, and "
            f"{'it has ' + str(len(volumes)) if 'monitoring' in parameters else 'this cluster has no monitoring'}",
            "Add the class monitoring, and one volume as in service.prometheus, or write the value",
        )


def secrets(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    secrets: dict[str, set[str]] = {}
    homes: dict[str, str] = {}
    for name, service in services.items():
        for secret, keys in service.get("secrets", {}).items():
            secrets.setdefault(secret, set()).update(keys)
            homes[secret] = namespace_of(parameters, name)
    for path, container in containers(services):
        reader = namespace_of(parameters, path[1])
        for secret in container.get("secret_files", {}):
            if secret not in secrets:
                yield Finding(
                    (*path, "secret_files", secret),
                    None,
                    "no service of this cluster declares this Secret",
                    suggest(secret, secrets),
                )
            elif homes[secret] != reader:
                yield _elsewhere((*path, "secret_files", secret), None, homes[secret], reader)
    for path, env in _all_env(services):
        home = namespace_of(parameters, path[1])
        for variable, value in env.items():
            if not isinstance(value, dict) or "secret" not in value:
                continue
            if value["secret"] not in secrets:
                yield Finding(
                    (*path, variable),
                    value["secret"],
                    "no service of this cluster declares this Secret",
                    suggest(value["secret"], secrets),
                )
            elif homes[value["secret"]] != home:
                yield _elsewhere((*path, variable), value["secret"], homes[value["secret"]], home)
            elif value["key"] not in secrets[value["secret"]]:
                yield Finding(
                    (*path, variable),
                    value["key"],
                    f"the Secret {value['secret']} has no such key",
                    suggest(value["key"], secrets[value["secret"]]),
                )


def _elsewhere(path: Path, secret: str | None, home: str, reader: str) -> Finding:
    return Finding(
        path,
        secret,
        f"this Secret is in namespace {home}, and pods of {reader} cannot read it",
        f"Declare a Secret of its own under services.{path[1]}.secrets",
    )


def provided_secrets(parameters: dict[str, Any]) -> Iterator[Finding]:
    """A Secret that people bring is theirs whole: the bootstrap neither makes nor changes it."""
    for name, service in parameters["services"].items():
        for secret, keys in service.get("secrets", {}).items():
            made = [key for key, value in keys.items() if value != PROVIDED]
            if made and len(made) < len(keys):
                yield Finding(
                    ("services", name, "secrets", secret, made[0]),
                    keys[made[0]],
                    f"other keys of {secret} are provided, and who brings a Secret brings all of it",
                    "Write provided, or move the key to a Secret of its own",
                )


def secret_files(parameters: dict[str, Any]) -> Iterator[Finding]:
    """The operator gives the brokers' pods no mounts of ours."""
    for name, service in parameters["services"].items():
        if service["kind"] == "VerneMQ" and service.get("secret_files"):
            yield Finding(
                ("services", name, "secret_files"),
                None,
                "pods of kind VerneMQ can mount no Secret",
                "Take it out; what they need goes into env",
            )


def variables(parameters: dict[str, Any]) -> Iterator[Finding]:
    """A value that quotes $(NAME) needs that variable beside it, and one that quotes none itself."""
    for path, env in _all_env(parameters["services"]):
        for variable, value in env.items():
            for name in references_of(value):
                if name not in env:
                    yield Finding(
                        (*path, variable),
                        f"$({name})",
                        "this container has no variable of this name",
                        suggest(name, env.keys() - {variable}),
                    )
                elif references_of(env[name]):
                    yield Finding(
                        (*path, variable),
                        f"$({name})",
                        "this variable quotes another one itself, and Kubernetes fills in one level",
                        f"Write the text of {name} here",
                    )


def _all_env(services: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path, container in containers(services):
        yield (*path, "env"), container.get("env", {})


def containers(services: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, service in services.items():
        yield ("services", name), service
        for part in ("sidecars", "jobs"):
            for inner, container in service.get(part, {}).items():
                yield ("services", name, part, inner), container


def databases(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    for name, service in services.items():
        database = service.get("database")
        if database is None:
            continue
        path = ("services", name, "database")
        if not services.get(database["server"], {}).get("database_server"):
            yield Finding(
                (*path, "server"),
                database["server"],
                "this service is no database server of the cluster",
                "Name a service with database_server: true, and add it to the profile",
            )
        secrets = service.get("secrets", {})
        if database["secret"] not in secrets:
            yield Finding(
                (*path, "secret"),
                database["secret"],
                f"{name} declares no such Secret, and only it may use this one",
                suggest(database["secret"], secrets),
            )
            continue
        for key in ("user", "password"):
            if key not in secrets[database["secret"]]:
                yield Finding(
                    (*path, "secret"),
                    database["secret"],
                    f"this Secret has no key {key}",
                    f"Add it under services.{name}.secrets",
                )


def files(parameters: dict[str, Any]) -> Iterator[Finding]:
    for name, service in parameters["services"].items():
        holders = [(("services", name), service)]
        holders += [(("services", name, "jobs", job_name), job) for job_name, job in service.get("jobs", {}).items()]
        for path, holder in holders:
            for file, entry in holder.get("files", {}).items():
                source = entry["source"]
                if source not in GENERATED and not (FILES / FilePath(source).name).is_file():
                    yield Finding(
                        (*path, "files", file, "source"),
                        source,
                        "there is no such file",
                        f"Put it into inventory/files, or name one of: "
                        f"{', '.join(sorted(item.name for item in FILES.iterdir() if item.is_file()))}",
                    )
