"""Cluster -> README.md, whose sections stand in the template, and its picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.cluster.brokers import hold_together
from components.cluster.quantity import ceil_div, cores
from components.cluster.sizes import KAFKA
from components.cluster.types import Cluster
from components.cluster.waves import job_wave
from components.render import template

from . import (
    capacity,
    diagrams,
    drains,
    gateway,
    lifetimes,
    load,
    overview,
    picture,
    ports,
    reserved,
    storage,
    summary,
    way,
)
from .markdown import code, codes, row, tidy
from .marks import SUMMARY
from .words import amount, count, names, plural, seconds

_TEMPLATE = Path(__file__).parent / "README.md.j2"

# What the template asks by name: modules of this face, and functions for its cells.
_MODULES = (capacity, diagrams, drains, gateway, lifetimes, load, overview, picture, ports, reserved, storage, way)
_FUNCTIONS = (amount, ceil_div, code, codes, cores, count, hold_together, job_wave, names, plural, row, seconds)


def files(cluster: Cluster) -> dict[str, str]:
    """The cluster on one page, the picture at its head, and what the page of all clusters says of it."""
    facts: dict[str, Any] = {module.__name__.rpartition(".")[2]: module for module in _MODULES}
    facts |= {function.__name__: function for function in _FUNCTIONS}
    page = tidy(template(_TEMPLATE, cluster=cluster, KAFKA=KAFKA, **facts))
    return {"README.md": page, "cluster.svg": picture.svg(cluster), SUMMARY: summary.text(cluster)}
