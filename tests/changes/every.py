"""An edit for every key (keys.py), and what a review says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from itertools import islice
from typing import Any

from components.inventory.finding import InvalidInventory
from components.inventory.refused import Refused
from components.review.compare import reviewed
from components.review.side import Compiled
from components.review.types import ClusterReview, Level
from tests.changes.compiled import FULL, side, tree
from tests.changes.keys import ABSENT, Key, Path, places
from tests.changes.outcomes import Edit, Outcome, Said
from tests.changes.values import others
from tests.compiled.tree import Tree

#: Those that a key is looked for in, one after the other.
CLUSTERS = ("today", "guide", FULL)
#: Rules that say what the API server refuses.
REFUSED = {"immutable-field", "nodeport-taken"}
# A key is looked for where it is written, then where it could be.
_ROUNDS = [(cluster, written) for written in (True, False) for cluster in CLUSTERS]
# So many places are tried, so many values at each, and so many edits once one was taken.
_PLACES, _VALUES, _LAST = 6, 6, 3


def outcome(key: Key, every: list[Said]) -> Outcome | None:
    """Of the edit that keys.yml has, else of the first that is taken; None where none is.

    One that changes what is compiled comes before those that do not.
    """
    stated = next((one for one in every if one.key == str(key) and one.edit is not None), None)
    if stated:
        return reviewed_edit(str(key), stated.cluster, stated.edit or {}, stated.given or {})
    found = None
    for cluster, written in _ROUNDS:
        # What is taken and changes nothing is most often only judged.
        for edit in islice(_edits(key, cluster, written), _LAST if found else None):
            try:
                new = reviewed_edit(str(key), cluster, edit)
            except (InvalidInventory, Refused):
                continue
            if not new.only:
                return new
            found = found or new
    return found


def reviewed_edit(key: str, cluster: str, edit: Edit, given: Edit | None = None) -> Outcome:
    """Raises InvalidInventory and Refused."""
    before, after = _before(cluster, given), side(cluster, {**(given or {}), **edit})
    return _outcome(key, cluster, edit, given, before, after)


def outcome_of(one: Outcome, cluster: str, before: Tree, after: Tree) -> Outcome:
    """The same edit in a cluster that is already compiled on both sides."""
    old, new = _as_side(before), _as_side(after)
    return _outcome(one.key, cluster, one.edit, one.given, old, new)


def _as_side(found: Tree) -> Compiled:
    return Compiled({path: text.encode() for path, text in found.files.items()}, found.cluster)


def _before(cluster: str, given: Edit | None) -> Compiled:
    return side(cluster, given) if given else _unchanged(cluster)


@cache
def _unchanged(cluster: str) -> Compiled:
    return side(cluster)


@cache
def _parameters(cluster: str) -> Mapping[str, Any]:
    return tree(cluster).parameters


def _edits(key: Key, cluster: str, written: bool) -> Iterator[Edit]:
    """Those that might do, where the key is written, or where it could be."""
    some = [place for place in places(key, _parameters(cluster)) if (place[1] is not ABSENT) == written]
    for path, value in islice(_varied(some), _PLACES):
        for other in islice(others(key, value), _VALUES):
            yield _edit(cluster, path, other)


def _varied(some: list[tuple[Path, Any]]) -> list[tuple[Path, Any]]:
    """Of each service one before the second of any."""
    seen: Counter[Any] = Counter()
    ranked = []
    for number, place in enumerate(some):
        ranked.append((seen[place[0][:2]], number, place))
        seen[place[0][:2]] += 1
    return [place for _, _, place in sorted(ranked, key=lambda one: one[:2])]


def _edit(cluster: str, path: Path, value: Any) -> Edit:
    """As a page has it. A list of maps is written anew as a whole: what a page says is added to it."""
    number = next((at for at, step in enumerate(path) if isinstance(step, int)), None)
    if number is not None:
        whole: Any = _parameters(cluster)
        for step in path[:number]:
            whole = whole[step]
        whole = deepcopy(whole)
        _put(whole, path[number:], value)
        path, value = (*path[: number - 1], f"~{path[number - 1]}"), whole
    dotted = next((at for at, step in enumerate(path) if "." in str(step)), len(path))
    for step in reversed(path[max(dotted, 1) :]):
        value = {step: value}
    return {".".join(map(str, path[: max(dotted, 1)])): value}


def _put(whole: Any, path: Path, value: Any) -> None:
    for step in path[:-1]:
        whole = whole[step]
    last = path[-1]
    if isinstance(whole.get(last), list):
        whole[last] = [*whole[last], *value]
    else:
        whole[last] = value


def _outcome(key: str, cluster: str, edit: Edit, given: Edit | None, before: Compiled, after: Compiled) -> Outcome:
    found = reviewed(cluster, before, after)
    refusals = [verdict for verdict in found.verdicts if verdict.rule in REFUSED]
    return Outcome(
        key,
        cluster,
        dict(edit),
        found.level.word,
        given=given or None,
        only=_only(found),
        refused=tuple(sorted(refused_object(verdict.subject) for verdict in refusals)),
        first=tuple(dict.fromkeys(verdict.runbook for verdict in refusals)),
        restarts={one.service: one.how for one in found.restarts} or None,
        steps=_steps(found, before, after) or None,
        says={one.rule: one.level.word for one in found.verdicts if one.rule not in REFUSED} or None,
    )


def refused_object(subject: str) -> str:
    """Of a verdict's subject: what the API server calls it.

    The operator's set is called after the resource, and it is that set that cannot change.
    """
    kind, name = subject.split("/")
    return f"StatefulSet vernemq-{name}" if kind == "VerneMQ" else f"{kind} {name}"


def _only(found: ClusterReview) -> str:
    if found.objects or found.steps:
        return ""
    return "files" if found.files else "nothing"


def _steps(found: ClusterReview, before: Compiled, after: Compiled) -> dict[str, str]:
    """`node on every worker` -> the graver level, of some of these machines and of the others."""
    levels: dict[str, Level] = {}
    for step in found.steps:
        name = f"{step.step} on {_place(step.hosts, before, after)}" + (
            " before the merge" if step.before_merge else ""
        )
        levels[name] = max(levels.get(name, step.level), step.level)
    return {name: level.word for name, level in levels.items()}


def _place(hosts: tuple[str, ...], before: Compiled, after: Compiled) -> str:
    assert before.cluster and after.cluster
    nodes, plane = {node.name for node in before.cluster.nodes}, before.cluster.control_plane.name
    known = nodes & set(hosts)
    if not known:
        return "the load balancer" if after.cluster.load_balancer.hosts[0].name in hosts else "new machines"
    if known == nodes:
        return "every node"
    if known == {plane}:
        return "the control plane"
    return "every worker" if known == nodes - {plane} else "some nodes"
