"""Whether what `make size` says is what a compile accepts, for any wish."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from hypothesis import strategies as st

from components.cluster.read import cluster_of
from components.sizing.needs import needs
from components.sizing.page import Page, page
from components.sizing.sized import sized
from components.sizing.wish import Wish
from tests.inventory.targets import PROFILE, write_inventory

NAME = "sized"
#: The same, whose Kafka has a volume of its own size.
SMALL = "small-log"
WISHES = st.builds(
    Wish,
    devices=st.integers(1, 1_500_000),
    tls=st.booleans(),
    retention=st.none() | st.integers(1, 240),
    lose=st.integers(0, 3),
)


@contextmanager
def of_the_guide(folder: Path) -> Iterator[Page]:
    """The guide's machines on today's platform, with the load test's services."""
    inventory = write_inventory(folder, [])
    log = {"services": {"kafka-server": {"volumes": {"kafka-volume": {"size": "10Gi"}}}}}
    for name, parameters in ((NAME, {}), (SMALL, log | {"scale": {"devices": 1000}})):
        text = yaml.safe_dump({"classes": ["today-machines", f"profile.{PROFILE}"], "parameters": parameters})
        (inventory / "targets" / f"{name}.yml").write_text(text, "utf-8")
    with page(inventory, NAME) as found:
        yield found


def agrees(made: Page, wish: Wish) -> None:
    found = sized(made, wish)
    compiled = cluster_of(made.with_parameters(found.parameters))
    assert compiled == found.cluster
    said = needs(compiled)
    brokers = max(3, math.ceil(wish.devices / 33_334))
    assert said.devices == wish.devices and said.brokers >= brokers
    assert said.brokers == brokers or wish.lose
    assert {port.listens for port in said.ports} & {1883, 8883} == ({8883} if wish.tls else {1883, 8883})
    [theirs] = [one for one in said.machines if one.group == "vernemq"]
    assert theirs.count == said.brokers
    # HAProxy's own limits, with so many servers less.
    each = [one.server_maxconn for one in compiled.load_balancer.frontends if one.devices]
    assert not wish.lose or (said.brokers - wish.lose) * min(each) >= wish.devices
