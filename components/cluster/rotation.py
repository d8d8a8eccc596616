"""A new value of a Secret's key: which program keeps the old one, and whose pods have to start anew with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .databases import POSTGRES, databases
from .types import PROVIDED, RANDOM, Service

#: How a new value gets to where it is kept, beside POSTGRES and MONGODB (a role of theirs): auth keeps the password of
#: a user of dojot; programs take it as they start; nobody can make a new one here.
AUTH, AT_START, NEVER = "auth", "start", "never"
_ELSEWHERE = "who keeps it is not part of this cluster: change it there, then in the Secret, and restart its readers"
#: The key of a database's Secret that opens it.
_PASSWORD = "password"


@dataclass(frozen=True)
class Rotation:
    """Of a random key: `keeper` is the service that keeps its value, None for AT_START and NEVER; `why` is NEVER's."""

    key: str
    how: str
    keeper: Service | None = None
    why: str = ""


def rotations(services: Sequence[Service], owner: Service, secret: str) -> Iterator[Rotation]:
    """One for each random key of a Secret that `owner` declares."""
    entry, makers = owner.spec.secrets[secret], {service.name: maker for service, maker in databases(services)}
    by_name = {service.name: service for service in services}
    database = owner.spec.database
    for key, value in sorted(entry.values.items()):
        stated = entry.rotation.get(key)
        if value.partition(" ")[0] != RANDOM:
            continue
        if stated and stated.never:
            yield Rotation(key, NEVER, why=stated.never)
        elif stated and stated.account_of:
            yield Rotation(key, AUTH, by_name[stated.account_of])
        elif database and database.secret == secret and key == _PASSWORD:
            keeper = by_name.get(database.server)
            yield Rotation(key, POSTGRES, keeper) if keeper else Rotation(key, NEVER, why=_ELSEWHERE)
        elif owner.spec.external:
            yield Rotation(key, NEVER, why=_ELSEWHERE)
        elif owner.name in makers:
            yield Rotation(key, makers[owner.name], owner)
        else:
            yield Rotation(key, AT_START)


def readers(services: Sequence[Service], owner: Service, secret: str) -> list[Service]:
    """Services whose pods have read a value that is not public, in the order of the waves.

    Not who keeps it: such a program has read it into an empty directory, once.
    """
    kept = {(each.key, each.keeper.name) for each in rotations(services, owner, secret) if each.keeper}
    secrets = {key for key, value in owner.secrets[secret].items() if value.partition(" ")[0] in (RANDOM, PROVIDED)}
    found = [
        service
        for service in services
        if service.namespace == owner.namespace
        and any((key, service.name) not in kept for key in secrets & set(_read(service, secret)))
    ]
    return sorted(found, key=lambda service: (service.wave, service.name))


def _read(service: Service, secret: str) -> Iterable[str]:
    """The keys that its pods read, each as often as they do."""
    for container in service.containers:
        yield from (one.key for one in container.env if one.secret == secret and one.key)
        yield from (key for files in container.secret_files if files.secret == secret for key in files.keys)
