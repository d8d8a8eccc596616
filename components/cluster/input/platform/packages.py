"""Where software comes from: downloads and apt repositories."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, model_validator

from ..entry import AtLeastOne, Entry, Map, Maybe, Wanted, absent, refuse
from ..scalar import Scalar
from ..shapes import Package, Sha256, Url


class Download(Entry):
    """A file, and what it must be."""

    wanted: ClassVar = "a url and the sha256 of what it serves"

    url: Url
    """where it is"""
    sha256: Sha256
    """its checksum"""


class SigningKey(Entry):
    """The key that signs a repository."""

    wanted: ClassVar = "the repository's signing key, where to get it and its fingerprint"

    url: Url
    """where it is"""
    fingerprint: Annotated[
        str, Scalar("an OpenPGP fingerprint, 40 hexadecimal digits without spaces", pattern="[0-9A-F]{40}")
    ]
    """its fingerprint"""


class PackageRepository(Entry):
    """An apt repository."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"suite": {"pattern": "/$"}}, "required": ["suite"]},
            "then": {"not": {"required": ["component"]}},
            "else": {"required": ["component"]},
        }
    )
    wanted: ClassVar = "an apt repository with url, suite, key and, unless the suite ends in /, component"

    url: Url
    """its address"""
    suite: Annotated[
        str,
        Scalar("a suite of the repository such as bionic, or / where the repository has none", pattern="[a-z0-9./-]+"),
    ]
    """its suite, or / where it has none"""
    component: Maybe[Annotated[str, Scalar("a component of the repository such as stable", pattern="[a-z0-9-]+")]] = (
        None
    )
    """its component, where its suite is a name"""
    key: SigningKey
    """its signing key"""

    @model_validator(mode="after")
    def _component_of_a_named_suite(self) -> PackageRepository:
        if self.suite.endswith("/") and self.component is not None:
            raise refuse(way_out="Write an apt repository without component, since its suite ends in /")
        if not self.suite.endswith("/") and self.component is None:
            raise absent("component")
        return self


PinnedPackages = Annotated[
    Map[Package, Annotated[str, Scalar("an exact package version such as 1.3.9-1", pattern="[0-9A-Za-z.+:~-]+")]],
    AtLeastOne(),
    Wanted("packages, each with its exact version"),
]

__all__ = ["Download", "PackageRepository", "PinnedPackages"]
