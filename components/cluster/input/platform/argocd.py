"""Argo CD: its release, where it comes from and runs, and what it can do."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ..entry import AtLeastOne, Entry, Map, Maybe, NoneTwice, Wanted
from ..scalar import Scalar
from ..shapes import Bytes, Millicores, Month, Name, Positive, Sha256, Switch, Url

_Option = Annotated[
    str, Scalar("a sync option with its value such as PruneLast=true", pattern="[A-Z][A-Za-z]+=[A-Za-z]+")
]
_Options = Annotated[tuple[_Option, ...], NoneTwice(), Wanted("a list of sync options such as PruneLast=true")]


class Install(Entry):
    """The release's install manifest."""

    wanted: ClassVar = (
        "the release's install manifest, a url, the sha256 of what it serves and whether it is applied server-side"
    )

    url: Url
    """where it is"""
    sha256: Sha256
    """its checksum"""
    server_side: Switch
    """whether it is applied server-side"""


class ArgoCDRequests(Entry):
    """What Argo CD's pods together are counted with."""

    wanted: ClassVar = "cpu and memory that Argo CD's pods together are counted with"

    cpu: Millicores
    """cores"""
    memory: Bytes
    """memory"""


class Retry(Entry):
    """How a failed sync is tried again."""

    wanted: ClassVar = "how a failed sync is tried again, refresh, limit, first_wait, factor and longest_wait"

    refresh: Switch
    """whether each attempt takes the newest revision"""
    limit: Positive
    """attempts"""
    first_wait: Positive
    """seconds before the second attempt"""
    factor: Positive
    """by which each wait is longer than the one before"""
    longest_wait: Positive
    """seconds of the longest wait"""


class ArgoCD(Entry):
    """Argo CD."""

    wanted: ClassVar = "Argo CD's release, where it comes from and runs, and what it can do"

    existing: Switch = False
    """whether it is somebody else's, in this cluster, and only gets a project and an application"""
    version: Annotated[str, Scalar("an Argo CD release such as v2.2.11", pattern=r"v[0-9]+\.[0-9]+\.[0-9]+")]
    """its release"""
    supported_until: Maybe[Month] = None
    """the last month in which its project mends it"""
    namespace: Name
    """its namespace"""
    group: Name
    """node group that carries it"""
    install: Install
    """the release's install manifest"""
    requests: ArgoCDRequests
    """what its pods together are counted with"""
    settings: Annotated[
        Map[
            Annotated[str, Scalar("a key of argocd-cm", pattern="[a-zA-Z0-9._-]+")],
            Annotated[str, Scalar("a text that is not empty", lines=True, empty=False)],
        ],
        Wanted("keys of the ConfigMap argocd-cm, each with a text"),
    ]
    """keys of the ConfigMap argocd-cm"""
    cluster_resource_names: Switch
    """whether its projects can allow single objects of cluster-wide kinds by name (since 3.3)"""
    known_sync_options: Annotated[
        tuple[Annotated[str, Scalar("the name of a sync option such as PruneLast", pattern="[A-Z][A-Za-z]+")], ...],
        AtLeastOne(),
        NoneTwice(),
        Wanted("the names of all sync options that this release knows"),
    ]
    """sync options that this release knows"""
    sync_options: _Options
    """sync options of the application"""
    protect_options: _Options
    """sync options of objects that are never pruned"""
    skip_missing: _Option
    """sync option of objects whose kind another object brings"""
    retry: Retry
    """how a failed sync is tried again"""
    revision_history: Positive
    """revisions that are kept"""
