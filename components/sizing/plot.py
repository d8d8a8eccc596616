"""Each resource against the number of devices, with its wall, as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.cluster.capacity import Limit, limits
from components.page.words import amount, count
from components.render import template

from .page import Page
from .sized import on_its_machines
from .wish import Wish

_TEMPLATE = Path(__file__).with_name("plot.svg.j2")
#: Sizes that are counted, from a tenth of the asked one to four times as many, apart by the same factor.
_POINTS, _LEAST, _MOST = 41, 0.1, 4.0
_FIGURES = {"cpu": lambda number: f"{number / 1000:.1f} cores", "bytes": amount, "count": count}
# Of the picture: panels side by side, and what is around each of them.
_COLUMNS, _PLOT_WIDTH, _PLOT_HEIGHT = 2, 300, 120
_LEFT, _ABOVE, _BESIDE, _BELOW, _HEAD = 92, 46, 28, 40, 92


@dataclass(frozen=True)
class Curve:
    """A limit at every size, in the order of `devices`."""

    name: str
    unit: str
    devices: tuple[int, ...]
    needed: tuple[int, ...]
    available: tuple[int, ...]

    @property
    def wall(self) -> int | None:
        """The first size that was counted at which it does not fit."""
        pairs = zip(self.devices, self.needed, self.available, strict=True)
        return next((devices for devices, needed, available in pairs if needed > available), None)


def svg(page: Page, wish: Wish) -> str:
    """Machines stay those of the target, brokers' machines come as they are needed. Raises as on_its_machines()."""
    curves = _curves(page, wish)
    panels = [_panel(number, curve) for number, curve in enumerate(curves)]
    rows = math.ceil(len(panels) / _COLUMNS)
    return template(
        _TEMPLATE,
        title=f"What {page.name} has room for",
        subtitle="Machines as large as they are; brokers' machines are added as devices need them.",
        panels=panels,
        plot_width=_PLOT_WIDTH,
        plot_height=_PLOT_HEIGHT,
        width=_COLUMNS * (_LEFT + _PLOT_WIDTH + _BESIDE),
        height=_HEAD + rows * (_ABOVE + _PLOT_HEIGHT + _BELOW),
    )


def _curves(page: Page, wish: Wish) -> list[Curve]:
    """The tightest first."""
    factor = (_MOST / _LEAST) ** (1 / (_POINTS - 1))
    devices = sorted({max(1, round(wish.devices * _LEAST * factor**number)) for number in range(_POINTS)})
    found: dict[str, list[tuple[int, Limit]]] = {}
    for number in devices:
        # Of several machines with the same figures, one is drawn.
        alike: set[tuple[str, int, int]] = set()
        for limit in limits(on_its_machines(page, replace(wish, devices=number, rate=None))):
            figures = (limit.hardware or limit.what, limit.needed, limit.available)
            if limit.hardware is None or figures not in alike:
                found.setdefault(limit.what, []).append((number, limit))
            alike.add(figures)
    whole = [_curve(points) for points in found.values() if len(points) == len(devices)]
    return sorted((curve for curve in whole if len(set(curve.needed)) > 1), key=_tightness)


def _curve(points: Sequence[tuple[int, Limit]]) -> Curve:
    first = points[0][1]
    return Curve(
        first.what[0].upper() + first.what[1:],
        first.unit,
        tuple(devices for devices, _ in points),
        tuple(limit.needed for _, limit in points),
        tuple(limit.available for _, limit in points),
    )


def _tightness(curve: Curve) -> float:
    return min(available / max(1, needed) for needed, available in zip(curve.needed, curve.available, strict=True))


def _panel(number: int, curve: Curve) -> dict[str, Any]:
    most = max(*curve.needed, *curve.available) or 1
    # A wall far above is left out of the picture: it would press all else to the ground.
    if most > 3 * max(curve.needed):
        most = 3 * max(curve.needed)
    first, last = math.log(curve.devices[0]), math.log(curve.devices[-1])

    def across(devices: float) -> float:
        return round((math.log(devices) - first) / (last - first) * _PLOT_WIDTH, 1)

    def up(value: float) -> float:
        return round(_PLOT_HEIGHT * (1 - min(value, most) / most), 1)

    def path(values: Sequence[int]) -> str:
        places = (f"{across(devices)} {up(value)}" for devices, value in zip(curve.devices, values, strict=True))
        return "M" + "L".join(places)

    column, row = number % _COLUMNS, number // _COLUMNS
    wall = curve.wall
    figure = _FIGURES[curve.unit]
    return {
        "x": column * (_LEFT + _PLOT_WIDTH + _BESIDE) + _LEFT,
        "y": _HEAD + row * (_ABOVE + _PLOT_HEIGHT + _BELOW) + _ABOVE,
        "name": curve.name,
        "words": f"{curve.name}: {_in_words(curve)}.",
        "rows": [{"at": up(value), "text": figure(round(value))} for value in (0, most / 2, most)],
        "columns": list(_ticks(curve, across)),
        "needed": path(curve.needed),
        "available": path(curve.available),
        "wall": None
        if wall is None
        else {
            "at": across(wall),
            "height": up(curve.needed[curve.devices.index(wall)]),
            "text": f"{wall:,} devices",
        },
    }


def _in_words(curve: Curve) -> str:
    figure = _FIGURES[curve.unit]
    said = f"{figure(curve.needed[0])} needed for {curve.devices[0]:,} devices, "
    said += f"{figure(curve.needed[-1])} for {curve.devices[-1]:,}; {figure(curve.available[-1])} there"
    return said + (f", full at {curve.wall:,} devices" if curve.wall else "")


def _ticks(curve: Curve, across: Any) -> Iterator[dict[str, Any]]:
    for position, anchor in ((0, "start"), (len(curve.devices) // 2, "middle"), (-1, "end")):
        devices = curve.devices[position]
        yield {"at": across(devices), "text": f"{devices:,}", "anchor": anchor}
