"""`stillstream cells`: which unit cells the lattices of a job speak for, and how to go on."""

from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.jobs import JobRecord, find_job
from libs.catalogue.lattice_columns import newest_cells
from libs.command_line.catalogue_session import catalogue_options, in_catalogue
from libs.command_line.found_cells import as_words, show_proposals
from libs.crystallography.cells import Cell, knows_cell
from libs.diffraction import DiffractionError, FramePool

NEWEST = 500


@click.command("cells")
@click.argument("job")
@catalogue_options
def command(job: str, var: Path, as_json: bool) -> None:
    """Cluster the cells of the newest lattices of JOB, whose recipe knows no cell."""

    async def work(connection: AsyncConnection) -> tuple[JobRecord, list[Cell]]:
        found = await find_job(connection, job)
        return found, await newest_cells(connection, found.id, found.attempt, limit=NEWEST)

    found, cells = in_catalogue(var, work)
    if found.recipe is not None and knows_cell(found.recipe.phil):
        raise click.ClickException(f"the recipe of {job} knows its cell: there is none to be found")
    try:
        with FramePool(1) as pool:
            proposals = pool.propose_cells(cells)
    except DiffractionError as error:
        raise click.ClickException(str(error)) from error
    how = ""
    if proposals:
        how = (
            f"\nTake it over: stillstream trial copy {found.trial} NAME "
            f"--unit-cell '{as_words(proposals[0].unit_cell)}' "
            f"--space-group {proposals[0].space_group} --active\n"
        )
    show_proposals(proposals, n_frames=len(cells), as_json=as_json, how_to_use=how)
