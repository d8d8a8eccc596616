"""A key in a terminal, or on a page: lines of plain text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from components.cluster.capacity import Limit

from .key import Key

_INDENT = "  "


def lines(key: Key) -> Iterator[str]:
    """Name and value; then what it means, each file that writes it, what its text refers to, and its limits."""
    yield f"{key.name} = {shown(key.value)}"
    if key.meaning:
        yield f"{_INDENT}{key.meaning}"
    *overridden, wins = key.places
    for place, text in overridden:
        yield f"{_INDENT}{_written(place, text)}; overridden below"
    yield f"{_INDENT}{_written(*wins)}"
    for limit in key.limits:
        yield f"{_INDENT}{_limit(limit)}"
    for other in key.of:
        for line in lines(other):
            yield f"{_INDENT}{line}"


def shown(value: Any) -> str:
    """On one line, as YAML has it; of a map or a list how much there is."""
    if isinstance(value, (dict, list)) and value:
        return f"{len(value)} {'keys' if isinstance(value, dict) else 'items'}"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)


def _written(place: str, text: str | None) -> str:
    return place if text is None else f"{place}: {text.splitlines()[0] if text else '(empty)'}"


def _limit(limit: Limit) -> str:
    kind = "rule" if limit.binding else "advice"
    return f"{kind}: {limit.what}: {limit.needed:,} needed, {limit.available:,} there. Else: {limit.way_out}"
