"""GitHub-flavoured Markdown: tables, code, links, notes. Knows nothing of clusters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: Column heads that start with this are aligned to the right (numbers).
RIGHT = ">"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a head that starts with ">" aligns its column to the right.

    Cells are Markdown already; a pipe in them is escaped here, also inside code,
    where GitHub needs it just the same.
    """
    rules = ["---:" if head.startswith(RIGHT) else ":---" for head in heads]
    lines = [_line(head.removeprefix(RIGHT) for head in heads), _line(rules)]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") or "–" for cell in cells) + " |"


def code(text: str | int) -> str:
    """Text in code style, also when it holds backquotes."""
    text = str(text)
    if "`" in text:
        return f"`` {text} ``"
    return f"`{text}`"


def codes(texts: Iterable[str | int]) -> str:
    """Several in code style, parted by commas."""
    return ", ".join(code(text) for text in texts)


def link(text: str, target: str) -> str:
    return f"[{text}]({target})"


def bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def steps(items: Iterable[str]) -> str:
    """A numbered list."""
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))


def note(kind: str, text: str) -> str:
    """GitHub's coloured note: kind is NOTE, IMPORTANT, WARNING or CAUTION."""
    return "\n".join(f"> {line}".rstrip() for line in [f"[!{kind}]", *text.split("\n")])


def fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def section(title: str, *parts: str) -> str:
    """A second-level section of its non-empty parts."""
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])
