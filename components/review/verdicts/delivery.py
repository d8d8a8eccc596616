"""How a commit reaches the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict


@verdict(Level.DANGER)
def source_changed(change: Change) -> Iterator[Verdict]:
    """Argo CD is to follow another repository, revision or folder."""
    if not (models := change.models):
        return
    for what in ("repository", "revision", "path"):
        old, new = (getattr(each.git, what) for each in (models.before, models.after))
        if old != new:
            yield Verdict(
                "source-changed",
                Level.DANGER,
                f"Application/{what}",
                f"Argo CD goes on following {old} until someone applies the Application anew; from then on only what "
                f"is in {new} reaches the cluster",
                "On the control plane: bootstrap.sh argocd, with the files of this commit",
            )


@verdict(Level.DANGER)
def crd_changed(change: Change) -> Iterator[Verdict]:
    """The kind of the brokers' resource is another one, or gone."""
    for found in change.of_kind("CustomResourceDefinition"):
        if found.how != "added":
            yield Verdict(
                "crd-changed",
                Level.DANGER if found.how == "removed" else Level.ATTENTION,
                str(found.identity),
                "With the kind, the API server deletes every resource of it"
                if found.how == "removed"
                else "Resources that are there are judged by the new kind at their next change",
            )


@verdict(Level.ATTENTION)
def unjudged(change: Change) -> Iterator[Verdict]:
    """Models could not be compared: rules that ask about the cluster as a whole have said nothing."""
    if not change.models:
        yield Verdict(
            "unjudged",
            Level.ATTENTION,
            "Cluster",
            "Only objects and files were compared: one of the two inventories is not accepted by the code of today",
        )
