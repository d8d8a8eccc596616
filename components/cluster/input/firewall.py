"""The firewall of the nodes."""

from __future__ import annotations

from typing import Annotated

from .entry import Entry, NoneTwice, Wanted
from .scalar import Scalar
from .shapes import OCTET, Switch

Network = Annotated[
    str,
    Scalar(
        "an IPv4 network such as 10.1.2.0/24, or 10.1.2.3/32 for one machine",
        pattern=rf"({OCTET}\.){{3}}{OCTET}/([89]|[12][0-9]|3[0-2])",
    ),
]


class Firewall(Entry):
    """What the nodes' own firewall admits; SSH and whatever is not named here it leaves alone."""

    enabled: Switch
    """whether the nodes have one"""
    operators: Annotated[
        tuple[Network, ...], NoneTwice(), Wanted("the networks of people who run the cluster, such as 10.1.2.0/24")
    ]
    """networks of people who run the cluster: they reach API server and NodePorts (a list in the target is added)"""
