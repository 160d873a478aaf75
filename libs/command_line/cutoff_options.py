"""The cut-offs as options: what is not given stays as the job has it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click
import msgspec

from libs.messages import Cutoffs

F = TypeVar("F", bound=Callable[..., Any])
_DEFAULT = Cutoffs()
_OPTIONS = (
    click.option("--hit-cutoff", type=click.IntRange(0),
                 help=f"Strong spots that make a hit  [default: the job's, else {_DEFAULT.hit}]"),
    click.option("--solvent-cutoff", type=float,
                 help="Solvent ratio from which a frame has solvent  "
                      f"[default: the job's, else {_DEFAULT.solvent}]"),
    click.option("--lattices-cutoff", type=click.IntRange(1),
                 help="Lattices that make a multi-lattice frame  "
                      f"[default: the job's, else {_DEFAULT.lattices}]"),
    click.option("--d-min-quality", type=click.FloatRange(0, min_open=True),
                 help="Resolution (Å) that makes an indexed frame one of high quality  "
                      f"[default: the job's, else {_DEFAULT.d_min_quality_angstrom}]"),
    click.option("--i-sigi-cutoff", type=float,
                 help="Mean I/σ that a shell must reach; uses the recorded shell tables  "
                      f"[default: the job's, else {_DEFAULT.i_sigi}]"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AskedCutoffs:
    """Cut-offs as asked for; None: as the job has them."""

    hit: int | None = None
    solvent: float | None = None
    lattices: int | None = None
    d_min_quality_angstrom: float | None = None
    i_sigi: float | None = None

    def over(self, cutoffs: Cutoffs) -> Cutoffs:
        """These cut-offs with what was asked for in their place."""
        asked = {name: value for name, value in vars(self).items() if value is not None}
        return msgspec.structs.replace(cutoffs, **asked)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return all(value is None for value in vars(self).values())


def cutoff_options(function: F) -> F:
    """Adds the options; gather their values with `asked_cutoffs`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def asked_cutoffs(options: dict[str, Any]) -> AskedCutoffs:
    """The values of the options, taken out of a command's keywords."""
    return AskedCutoffs(
        hit=options.pop("hit_cutoff"),
        solvent=options.pop("solvent_cutoff"),
        lattices=options.pop("lattices_cutoff"),
        d_min_quality_angstrom=options.pop("d_min_quality"),
        i_sigi=options.pop("i_sigi_cutoff"),
    )
