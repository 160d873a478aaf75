"""The panels of the dashboard, one function each. Positions are given by the dashboard."""

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders.heatmap import (
    HeatmapColorOptions,
    RowsHeatmapOptions,
    YAxisConfig,
)
from grafana_foundation_sdk.builders.heatmap import Panel as HeatMap
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import common, dashboard, heatmap

from deploy.grafana import promql
from deploy.grafana.sources import MYSQL, PROMETHEUS, MySqlQuery, prometheus

SMALLEST_INTERVAL = "1s"
QUANTILES = (0.5, 0.95, 0.99)
MAX_POINTS = 1000


def stat(title: str, expression: str, *, unit: str = "short", legend: str = "", **limits: float):
    """One number; `yellow` and `red` are where it gets those colours."""
    panel = (
        Stat()
        .title(title)
        .datasource(PROMETHEUS)
        .unit(unit)
        .with_target(prometheus(expression, legend, "A", now=True))
        .thresholds(_thresholds(**limits))
        .no_value("–")
    )
    return panel.text_mode(common.BigValueTextMode.NAME) if legend else panel


def rate(name: str, title: str, colour: str):
    """One of the six rates: the last 60 s with its 95 % interval, the last 10 s as a thin line."""
    panel = (
        time_series(title, unit="percentunit", minimum=0, maximum=1)
        .description("60 s of event time with the 95 % Wilson interval; thin: 10 s")
        .color_scheme(
            builders.FieldColor().mode(dashboard.FieldColorModeId.FIXED).fixed_color(colour)
        )
        .legend(common_builders.VizLegendOptions().show_legend(False))
        .with_target(prometheus(promql.rate(name, "60s"), "60 s", "A"))
        .with_target(prometheus(promql.rate(name, "60s", "low"), "low", "B"))
        .with_target(prometheus(promql.rate(name, "60s", "high"), "high", "C"))
        .with_target(prometheus(promql.rate(name, "10s"), "10 s", "D"))
        .override_by_name("60 s", [_custom("lineWidth", 2)])
        .override_by_name("low", [_custom("lineWidth", 0)])
        .override_by_name(
            "high",
            [_custom("lineWidth", 0), _custom("fillBelowTo", "low"), _custom("fillOpacity", 20)],
        )
    )
    return panel.override_by_name("10 s", [_custom("lineWidth", 1), _custom("lineStyle", DASHED)])


def time_series(
    title: str, *, unit: str = "short", minimum: float | None = None, maximum: float | None = None
):
    """Lines from Prometheus."""
    panel = (
        TimeSeries()
        .title(title)
        .datasource(PROMETHEUS)
        .unit(unit)
        .interval(SMALLEST_INTERVAL)
        .max_data_points(MAX_POINTS)
        .show_points(common.VisibilityMode.NEVER)
        .line_width(1)
    )
    panel = panel if minimum is None else panel.min(minimum)
    return panel if maximum is None else panel.max(maximum)


def lines(title: str, unit: str, *queries: tuple[str, str]):
    """Lines of several (PromQL, legend)."""
    panel = time_series(title, unit=unit, minimum=0)
    for number, (expression, legend) in enumerate(queries):
        panel = panel.with_target(prometheus(expression, legend, chr(ord("A") + number)))
    return panel


def latency():
    """Quantiles of the time from a frame's file to its result."""
    queries = [(promql.result_quantile(q), f"{100 * q:g} %") for q in QUANTILES]
    return lines("From file to result", "s", *queries)


def stages():
    """The 95 % quantile of each stage."""
    query = (promql.stage_quantile(0.95), "{{stage}}")
    return lines("Each stage, 95 %", "s", query)


def heat_map(title: str, description: str, raw_sql: str, unit: str = "short"):
    """Frames per time bin and bucket, counted by the database."""
    return (
        HeatMap()
        .title(title)
        .description(description)
        .datasource(MYSQL)
        .interval(SMALLEST_INTERVAL)
        .max_data_points(300)
        .with_target(MySqlQuery(raw_sql=raw_sql))
        .calculate(False)
        .rows_frame(RowsHeatmapOptions().layout(common.HeatmapCellLayout.GE))
        .y_axis(YAxisConfig().unit(unit))
        .color(
            HeatmapColorOptions()
            .mode(heatmap.HeatmapColorMode.SCHEME)
            .scheme("Blues")
            .scale(heatmap.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
            .steps(64)
        )
        .hide_legend()
    )


def stored(title: str, raw_sql: str, unit: str = "short"):
    """Lines counted by the database, over event time."""
    return (
        time_series(title, unit=unit, minimum=0)
        .datasource(MYSQL)
        .max_data_points(300)
        .with_target(MySqlQuery(raw_sql=raw_sql))
    )


def table(title: str, raw_sql: str, *, times: tuple[str, ...], percentages: tuple[str, ...] = ()):
    """Rows of the database; `times` are columns in ms, `percentages` fractions of 1."""
    panel = (
        Table()
        .title(title)
        .datasource(MYSQL)
        .with_target(MySqlQuery(raw_sql=raw_sql, as_table=True))
        .no_value("–")
    )
    for name in times:
        panel = panel.override_by_name(name, [_property("unit", "dateTimeAsIso")])
    for name in percentages:
        panel = panel.override_by_name(
            name, [_property("unit", "percentunit"), _property("decimals", 1)]
        )
    return panel


DASHED = {"fill": "dash", "dash": [4, 4]}


def _custom(name: str, value: object) -> dashboard.DynamicConfigValue:
    return _property(f"custom.{name}", value)


def _property(name: str, value: object) -> dashboard.DynamicConfigValue:
    return dashboard.DynamicConfigValue(id_val=name, value=value)


def _thresholds(*, yellow: float | None = None, red: float | None = None):
    steps = [dashboard.Threshold(value=None, color="text")]
    for value, colour in sorted((v, c) for v, c in ((yellow, "orange"), (red, "red")) if v):
        steps.append(dashboard.Threshold(value=value, color=colour))
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)
