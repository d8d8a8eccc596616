"""An inventory that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Refused(Exception):
    """`lines` are ready for people; `pastes` is the YAML that would mend some of it, by target."""

    def __init__(self, lines: Iterable[str], pastes: Mapping[str, str] | None = None):
        self.lines = list(lines)
        self.pastes = pastes or {}
        super().__init__("\n".join(self.lines))
