"""Two states of an object -> what differs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

import yaml

#: Whose fields beside the committed ones are how Kubernetes works.
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler", "kube-apiserver", "kubelet")
#: `kubectl rollout restart`, which the steps rotate and control-plane use.
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


def differing(live: Any, wanted: Any, place: str = "") -> Iterator[str]:
    """Leaf by leaf, in words: `spec.replicas is 2, not 1`. Entries of lists that have names go by these."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        for key in sorted(live.keys() | wanted.keys()):
            yield from differing(live.get(key), wanted.get(key), f"{place}.{key}" if place else str(key))
    elif (ours := _by_name(live)) is not None and (theirs := _by_name(wanted)) is not None and (ours or theirs):
        for name in sorted(ours.keys() | theirs.keys()):
            yield from differing(ours.get(name), theirs.get(name), f"{place}[{name}]")
    elif live != wanted and isinstance(live, str) and isinstance(wanted, str) and "\n" in live + wanted:
        yield f"{place}, {_first_line(live, wanted)}"
    elif live != wanted and wanted is None:
        yield f"{place} is {_short(live)}, and is not committed"
    elif live != wanted and live is None:
        yield f"{place} is missing: {_short(wanted)}"
    elif live != wanted:
        yield f"{place} is {_short(live)}, not {_short(wanted)}"


def stated(live: Any, wanted: Any) -> Any:
    """Of the live object what the wanted one speaks of."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        return {key: stated(live[key], wanted[key]) for key in wanted if key in live}
    if (ours := _by_name(live)) is not None and (theirs := _by_name(wanted)) is not None:
        return [stated(entry, theirs[name]) if name in theirs else entry for name, entry in ours.items()]
    return live


def _by_name(entries: Any) -> dict[str, Any] | None:
    if not isinstance(entries, list) or not all(isinstance(each, Mapping) and "name" in each for each in entries):
        return None
    found = {each["name"]: each for each in entries}
    return found if len(found) == len(entries) else None


def added(live: Mapping[str, Any], wanted: Mapping[str, Any], ours: str) -> Iterator[str]:
    """What others than our manager and Kubernetes own, outside of metadata and status, and nobody has committed."""
    for manager in live["metadata"].get("managedFields", ()):
        name = manager.get("manager", "")
        if name.startswith((ours, *_CONTROLLERS)) or manager.get("subresource") == "status":
            continue
        for key, fields in manager.get("fieldsV1", {}).items():
            if key not in ("f:metadata", "f:status"):
                for place in _absent({key: fields}, wanted):
                    if _RESTARTED not in place:
                        yield f"{place} is not committed; {name} has set it"


def _absent(fields: Mapping[str, Any], wanted: Any, place: str = "") -> Iterator[str]:
    """The leaves of fieldsV1 that `wanted` does not have. `f:` is a key, `k:` an entry of a list by its own keys."""
    for key, below in fields.items():
        kind, _, name = key.partition(":")
        if kind == "f":
            there = isinstance(wanted, Mapping) and name in wanted
            inner, at = (wanted[name] if there else None), f"{place}.{name}" if place else name
        elif kind == "k":
            own = yaml.safe_load(name)
            entries = wanted if isinstance(wanted, list) else []
            inner = next((each for each in entries if own.items() <= {**each, **_defaults(each, own)}.items()), None)
            there, at = inner is not None, f"{place}[{', '.join(map(str, own.values()))}]"
        else:
            # `.` is the object itself, `v:` a value of a set.
            continue
        leaves = {each for each in below if each != "."}
        if not there:
            yield at
        elif leaves:
            yield from _absent(below, inner, at)


def _defaults(entry: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of an entry that are left to their default, such as the protocol of a port."""
    return {key: value for key, value in own.items() if key not in entry and value == "TCP"}


def _first_line(live: str, wanted: str) -> str:
    """Of two texts of several lines, the first that differs. They may differ in their last line break alone."""
    lines = enumerate(zip_longest(live.split("\n"), wanted.split("\n")), 1)
    number, (ours, theirs) = next(each for each in lines if each[1][0] != each[1][1])
    said = ["missing" if each is None else _short(each) or "empty" for each in (ours, theirs)]
    return f"line {number} is {said[0]}, not {said[1]}"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
