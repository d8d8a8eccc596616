"""MongoDB's memory: its cache, as its arguments say, and what it takes beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: The service that is MongoDB, by the name that dojot's images look up.
MONGODB = "mongodb"
# What mongod takes beside its cache and its open files, estimated: code and heap some 100 MiB, and up to 1 MiB for each
# of the few dozen connections of dojot's services.
BESIDE_THE_CACHE = 200 * 2**20
_CACHE = re.compile(
    r"--wiredTigerEngineConfigString=(?:.*,)?cache_size=([0-9]+)([MG])B?(?:,.*)?|--wiredTigerCacheSizeGB=([0-9]+)"
)
_UNITS = {"M": 2**20, "G": 2**30}


def cache_bytes(args: Sequence[str]) -> int | None:
    """Bytes of WiredTiger's cache; None where the arguments leave it to MongoDB.

    MongoDB 3.2 takes whole gigabytes; what it hands on to WiredTiger comes later in its configuration, and so wins.
    """
    found = [match for arg in args if (match := _CACHE.fullmatch(arg))]
    handed_on = [int(match[1]) * _UNITS[match[2]] for match in found if match[1]]
    stated = [int(match[3]) * 2**30 for match in found if match[3]]
    return next(iter(handed_on or stated), None)
