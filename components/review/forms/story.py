"""What a review tells, before it has a form: parts of lines, of words and of names and values as they are written."""

from __future__ import annotations

from dataclasses import dataclass

from ..types import Level


@dataclass(frozen=True)
class Code:
    """A name or a value; nothing of it is ours, and it is shown as it is written."""

    text: str


Words = tuple["str | Code", ...]


@dataclass(frozen=True)
class Line:
    """A sentence or two, what belongs below it, and lines of a diff (each begins with -, +, a space, or …).

    `group`: lines of a part that follow each other with the same one have it as their title.
    """

    words: Words
    below: tuple[Line, ...] = ()
    diff: tuple[str, ...] = ()
    group: Words = ()


@dataclass(frozen=True)
class Part:
    """Lines under a title. `noun` is what one of them is, with its plural; `folded`: to be opened by who wants it."""

    title: str
    lines: tuple[Line, ...]
    noun: tuple[str, str]
    level: Level | None = None
    folded: bool = False
    numbered: bool = False


@dataclass(frozen=True)
class Story:
    """A whole review: its level and a sentence, which clusters it reaches, and the parts, the most important first."""

    level: Level
    sentence: str
    reach: Words
    parts: tuple[Part, ...]


def count(number: int, one: str, many: str = "") -> str:
    """1 pod, 10,000 pods."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: tuple[str, ...], most: int) -> Words:
    """Names with commas; of more than so many, the first ones and how many there are beside them."""
    shown = names if len(names) <= most else names[: most - 1]
    words: list[str | Code] = []
    for name in shown:
        words += [", ", Code(name)] if words else [Code(name)]
    if len(shown) < len(names):
        words.append(f" and {len(names) - len(shown):,} more")
    return tuple(words)
