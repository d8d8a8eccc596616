"""What is known of one file of the inventory without its values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A target or a class: not its text, of which there may be a thousand."""

    path: Path
    #: Names as they are written, and their lines.
    classes: tuple[tuple[str, int], ...] = ()
    #: The parameters that it refers to: cluster:name.
    references: frozenset[str] = frozenset()
    findings: tuple[str, ...] = field(default=(), compare=False)


def suggest(name: str, known: Collection[str]) -> str:
    """The way out for a name that is none of the known ones."""
    import difflib

    if near := difflib.get_close_matches(name, list(known), n=1):
        return f"Did you mean {near[0]}?"
    if 0 < len(known) <= 5:
        return f"Known are {', '.join(known)}"
    return "Add the file, or remove the line"
