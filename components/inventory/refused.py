"""An inventory that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable


class Refused(Exception):
    """`lines` are ready for people."""

    def __init__(self, lines: Iterable[str]):
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))
