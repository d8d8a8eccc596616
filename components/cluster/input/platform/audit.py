"""The API server's log of who has asked for what."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, model_validator

from ..entry import Entry, Map, NoneTwice, Wanted, refuse
from ..scalar import Scalar
from ..shapes import Directory, Name, Positive

Level = Annotated[
    Literal["None", "Metadata", "Request", "RequestResponse"],
    Scalar("an audit level: None, Metadata, Request or RequestResponse"),
]
_Words = Annotated[
    tuple[Annotated[str, Scalar("a name without spaces", pattern=r"[^\s]+")], ...],
    NoneTwice(),
    Wanted("a list of names"),
]


class AuditRule(Entry):
    """Requests of one kind. All that is stated has to fit; what is not stated fits always."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [{"not": {"required": ["paths", other]}} for other in ("resources", "namespaces")],
        }
    )
    wanted: ClassVar = "a level, and which requests it is for, by users, groups, verbs, resources, namespaces or paths"

    level: Level
    """how much of them is noted: None, Metadata, Request (with what was sent) or RequestResponse"""
    users: _Words = ()
    """who asks, by name"""
    groups: _Words = ()
    """who asks, by group"""
    verbs: _Words = ()
    """what is done, such as create"""
    resources: Annotated[
        tuple[
            Annotated[
                str,
                Scalar(
                    "a resource with its API group, such as secrets or leases.coordination.k8s.io; "
                    "*.GROUP for all of a group",
                    pattern=r"(\*|[a-z]+(/[a-z*]+)?)(\.[a-z0-9.-]+)?",
                ),
            ],
            ...,
        ],
        NoneTwice(),
        Wanted("a list of resources such as secrets or leases.coordination.k8s.io"),
    ] = ()
    """to what, each with its API group, such as leases.coordination.k8s.io"""
    namespaces: _Words = ()
    """in which namespaces"""
    paths: Annotated[
        tuple[Annotated[str, Scalar("a path such as /healthz*", pattern=r"/[^\s*]*\*?|\*")], ...],
        NoneTwice(),
        Wanted("a list of paths such as /healthz*"),
    ] = ()
    """or which paths that are no resources; * at the end stands for all that follows"""

    @model_validator(mode="after")
    def _paths_or_resources(self) -> AuditRule:
        if self.paths and (self.resources or self.namespaces):
            raise refuse(
                "a request is for a path or for a resource, so this rule would fit none",
                "Take paths out, or resources and namespaces",
                shown=False,
            )
        return self


class Audit(Entry):
    """The API server's log of requests."""

    wanted: ClassVar = "the audit log, with folder, max_age, max_backups, max_size, rules and default"

    folder: Directory
    """folder of the control plane that holds audit.log"""
    max_age: Positive
    """days that a file is kept"""
    max_backups: Positive
    """former files that are kept"""
    max_size: Positive
    """MiB at which a file is closed"""
    rules: Annotated[Map[Name, AuditRule], Wanted("rules by name, each with a level and the requests that it is for")]
    """by name: the first that fits a request decides"""
    default: Level
    """the level of all other requests"""
