"""A review as a comment on a pull request: GitHub-flavoured Markdown, the most important first, and never too long."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ..types import Level, Review
from .clean import visible
from .comment import MARKER, MAXIMUM, ROOM, length
from .escaping import block, code, words
from .parts import story
from .story import Code, Line, Part, Words, count

#: Boxes that GitHub paints red, yellow and blue.
_ALERTS = {Level.DANGER: "CAUTION", Level.ATTENTION: "WARNING", Level.ROUTINE: "NOTE"}
#: Below this, not even the level and what was left out are sure to fit.
SMALLEST = 2_048
_END = "\n</details>\n"
#: A longer name of the base is not worth its place in a command.
_NAME = 100


def text(review: Review, limit: int = MAXIMUM - ROOM) -> str:
    """Fewer characters than `limit`, as GitHub counts them. What does not fit is left out from the end, and counted.

    ValueError if the limit is below SMALLEST.
    """
    if limit < SMALLEST:
        raise ValueError(f"a limit of {limit:,} characters is too small for a review: give it {SMALLEST:,} at least")
    told = story(review)
    left = [len(part.lines) for part in told.parts]
    whole = f"{MARKER}\n> [!{_ALERTS[told.level]}]\n> **{told.level.word.capitalize()}.** {words(told.sentence)}\n"
    # No fewer lines than all can be left out, so that no more words are needed to say so.
    free = limit - 1 - length(whole) - length(_END) - length(_left_out(told.parts, left, review.base))
    reach = f"\n{_line(told.reach)}\n"
    end = ""
    if length(reach) <= free:
        whole += reach
        free -= length(reach)
        for at, piece in _pieces(told.parts):
            if length(piece) > free:
                break
            whole += piece
            free -= length(piece)
            left[at] -= 1
            end = _END if told.parts[at].folded else ""
    return whole + end + _left_out(told.parts, left, review.base)


def _left_out(parts: tuple[Part, ...], left: list[int], base: str) -> str:
    """Empty if nothing was."""
    counts = [count(number, *part.noun) for part, number in zip(parts, left, strict=True) if number]
    if not counts:
        return ""
    # What a person calls it may go on behind its name, which has no space: "main (fe8e686)".
    name = base.partition(" ")[0]
    command = f"make review BASE={shlex.quote(name) if 0 < len(name) <= _NAME else '...'}"
    return f"\nLeft out here, for want of room: {', '.join(counts)}. All of it: {code(visible(command))}\n"


def _pieces(parts: tuple[Part, ...]) -> Iterator[tuple[int, str]]:
    """The number of its part, and each line: the first one with the part's title, and the end of a fold before it."""
    for at, part in enumerate(parts):
        group: Words = ()
        for number, line in enumerate(part.lines, start=1):
            piece = _item(line, f"{number}. " if part.numbered else "- ", "")
            if line.group != group:
                group = line.group
                piece = f"\n**{_line(group)}**\n\n{piece}"
            elif number == 1:
                piece = f"\n{piece}"
            if number == 1:
                title = f"<details><summary>{part.title}</summary>\n" if part.folded else f"**{part.title}**\n"
                piece = f"{_END if at and parts[at - 1].folded else ''}\n{title}{piece}"
            yield at, piece


def _item(line: Line, mark: str, indent: str) -> str:
    inner = indent + " " * len(mark)
    piece = f"{indent}{mark}{_line(line.words)}\n"
    if line.diff:
        piece += f"\n{block(line.diff, 'diff', inner)}\n\n"
    return piece + "".join(_item(below, "- ", inner) for below in line.below)


def _line(line: Words) -> str:
    return "".join(code(word.text) if isinstance(word, Code) else words(word) for word in line)
