"""Databases that keep what devices send, and MongoDB's memory."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding, suggest

from ..input.target import Inventory
from ..mongodb import BESIDE_THE_CACHE, MONGODB, cache_bytes
from ..quantity import gibibytes, size
from ..types import Cluster
from .registry import Stage, rule

#: Hours that influxdb-storer gives to the bucket of a tenant that it meets first.
_BUCKET_HOURS = "STORER_INFLUX_RETENTION_HRS"


@rule(Stage.NAMES)
def stores(inventory: Inventory) -> Iterator[Finding]:
    """Who keeps messages keeps them in the one volume of a service that is there."""
    for name, service in inventory.services.items():
        if service.stores is None:
            continue
        path, where = ("services", name, "stores", "service"), service.stores.service
        if where not in inventory.services:
            yield Finding(path, where, "there is no such service in this cluster", suggest(where, inventory.services))
        elif (number := len(inventory.services[where].volumes)) != 1:
            yield Finding(
                path,
                where,
                f"messages are kept in the one volume of a service, and {where} has {number}",
                "Name a service with one volume",
            )


@rule(Stage.NAMES)
def retention(inventory: Inventory) -> Iterator[Finding]:
    """influxdb-storer gives each tenant's bucket the hours that the volume is made for."""
    for name, service in inventory.services.items():
        stated = service.env.get(_BUCKET_HOURS)
        if service.stores and stated is not None and str(stated) != str(service.stores.hours):
            yield Finding(
                ("services", name, "stores", "hours"),
                service.stores.hours,
                f"{_BUCKET_HOURS} is {stated}, and so long its buckets keep messages",
                "Write influxdb.hours, which both follow",
            )


@rule(Stage.STRUCTURE)
def database_cache(cluster: Cluster) -> Iterator[Finding]:
    """MongoDB 3.2 does not see its container's limit: its cache is a part of the machine's memory, 1 GB at least."""
    for service in cluster.services:
        if service.name != MONGODB:
            continue
        args, path = service.container.args, ("services", MONGODB, "args")
        cache, limit = cache_bytes(args), size(service.container.resources.limits.memory)
        if cache is None:
            yield Finding(
                path,
                list(args) or None,
                "without a size of its own MongoDB's cache is 60 % of the machine's memory less 1 GB, and at least "
                "1 GB, whatever the limit of its container",
                "Add --wiredTigerEngineConfigString=cache_size=256M",
            )
        elif cache + BESIDE_THE_CACHE > limit:
            yield Finding(
                path,
                list(args),
                f"a cache of {gibibytes(cache, 2)} and what MongoDB takes beside it do not fit into the "
                f"{gibibytes(limit, 2)} of its container",
                "Write a smaller cache_size, or a larger services.mongodb.resources.limits.memory",
            )
