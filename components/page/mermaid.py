"""Mermaid flowcharts as text: ids and labels that its parser accepts. Knows nothing of clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable

_INDENT = "    "


def node_id(kind: str, *parts: str | int) -> str:
    """An id of letters, digits and underscores: broker_verne_1. `kind` is no keyword (end, subgraph)."""
    return "_".join(re.sub(r"[^A-Za-z0-9]", "_", str(part)) for part in (kind, *parts))


def label(text: str) -> str:
    """A quoted label."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    # Mermaid's entities. The # comes first, since it begins each of the others.
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(character, entity)
    return text


def box(name: str, text: str) -> str:
    return f"{name}[{label(text)}]"


def arrow(source: str, target: str, line: str = "-->") -> str:
    """`line` is --> or -.-> (dotted)."""
    return f"{source} {line} {target}"


def flowchart(direction: str, lines: Iterable[str]) -> str:
    """The whole diagram as a block of Markdown; direction is LR or TB."""
    return "\n".join(["```mermaid", f"flowchart {direction}", *(_INDENT + line for line in lines), "```"])
