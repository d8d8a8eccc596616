"""The table of docs/changes.md: what a change of each key takes, as outcomes.yml has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.cluster.input.documented import SUBJECTS
from tests.changes.outcomes import Outcome, outcomes
from tests.changes.outcomes import said as by_hand

# They follow from which service restarts, and not from the key.
_OF_THE_SERVICE = ("only-pod-restarts", "sessions-end")
_SERVICE = "services.<name>."
# More services than these are counted.
_MOST = 4
#: What it takes, and rules that the review names.
Effect = tuple[str, str]


def table() -> str:
    """A heading and a table for each subject of docs/inventory.md; last, the keys of which nothing is known."""
    every = outcomes()
    lines: list[str] = []
    for heading, paths in SUBJECTS.items():
        if rows := _rows(one for path in paths for one in every if f"{one.key}.".startswith(f"{path}.")):
            lines += [f"### {heading}", "", "| Keys | What it takes | Look at |", "|---|---|---|"]
            lines += [f"| {_together(keys)} | {takes} | {look} |" for (takes, look), keys in rows.items()]
            lines.append("")
    lines += ["### Without an edit", "", "| Keys | Why |", "|---|---|"]
    lines += [f"| `{_short(one.key)}` | {one.none} |" for one in by_hand() if one.none]
    return "\n".join(lines)


def _rows(some: Iterable[Outcome]) -> dict[Effect, list[str]]:
    """The keys of each effect; what takes most comes first."""
    found: dict[Effect, list[str]] = {}
    for one in some:
        found.setdefault((_takes(one), _look(one)), []).append(_short(one.key))
    return dict(sorted(found.items(), key=lambda row: _gravity(row[0])))


def _gravity(effect: Effect) -> tuple[bool, bool, bool]:
    takes, look = effect
    return "refused" not in takes, "**" not in look, not look and takes in _QUIET


_FIRST = " before the merge"
_LIVE = "live: the sync is enough"
_ONLY = {"nothing": "nothing: it is judged, and no file is another one", "files": "nothing: the cluster's page says it"}
_QUIET = (_LIVE, *_ONLY.values())


def _takes(one: Outcome) -> str:
    return "; ".join([*_refused(one), *_restarts(one), *_steps(one)]) or _ONLY.get(one.only, _LIVE)


def _refused(one: Outcome) -> Iterator[str]:
    if kinds := sorted({name.split()[0] for name in one.refused}):
        yield f"**refused** of a {' and a '.join(kinds)}: first delete it as the review says"


def _restarts(one: Outcome) -> Iterator[str]:
    own = next((path.split(".")[1] for path in one.edit if path.startswith("services.")), "")
    for verb, hows in (("deletes", ("removed",)), ("takes pods from", ("fewer",)), ("restarts", None)):
        names = [
            "the service" if name == own else f"`{name}`"
            for name, how in (one.restarts or {}).items()
            if (how in hows if hows else how not in ("removed", "fewer"))
        ]
        if names:
            yield f"{verb} {_listed(names) if len(names) <= _MOST else f'{len(names)} services'}"


def _steps(one: Outcome) -> Iterator[str]:
    """Those before the merge, then those after it."""
    first: dict[str, list[str]] = {}
    then: dict[str, list[str]] = {}
    for words, level in (one.steps or {}).items():
        step, _, place = words.partition(" on ")
        said = f"**`{step}`**" if level == "danger" else f"`{step}`"
        (first if place.endswith(_FIRST) else then).setdefault(place.removesuffix(_FIRST), []).append(said)
    for when, by_place in (("before the merge", first), ("after the merge", then)):
        if by_place:
            yield f"{when} run {', '.join(f'{_listed(steps)} on {place}' for place, steps in by_place.items())}"


def _look(one: Outcome) -> str:
    rules = {rule: level for rule, level in (one.says or {}).items() if rule not in _OF_THE_SERVICE}
    return ", ".join(
        f"**`{rule}`**" if level == "danger" else f"`{rule}`"
        for rule, level in sorted(rules.items(), key=lambda each: (each[1] != "danger", each[0]))
    )


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _short(key: str) -> str:
    return key.removeprefix(_SERVICE)


def _together(keys: list[str]) -> str:
    """Those of one parent in braces: `email.{host, port}`."""
    by_parent: dict[str, list[str]] = {}
    for key in keys:
        parent, dot, name = key.rpartition(".")
        by_parent.setdefault(parent + dot, []).append(name)
    return ", ".join(
        f"`{parent}{names[0]}`" if len(names) == 1 else f"`{parent}{{{', '.join(names)}}}`"
        for parent, names in by_parent.items()
    )
