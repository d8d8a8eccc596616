"""The machines' operating system."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ..entry import Entry, Map, Maybe, NoneTwice, Wanted
from ..scalar import Scalar
from ..shapes import Month, Package, Port, Switch


class NodeExporter(Entry):
    """node-exporter as the system has it."""

    wanted: ClassVar = "package and port of node-exporter, such as {package: prometheus-node-exporter, port: 9100}"

    package: Package
    """its package, and its service"""
    port: Port
    """port of the loopback that it listens on"""


class OperatingSystem(Entry):
    """The machines' operating system."""

    name: Annotated[Literal["ubuntu"], Scalar("the ID of /etc/os-release (ubuntu)")]
    """the ID of /etc/os-release"""
    version: Annotated[
        str, Scalar('the VERSION_ID of /etc/os-release in quotes, such as "18.04"', pattern=r"[0-9]{2}\.[0-9]{2}")
    ]
    """the VERSION_ID of /etc/os-release"""
    supported_until: Maybe[Month] = None
    """the last month in which its project mends it"""
    codename: Annotated[
        str, Scalar("the release's code name in package repositories, such as bionic", pattern="[a-z]+")
    ]
    """code name in package repositories"""
    packages: Annotated[
        tuple[Package, ...], NoneTwice(), Wanted("a list of packages that every machine of the cluster needs")
    ]
    """packages that every machine needs"""
    needrestart: Maybe[
        Annotated[
            str,
            Scalar(
                "the folder where needrestart reads its settings, such as /etc/needrestart/conf.d",
                pattern="(/[A-Za-z0-9._-]+)+",
            ),
        ]
    ] = None
    """the folder where needrestart reads its settings"""
    ssh_signatures: Switch = True
    """whether its Git (2.34) and its OpenSSH (8.0) can check a commit that is signed with a key of SSH"""
    node_exporter: Maybe[NodeExporter] = None
    """what measures the load balancer's host, which has no pods"""
    keepalived: Maybe[
        Annotated[str, Scalar("a package version, or a pattern of it such as 1:2.2.8-*", pattern="[0-9A-Za-z.+:~*-]+")]
    ] = None
    """version of its keepalived, for load balancers that share an address"""
    kernel_modules: Annotated[
        tuple[Annotated[str, Scalar("a kernel module's name", pattern="[a-z0-9_]+")], ...],
        NoneTwice(),
        Wanted("a list of kernel modules to load now and at every boot"),
    ]
    """kernel modules to load now and at every boot"""
    sysctl: Annotated[
        Map[
            Annotated[str, Scalar("a kernel setting's name", pattern="[a-z0-9_.-]+")],
            Annotated[int | str, Scalar("a number or a text")],
        ],
        Wanted("kernel settings by name"),
    ]
    """kernel settings by name"""
