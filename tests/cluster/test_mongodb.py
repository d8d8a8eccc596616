"""MongoDB's cache, as arguments of mongod say it."""

import pytest

from components.cluster.mongodb import cache_bytes


@pytest.mark.parametrize(
    ("args", "cache"),
    [
        ([], None),
        (["--auth"], None),
        (["--wiredTigerCacheSizeGB=2"], 2 * 2**30),
        (["--auth", "--wiredTigerEngineConfigString=cache_size=256M"], 256 * 2**20),
        (["--wiredTigerEngineConfigString=eviction=(threads_max=2),cache_size=1G,statistics=(none)"], 2**30),
        # What goes to WiredTiger itself comes later there.
        (["--wiredTigerCacheSizeGB=2", "--wiredTigerEngineConfigString=cache_size=512MB"], 512 * 2**20),
        (["--wiredTigerEngineConfigString=cache_size=512MB", "--wiredTigerCacheSizeGB=2"], 512 * 2**20),
        # 3.2 knows whole gigabytes only, and would not start.
        (["--wiredTigerCacheSizeGB=0.25"], None),
    ],
)
def test_the_cache(args, cache):
    assert cache_bytes(args) == cache
