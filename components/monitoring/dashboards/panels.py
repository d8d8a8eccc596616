"""What all dashboards are made of: rows, graphs, bars, figures and words, in one style.

The only module that knows the SDK.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, Row, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueTextMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

# `uid` in inventory/files/grafana-datasource.yml.
_SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
# Grafana's grid: 24 columns; heights in its rows. The SDK puts panels beside each other until a line is
# exactly full, so those of a line must add up.
_COLUMNS, _HEIGHT, _FIGURE_HEIGHT = 24, 8, 4
# Of a bar that is worth a look.
_ALMOST_FULL = 0.9

Panel = TimeSeries | Stat | BarGauge
Kind = TypeVar("Kind", TimeSeries, Stat, BarGauge)


def graph(
    title: str, queries: Mapping[str, str], *, unit: str = "short", limit: float | None = None, about: str = ""
) -> TimeSeries:
    """Series over time. `queries`: legend -> expression; `limit` is drawn as a line."""
    panel = (
        _panel(TimeSeries(), title, queries, unit, about)
        .span(_COLUMNS // 2)
        .height(_HEIGHT)
        .min(0)
        .legend(
            VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.RIGHT)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
    )
    if limit is not None:
        # Room above the line, so that it is seen before it is reached.
        panel = (
            panel.axis_soft_max(limit * 1.1)
            .thresholds(_thresholds(limit))
            .thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.LINE))
        )
    return panel


def bars(title: str, queries: Mapping[str, str], *, about: str = "") -> BarGauge:
    """The newest shares (0 to 1) as bars below each other, red from nine tenths on. `queries` as in `graph`."""
    return (
        _panel(BarGauge(), title, queries, "percentunit", about, now=True)
        .span(_COLUMNS // 2)
        .height(_HEIGHT)
        .orientation(VizOrientation.HORIZONTAL)
        .min(0)
        .max(1)
        .thresholds(_thresholds(_ALMOST_FULL))
    )


def figure(
    title: str,
    query: str,
    *,
    unit: str = "short",
    limit: float | None = None,
    least: float | None = None,
    about: str = "",
) -> Stat:
    """The newest value as a number, red from `limit` on, or below `least`."""
    return _panel(Stat(), title, {"": query}, unit, about).thresholds(_thresholds(limit, least))


def word(title: str, query: str, legend: str, *, about: str = "") -> Stat:
    """Labels of a series as a text; red where its value is not 0."""
    return (
        _panel(Stat(), title, {legend: query}, "short", about, now=True)
        .text_mode(BigValueTextMode.NAME)
        .thresholds(_thresholds(1))
    )


def line(*figures: Stat) -> list[Stat]:
    """Figures that fill one line together."""
    return [found.span(_COLUMNS // len(figures)).height(_FIGURE_HEIGHT) for found in figures]


def dashboard(
    uid: str,
    title: str,
    refresh: int,
    rows: Sequence[tuple[str, Sequence[Panel]]],
    events: Mapping[str, tuple[str, str]] = {},
) -> str:
    """The JSON text; rows without panels are left out. `refresh` in seconds.

    `events`, marked in all graphs: name -> (expression that has values while one happens, text).
    """
    builder = (
        Dashboard(title)
        .uid(uid)
        .tags(["dojot"])
        .refresh(f"{refresh}s")
        .time("now-3h", "now")
        .timezone("browser")
        .readonly()
    )
    for name, (query, text) in events.items():
        builder = builder.annotation(
            AnnotationQuery()
            .name(name)
            .datasource(_SOURCE)
            .icon_color("blue")
            .target(Dataquery().expr(query).ref_id("Events"))
            .title_format(name)
            .text_format(text)
        )
    for heading, panels in rows:
        if panels:
            builder = builder.with_row(Row(heading))
            for panel in panels:
                builder = builder.with_panel(panel)
    # Compact: what kubectl keeps of a ConfigMap has to fit an annotation.
    return json.dumps(builder.build(), cls=JSONEncoder, sort_keys=True, separators=(",", ":")) + "\n"


def _panel(panel: Kind, title: str, queries: Mapping[str, str], unit: str, about: str, *, now: bool = False) -> Kind:
    """`now`: only the series that there are now, where those of an hour ago would be shown beside them."""
    panel = panel.title(title).datasource(_SOURCE).unit(unit)
    if about:
        panel = panel.description(about)
    for number, (legend, query) in enumerate(queries.items()):
        target = Dataquery().expr(query).legend_format(legend).ref_id(chr(ord("A") + number))
        panel = panel.with_target(target.instant() if now else target)
    return panel


def _thresholds(limit: float | None, least: float | None = None) -> ThresholdsConfig:
    steps = [Threshold(value=None, color="green")]
    if limit is not None:
        steps.append(Threshold(value=limit, color="red"))
    elif least is not None:
        steps = [Threshold(value=None, color="red"), Threshold(value=least, color="green")]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
