"""What DIALS found of each lattice, as messages: the models and the reflections of one frame."""

from typing import Any

import numpy as np

from libs.crystallography import d_min_cctbx, d_min_contiguous, offset_px, rmsd_px, tabulate
from libs.diffraction.tasks import FrameTask
from libs.messages import Lane, Lattice, ReflectionsIntegrated, Shells

Tables = tuple[Any, Any]
"""Experiments (one per lattice) and one reflection table whose `id` counts them."""


def lattices_of(task: FrameTask, indexed: Tables, integrated: Tables | None) -> tuple[Lattice, ...]:
    """One part per indexed lattice, in DIALS's order; integration may have failed or lost some."""
    experiments, reflections = indexed
    numbers = reflections["id"].as_numpy_array()
    return tuple(
        _lattice(
            task,
            experiment.crystal,
            reflections.select(_flags(numbers == number)),
            _integrated_of(experiment, integrated),
        )
        for number, experiment in enumerate(experiments)
    )


def reflections_of(
    task: FrameTask, indexed: Tables, integrated: Tables | None, wavelength_angstrom: float
) -> tuple[ReflectionsIntegrated, ...]:
    """The integrated reflections of each lattice that has any."""
    messages = []
    for number, experiment in enumerate(indexed[0]):
        table = _integrated_of(experiment, integrated)
        if table is not None and len(table):
            messages.append(
                _reflections(task, number, experiment.crystal, table, wavelength_angstrom)
            )
    return tuple(messages)


def _integrated_of(experiment: Any, integrated: Tables | None) -> Any | None:
    """The integrated reflections of this lattice: those with a sum and a positive variance."""
    if integrated is None:
        return None
    experiments, reflections = integrated
    for number, candidate in enumerate(experiments):
        if candidate.crystal.get_A() == experiment.crystal.get_A():
            mine = reflections.select(reflections["id"] == number)
            summed = mine.get_flags(mine.flags.integrated_sum)
            return mine.select(summed & (mine["intensity.sum.variance"] > 0))
    return None


def _lattice(task: FrameTask, crystal: Any, indexed: Any, integrated: Any | None) -> Lattice:
    observed, predicted = _positions(indexed, "xyzobs.px.value"), _positions(indexed, "xyzcal.px")
    shells = None if integrated is None else _shells(task, crystal, integrated)
    cutoff = task.recipe.cutoffs.i_sigi
    return Lattice(
        unit_cell=tuple(crystal.get_unit_cell().parameters()),
        space_group=_space_group(crystal),
        a_matrix=tuple(crystal.get_A()),
        n_indexed=len(indexed),
        n_integrated=0 if integrated is None else len(integrated),
        rmsd_px=rmsd_px(observed, predicted),
        offset_px=offset_px(observed, predicted),
        d_min_contiguous=None if shells is None else d_min_contiguous(shells, cutoff),
        d_min_cctbx=None if shells is None else d_min_cctbx(shells, cutoff),
        shells=shells,
    )


def _shells(task: FrameTask, crystal: Any, integrated: Any) -> Shells:
    intensity, sigma = _intensities(integrated)
    d = crystal.get_unit_cell().d(integrated["miller_index"]).as_numpy_array()
    return tabulate(d, intensity, sigma, task.recipe.d_min_angstrom)


def _reflections(
    task: FrameTask, number: int, crystal: Any, table: Any, wavelength_angstrom: float
) -> ReflectionsIntegrated:
    intensity, sigma = _intensities(table)
    indices = np.array(list(table["miller_index"]), dtype="<i2").reshape(-1, 3)
    return ReflectionsIntegrated(
        job=task.job,
        attempt=task.attempt,
        run=task.run,
        frame=task.frame,
        lane=Lane.DIALS,
        lattice=number,
        unit_cell=tuple(crystal.get_unit_cell().parameters()),
        space_group=_space_group(crystal),
        n=len(table),
        miller_index=indices.tobytes(),
        intensity=intensity.astype("<f4").tobytes(),
        sigma=sigma.astype("<f4").tobytes(),
        wavelength_angstrom=wavelength_angstrom,
        recipe=task.recipe.hash,
    )


def _intensities(table: Any) -> tuple[Any, Any]:
    variance = table["intensity.sum.variance"].as_numpy_array()
    return table["intensity.sum.value"].as_numpy_array(), np.sqrt(variance)


def _positions(table: Any, column: str) -> Any:
    if column not in table:
        return np.zeros((0, 2))
    fast, slow, _ = table[column].parts()
    return np.column_stack([fast.as_numpy_array(), slow.as_numpy_array()])


def _space_group(crystal: Any) -> str:
    return str(crystal.get_space_group().type().lookup_symbol())


def _flags(mask: Any) -> Any:
    from dials.array_family import flex

    return flex.bool(mask.tolist())
