"""Devices with open sessions, by the hundred."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from components.cluster.types import Frontend
from tests.engines.haproxy.laboratory import tls_ports
from tests.engines.mqtt.generator import Generator
from tests.rehearsal.cluster import RehearsedCluster

_MOST = 300


def listeners(made: RehearsedCluster) -> list[Frontend]:
    """Those of the load balancer to which devices come."""
    return [frontend for frontend in made.cluster.load_balancer.frontends if frontend.devices]


def plain(made: RehearsedCluster) -> list[Frontend]:
    """Of these the ones without TLS."""
    return [frontend for frontend in listeners(made) if frontend.node_port not in tls_ports(made.cluster)]


def size(made: RehearsedCluster) -> int:
    """Sessions of a crowd: no more than the cluster is made for."""
    return min(_MOST, made.cluster.scale.devices)


@contextmanager
def crowd(made: RehearsedCluster) -> Iterator[Generator]:
    """Sessions through the load balancer; a device whose session ends opens it again, as devices do."""
    address, port = made.cluster.load_balancer.address, plain(made)[0].listen
    generator = made.site.outside(lambda: Generator(address, port, "--reconnect"))
    try:
        opened = generator.ask(f"ramp sessions={size(made)}")["open"]
        if opened < size(made):
            made.report.fail(f"of {size(made)} devices {opened} have a session")
        yield generator
    finally:
        generator.stop()


def noticed(made: RehearsedCluster, devices: Generator, what: str, seconds: float) -> int:
    """How many sessions had ended when the first devices noticed, in so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if lost := int(devices.ask("hold seconds=2")["lost"]):
            return lost
    made.report.fail(f"{what}, and after {seconds:.0f} s no device has noticed")
    return 0


def all_back(made: RehearsedCluster, devices: Generator, what: str, seconds: float, lost: int = 0) -> None:
    """Every session is open again and answered in so many seconds; figures are how long it took and how many ended.

    `lost` were noticed before.
    """
    answer = devices.ask(f"settle seconds={seconds}")
    alive = devices.ask("ping")
    if alive["answered"] < size(made):
        made.report.fail(f"{what}: after {seconds:.0f} s {alive['answered']} of {size(made)} sessions are answered")
    ended = lost + answer["lost"]
    made.report.figure(f"{what}: sessions back after", f"{answer['seconds']:.0f} s; {ended} of {size(made)} had ended")
