"""What a picture is made of, from the top down: frames, rows, chips, bars and arrows. Knows nothing of clusters.

Lengths are in units of the picture, of which its width has WIDTH: a phone of 390 points shows one as 0.9 of
its own and more, so that the smallest letters have 11 of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .text import fitted, width, wrapped

WIDTH, SIZE, HEAD, TITLE = 400, 12.5, 13.5, 20
MARGIN, PAD, GAP, ROW = 10, 12, 8, 22
_CHIP, _BADGE, _GLYPH, _BAR = 26, 8, 15, 6
#: Where the arrows stand, from either side.
_LANE = 34


@dataclass(frozen=True)
class Shape:
    """`kind` is box, text, badge, disk, down or up, `style` its class; `x`, `y` a corner, or where a text begins."""

    kind: str
    style: str
    x: float
    y: float
    w: float = 0
    h: float = 0
    text: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Chip:
    """A word in a small box. `step` is a number of the way of a message; `keeps` a mark that data outlive it."""

    text: str
    step: int | None = None
    keeps: bool = False
    style: str = "chip"

    @property
    def width(self) -> float:
        return 2 * _BADGE + width(self.text, SIZE) + (_GLYPH + 5) * (self.step is not None) + _GLYPH * self.keeps


class Canvas:
    """Shapes from the top down; `y` is where the next one begins, `left` and `right` are the room that it has."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self.y: float = MARGIN
        self.left: float = MARGIN
        self.right: float = WIDTH - MARGIN

    @property
    def room(self) -> float:
        return self.right - self.left

    def space(self, height: float) -> None:
        self.y += height

    @contextmanager
    def frame(self, style: str) -> Iterator[None]:
        """A box around all that is added inside."""
        index, top = len(self.shapes), self.y
        self.left, self.right, self.y = self.left + PAD, self.right - PAD, self.y + PAD
        yield
        # What stands last has left a gap.
        self.left, self.right, self.y = self.left - PAD, self.right + PAD, self.y + PAD - GAP
        self.shapes.insert(index, Shape("box", style, self.left, top, self.room, self.y - top))

    def line(self, left: str, right: str = "", style: str = "text", size: float = SIZE, bold: bool = False) -> None:
        """One line: a text on the left, a fainter one on the right. The left one is shortened before it meets it."""
        beside = fitted(right, self.room, SIZE)
        room = self.room - (width(beside, SIZE) + GAP if right else 0)
        base = self.y + size
        self._text(style, self.left, base, fitted(left, room, size, bold))
        if right:
            self._text("faint", self.right, base, beside, "end")
        self.y += size + GAP

    def paragraph(self, text: str, style: str = "faint") -> None:
        for line in wrapped(text, self.room, SIZE):
            self.line(line, style=style)

    def columns(self, cells: Sequence[tuple[str, str]], shares: Sequence[float]) -> None:
        """A row of (text, style), each with its share of the room; the last one ends at the right."""
        at = self.left
        for (text, style), share in zip(cells, shares, strict=True):
            last = share is shares[-1]
            short = fitted(text, self.room * share - (0 if last else GAP / 2), SIZE, style == "strong")
            self._text(style, self.right if last else at, self.y + SIZE, short, "end" if last else "")
            at += self.room * share
        self.y += ROW

    def host(self, name: str, *about: str) -> None:
        """A box of its own, on one line where that is long enough."""
        beside = " · ".join(about)
        if width(name, SIZE, True) + width(beside, SIZE) + 3 * GAP > self.room:
            self.hosts([(name, *about)])
            return
        self.shapes.append(Shape("box", "host", self.left, self.y, self.room, ROW + 6))
        self._text("strong", self.left + GAP, self.y + 18.5, name)
        self._text("faint", self.right - GAP, self.y + 18.5, beside, "end")
        self.y += ROW + 6 + GAP

    def hosts(self, cells: Sequence[Sequence[str]]) -> None:
        """Boxes of several lines each, the first one bold; as many in a row as their texts allow, three at most."""
        need = max(width(line, SIZE, number == 0) for cell in cells for number, line in enumerate(cell)) + 2 * GAP
        across = max((n for n in range(1, min(3, len(cells)) + 1) if self._across(n) >= need), default=1)
        # No row of one beneath a row of three.
        across = 2 if across == 3 and len(cells) == 4 else across
        broad, high = self._across(across), 18 * max(map(len, cells)) + GAP
        for number, cell in enumerate(cells):
            column = number % across
            if number and not column:
                self.y += high + GAP
            x = self.left + column * (broad + GAP)
            self.shapes.append(Shape("box", "host", x, self.y, broad, high))
            for row, line in enumerate(cell):
                text = fitted(line, broad - 2 * GAP, SIZE, row == 0)
                self._text("faint" if row else "strong", x + GAP, self.y + 18 * (row + 1), text)
        self.y += high + GAP

    def _across(self, number: int) -> float:
        return (self.room - GAP * (number - 1)) / number

    def chips(self, chips: Sequence[Chip]) -> None:
        """One after the other, in as many rows as they take."""
        x = self.left
        for number, chip in enumerate(chips):
            broad = min(chip.width, self.room)
            if number and x + broad > self.right + 0.01:
                x, self.y = self.left, self.y + _CHIP + 6
            self._chip(chip, x, broad)
            x += broad + 6
        self.y += (_CHIP + GAP) if chips else 0

    def _chip(self, chip: Chip, x: float, broad: float) -> None:
        self.shapes.append(Shape("box", chip.style, x, self.y, broad, _CHIP))
        middle, end = self.y + _CHIP / 2, x + broad - _BADGE
        x += _BADGE
        if chip.step is not None:
            self._badge(chip.step, x + _BADGE, middle)
            x += _GLYPH + 5
        if chip.keeps:
            self.shapes.append(Shape("disk", "disk", x, middle - 5))
            x += _GLYPH
        # In the middle, because it may be narrower than it is counted.
        self._text("text", (x + end) / 2, middle + 4.5, fitted(chip.text, end - x + 0.1, SIZE), "middle")

    def legend(self, keeps: str) -> None:
        """What the mark of a chip that keeps data means."""
        self.shapes.append(Shape("disk", "disk", self.left, self.y + 3))
        self._text("faint", self.left + _GLYPH, self.y + SIZE, keeps)
        self.y += SIZE + GAP

    def bar(self, what: str, says: str, share: float, bad: bool) -> None:
        """`share` of a bar is filled; it is another colour where that is too much."""
        style = " bad" if bad else ""
        lines = wrapped(what, self.room - width(says, SIZE, True) - GAP, SIZE)
        for number, line in enumerate(lines):
            self._text("text", self.left, self.y + SIZE, line)
            if number == len(lines) - 1:
                self._text(f"says{style}", self.right, self.y + SIZE, says, "end")
            self.y += 17
        self.shapes.append(Shape("box", "track", self.left, self.y, self.room, _BAR))
        filled = max(_BAR / 2, min(1, share) * self.room)
        self.shapes.append(Shape("box", f"fill{style}", self.left, self.y, filled, _BAR))
        self.y += _BAR + 11

    def arrows(self, down: tuple[int | None, str] | None, up: tuple[int | None, str] | None) -> None:
        """(Number, text) of the way down, at the left, and of the way up, at the right."""
        high = 56.0
        if down:
            self._arrow("down", self.left + _LANE - MARGIN, high, 18, *down)
        if up:
            self._arrow("up", self.right - _LANE + MARGIN, high, 40, *up)
        self.y += high

    def _arrow(self, kind: str, x: float, high: float, at: float, step: int | None, text: str) -> None:
        self.shapes.append(Shape(kind, f"way {kind}", x, self.y + 3, 0, high - 6))
        side = 1 if kind == "down" else -1
        beside = x + side * (_BADGE + 6)
        if step is not None:
            self._badge(step, beside + side * _BADGE, self.y + at, kind)
            beside += side * (2 * _BADGE + 6)
        # As far as the other arrow.
        room = (self.right - beside if side > 0 else beside - self.left) - _LANE
        self._text("text", beside, self.y + at + 4.5, fitted(text, room, SIZE), "" if side > 0 else "end")

    def _badge(self, number: int, x: float, y: float, kind: str = "") -> None:
        self.shapes.append(Shape("badge", f"badge {kind}".rstrip(), x, y, _BADGE, text=str(number)))

    def _text(self, style: str, x: float, y: float, text: str, anchor: str = "") -> None:
        if text:
            self.shapes.append(Shape("text", style, x, y, text=text, anchor=anchor))
