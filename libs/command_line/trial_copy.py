"""`stillstream trial copy`: a trial like another one, with a cell that was found."""

from pathlib import Path

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue import trials
from libs.catalogue.trial_settings import LaneChoice, Trial, TrialSettings
from libs.command_line.catalogue_session import in_catalogue, now_us
from libs.command_line.local_options import var_option
from libs.crystallography.cells import Cell, with_known_cell
from libs.diffraction import DiffractionError, RecipeError
from libs.diffraction.lane_choice import choose_lane
from libs.messages import Lane, Recipe


@click.command()
@click.argument("trial")
@click.argument("name")
@click.option("--unit-cell", required=True, help="a b c (Å) α β γ (°), in one string.")
@click.option("--space-group", required=True, help="A symbol, for example P43212.")
@click.option("--active", is_flag=True, help="Switch it on at once.")
@var_option
def copy(trial: str, name: str, unit_cell: str, space_group: str, active: bool, var: Path) -> None:
    """Make trial NAME like TRIAL, with a known cell, on the same run groups."""
    cell = _six_numbers(unit_cell)

    async def find(connection: AsyncConnection) -> tuple[Trial, list[int]]:
        found = await trials.find_trial(connection, trial)
        return found, await trials.group_ids(connection, found.id)

    found, groups = in_catalogue(var, find)
    settings = msgspec.structs.replace(
        found.settings,
        name=name,
        phil=with_known_cell(found.settings.phil, cell, space_group),
        lane=LaneChoice.AUTOMATIC,
    )
    lane = _lane(settings)

    async def work(connection: AsyncConnection) -> int:
        made = await trials.add_trial(connection, settings, active=active, now_us=now_us())
        await trials.join(connection, made, groups)
        return made

    click.echo(f"trial {in_catalogue(var, work)}: {lane}")


def _six_numbers(text: str) -> Cell:
    try:
        a, b, c, alpha, beta, gamma = (float(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise click.ClickException(f"--unit-cell {text!r}: six numbers are needed") from error
    return a, b, c, alpha, beta, gamma


def _lane(settings: TrialSettings) -> str:
    """Which lane will take it, in words; a text that DIALS refuses ends the command."""
    recipe = Recipe(phil=settings.phil, d_min_angstrom=settings.d_min_angstrom, lane=Lane.FAST)
    try:
        answer = choose_lane(recipe)
    except RecipeError as error:
        raise click.ClickException(str(error)) from error
    except DiffractionError as error:
        return f"its lane is found when it is used, DIALS cannot be asked here ({error})"
    why = f" ({answer.lane_reason})" if answer.lane_reason else ""
    return f"lane {answer.lane.value}{why}"
