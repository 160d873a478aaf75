"""Cells, groups and structure factors against cctbx and against Wilson's statistics."""

import numpy as np
import pytest

from libs.diffraction import debian_gaps
from libs.simulation.structure_factors import IntensityTable, intensity_table
from libs.simulation.symmetry import SAMPLES, IntArray, Sample, b_matrix, close_group

samples = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))


def every_index(table: IntensityTable) -> IntArray:
    ranges = [np.arange(-n, n + 1) for n in table.limits]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, 3)


def sampled(table: IntensityTable, sample: Sample, d_min: float) -> tuple[IntArray, np.ndarray]:
    """Random reflections and all axial ones, where screw axes show."""
    miller = every_index(table)
    axial = np.flatnonzero((miller == 0).sum(1) >= 2)
    chosen = np.random.default_rng(0).choice(len(miller), min(20_000, len(miller)), replace=False)
    keep = np.union1d(chosen, axial)
    keep = keep[np.any(miller[keep] != 0, axis=1)]
    keep = keep[np.linalg.norm(miller[keep] @ b_matrix(sample.unit_cell).T, axis=1) <= 1 / d_min]
    return miller[keep], table.values.ravel()[keep]


@samples
def test_the_table_is_the_same_every_time(sample: Sample) -> None:
    first, second = intensity_table(sample, 4.0), intensity_table(sample, 4.0)
    assert first.values.tobytes() == second.values.tobytes()


@samples
def test_intensities_follow_wilson_statistics(sample: Sample) -> None:
    table = intensity_table(sample, 2.5)
    miller = every_index(table)
    q = np.linalg.norm(miller @ b_matrix(sample.unit_cell).T, axis=1)
    shell = table.values.ravel()[(q > 0.38) & (q < 0.4) & np.all(miller != 0, axis=1)]
    shell = np.unique(shell[shell > 0])  # once per orbit, without absences
    second_moment = (shell**2).mean() / shell.mean() ** 2
    spread = 4 * np.sqrt(20 / len(shell))  # of the second moment of n exponential variates
    assert 1.85 - spread < second_moment < 2.2 + spread  # 2 for acentric, 3 for centric ones


@pytest.mark.system
@samples
def test_absences_and_equivalents_are_those_of_cctbx(sample: Sample) -> None:
    debian_gaps.prepare()
    from cctbx import crystal, miller, sgtbx
    from cctbx.array_family import flex

    indices, values = sampled(intensity_table(sample, 2.5), sample, 2.5)
    group = sgtbx.space_group_info(sample.space_group).group()
    found = flex.miller_index([tuple(map(int, index)) for index in indices])
    assert len(close_group(sample.generators)) == group.order_z()
    assert ((values == 0) == np.array(group.is_sys_absent(found))).all()

    symmetry = crystal.symmetry(sample.unit_cell, space_group=group)
    unique = miller.set(symmetry, found, anomalous_flag=False).map_to_asu().indices()
    by_orbit: dict[tuple[int, ...], float] = {}
    assert all(by_orbit.setdefault(key, v) == v for key, v in zip(unique, values, strict=True))


@pytest.mark.system
@samples
def test_b_matrix_is_that_of_cctbx(sample: Sample) -> None:
    debian_gaps.prepare()
    from cctbx import uctbx

    cell = uctbx.unit_cell(sample.unit_cell)
    expected = np.reshape(cell.fractionalization_matrix(), (3, 3)).T
    assert np.allclose(b_matrix(sample.unit_cell), expected, atol=1e-12)
