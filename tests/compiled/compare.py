"""Where two values differ, leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def differences(there: Any, wanted: Any, where: str) -> Iterator[str]:
    """One line a difference; `where` names the whole, the line the place in it."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        yield from (f"{where}: nobody asked for {key}" for key in there if key not in wanted)
        for key, value in wanted.items():
            if key in there:
                yield from differences(there[key], value, f"{where}: {key}")
            else:
                yield f"{where}: lacks {key}"
    elif isinstance(there, list) and isinstance(wanted, list) and len(there) == len(wanted):
        for number, (one, other) in enumerate(zip(there, wanted, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif there != wanted or type(there) is not type(wanted):
        yield f"{where}: is {there!r}, not {wanted!r}"
