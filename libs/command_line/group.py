"""`stillstream group`: which runs belong together, and the detector's side of their processing."""

from pathlib import Path

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue import trials
from libs.catalogue.trial_settings import GroupSettings
from libs.command_line.catalogue_session import (
    catalogue_options,
    in_catalogue,
    now_us,
    print_json,
    print_table,
)
from libs.command_line.local_options import var_option

FILE = click.Path(dir_okay=False, exists=True, resolve_path=True)


@click.group(name="group")
def command() -> None:
    """Run groups of the catalogue."""


@command.command()
@click.argument("name")
@click.option("--trial", "trial", help="Trial that comprises it, by name or number.")
@click.option("--experiment", default="*", help="Glob on the experiment's tag.")
@click.option("--source", default="*", help="Glob on the name of the run's source.")
@click.option("--first-run", type=int, help="From this run number on.")
@click.option("--last-run", type=int, help="Up to this run number; without it, open-ended.")
@click.option("--geometry", type=FILE, help="Reference geometry (.expt).")
@click.option("--mask", type=FILE, help="Mask file.")
@click.option("--phil", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--solvent-two-theta", type=(float, float), help="High and low ring, in degrees.")
@click.option("--solvent-angstrom", type=(float, float), default=(3.29, 5.97), show_default=True)
@click.option("--comment", default="")
@var_option
def add(
    name: str,
    trial: str | None,
    experiment: str,
    source: str,
    first_run: int | None,
    last_run: int | None,
    geometry: str | None,
    mask: str | None,
    phil: Path | None,
    solvent_two_theta: tuple[float, float] | None,
    solvent_angstrom: tuple[float, float],
    comment: str,
    var: Path,
) -> None:
    """Make a run group."""
    high_deg, low_deg = solvent_two_theta or (None, None)
    settings = GroupSettings(
        name=name,
        comment=comment,
        experiment=experiment,
        source=source,
        first_run=first_run,
        last_run=last_run,
        geometry_path=geometry,
        mask_path=mask,
        phil=phil.read_text() if phil else "",
        solvent_high_two_theta_deg=high_deg,
        solvent_low_two_theta_deg=low_deg,
        solvent_high_angstrom=solvent_angstrom[0],
        solvent_low_angstrom=solvent_angstrom[1],
    )

    async def work(connection: AsyncConnection) -> int:
        group = await trials.add_group(connection, settings, now_us=now_us())
        if trial is not None:
            found = await trials.find_trial(connection, trial)
            await trials.join(connection, found.id, [group])
        return group

    click.echo(f"run group {in_catalogue(var, work)}")


@command.command(name="list")
@catalogue_options
def list_(var: Path, as_json: bool) -> None:
    """All run groups."""
    groups = in_catalogue(var, trials.list_groups)
    if as_json:
        print_json([msgspec.to_builtins(group) for group in groups])
        return
    rows = [
        (g.id, s.name, s.experiment, s.source, s.first_run, s.last_run)
        for g in groups
        for s in [g.settings]
    ]
    print_table(("group", "name", "experiment", "source", "first run", "last run"), rows)
