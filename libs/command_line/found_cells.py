"""Unit cells that lattices speak for, as a person or a program reads them."""

import json
from collections.abc import Sequence

import click
import msgspec

from libs.crystallography.cells import Cell, CellProposal, phil_lines

COLUMNS = "{:>9}  {:<7} {:<9} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7}  {}"


def show_proposals(
    proposals: Sequence[CellProposal], *, n_frames: int, as_json: bool, how_to_use: str = ""
) -> None:
    """On standard output; `how_to_use` follows the PHIL lines of the first proposal."""
    if as_json:
        cells = [
            msgspec.to_builtins(proposal) | {"phil": phil_lines(proposal)} for proposal in proposals
        ]
        click.echo(json.dumps({"n_frames": n_frames, "cells": cells}))
    elif not proposals:
        click.echo(
            f"No cell: no lattice was found on any of {n_frames} frames. Cells come from strong "
            "frames of single crystals; look at geometry and spotfinding if there are such."
        )
    else:
        _show_table(proposals)
        click.echo(f"\nThe first one for a recipe:\n\n{phil_lines(proposals[0])}{how_to_use}")


def as_words(cell: Cell) -> str:
    """The six numbers in one string, as an option takes them."""
    return " ".join(f"{value:.2f}" for value in cell)


def _show_table(proposals: Sequence[CellProposal]) -> None:
    names = ("lattices", "Bravais", "guess", "a (Å)", "b (Å)", "c (Å)", "α (°)", "β (°)", "γ (°)")
    click.echo(COLUMNS.format(*names, "spread of a, b, c"))
    for found in proposals:
        click.echo(
            COLUMNS.format(
                f"{found.n_lattices} of {found.n_of}",
                found.bravais,
                found.space_group,
                *(f"{value:.2f}" for value in found.unit_cell),
                ", ".join(f"{value:.2f}" for value in found.spread[:3]),
            )
        )
