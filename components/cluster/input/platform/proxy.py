"""The way to the Internet, where it leads through a proxy."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ..entry import Entry, NoneTwice, Wanted
from ..scalar import Scalar

# Without what a user's name and password would need.
_Proxy = Annotated[
    str,
    Scalar(
        "the address of a proxy with its port, without a password, such as http://proxy.example.org:3128",
        pattern=r"https?://[A-Za-z0-9.-]+:[0-9]{1,5}",
    ),
]


class Proxy(Entry):
    """A proxy between the hosts and the Internet."""

    wanted: ClassVar = "the proxy for http and for https, such as {http: http://proxy.example.org:3128, https: ...}"

    http: _Proxy
    """proxy for addresses that begin with http://"""
    https: _Proxy
    """proxy for addresses that begin with https://"""
    no_proxy: Annotated[
        tuple[
            Annotated[
                str,
                Scalar(
                    "a host, a domain that begins with a point, an address or a network, such as .example.org",
                    pattern=r"[A-Za-z0-9.-]+(/[0-9]{1,2}|:[0-9]{1,5})?",
                ),
            ],
            ...,
        ],
        NoneTwice(),
        Wanted("a list of hosts, domains, addresses and networks that no proxy leads to, such as [.example.org]"),
    ] = ()
    """further places that are asked without it, such as a mirror of yours (a list in the target is added)"""
