"""GitHub-flavoured Markdown: rows of tables, code, lists. Knows nothing of clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count


def row(*cells: str | int) -> str:
    """A row of a table. Cells are Markdown already; a pipe in them is escaped, also inside code: GitHub needs that."""
    return "| " + " | ".join(str(cell).replace("|", r"\|") or "–" for cell in cells) + " |"


def code(text: str | int) -> str:
    """Text in code style, also when it holds backquotes."""
    text = str(text)
    if "`" in text:
        return f"`` {text} ``"
    return f"`{text}`"


def codes(texts: Iterable[str | int], between: str = ", ") -> str:
    """Several in code style, parted by commas unless `between` says otherwise."""
    return between.join(code(text) for text in texts)


def tidy(text: str) -> str:
    """What a template has written, tidied.

    A line that ends with a backslash goes on in the next one, one empty line parts two
    blocks, and the items of a block that begin with `#.` get their numbers.
    """
    whole = re.sub(r" *\\\n\s*", " ", text).strip("\n")
    return "\n\n".join(_numbered(block) for block in re.split(r"\n{2,}", whole)) + "\n"


def _numbered(block: str) -> str:
    numbers = count(1)
    return re.sub(r"^#\.", lambda _: f"{next(numbers)}.", block, flags=re.M)
