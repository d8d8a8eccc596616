"""A review for a terminal. What manifests say may not move the cursor: story's makers took control characters out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..types import Level, Review
from .parts import story
from .story import Code, Line, Part, Words

_BOLD, _RED, _GREEN, _YELLOW = "1", "31", "32", "33"
_COLORS = {Level.DANGER: f"{_BOLD};{_RED}", Level.ATTENTION: f"{_BOLD};{_YELLOW}", Level.ROUTINE: f"{_BOLD};{_GREEN}"}
_OF_DIFF = {"-": _RED, "+": _GREEN}
#: Narrower, nearly every word has a line of its own.
_NARROWEST = 40


def text(review: Review, color: bool, width: int) -> str:
    """Lines of `width` characters (40, if that is less), but for names and lines of diffs, which are kept whole."""
    form = _Form(color, max(width, _NARROWEST))
    told = story(review)
    word = form.painted(told.level.word.upper(), _COLORS[told.level])
    # What is painted has no width for textwrap to count.
    first, *rest = form.wrapped(f"{told.level.word.upper()}: {told.sentence}", "", "  ")
    lines = [first.replace(told.level.word.upper(), word, 1), *rest, *form.wrapped(_plain(told.reach), "", "  ")]
    for part in told.parts:
        lines += ["", *form.part(part)]
    return "\n".join(lines) + "\n"


class _Form:
    def __init__(self, color: bool, width: int):
        self._color, self._width = color, width

    def painted(self, words: str, color: str) -> str:
        return f"\x1b[{color}m{words}\x1b[0m" if self._color else words

    def wrapped(self, words: str, first: str, rest: str) -> list[str]:
        # Names and what is to be copied keep their hyphens and their length.
        return textwrap.wrap(
            words,
            self._width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]

    def part(self, part: Part) -> Iterator[str]:
        color = _BOLD if part.level is None else _COLORS[part.level]
        yield from (self.painted(line, color) for line in self.wrapped(part.title, "", ""))
        group: Words = ()
        for number, line in enumerate(part.lines, start=1):
            if line.group != group:
                group = line.group
                yield from self.wrapped(_plain(group), "  ", "  ")
            yield from self._line(line, f"  {number}. " if part.numbered else "  - ")

    def _line(self, line: Line, mark: str) -> Iterator[str]:
        indent = " " * len(mark)
        yield from self.wrapped(_plain(line.words), mark, indent)
        for each in line.diff:
            yield self.painted(f"{indent}{each}", _OF_DIFF[each[0]]) if each[0] in _OF_DIFF else f"{indent}{each}"
        for below in line.below:
            yield from self._line(below, f"{indent}- ")


def _plain(words: Words) -> str:
    return "".join(word.text if isinstance(word, Code) else word for word in words)
