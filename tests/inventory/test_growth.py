"""More devices: pasting once what a refusal proposes ends in a cluster that carries them, with no machine too many."""

from __future__ import annotations

import copy
import pickle
import random

import pytest

from components.cluster import Cluster, InvalidInventory, load
from components.cluster.capacity import limits
from components.cluster.quantity import millicores, size
from components.inventory.merging import merged
from components.inventory.origin import Origin
from tests.inventory.targets import GUIDE

_CASES = 24
_MOST_DEVICES = 3_000_000


@pytest.fixture(scope="module")
def origin(request):
    root = request.config.rootpath
    return Origin([root / "inventory" / "targets" / "dojot-100k.yml"], root)


# Where somebody watches, one device alone is all of what its listener is for, which is an alert.
@pytest.mark.parametrize(
    ("name", "fewest"), [(GUIDE.name, 1), ("with-high-availability", 10), ("with-two-load-balancers", 1)]
)
def test_what_is_proposed_is_enough_and_asked_once(variants, origin, name, fewest):
    numbers = random.Random(100_000)
    counts = [fewest, 100_000, 100_002, 100_003] + [numbers.randint(fewest, _MOST_DEVICES) for _ in range(_CASES - 4)]
    grew = 0
    for devices in counts:
        parameters = _with_devices(variants[name].tree.parameters, devices)
        if missing := _missing(parameters, origin):
            grew += 1
            parameters = merged([parameters, missing])
        _carries_its_devices(devices, load(parameters, origin))
    assert grew > _CASES // 2


@pytest.mark.parametrize("devices", [150_000, 1_000_000])
def test_with_less_than_is_proposed_it_is_refused(guide, origin, devices):
    parameters = _with_devices(guide.tree.parameters, devices)
    missing = _missing(parameters, origin)
    parameters = merged([parameters, missing])
    load(parameters, origin)
    for name in missing["cluster"]["nodes"]:
        fewer = copy.deepcopy(parameters)
        del fewer["cluster"]["nodes"][name]
        assert _missing(fewer, origin)
    before = guide.tree.parameters
    owners = [(("node_groups", group), found) for group, found in missing.get("node_groups", {}).items()]
    owners += [(("load_balancer",), found) for found in [missing.get("load_balancer")] if found]
    for path, found in owners:
        for part, number in found["hardware"].items():
            had = _at(before, path)["hardware"][part]
            amount = millicores if part == "cpu" else size
            if amount(number) == amount(had):
                continue
            smaller = copy.deepcopy(parameters)
            one_less = amount(number) - (1000 if part == "cpu" else 2**30)
            _at(smaller, path)["hardware"][part] = f"{one_less}m" if part == "cpu" else f"{one_less // 2**20}Mi"
            assert _missing(smaller, origin), f"{'.'.join(path)}: less {part} would do"


@pytest.mark.parametrize("devices", [700_000, 2_500_000])
def test_load_balancers_that_share_the_devices_become_more_and_no_larger(variants, origin, devices):
    parameters = _with_devices(variants["with-two-load-balancers"].tree.parameters, devices)
    missing = _missing(parameters, origin)
    assert "load_balancer" not in missing
    parameters = merged([parameters, missing])
    balancer = load(parameters, origin).load_balancer
    # The first has 4 GiB, half a GiB of them reserved; one of all may be lost.
    assert len(balancer.hosts) == 1 + -(-devices // ((7 * 2**29) // (12 * 2**10)))
    assert [host.name for host in balancer.hosts][2:] == [f"haproxy-{n}" for n in range(3, len(balancer.hosts) + 1)]
    machines = [*(node["address"] for node in parameters["cluster"]["nodes"].values())]
    machines += [host.address for host in balancer.hosts]
    assert len(set(machines)) == len(machines)
    fewer = copy.deepcopy(parameters)
    del fewer["load_balancers"][balancer.hosts[-1].name]
    assert list(_missing(fewer, origin)["load_balancers"]) == [balancer.hosts[-1].name]


@pytest.mark.parametrize("devices", [2_000_000, 3_000_000])
def test_more_machines_have_metrics_for_which_there_is_room(variants, origin, devices):
    """By the rule, where a volume of 4 GiB that somebody has written is too small."""
    parameters = _with_devices(variants["with-high-availability"].tree.parameters, devices)
    parameters = merged([parameters, _missing(parameters, origin)])
    [volume] = load(parameters, origin).service("prometheus").volumes
    watch = parameters["monitoring"]
    samples = 80 * 3600 / watch["interval"] * watch["series_per_node"] * len(parameters["cluster"]["nodes"])
    assert volume.size > 4 * 2**30 and volume.size - 2**30 < samples * 2 / 0.8 <= volume.size
    parameters["services"]["prometheus"]["volumes"]["prometheus"]["size"] = "4Gi"
    with pytest.raises(InvalidInventory, match="metrics_fit_their_volume"):
        load(parameters, origin)


def _carries_its_devices(devices: int, cluster: Cluster) -> None:
    scale, balancer = cluster.scale, cluster.load_balancer
    brokers = max(3, -(-devices // scale.devices_per_broker))
    assert len(cluster.groups["vernemq"].nodes) == scale.brokers == brokers
    assert scale.bridges == scale.kafka.partitions == 3 * brokers
    first, last = balancer.source_ports
    # One of several may be lost.
    left = max(1, len(balancer.hosts) - 1)
    for frontend in balancer.frontends:
        if frontend.devices:
            assert len(frontend.servers) == brokers and frontend.maxconn * left >= devices
            assert (brokers - 1) * (last - first + 1) * left >= devices
    assert all(limit.fits for limit in limits(cluster) if limit.binding)


def _missing(parameters, origin):
    try:
        load(parameters, origin)
    except InvalidInventory as refusal:
        assert refusal.missing, refusal
        return refusal.missing
    return {}


def _with_devices(parameters, devices):
    found = pickle.loads(pickle.dumps(parameters))
    found["scale"]["devices"] = devices
    return found


def _at(tree, path):
    for key in path:
        tree = tree[key]
    return tree
