"""Where a value of a cluster's page comes from: the one line of the inventory that writes it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from components.inventory.inventory import Target
from components.why.key import leaves

# Such texts stand in too many places to mean one of them.
_SHORTEST = 3


class Values:
    """Of one cluster."""

    def __init__(self, target: Target):
        self._target = target

    def place(self, text: str) -> tuple[str, int, str] | None:
        """(File from the root, line, key) of a text that is a key, or that one line alone has as a value."""
        found = self._keys.get(text) or self._values.get(text)
        return found[0] if found and len({place[:2] for place in found}) == 1 and found[0][1] else None

    @cached_property
    def _keys(self) -> dict[str, list[tuple[str, int, str]]]:
        return {".".join(path): [self._place(path)] for path, _ in leaves(self._target.parameters)}

    @cached_property
    def _values(self) -> dict[str, list[tuple[str, int, str]]]:
        found: dict[str, list[tuple[str, int, str]]] = {}
        for path, value in leaves(self._target.parameters):
            if len(str(value)) >= _SHORTEST and not isinstance(value, bool):
                found.setdefault(str(value), []).append(self._place(path))
        return found

    def _place(self, path: tuple[str, ...]) -> tuple[str, int, str]:
        """A text that is one reference is written where that leads."""
        source = self._target.origin.source(path)
        file, line = self._target.origin.place(source)
        return str(Path(file)), line, ".".join(source)
