"""How a refusal asks for what belongs at a place of the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Tag

from components.inventory.finding import listed

from .entry import Entry, Wanted
from .scalar import Scalar

Loc = tuple[int | str, ...]


def wanted(root: type[Entry], loc: Loc) -> str:
    """What belongs at `loc` (pydantic's location of an error), as the end of "Write ..."."""
    shape = shape_at(root, loc)
    base, metadata = parts(shape)
    for said in reversed(metadata):
        if isinstance(said, Wanted):
            return said.words
        if isinstance(said, Scalar):
            return said.wanted
    if isinstance(base, type) and issubclass(base, Entry):
        keys = [_alias(base, name) for name, field in base.model_fields.items() if field.is_required()]
        keys = keys or [_alias(base, name) for name in base.model_fields]
        return base.wanted or f"a map with {'the key' if len(keys) == 1 else 'the keys'} {listed(keys)}"
    if get_origin(base) is tuple:
        return "a list: one line `- value` for each entry"
    return "a map: one line `key: value` for each entry"


def keys_of(root: type[Entry], loc: Loc) -> list[str]:
    """The keys that the entry at `loc` may have."""
    base, _ = parts(shape_at(root, loc))
    return [_alias(base, name) for name in base.model_fields]


def moved(root: type[Entry], loc: Loc) -> Mapping[str, str]:
    """Keys that the entry at `loc` had in former releases, and what to write instead."""
    base, _ = parts(shape_at(root, loc))
    return base.moved if issubclass(base, Entry) else {}


def shape_at(root: type[Entry], loc: Loc) -> Any:
    """The annotation of what belongs at `loc`."""
    shape: Any = root
    for part in loc:
        shape = _step(shape, part)
    return shape


def _step(shape: Any, part: int | str) -> Any:
    # It comes after the key itself, which was taken for the way to its value.
    if part == "[key]":
        return shape.key
    base, _ = parts(shape)
    if isinstance(part, str) and part.startswith("<"):
        return next(each for each in alternatives(base) if Tag(part) in parts(each)[1])
    if isinstance(base, type) and issubclass(base, BaseModel):
        known = hints(base)
        if str(part) in known:
            return known[str(part)]
        # What is no key of its own: one of a Secret's.
        return get_args(get_type_hints(base, include_extras=True)["__pydantic_extra__"])[1]
    arguments = get_args(base)
    if get_origin(base) is tuple:
        return arguments[0]
    return _MapValue(*arguments)


class _MapValue:
    """The value of a map, which knows the shape of its key."""

    def __init__(self, key: Any, value: Any):
        self.key, self.value = key, value


@cache
def hints(model: type[BaseModel]) -> Mapping[str, Any]:
    """Key -> the annotation of its value."""
    found = get_type_hints(model, include_extras=True)
    return {_alias(model, name): found[name] for name in model.model_fields}


def _alias(model: type[BaseModel], name: str) -> str:
    return model.model_fields[name].alias or name


def parts(shape: Any) -> tuple[Any, tuple[Any, ...]]:
    """(What an annotation is about, what it says of that); whether it may be missing is of no interest."""
    if isinstance(shape, _MapValue):
        return parts(shape.value)
    said: tuple[Any, ...] = ()
    while True:
        if get_origin(shape) is Annotated:
            said = (*said, *reversed(shape.__metadata__))
            shape = shape.__origin__
        elif len(kinds := alternatives(shape)) == 1:
            shape = kinds[0]
        else:
            return shape, tuple(reversed(said))


def alternatives(shape: Any) -> list[Any]:
    """Of a union, without None."""
    if get_origin(shape) not in (Union, UnionType):
        return []
    return [kind for kind in get_args(shape) if kind is not NoneType]
