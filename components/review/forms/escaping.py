"""Words and code in GitHub-flavoured Markdown, whatever characters they hold. Knows nothing of reviews."""

from __future__ import annotations

import re

# A backslash before it makes each of these itself (CommonMark, 2.4); those of titles, rules and items of
# lists only where a line or an item begins.
_PUNCTUATION = re.compile(r"([\\`*_\[\]~|]|^[-+#=])")
_NUMBERED = re.compile(r"^(\d+)([.)])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# GitHub looks for these in the text that is left when Markdown is done, so that no backslash helps: people and teams
# (@name), issues (#1, GH-1), emoji (:name:), formulas ($x$), addresses (https://, www.). Parted from what stands beside
# it by a tag, a character is read alone. Only the first # of a text can have a backslash of its own before it.
_LATE = re.compile(r"[@$]|^\\#(?=\d)|#(?=\d)|(?<=gh)-(?=\d)|:(?=[\w+\\-]+:)|:(?=//)|(?<=www)\.", re.IGNORECASE)


def words(text: str) -> str:
    """One line of text that is shown as it is: no markup, no mention, no link."""
    escaped = _PUNCTUATION.sub(r"\\\1", text.translate(_ENTITIES))
    escaped = _NUMBERED.sub(r"\1\\\2", escaped)
    return _LATE.sub(lambda found: f"<span>{found[0]}</span>", escaped)


def code(text: str) -> str:
    """Text in code style; inside, GitHub reads nothing. An empty one would be two backquotes."""
    if not text:
        return words("(empty)")
    fence = "`" * (_longest_run(text) + 1)
    # One space on both sides is taken away again; without, a backquote would belong to the fence.
    padding = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def block(lines: tuple[str, ...], language: str, indent: str) -> str:
    """Lines in a fence that none of them can close."""
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join(f"{indent}{line}" for line in (f"{fence}{language}", *lines, fence))


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
