"""What the archive keeps of a frame of the fast lane: the same files as those of the `dials` lane.

Reflection tables with the columns that the fast lane knows, crystal models with the mosaicity of
the prediction; no profile model, no shoeboxes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.lattices import IndexedLattice
from libs.crystallography.fast.spots import Spots
from libs.diffraction.archive import experiments_text
from libs.diffraction.fast_lattices import IntegratedLattice
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.tasks import ArchivePart, FrameTask

Lattices = Sequence[tuple[IndexedLattice, IntegratedLattice | None]]
Models = tuple[Any, Any]
"""Beam and detector that the frame was processed with."""


def fast_part(
    task: FrameTask,
    frame: RawFrame,
    models: Models,
    spots: Spots,
    lattices: Lattices,
    space_group: Any,
) -> ArchivePart | None:
    """What is kept of one frame; None for frames that are neither hits nor integrated."""
    done = [(lattice, sums) for lattice, sums in lattices if sums is not None]
    if len(spots) < task.recipe.cutoffs.hit and not done:
        return None
    crystals = [_crystal(lattice, space_group) for lattice, _ in done]
    return ArchivePart(
        frame=task.frame,
        experiments=experiments_text(task, frame, _originals(models, crystals)) if done else "",
        integrated=_integrated([sums for _, sums in done]) if done else b"",
        strong_experiments=experiments_text(task, frame, _originals(models, [None])),
        strong=_strong(spots),
    )


def _originals(models: Models, crystals: Sequence[Any]) -> list[Any]:
    from dxtbx.model import Experiment

    beam, detector = models
    return [Experiment(beam=beam, detector=detector, crystal=crystal) for crystal in crystals]


def _crystal(lattice: IndexedLattice, space_group: Any) -> Any:
    from dxtbx.model import Crystal, MosaicCrystalSauter2014

    vectors = np.linalg.inv(lattice.a_matrix)
    model = MosaicCrystalSauter2014(Crystal(*map(tuple, vectors), space_group=space_group))
    model.set_half_mosaicity_deg(float(np.degrees(lattice.mosaicity.half_width_rad)))
    model.set_domain_size_ang(lattice.mosaicity.domain_angstrom)
    return model


def _integrated(parts: Sequence[IntegratedLattice]) -> bytes:
    from dials.array_family import flex

    whole = flex.reflection_table()
    for number, part in enumerate(parts):
        table = _table(number, part.usable.sum(), ("predicted", "integrated_sum"))
        shown, sums, usable = part.predictions, part.integrated, part.usable
        table["miller_index"] = flex.miller_index(list(map(tuple, shown.miller[usable].tolist())))
        table["panel"] = _counts(shown.panel[usable])
        table["d"] = _floats(shown.d_angstrom[usable])
        table["s1"] = _vectors(shown.s1[usable])
        table["xyzcal.px"] = _vectors(_flat(shown.xy_px[usable]))
        table["xyzcal.mm"] = _vectors(_flat(shown.xy_mm[usable]))
        table["delpsical.rad"] = _floats(shown.delta_psi[usable])
        table["intensity.sum.value"] = _floats(sums.intensity[usable])
        table["intensity.sum.variance"] = _floats(sums.variance[usable])
        whole.extend(table)
    packed: bytes = whole.as_msgpack()
    return packed


def _strong(spots: Spots) -> bytes:
    from dials.array_family import flex

    table = _table(0, len(spots), ("strong",))
    depth = np.tile([0, 1], (len(spots), 1))
    boxes = np.concatenate([spots.bbox, depth], axis=1)
    table["bbox"] = flex.int6(list(map(tuple, boxes.tolist())))
    table["panel"] = _counts(spots.panel)
    table["xyzobs.px.value"] = _vectors(_flat(spots.xy_px, 0.5))
    table["xyzobs.px.variance"] = _vectors(_flat(spots.variance_px2))
    table["intensity.sum.value"] = _floats(spots.intensity)
    table["intensity.sum.variance"] = _floats(spots.intensity)
    packed: bytes = table.as_msgpack()
    return packed


def _table(number: int, n: int, flags: Sequence[str]) -> Any:
    from dials.array_family import flex

    table = flex.reflection_table()
    table["id"] = flex.int(int(n), number)
    known = flex.reflection_table.flags
    table["flags"] = flex.size_t(int(n), int(sum(int(getattr(known, name)) for name in flags)))
    return table


def _flat(places: NDArray[np.float64], height: float = 0.0) -> NDArray[np.float64]:
    """With a third coordinate, which a still does not have."""
    return np.column_stack([places, np.full(len(places), height)])


def _floats(values: NDArray[np.float64]) -> Any:
    from dials.array_family import flex

    return flex.double(np.ascontiguousarray(values, np.float64))


def _counts(values: NDArray[np.int64]) -> Any:
    from dials.array_family import flex

    return flex.size_t(values.tolist())


def _vectors(values: NDArray[np.float64]) -> Any:
    from dials.array_family import flex

    return flex.vec3_double(list(map(tuple, values.tolist())))
