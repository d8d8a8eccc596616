"""Secrets: who declares them, who reads them, and the databases that they open."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding, Path, near, suggest

from ..entries import containers
from ..input.container import FromSecret
from ..input.service import ServiceEntry
from ..input.target import Inventory
from ..types import PROVIDED, RANDOM
from .environment import environments
from .registry import Stage, rule

#: Keys of a database's Secret that the init script asks for.
_DATABASE_KEYS = ("user", "password")


@rule(Stage.NAMES)
def secrets(inventory: Inventory) -> Iterator[Finding]:
    """A Secret that a container reads is declared, in its namespace, and has the key."""
    keys: dict[str, set[str]] = {}
    homes: dict[str, str] = {}
    for name, service in inventory.services.items():
        for secret, declared in service.secrets.items():
            keys.setdefault(secret, set()).update(declared.values)
            homes[secret] = inventory.namespace_of(name)
    for path, container in containers(inventory):
        reader = inventory.namespace_of(path[1])
        for secret in container.secret_files:
            if secret not in keys:
                yield _undeclared((*path, "secret_files", secret), None, suggest(secret, keys))
            elif homes[secret] != reader:
                yield _elsewhere((*path, "secret_files", secret), None, homes[secret], reader)
    for path, env in environments(inventory):
        home = inventory.namespace_of(path[1])
        for variable, value in env.items():
            if not isinstance(value, FromSecret):
                continue
            if value.secret not in keys:
                yield _undeclared((*path, variable), value.secret, suggest(value.secret, keys))
            elif homes[value.secret] != home:
                yield _elsewhere((*path, variable), value.secret, homes[value.secret], home)
            elif value.key not in keys[value.secret]:
                yield Finding(
                    (*path, variable),
                    value.key,
                    f"the Secret {value.secret} has no such key",
                    suggest(value.key, keys[value.secret]),
                )


def _undeclared(path: Path, secret: str | None, way_out: str) -> Finding:
    return Finding(path, secret, "no service of this cluster declares this Secret", way_out)


def _elsewhere(path: Path, secret: str | None, home: str, reader: str) -> Finding:
    return Finding(
        path,
        secret,
        f"this Secret is in namespace {home}, and pods of {reader} cannot read it",
        f"Declare a Secret of its own under services.{path[1]}.secrets",
    )


@rule(Stage.NAMES)
def pull_secrets(inventory: Inventory) -> Iterator[Finding]:
    """What opens a registry is of a type of its own, so it is no service's Secret."""
    owners = {secret: name for name, service in inventory.services.items() for secret in service.secrets}
    for index, secret in enumerate(inventory.release.pull_secrets):
        if secret in owners:
            yield Finding(
                ("release", "pull_secrets", str(index)),
                secret,
                f"{owners[secret]} declares a Secret of this name, and one that opens registries is of another type",
                "Choose another name",
            )


@rule(Stage.NAMES)
def provided_secrets(inventory: Inventory) -> Iterator[Finding]:
    """A Secret that people bring is theirs whole: the bootstrap neither makes nor changes it."""
    for name, service in inventory.services.items():
        for secret, entry in service.secrets.items():
            keys = entry.values
            made = [key for key, value in keys.items() if value != PROVIDED]
            if made and len(made) < len(keys):
                yield Finding(
                    ("services", name, "secrets", secret, made[0]),
                    keys[made[0]],
                    f"other keys of {secret} are provided, and who brings a Secret brings all of it",
                    "Write provided, or move the key to a Secret of its own",
                )


@rule(Stage.NAMES)
def rotation(inventory: Inventory) -> Iterator[Finding]:
    """What is said of a new value is said of a key that the bootstrap makes up; a user has a name."""
    for name, service in inventory.services.items():
        for secret, entry in service.secrets.items():
            made = sorted(key for key, value in entry.values.items() if value.partition(" ")[0] == RANDOM)
            for key, stated in entry.rotation.items():
                path = ("services", name, "secrets", secret, "rotation", key)
                if key not in made:
                    yield Finding(path, None, f"{secret} has no random key of this name", suggest(key, made))
                elif stated.account_of and stated.account_of not in inventory.services:
                    yield Finding(
                        (*path, "account_of"),
                        stated.account_of,
                        "there is no such service in this cluster",
                        "Add it to the profile",
                    )
                elif stated.account_of and "user" not in entry.values:
                    yield Finding(
                        (*path, "account_of"),
                        stated.account_of,
                        f"{secret} has no key user, whose password it is",
                        f"Add it under services.{name}.secrets.{secret}",
                    )


@rule(Stage.NAMES)
def secret_files(inventory: Inventory) -> Iterator[Finding]:
    """The operator gives the brokers' pods no mounts of ours."""
    for name, service in inventory.services.items():
        if service.kind == "VerneMQ" and service.secret_files:
            yield Finding(
                ("services", name, "secret_files"),
                None,
                "pods of kind VerneMQ can mount no Secret",
                "Take it out; what they need goes into env",
            )


@rule(Stage.NAMES)
def databases(inventory: Inventory) -> Iterator[Finding]:
    """A database has a server, and a Secret of its service that opens it."""
    for name, service in inventory.services.items():
        database = service.database
        if database is None:
            continue
        path = ("services", name, "database")
        server = inventory.services.get(database.server)
        if server is None or not server.database_server:
            yield Finding(
                (*path, "server"),
                database.server,
                "this service is no database server of the cluster",
                "Name a service with database_server: true, and add it to the profile",
            )
        if database.secret not in service.secrets:
            yield Finding(
                (*path, "secret"),
                database.secret,
                f"{name} declares no such Secret, and only it may use this one",
                suggest(database.secret, service.secrets),
            )
            continue
        for key in _DATABASE_KEYS:
            if key not in service.secrets[database.secret].values:
                yield Finding(
                    (*path, "secret"),
                    database.secret,
                    f"this Secret has no key {key}",
                    f"Add it under services.{name}.secrets",
                )


@rule(Stage.NAMES)
def unread_secrets(inventory: Inventory) -> Iterator[Finding]:
    """Each key of a Secret is somebody's variable, file or way into a database."""
    declared = {
        secret: (("services", name, "secrets", secret), entry.values)
        for name, service in inventory.services.items()
        for secret, entry in service.secrets.items()
    }
    read = set(_reads(inventory))
    # A reader that is misspelt is refused for that alone.
    if any(secret not in declared or (key is not None and key not in declared[secret][1]) for secret, key in read):
        return
    for secret, (path, keys) in declared.items():
        used = {key for key in keys if {(secret, key), (secret, None)} & read}
        if not used and keys:
            yield Finding(
                path,
                None,
                "nobody reads this Secret",
                instead(secret, {other for other, _ in read}) or "Take it out, or name it under env or secret_files",
            )
            continue
        for key in sorted(keys.keys() - used):
            yield Finding(
                (*path, key),
                None,
                "nobody reads this key of the Secret",
                instead(key, used) or "Take it out, or name it under env",
            )


def _reads(inventory: Inventory) -> Iterator[tuple[str, str | None]]:
    """(Secret, key) of each reader; without a key it reads all of them."""
    for _, container in containers(inventory):
        yield from ((secret, None) for secret in container.secret_files)
        for value in (container.env or {}).values():
            if isinstance(value, FromSecret):
                yield value.secret, value.key
        if isinstance(container, ServiceEntry) and container.database:
            yield from ((container.database.secret, key) for key in _DATABASE_KEYS)


def instead(name: str, known: set[str]) -> str | None:
    guess = near(name, known)
    return f"Did you mean {guess}?" if guess else None
