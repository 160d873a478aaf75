"""The operator's dashboard: which panels, where."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard

from deploy.grafana import panels, promql, sql
from deploy.grafana.sources import MYSQL, MySqlQuery

UID = "stillstream"
TITLE = "Stillstream"
COLUMNS = 24
RATE_COLUMNS = (
    "solvent",
    "hit rate",
    "indexing rate",
    "multi-lattice rate",
    "high-quality rate",
)
RANGE = "Single frames: shown for ranges up to 4 hours."
Row = tuple[int, list[Any]]
"""Height and panels, which share the width."""


def build() -> dashboard.Dashboard:
    """The whole dashboard."""
    board = (
        builders.Dashboard(TITLE)
        .uid(UID)
        .description("Serial crystallography, live: rates, latency, runs, health.")
        .tags(["stillstream", "serial-crystallography"])
        .timezone("browser")
        .time("now-15m", "now")
        .refresh("1s")
        .timepicker(builders.TimePicker().refresh_intervals(["1s", "2s", "5s", "30s", "5m"]))
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .editable()
        .annotation(_runs())
    )
    top, number = 0, 1
    for height, row in _rows():
        width = COLUMNS // len(row)
        for column, panel in enumerate(row):
            position = dashboard.GridPos(h=height, w=width, x=column * width, y=top)
            board.with_panel(panel.id(number).grid_pos(position))
            number += 1
        top += height
    return board.build()


def _rows() -> list[Row]:
    return [
        (4, _numbers()),
        (7, [panels.rate(*each) for each in promql.RATES[:3]]),
        (7, [panels.rate(*each) for each in promql.RATES[3:]]),
        (9, _heat_maps()),
        (8, _over_time()),
        (8, [_statistics_bar()]),
        (6, [_agreement()]),
        (8, [_throughput(), _outcomes(), _workers()]),
        (8, [panels.latency(), panels.stages()]),
        (8, [_lag(), _sampling(), _ages()]),
        (8, [_health(), _steps()]),
        (7, [_advice(), _lost_frames()]),
    ]


def _numbers() -> list[Any]:
    return [
        panels.stat("Current run", promql.CURRENT_RUN, legend="{{run}}"),
        panels.stat("Frames waiting", promql.FRAMES_WAITING, yellow=100, red=1000),
        panels.stat("Newest result is … old", promql.EVENT_AGE, unit="s", yellow=10, red=60),
        panels.stat("Preliminary (1) or final (0)", promql.PRELIMINARY),
        panels.stat("Services up", promql.SERVICES_UP),
        panels.stat("Bad messages", promql.BAD_MESSAGES, yellow=1),
    ]


def _heat_maps() -> list[Any]:
    return [
        panels.heat_map(
            "Strong spots per frame",
            f"Frames by their number of strong spots; a hit has 40 or more. {RANGE}",
            sql.STRONG_SPOTS,
        ),
        panels.heat_map(
            "Resolution of indexed frames",
            f"Contiguous resolution limit in Å: the higher up, the worse. {RANGE}",
            sql.RESOLUTION,
            unit="suffix: Å",
        ),
    ]


def _over_time() -> list[Any]:
    """From roll-ups: as quick for a week as for an hour."""
    rates = panels.stored("Rates (event time, any range)", sql.RATES_OVER_TIME, "percentunit")
    spots = panels.stored("Strong spots (event time, any range)", sql.SPOTS_OVER_TIME)
    return [
        rates.description("In steps of 100 frames or more, by the cut-offs of each job."),
        spots.description("Mean, fewest and most on one processed frame."),
    ]


def _statistics_bar() -> Any:
    return panels.table(
        "Statistics bar of each run",
        sql.STATISTICS_BAR,
        times=("started",),
        percentages=RATE_COLUMNS,
    )


def _agreement() -> Any:
    panel = panels.table(
        "Agreement with the reference lane",
        sql.AGREEMENT,
        times=("started",),
        percentages=("agreement", "from", "to"),
    )
    return panel.description(
        "A random sample of each job's frames goes through stock DIALS as well. "
        "Spots, cell, resolution: own lane minus reference, medians."
    )


def _throughput() -> Any:
    return panels.lines(
        "Frames per second",
        "short",
        (promql.RESULTS_PER_SECOND, "results"),
        (promql.ANNOUNCED_PER_SECOND, "announced"),
    )


def _outcomes() -> Any:
    return panels.stored("Frames per second by outcome (event time)", sql.OUTCOMES)


def _workers() -> Any:
    panel = panels.stored("Frames per second by worker (event time)", sql.WORKERS)
    return panel.description(RANGE)


def _lag() -> Any:
    return panels.lines(
        "Waiting: frames, and messages not yet read",
        "short",
        (promql.FRAMES_WAITING, "frames"),
        (promql.LAG, "{{service}} {{topic}}"),
    )


def _sampling() -> Any:
    query = promql.INDEX_FRACTION, "{{lane}} lane"
    return panels.lines("Part of the live frames that is indexed", "percentunit", query)


def _ages() -> Any:
    return panels.lines("Age of the newest event", "s", (promql.AGES, "{{service}}"))


def _health() -> Any:
    queries = (promql.UP, "{{process}} answers"), (promql.HEALTH, "{{service}} turns")
    return panels.lines("Services: 1 is well", "short", *queries)


def _steps() -> Any:
    return panels.lines("Turn of each service's loop, 95 %", "s", (promql.STEP, "{{service}}"))


def _advice() -> Any:
    return panels.table("Advice", sql.ADVICE, times=("since",))


def _lost_frames() -> Any:
    panel = panels.table("Frames that could not be processed", sql.UNREADABLE, times=("time",))
    return panel.description(RANGE)


def _runs() -> builders.AnnotationQuery:
    """From start to end of each run; read again at each refresh, so a replay changes nothing."""
    return (
        builders.AnnotationQuery()
        .name("Runs")
        .datasource(MYSQL)
        .enable(True)
        .icon_color("light-blue")
        .target(MySqlQuery(raw_sql=sql.RUNS, as_table=True))
    )
