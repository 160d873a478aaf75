"""The fast lane on tiny frames made in memory, so that numba compiles every kernel.

The frames go the way of real ones, because a kernel is compiled for each kind of array that it
meets: integer and float pixels, both threshold algorithms, one lattice indexed and integrated.
Doubles as a check of the installation: the lattice must be found.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.mosaicity import Mosaicity
from libs.crystallography.fast.predict import predict
from libs.diffraction.errors import InstallationError
from libs.diffraction.fast_geometry import flat_detector
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.quiet import quiet
from libs.diffraction.raw_frame import FrameClock, RawFrame
from libs.diffraction.tasks import FrameTask
from libs.messages import FrameNumber, FrameResult, Recipe, job_id, run_id

SIZE_PX, PIXEL_MM, DISTANCE_MM, WAVELENGTH_ANGSTROM = 512, 0.172, 90.0, 1.0
CELL_ANGSTROM = 45.0
BACKGROUND, PEAK = 5.0, 400
MOSAICITY = Mosaicity(domain_angstrom=1500.0, half_width_rad=0.001)
PHIL = """
spotfinder.threshold.algorithm = {algorithm}
spotfinder.threshold.dispersion.gain = 1
spotfinder.filter.min_spot_size = 3
indexing.known_symmetry.unit_cell = 45 45 45 90 90 90
indexing.known_symmetry.space_group = P23
prediction.d_min = 2.5
"""
KINDS = (
    ("dispersion", np.int32),
    ("dispersion_extended", np.int32),
    ("dispersion_extended", np.float64),
)
RUN = run_id("warm", "up", "0", 1)


def warm_up() -> list[FrameResult]:
    """Process one frame of each kind; raises InstallationError where the lane does not work."""
    lane = FastLane()
    try:
        with quiet():
            results = [_processed(lane, algorithm, kind) for algorithm, kind in KINDS]
    finally:
        lane.close()
    for (algorithm, _), result in zip(KINDS, results, strict=True):
        if not result.lattices:
            raise InstallationError(
                f"the fast lane does not index its own test frame ({algorithm}): {result.reason}"
            )
    return results


def _processed(lane: FastLane, algorithm: str, kind: type) -> FrameResult:
    recipe = Recipe(phil=PHIL.format(algorithm=algorithm), d_min_angstrom=2.5)
    fast = lane.recipe(recipe)
    frame = _frame(fast.crystal, kind)
    task = FrameTask(
        job=job_id(RUN, 0, 0), attempt=0, run=RUN, frame=FrameNumber(0), file="", index_in_file=0,
        recipe=recipe,
    )  # fmt: skip
    return lane.process_frame(task, frame, fast).result


def _frame(crystal: Any, kind: type) -> RawFrame:
    from dxtbx import flumpy
    from dxtbx.model import BeamFactory, DetectorFactory

    beam = BeamFactory.simple(WAVELENGTH_ANGSTROM)
    centre = SIZE_PX * PIXEL_MM / 2
    detector = DetectorFactory.simple(
        "PAD", DISTANCE_MM, (centre, centre), "+x", "-y", (PIXEL_MM, PIXEL_MM),
        (SIZE_PX, SIZE_PX), trusted_range=(-1, 1_000_000),
    )  # fmt: skip
    shown = predict(_orientation(), crystal, MOSAICITY, flat_detector(beam, detector), 2.5)
    return RawFrame(
        images=(flumpy.from_numpy(_pixels(shown.xy_px).astype(kind)),),
        beam=beam,
        detector=detector,
        static_mask=None,
        format_class=None,
        clock=FrameClock(),
    )


def _orientation() -> NDArray[np.float64]:
    """Any orientation without an axis along the beam."""
    rotation, _ = np.linalg.qr(np.array([[3.0, 1.0, 2.0], [1.0, -4.0, 1.0], [2.0, 1.0, 5.0]]))
    if np.linalg.det(rotation) < 0:
        rotation = -rotation
    return np.asarray(rotation / CELL_ANGSTROM, np.float64)


def _pixels(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Background with noise, and spots of 3 × 3 pixels."""
    image = np.random.default_rng(1).poisson(BACKGROUND, (SIZE_PX, SIZE_PX)).astype(np.float64)
    for fast, slow in places.astype(int):
        if 1 <= fast < SIZE_PX - 1 and 1 <= slow < SIZE_PX - 1:
            image[slow - 1 : slow + 2, fast - 1 : fast + 2] += PEAK // 8
            image[slow, fast] += PEAK
    return image
