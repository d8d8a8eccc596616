"""What an API server left out of an object that it was sent: unknown fields, fields behind a closed gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.cluster.quantity import millicores


def dropped(sent: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Paths of everything in `sent` that `kept` has not; what the server adds is of no interest."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            if value not in ({}, [], None):
                yield from dropped(value, kept.get(key) if isinstance(kept, dict) else None, f"{path}.{key}")
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for position, (one, other) in enumerate(zip(sent, kept, strict=False)):
            yield from dropped(one, other, f"{path}[{position}]")
    elif sent != kept and not _same_quantity(sent, kept):
        yield f"{path}: sent {sent!r}, kept {kept!r}"


def _same_quantity(sent: Any, kept: Any) -> bool:
    """The server writes 1000m as 1."""
    try:
        return millicores(sent) == millicores(kept)
    except (ArithmeticError, KeyError):
        return False
