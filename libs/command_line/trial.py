"""`stillstream trial`: sets of processing parameters."""

from pathlib import Path

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue import trials
from libs.catalogue.seed import apply_seed, read_seed
from libs.catalogue.trial_settings import LaneChoice, TrialSettings
from libs.command_line.catalogue_session import (
    catalogue_options,
    in_catalogue,
    now_us,
    print_json,
    print_table,
)
from libs.command_line.local_options import var_option
from libs.crystallography.cells import Cell, with_known_cell


@click.group(name="trial")
def command() -> None:
    """Trials of the catalogue."""


@command.command()
@click.argument("name")
@click.option("--phil", type=click.Path(dir_okay=False, exists=True, path_type=Path), required=True)
@click.option("--d-min", type=float, required=True, help="Resolution limit of the shells (Å).")
@click.option("--group", "groups", multiple=True, help="Run group, by name or number; repeatable.")
@click.option("--comment", default="")
@click.option(
    "--lane",
    type=click.Choice([choice.value for choice in LaneChoice]),
    default=LaneChoice.AUTOMATIC.value,
    show_default=True,
    help="automatic: fast where the cell is known and every setting can be honoured, else dials.",
)
@click.option("--hit-cutoff", type=int, default=40)
@click.option("--solvent-cutoff", type=float, default=1.0)
@click.option("--d-min-quality", type=float, default=2.5, help="High quality to this (Å).")
@click.option("--min-spots", type=int, default=16, help="Indexing is tried from so many spots on.")
@click.option("--active", is_flag=True, help="Switch it on at once.")
@var_option
def add(
    name: str,
    phil: Path,
    d_min: float,
    groups: tuple[str, ...],
    comment: str,
    lane: str,
    hit_cutoff: int,
    solvent_cutoff: float,
    d_min_quality: float,
    min_spots: int,
    active: bool,
    var: Path,
) -> None:
    """Make a trial from a PHIL file."""
    settings = TrialSettings(
        name=name,
        comment=comment,
        phil=phil.read_text(),
        d_min_angstrom=d_min,
        lane=LaneChoice(lane),
        hit_cutoff=hit_cutoff,
        solvent_cutoff=solvent_cutoff,
        d_min_quality_angstrom=d_min_quality,
        min_spots_to_index=min_spots,
    )

    async def work(connection: AsyncConnection) -> int:
        ids = [(await trials.find_group(connection, group)).id for group in groups]
        trial = await trials.add_trial(connection, settings, active=active, now_us=now_us())
        await trials.join(connection, trial, ids)
        return trial

    click.echo(f"trial {in_catalogue(var, work)}")


@command.command()
@click.argument("trial")
@click.argument("name")
@click.option("--unit-cell", required=True, help="a b c (Å) α β γ (°), in one string.")
@click.option("--space-group", required=True, help="A symbol, for example P43212.")
@click.option("--active", is_flag=True, help="Switch it on at once.")
@var_option
def copy(trial: str, name: str, unit_cell: str, space_group: str, active: bool, var: Path) -> None:
    """Make trial NAME like TRIAL, with a known cell, on the same run groups."""
    cell = _six_numbers(unit_cell)

    async def work(connection: AsyncConnection) -> int:
        found = await trials.find_trial(connection, trial)
        settings = msgspec.structs.replace(
            found.settings,
            name=name,
            phil=with_known_cell(found.settings.phil, cell, space_group),
            lane=LaneChoice.AUTOMATIC,
        )
        groups = await trials.group_ids(connection, found.id)
        made = await trials.add_trial(connection, settings, active=active, now_us=now_us())
        await trials.join(connection, made, groups)
        return made

    click.echo(f"trial {in_catalogue(var, work)}")


def _six_numbers(text: str) -> Cell:
    try:
        a, b, c, alpha, beta, gamma = (float(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise click.ClickException(f"--unit-cell {text!r}: six numbers are needed") from error
    return a, b, c, alpha, beta, gamma


@command.command(name="list")
@catalogue_options
def list_(var: Path, as_json: bool) -> None:
    """All trials."""
    found = in_catalogue(var, trials.list_trials)
    groups = in_catalogue(var, trials.groups_by_trial)
    if as_json:
        print_json([msgspec.to_builtins(t) | {"run_groups": groups.get(t.id, [])} for t in found])
        return
    rows = [
        (
            t.id,
            t.settings.name,
            t.active,
            t.settings.lane.value,
            t.settings.d_min_angstrom,
            ", ".join(groups.get(t.id, [])),
        )
        for t in found
    ]
    print_table(("trial", "name", "active", "lane", "d_min", "run groups"), rows)


@command.command()
@click.argument("trial")
@catalogue_options
def show(trial: str, var: Path, as_json: bool) -> None:
    """One trial, by name or number, with its PHIL text."""
    found = in_catalogue(var, lambda c: trials.find_trial(c, trial))
    if as_json:
        print_json(found)
        return
    for name, value in msgspec.to_builtins(found.settings).items():
        if name != "phil":
            click.echo(f"{name:<24} {value}")
    click.echo(f"\n{found.settings.phil}")


@command.command()
@click.argument("trial")
@var_option
def activate(trial: str, var: Path) -> None:
    """Process the runs of its groups: those to come at once, those that were when there is time."""
    _switch(trial, var, active=True)


@command.command()
@click.argument("trial")
@var_option
def deactivate(trial: str, var: Path) -> None:
    """Make no more jobs; those that exist go on (`stillstream job stop`)."""
    _switch(trial, var, active=False)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@catalogue_options
def seed(file: Path, var: Path, as_json: bool) -> None:
    """Load run groups and trials from a TOML file; as often as you like."""

    async def work(connection: AsyncConnection) -> object:
        return await apply_seed(connection, read_seed(file), now_us=now_us())

    done = in_catalogue(var, work)
    if as_json:
        print_json(done)
    else:
        for entry in msgspec.to_builtins(done):
            click.echo(f"{entry['kind']} {entry['name']!r}: {entry['action']}")


def _switch(trial: str, var: Path, *, active: bool) -> None:
    async def work(connection: AsyncConnection) -> None:
        found = await trials.find_trial(connection, trial)
        await trials.set_active(connection, found.id, active=active, now_us=now_us())

    in_catalogue(var, work)
