"""More devices: adding what each refusal names ends in a cluster, or in a limit that says what to change."""

from __future__ import annotations

import pickle
import random
import re

from components.cluster import Cluster, InvalidInventory, load
from components.cluster.capacity import limits
from components.inventory.origin import Origin

_CASES = 24
_MOST_DEVICES = 400_000
_ADD = re.compile(r"Add (?P<names>.+) under cluster\.nodes,(?: each)? with group: (?P<group>\S+)")
_LIMIT = re.compile(r"(?P<needed>[\d,.]+)( \w+)? needed, (?P<available>[\d,.]+)( \w+)? available")


def test_growth(guide, request):
    outcomes = _outcomes(guide, request)
    clusters = {devices: end for devices, end in outcomes.items() if isinstance(end, Cluster)}
    refusals = {devices: end for devices, end in outcomes.items() if isinstance(end, InvalidInventory)}
    assert len(clusters) > _CASES // 4 and refusals
    _carry_their_devices(clusters)
    _are_limits_with_numbers(refusals)
    # Where the ceiling is, it stays: no accepted count above a refused one.
    assert max(clusters) < min(refusals)


def _outcomes(guide, request):
    """Device count -> the Cluster or the refusal at the end of the loop, for random counts."""
    numbers = random.Random(100_000)
    counts = [1, 100_000, 100_002, 100_003] + [numbers.randint(1, _MOST_DEVICES) for _ in range(_CASES - 4)]
    origin = Origin([request.config.rootpath / "inventory" / "targets" / "dojot-100k.yml"], request.config.rootpath)
    return {devices: _grow(_with_devices(guide.tree.parameters, devices), origin) for devices in counts}


def _carry_their_devices(clusters):
    for devices, cluster in clusters.items():
        scale, balancer = cluster.scale, cluster.load_balancer
        brokers = max(3, -(-devices // scale.devices_per_broker))
        assert len(cluster.groups["vernemq"].nodes) == scale.brokers == brokers
        assert scale.bridges == scale.kafka.partitions == 3 * brokers
        first, last = balancer.source_ports
        for frontend in balancer.frontends:
            if frontend.devices:
                assert len(frontend.servers) == brokers and frontend.maxconn >= devices
                assert (brokers - 1) * (last - first + 1) >= devices
        assert all(limit.fits for limit in limits(cluster) if limit.binding)


def _are_limits_with_numbers(refusals):
    for devices, refusal in refusals.items():
        for finding in refusal.findings:
            said = _LIMIT.search(finding.rule)
            assert said, f"{devices} devices: {finding}"
            needed, available = (float(said[name].replace(",", "")) for name in ("needed", "available"))
            assert needed > available and finding.path and finding.way_out, f"{devices} devices: {finding}"


def _with_devices(parameters, devices):
    copy = pickle.loads(pickle.dumps(parameters))
    copy["scale"]["devices"] = devices
    return copy


def _grow(parameters, origin):
    """Add the nodes that a refusal names: once is enough, because it names them all."""
    try:
        return load(parameters, origin)
    except InvalidInventory as refusal:
        wanted = [_ADD.match(finding.way_out) for finding in refusal.findings]
        if not all(wanted):
            return refusal
    nodes = parameters["cluster"]["nodes"]
    for found in wanted:
        for name in re.split(r", | and ", found["names"]):
            assert name not in nodes
            nodes[name] = {"address": f"192.168.1.{len(nodes)}", "group": found["group"]}
    try:
        return load(parameters, origin)
    except InvalidInventory as refusal:
        assert not any(_ADD.match(finding.way_out) for finding in refusal.findings)
        return refusal
