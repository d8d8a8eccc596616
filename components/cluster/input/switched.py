"""What is switched off is not there: entries with `enabled: false` go before anybody reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator

from ..frozen import Frozen
from .entry import Entry
from .scalar import Scalar
from .shapes import Switch

Key = TypeVar("Key")
Value = TypeVar("Value")


class SwitchedValue(Entry):
    """A value that is there while its switch is on."""

    value: Annotated[str | int | bool, Scalar("a text, a whole number, true or false", lines=True)]
    """the value"""
    enabled: Switch = True
    """whether it is there"""


class SwitchedMap(Frozen):
    """Entries that are on; `off` has the names of those that are not."""

    off: frozenset[str] = frozenset()


def _is_on(entry: Any) -> bool:
    return bool(getattr(entry, "enabled", True))


def _plain(entry: Any) -> Any:
    """A switched value that is on is a value."""
    return entry.value if isinstance(entry, SwitchedValue) else entry


def _only_on(entries: Mapping[Any, Any]) -> SwitchedMap:
    found = SwitchedMap({name: _plain(entry) for name, entry in entries.items() if _is_on(entry)})
    found.off = frozenset(name for name, entry in entries.items() if not _is_on(entry))
    return found


def switched_off(entries: Mapping[Any, Any]) -> frozenset[str]:
    """Names of the entries that are there and switched off."""
    return entries.off if isinstance(entries, SwitchedMap) else frozenset()


def only_on(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items of a list that are on."""
    return tuple(_plain(item) for item in items if _is_on(item))


Switched = Annotated[Mapping[Key, Value], AfterValidator(_only_on)]
