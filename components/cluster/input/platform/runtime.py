"""The container runtime."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, model_validator

from ..entry import Entry, Maybe, absent
from ..scalar import Scalar
from ..shapes import IMAGE, Month, Url
from .packages import PackageRepository, PinnedPackages


class ContainerLog(Entry):
    """The log of each container."""

    wanted: ClassVar = "max_size and max_files of the log of each container"

    max_size: Annotated[
        str, Scalar("the size at which a container's log is rotated, such as 50Mi", pattern="[1-9][0-9]*[KMG]i")
    ]
    """size at which it is rotated"""
    max_files: Annotated[int, Scalar("how many log files of a container are kept, at least 2", minimum=2)]
    """how many files are kept"""


class Runtime(Entry):
    """The container runtime."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"name": {"const": "containerd"}}, "required": ["name"]},
            "then": {"required": ["sandbox_image"]},
        }
    )

    name: Annotated[
        Literal["docker", "containerd"],
        Scalar("a container runtime that the bootstrap can install, docker or containerd"),
    ]
    """docker or containerd"""
    version: Annotated[str, Scalar("a release of the runtime such as 19.03.14", pattern=r"[0-9]+\.[0-9]+\.[0-9]+")]
    """its release"""
    supported_until: Maybe[Month] = None
    """the last month in which its project mends it"""
    service: Annotated[str, Scalar("the runtime's systemd service, such as docker", pattern="[a-z][a-z0-9-]*")]
    """its systemd service"""
    cri_socket: Annotated[
        str,
        Scalar(
            "the runtime's socket, a path such as /var/run/dockershim.sock or a URL such as "
            "unix:///run/containerd/containerd.sock",
            pattern=r"(unix://)?/[^\s:]+",
        ),
    ]
    """its socket, as kubeadm takes it"""
    sandbox_image: Maybe[
        Annotated[str, IMAGE("the pause image that containerd uses, such as registry.k8s.io/pause:3.10.2")]
    ] = None
    """the pause image that containerd uses"""
    open_files: Maybe[
        Annotated[
            int,
            Scalar(
                "how many files the processes of a container may open, where the runtime's own unit leaves that to "
                "systemd, at least 1024",
                minimum=1024,
            ),
        ]
    ] = None
    """how many files the processes of a container may open"""
    mirror: Maybe[Url] = None
    """a registry that is asked first, whatever registry an image names"""
    repository: PackageRepository
    """the apt repository that it comes from"""
    packages: PinnedPackages
    """its packages, each with its version"""
    log: ContainerLog
    """the log of each container"""

    @model_validator(mode="after")
    def _sandbox_of_containerd(self) -> Runtime:
        if self.name == "containerd" and self.sandbox_image is None:
            raise absent("sandbox_image")
        return self
