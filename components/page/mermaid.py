"""Mermaid flowcharts as text: ids and labels that its parser accepts. Knows nothing of clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_INDENT = "    "


def node_id(kind: str, *parts: str | int) -> str:
    """An id of letters, digits and underscores: broker_verne_1. `kind` is no keyword (end, subgraph)."""
    return "_".join(re.sub(r"[^A-Za-z0-9]", "_", str(part)) for part in (kind, *parts))


def label(*lines: str) -> str:
    """A quoted label of one or more lines."""
    return '"' + "<br>".join(_escaped(line) for line in lines) + '"'


def _escaped(text: str) -> str:
    # Mermaid's entities. The # comes first, since it begins each of the others.
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(character, entity)
    return text


def box(name: str, *lines: str) -> str:
    return f"{name}[{label(*lines)}]"


def rounded(name: str, *lines: str) -> str:
    return f"{name}([{label(*lines)}])"


def cylinder(name: str, *lines: str) -> str:
    return f"{name}[({label(*lines)})]"


def arrow(source: str, target: str, text: str = "", line: str = "-->") -> str:
    """`line` is --> (one way), <--> (both ways) or -.-> (dotted)."""
    return f"{source} {line}|{label(text)}| {target}" if text else f"{source} {line} {target}"


def subgraph(name: str, title: Sequence[str], lines: Iterable[str]) -> list[str]:
    return [f"subgraph {name}[{label(*title)}]", *(_INDENT + line for line in lines), "end"]


def flowchart(direction: str, lines: Iterable[str]) -> str:
    """The whole diagram as a block of Markdown; direction is LR or TB."""
    return "\n".join(["```mermaid", f"flowchart {direction}", *(_INDENT + line for line in lines), "```"])
