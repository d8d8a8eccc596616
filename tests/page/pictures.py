"""A picture read back: its texts and boxes, as a browser would take them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Rect:
    style: str
    x: float
    y: float
    w: float
    h: float

    def holds(self, x: float, y: float) -> bool:
        return self.x <= x <= self.x + self.w and self.y <= y <= self.y + self.h

    def meets(self, other: Rect) -> bool:
        apart = self.x + self.w <= other.x or other.x + other.w <= self.x
        return not (apart or self.y + self.h <= other.y or other.y + other.h <= self.y)


@dataclass(frozen=True)
class Words:
    style: str
    x: float
    y: float
    text: str


class Picture:
    def __init__(self, svg: str):
        self.root = ElementTree.fromstring(svg)
        self.style = self.root.find(f"{_SVG}style").text
        self.words = [
            Words(each.get("class"), float(each.get("x")), float(each.get("y")), each.text)
            for each in self.root.iter(f"{_SVG}text")
        ]
        self.rects = [
            Rect(each.get("class"), *(float(each.get(key, 0)) for key in ("x", "y", "width", "height")))
            for each in self.root.iter(f"{_SVG}rect")
        ]

    @property
    def texts(self) -> list[str]:
        return [words.text for words in self.words]

    def of(self, style: str) -> list[Rect]:
        return [rect for rect in self.rects if rect.style == style]

    def inside(self, rect: Rect) -> list[str]:
        return [words.text for words in self.words if rect.holds(words.x, words.y)]

    def group(self, title: str) -> list[str]:
        """All texts in the frame that has this one."""
        return next(found for frame in self.of("frame") if title in (found := self.inside(frame)))

    @property
    def sizes(self) -> list[float]:
        """Of all letters, in units of the picture."""
        return [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", self.style)]

    @property
    def page(self) -> Rect:
        return self.of("page")[0]
