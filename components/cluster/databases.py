"""The services that keep databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .mongodb import MONGODB
from .types import Service

#: By whose programs a database is dumped, and filled again.
POSTGRES = "postgres"


def databases(services: Iterable[Service]) -> Iterator[tuple[Service, str]]:
    """(Service, POSTGRES or MONGODB) of each that a backup asks for a dump."""
    for service in services:
        if service.spec.database_server:
            yield service, POSTGRES
        elif service.name == MONGODB:
            yield service, MONGODB
