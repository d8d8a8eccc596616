"""The table of the rules of verdicts."""

from __future__ import annotations

from collections.abc import Iterator

from components.page.markdown import row

from .compare import CLUSTER_RULES
from .registry import rules

_HEAD = (("Rule", "At most", "It speaks when"), ("---", "---", "---"))


def table() -> str:
    """By file of verdicts/, then those about a cluster as a whole."""
    return "\n".join(row(*columns) for columns in (*_HEAD, *_rows()))


def _rows() -> Iterator[tuple[str, str, str]]:
    for rule in rules():
        yield f"`{rule.name}`", rule.level.word, rule.meaning
    for name, (level, meaning) in CLUSTER_RULES.items():
        yield f"`{name}`", level.word, meaning
