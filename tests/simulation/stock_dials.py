"""Stock DIALS on simulated frames: `stills_process.Processor`, its results kept for comparison.

Import this module only in tests marked `system`: it needs DIALS and takes seconds to import.
"""

import contextlib
import copy
import io
import logging
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from libs.diffraction import debian_gaps
from libs.simulation.symmetry import FloatArray, Sample, close_group

debian_gaps.prepare()

from dials.command_line import stills_process  # noqa: E402
from libtbx.phil import parse  # noqa: E402

RECIPE = """
spotfinder.threshold.algorithm=dispersion
spotfinder.threshold.dispersion.gain=1
spotfinder.filter.min_spot_size=3
indexing.known_symmetry.space_group={space_group}
indexing.known_symmetry.unit_cell={unit_cell}
indexing.multiple_lattice_search.max_lattices={max_lattices}
indexing.stills.refine_all_candidates=False
prediction.d_min={d_min}
integration.lookup.mask=None
integration.debug.output=False
output.composite_output=False
output.experiments_filename=None
output.strong_filename=None
output.indexed_filename=None
output.refined_experiments_filename=None
output.integrated_filename=None
output.integrated_experiments_filename=None
output.integration_pickle=None
mp.debug.output_debug_logs=False
{extra}
"""


@dataclass(kw_only=True)
class Result:
    """`a_matrices` has one setting per lattice found; `cpu_s` is the CPU time of the frame."""

    n_strong: int = 0
    a_matrices: list[FloatArray] = field(default_factory=list)
    unit_cells: list[tuple[float, ...]] = field(default_factory=list)
    n_integrated: int = 0
    cpu_s: float = 0.0


class _Processor(stills_process.Processor):  # type: ignore[misc]
    def remember(self, result: Result) -> None:
        self._result = result

    def find_spots(self, experiments: Any) -> Any:
        spots = super().find_spots(experiments)
        self._result.n_strong = len(spots)
        return spots

    def index(self, experiments: Any, reflections: Any) -> Any:
        indexed, reflections = super().index(experiments, reflections)
        crystals = [experiment.crystal for experiment in indexed]
        self._result.a_matrices = [np.reshape(c.get_A(), (3, 3)) for c in crystals]
        self._result.unit_cells = [c.get_unit_cell().parameters() for c in crystals]
        return indexed, reflections

    def integrate(self, experiments: Any, reflections: Any) -> Any:
        integrated = super().integrate(experiments, reflections)
        done = integrated.get_flags(integrated.flags.integrated_sum)
        self._result.n_integrated = done.count(True)
        return integrated


class StockDials:
    """One file of one sample, opened once."""

    def __init__(
        self,
        file: Path,
        sample: Sample,
        *,
        max_lattices: int = 1,
        d_min: float = 2.2,
        extra: str = "",
    ) -> None:
        text = RECIPE.format(
            space_group=sample.space_group,
            unit_cell=",".join(map(str, sample.unit_cell)),
            max_lattices=max_lattices,
            d_min=d_min,
            extra=extra,
        )
        self._parameters = stills_process.phil_scope.fetch(parse(text)).extract()
        self._experiments = stills_process.do_import(str(file), load_models=True)

    def process(self, index: int, folder: Path) -> Result:
        """Process one frame; what little DIALS insists on writing goes to `folder`."""
        result = Result()
        parameters = copy.deepcopy(self._parameters)
        parameters.output.output_dir = str(folder)
        experiments = type(self._experiments)()
        experiments.append(self._experiments[index])
        with contextlib.redirect_stdout(io.StringIO()), _silent_log():
            processor = _Processor(parameters, rank=os.getpid())
            processor.remember(result)
            start = time.process_time()
            processor.process_experiments(f"{index:05d}", experiments)
            result.cpu_s = time.process_time() - start
        return result


@contextlib.contextmanager
def _silent_log() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def misorientation_deg(found: FloatArray, true: FloatArray, sample: Sample) -> float:
    """The angle between two settings modulo the crystal's proper point group.

    Equivalent settings are A · Rᵀ, where R acts on coordinates; in hexagonal axes A · R is wrong.
    """
    angles = [
        _rotation_deg(found @ np.linalg.inv(true @ operation.rotation.T))
        for operation in close_group(sample.generators)
    ]
    return min(angles)


def _rotation_deg(matrix: FloatArray) -> float:
    left, _, right = np.linalg.svd(matrix)
    rotation = left @ right
    if np.linalg.det(rotation) < 0:
        return 180.0
    return math.degrees(math.acos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))
