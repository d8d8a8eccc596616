"""How a commit reaches the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from components.page.words import count

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict

#: Of objects that stay, so many are named.
_NAMED = 6


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
                "On the control plane: bootstrap.sh argocd, with the files of this commit"
                + (
                    f". What it brings: git log --oneline {old}..{new} -- {models.after.git.folder}"
                    if what == "revision"
                    else ""
                ),
            )


@verdict(Level.DANGER)
def project_forbids(change: Change) -> Iterator[Verdict]:
    """Argo CD's project allows something new, and no more what the sync is to delete: that stays in the cluster."""
    stay = [str(found.identity) for found in change.left]
    if stay:
        more = f" and {count(len(stay) - _NAMED)} more" if len(stay) > _NAMED else ""
        yield Verdict(
            "project-forbids",
            Level.DANGER,
            "AppProject",
            f"Argo CD does not delete {', '.join(stay[:_NAMED])}{more}: its project, which is the new one before "
            "the merge, does not allow it any more. They go on, with whatever rights they have",
            "Make two changes of it, what comes before what goes. Or delete them by hand after the merge",
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
