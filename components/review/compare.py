"""The work on one cluster: both sides compiled, compared and judged."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from components.compile.render import FaceFailed

from . import devices, facts, machines, objects, workloads
from .change import Change
from .registry import judged
from .side import Compiled, Side
from .types import ClusterReview, Level, Verdict

#: Rules about a cluster that is on one side alone: name -> its level and when it speaks.
CLUSTER_RULES = {
    "cluster-gone": (Level.DANGER, "A cluster goes from the inventory."),
    "cluster-new": (Level.ATTENTION, "A cluster comes, or one whose inventory was refused before."),
}


@dataclass(frozen=True)
class Failed:
    """Something that no inventory should bring about: a bug of this repository, with its trace."""

    cluster: str
    reason: str
    trace: str


@dataclass(frozen=True, eq=False)
class Comparison:
    before: Side
    after: Side

    def run(self, name: str) -> ClusterReview | Failed:
        try:
            return reviewed(name, self.before.compiled(name), self.after.compiled(name))
        except Exception as error:
            cause = error.cause if isinstance(error, FaceFailed) else error
            reason = f"{type(cause).__name__}: {cause}".splitlines()[0]
            return Failed(name, reason, "".join(traceback.format_exception(error)))


def reviewed(name: str, before: Compiled, after: Compiled) -> ClusterReview:
    """What the step from one side to the other does to a cluster."""
    if after.findings and not after.files:
        return ClusterReview(name, "refused", findings=after.findings)
    if not after.files:
        # One that was refused before is missed by nobody.
        return (
            ClusterReview(name, "removed", verdicts=(_removed(name),))
            if before.files
            else ClusterReview(name, "changed")
        )
    if not before.files:
        return _added(name, before, after)
    changed = objects.changes(before.files, after.files)
    steps = machines.steps(before.files, after.files)
    left = machines.left(before.files, after.files, changed)
    nodes = len(after.cluster.nodes) if after.cluster else 0
    restarts = workloads.restarts([each for each in changed if each not in left], before.cluster, nodes)
    change = Change(name, before, after, changed, steps, restarts, left)
    models = change.models
    return ClusterReview(
        name,
        "changed",
        facts=facts.facts(models.before, models.after) if models else (),
        objects=changed,
        files=_differing(before.files, after.files),
        steps=steps,
        restarts=restarts,
        devices=devices.lines(models.after, restarts) if models else (),
        verdicts=judged(change),
        notes=tuple(_notes(before, after)),
    )


def _added(name: str, before: Compiled, after: Compiled) -> ClusterReview:
    """A cluster that this change brings, or whose inventory was refused before."""
    sentence = (
        "Its inventory was refused before, so there is nothing to compare with"
        if before.findings
        else "A new cluster: nothing follows it until its bootstrap has been run"
    )
    return ClusterReview(
        name,
        "added",
        files=tuple(sorted(after.files)),
        verdicts=(Verdict("cluster-new", Level.ATTENTION, f"Cluster/{name}", sentence, "bootstrap/README.md"),),
        notes=before.findings,
    )


def _removed(name: str) -> Verdict:
    return Verdict(
        "cluster-gone",
        Level.DANGER,
        f"Cluster/{name}",
        "Its folder goes from Git. Argo CD finds no manifests any more and reports an error; nothing is deleted, and "
        "nothing keeps the cluster as it is",
        "Take the cluster down first, or its Application out of Argo CD",
    )


def _differing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[str, ...]:
    return tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def _notes(before: Compiled, after: Compiled) -> list[str]:
    """Why models could not be compared; once, where it is the same of both sides."""
    said: dict[str, list[str]] = {}
    for when, side in (("before", before), ("after", after)):
        if side.findings:
            said.setdefault(side.findings[0], []).append(when)
    return [
        f"The inventory {' and '.join(when)} the change is not accepted by the code of today: {finding}"
        for finding, when in said.items()
    ]
