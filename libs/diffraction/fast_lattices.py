"""From the fast lane's lattices to integrated reflections and messages."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography import d_min_cctbx, d_min_contiguous, offset_px, rmsd_px, tabulate
from libs.crystallography.fast.crystal import without_symmetry
from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.integrate import Integrated, beam_divergence, integrate
from libs.crystallography.fast.lattices import IndexedLattice
from libs.crystallography.fast.predict import Predictions, predict
from libs.crystallography.fast.refine import Observations, refine
from libs.crystallography.fast.spots import Spots, StrongPixels
from libs.diffraction.fast_geometry import FrameGeometry
from libs.diffraction.fast_recipe import FastRecipe
from libs.diffraction.frame_pixels import Pixels
from libs.diffraction.tasks import FrameTask
from libs.messages import Lane, Lattice, ReflectionsIntegrated

RMSD_PER_MEDIAN = 1.0 / math.sqrt(math.log(2.0))


class NotIntegratedError(Exception):
    """The lattice stays without reflections; the message says why."""


@dataclass(frozen=True, kw_only=True)
class IntegratedLattice:
    """Predictions of one lattice and their sums, only those that could be summed."""

    lattice: IndexedLattice
    predictions: Predictions
    integrated: Integrated
    usable: NDArray[np.bool_]
    sigma_b_rad: float


def integrate_lattice(
    lattice: IndexedLattice,
    image: Pixels,
    spots: Spots,
    pixels: StrongPixels,
    geometry: FrameGeometry,
    fast: FastRecipe,
) -> IntegratedLattice:
    """Predict to the recipe's d_min (the detector's corner where it has none) and sum."""
    settings, detector = fast.settings.integration, geometry.detector
    panel = spots.panel[lattice.spots]
    about_observed = settings.divergence_about_centroid
    centres = lattice.observed_px if about_observed else lattice.calculated_px
    place = detector.millimetres(panel, centres)
    rays = detector.reciprocal(panel, place) + detector.s0
    sigma_b = beam_divergence(pixels, lattice.spots, rays, detector)
    cutoff = settings.sigma_b_cutoff_deg
    if cutoff is not None and np.degrees(sigma_b) >= cutoff:
        raise NotIntegratedError(
            f"integration: spots spread over {np.degrees(sigma_b):.3f} degrees, "
            f"more than sigma_b_cutoff {cutoff}"
        )
    predictions = predict(
        lattice.a_matrix,
        fast.crystal,
        lattice.mosaicity,
        detector,
        settings.d_min_angstrom or geometry.d_min_angstrom,
        settings.d_max_angstrom,
    )
    integrated = integrate(
        image, geometry.pixel_mask, geometry.layout, geometry.trusted_corrected, predictions,
        detector, settings.n_sigma * sigma_b, settings.gain,
    )  # fmt: skip
    return IntegratedLattice(
        lattice=lattice,
        predictions=predictions,
        integrated=integrated,
        usable=integrated.usable,
        sigma_b_rad=sigma_b,
    )


def near_predictions(
    lattices: list[IndexedLattice], spots: Spots, detector: FlatDetector, max_rmsd_px: float
) -> tuple[list[IndexedLattice], str]:
    """Those with an rmsd that DIALS would accept, and what is wrong with the others."""
    kept, why = [], ""
    for lattice in lattices:
        distance = rmsd_px(lattice.observed_px, lattice.calculated_px) or 0.0
        if distance > max_rmsd_px:
            distance = _rmsd_without_symmetry(lattice, spots, detector)
        if distance > max_rmsd_px:
            why = why or f"RMSD too high, {distance:f}"
        else:
            kept.append(lattice)
    return kept, why


def _rmsd_without_symmetry(lattice: IndexedLattice, spots: Spots, detector: FlatDetector) -> float:
    """DIALS looks at the rmsd before symmetry is imposed, and after more outliers are dropped: here
    it is that of a two-dimensional normal distribution with the median of the distances.
    """
    panel = spots.panel[lattice.spots]
    observed = Observations(
        miller=lattice.miller,
        panel=panel,
        xy_mm=detector.millimetres(panel, lattice.observed_px),
        variance_mm2=spots.variance_px2[lattice.spots] * detector.pixel_mm[panel] ** 2,
    )
    refined = refine(lattice.a_matrix, without_symmetry(lattice.unit_cell), observed, detector)
    pixels = refined.deviation_mm / detector.pixel_mm[panel]
    return RMSD_PER_MEDIAN * float(np.median(np.hypot(pixels[:, 0], pixels[:, 1])))


def lattice_message(
    task: FrameTask, lattice: IndexedLattice, done: IntegratedLattice | None, space_group: str
) -> Lattice:
    """The part of the frame's result; integration may have failed."""
    shells = None
    if done is not None:
        d, intensity, sigma = _sums(done)
        shells = tabulate(d, intensity, sigma, task.recipe.d_min_angstrom)
    cutoff = task.recipe.cutoffs.i_sigi
    return Lattice(
        unit_cell=lattice.unit_cell,
        space_group=space_group,
        a_matrix=tuple(lattice.true_beam.a_matrix.ravel().tolist()),
        n_indexed=len(lattice.spots),
        n_integrated=0 if done is None else int(done.usable.sum()),
        rmsd_px=rmsd_px(lattice.observed_px, lattice.calculated_px),
        offset_px=offset_px(lattice.observed_px, lattice.calculated_px),
        d_min_contiguous=None if shells is None else d_min_contiguous(shells, cutoff),
        d_min_cctbx=None if shells is None else d_min_cctbx(shells, cutoff),
        shells=shells,
    )


def reflections_message(
    task: FrameTask, number: int, done: IntegratedLattice, space_group: str, wavelength: float
) -> ReflectionsIntegrated:
    """The integrated reflections of lattice `number`."""
    _, intensity, sigma = _sums(done)
    miller = done.predictions.miller[done.usable]
    return ReflectionsIntegrated(
        job=task.job,
        attempt=task.attempt,
        run=task.run,
        frame=task.frame,
        lane=Lane.FAST,
        lattice=number,
        unit_cell=done.lattice.unit_cell,
        space_group=space_group,
        n=len(miller),
        miller_index=miller.astype("<i2").tobytes(),
        intensity=intensity.astype("<f4").tobytes(),
        sigma=sigma.astype("<f4").tobytes(),
        wavelength_angstrom=wavelength,
        recipe=task.recipe.hash,
    )


def _sums(
    done: IntegratedLattice,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """d (Å), intensity and σ of the usable reflections."""
    return (
        done.predictions.d_angstrom[done.usable],
        done.integrated.intensity[done.usable],
        np.sqrt(done.integrated.variance[done.usable]),
    )
