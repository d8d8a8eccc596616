"""Two documents -> the fields that differ, with items of lists known as Kubernetes knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .types import ABSENT, Field

#: What tells the items of a list apart, in this order: the merge keys of Kubernetes' API types, as
#: x-kubernetes-list-map-keys of its OpenAPI document has them, and a rule's, which has none there.
_KEYS: tuple[tuple[str, ...], ...] = (
    ("name",),
    ("mountPath",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("topologyKey", "whenUnsatisfiable"),
    ("key", "operator"),
)
_DEFAULTS = {"protocol": "TCP"}


def differing(before: Any, after: Any) -> tuple[Field, ...]:
    """In the order of the documents; a list in another order is a difference of its own."""
    return tuple(_between((), before, after))


def _between(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Field]:
    if same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_items(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(path, before, after)
    else:
        yield Field(path, before, after)


def _of_items(path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Field]:
    for key in dict.fromkeys((*before, *after)):
        yield from _between((*path, key), before.get(key, ABSENT), after.get(key, ABSENT))


def _of_lists(path: tuple[str, ...], before: list[Any], after: list[Any]) -> Iterator[Field]:
    if not all(isinstance(item, Mapping) for item in (*before, *after)):
        yield Field(path, before, after)
    elif keys := _keys(before, after):
        old, new = _named(before, keys), _named(after, keys)
        yield from _of_items(path, old, new)
        if [name for name in old if name in new] != [name for name in new if name in old]:
            yield Field((*path, "[order]"), list(old), list(new))
    elif len(before) == len(after) == 1:
        yield from _between((*path, "[0]"), before[0], after[0])
    else:
        # Nothing tells the items apart, such as rules of a role: each is what it says.
        for item in _without(before, after):
            yield Field((*path, "[]"), item, ABSENT)
        for item in _without(after, before):
            yield Field((*path, "[]"), ABSENT, item)
        if not _without(before, after) and not _without(after, before):
            yield Field((*path, "[order]"), before, after)


def _keys(*lists: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """The keys by which each item has a name of its own on its side."""
    for keys in _KEYS:
        if all(keys[0] in item for items in lists for item in items):
            if all(len(_named(items, keys)) == len(items) for items in lists):
                return keys
    return None


def _named(items: Sequence[Mapping[str, Any]], keys: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    return {f"[{'/'.join(str(item.get(key, _DEFAULTS.get(key, ''))) for key in keys)}]": item for item in items}


def _without(items: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Each as often as it is more often in the one than in the other."""
    left = list(others)
    found = []
    for item in items:
        match = next((number for number, other in enumerate(left) if same(item, other)), None)
        if match is None:
            found.append(item)
        else:
            del left[match]
    return found


def same(one: Any, other: Any) -> bool:
    """Equal, also in their types: the API server refuses true where it wants 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)
