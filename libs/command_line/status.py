"""`stillstream status`: each process, and what Prometheus knows of the services."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from libs.command_line.local_options import stack_errors, var_option
from libs.local_stack import LocalStack, ProcessState
from libs.local_stack.measurements import Measurements, ServiceFigures, measure
from libs.local_stack.prometheus import prometheus_url

NOT_MEASURED = "-"
COLUMNS = "{:<17} {:<9} {:>7} {:>7} {:>8} {:>8} {:>8} {:>8} {:>5}"


@click.command(name="status")
@var_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(var: Path, as_json: bool) -> None:
    """Show processes, health, lag, freshness, throughput and latency; status 1 if one is away."""
    stack = LocalStack(var)
    with stack_errors():
        states = stack.states()
        measured = _measured(stack, states)
        addresses = stack.addresses()
    if as_json:
        processes = {name: asdict(state) for name, state in states.items()}
        click.echo(
            json.dumps(
                {"processes": processes, "addresses": addresses} | asdict(measured), indent=2
            )
        )
    else:
        _print_processes(states, measured)
        _print_sampling(measured.index_fractions)
        _print_work(measured.work_waiting)
        _print_agreement(measured.agreement)
        _print_latencies(measured)
        for name, address in addresses.items():
            click.echo(f"{name:<17} {address}")
    sys.exit(0 if all(state.state == "running" for state in states.values()) else 1)


def _measured(stack: LocalStack, states: Mapping[str, ProcessState]) -> Measurements:
    """Empty while Prometheus is away: the processes are worth showing all the same."""
    if "prometheus" not in states or states["prometheus"].state != "running":
        return Measurements()
    services = [name for name in states if name in stack.plan.services]
    return measure(prometheus_url(stack.ports), services)


def _print_processes(states: Mapping[str, ProcessState], measured: Measurements) -> None:
    header = ("process", "state", "pid", "healthy", "lag", "age", "in/s", "out/s", "bad")
    click.echo(COLUMNS.format(*header))
    for name, state in states.items():
        figures = measured.services.get(name)
        cells = _cells(figures) if figures else ("",) * 6
        click.echo(COLUMNS.format(name, state.state, state.pid or NOT_MEASURED, *cells).rstrip())
    click.echo()


def _cells(figures: ServiceFigures) -> tuple[str, ...]:
    healthy = {None: NOT_MEASURED, 1.0: "yes"}.get(figures.healthy, "no")
    return (
        healthy,
        _number(figures.lag_messages, ".0f"),
        _number(figures.event_age_s, ".1f", " s"),
        _number(figures.in_per_s, ".1f"),
        _number(figures.out_per_s, ".1f"),
        _number(figures.bad_messages, ".0f"),
    )


def _number(value: float | None, form: str, unit: str = "") -> str:
    return NOT_MEASURED if value is None else f"{value:{form}}{unit}"


def _print_sampling(fractions: Mapping[str, float]) -> None:
    for lane, fraction in fractions.items():
        if fraction < 1.0:
            click.echo(
                f"frames come too fast for the {lane} lane: all are screened, "
                f"{fraction:.1%} are indexed\n"
            )


def _print_work(waiting: Mapping[str, float]) -> None:
    """Which chunks of work nobody took yet; nothing where there are none."""
    names = {topic: topic.removeprefix("stillstream.").removesuffix(".v1") for topic in waiting}
    shown = [f"{names[topic]} {number:.0f}" for topic, number in waiting.items() if number]
    if shown:
        click.echo(f"chunks waiting: {', '.join(shown)}\n")


def _print_agreement(found: Mapping[str, float]) -> None:
    if not found:
        return
    waiting = found.get("waiting", 0.0)
    more = f"; {waiting:.0f} more wait" if waiting else ""
    click.echo(
        f"fast and dials lane agree on {found['value']:.1%} of {found.get('frames', 0.0):.0f} "
        f"frames (95 % within {found.get('low', 0.0):.1%} … {found.get('high', 1.0):.1%}){more}\n"
    )


def _print_latencies(measured: Measurements) -> None:
    rows = {**measured.latencies, **{f"  {k}": v for k, v in measured.stages.items()}}
    shown = {title: quantiles for title, quantiles in rows.items() if quantiles}
    if not shown:
        return
    click.echo(f"{'latency, last 10 minutes':<38} {'median':>9} {'95 %':>9}")
    for title, quantiles in shown.items():
        cells = (_number(quantiles.get(name), ".2f", " s") for name in ("median", "p95"))
        click.echo("{:<38} {:>9} {:>9}".format(title, *cells))
    click.echo()
