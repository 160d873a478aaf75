"""Frames for benchmarks, in the mix of FIELD's worked example: 24.9 % hits, 21.7 % indexed."""

import numpy as np

from libs.messages import FrameResult, FramesProcessed, JobId, Lattice, StagesUs, TimingsMs
from tests.crystallography.rates.builders import JOB, START_US, batch, lattice, result, shells

N_SOLVENT, N_HITS, N_INDEXED = 0.440, 0.249, 0.217
FRAMES_PER_MESSAGE = 100


def example_messages(
    n_frames: int, *, job: JobId = JOB, first_frame: int = 0, per_message: int = FRAMES_PER_MESSAGE
) -> list[FramesProcessed]:
    """Messages in frame order; indexed frames carry a lattice with its ten-shell table."""
    rng = np.random.default_rng(first_frame)
    kinds = rng.random(n_frames).tolist()
    solvent = rng.random(n_frames)
    tables = [
        lattice(shells((12 * 0.7 ** np.arange(10) + rng.normal(0, 0.05, 10)).tolist()))
        for _ in range(50)
    ]
    frames = [
        _frame(
            first_frame + i, float(kinds[i]), bool(solvent[i] < N_SOLVENT), tables[i % len(tables)]
        )
        for i in range(n_frames)
    ]
    starts = range(0, n_frames, per_message)
    return [batch(frames[s : s + per_message], job=job) for s in starts]


def _frame(number: int, kind: float, has_solvent: bool, found: Lattice) -> FrameResult:
    indexed, hit = kind < N_INDEXED, kind < N_HITS
    at = START_US + number * 33_333
    return result(
        number,
        n_strong=90 + number % 200 if hit else number % 30,
        indexing_tried=hit or number % 30 >= 16,
        solvent_ratio=1.3 if has_solvent else 0.8,
        solvent_ratio_cctbx=1.2 if has_solvent else 0.7,
        ring_low=2.0 + 0.001 * (number % 100),
        ring_high=2.6 if has_solvent else 1.6,
        wavelength_angstrom=1.3,
        d_min_contiguous=2.0 + 0.01 * (number % 80) if indexed else None,
        d_min_cctbx=1.9 + 0.01 * (number % 80) if indexed else None,
        lattices=(found,) * indexed,
        timings_ms=TimingsMs(read=4.0, find=12.0, index=300.0 if hit else None),
        stages_us=StagesUs(
            written=at,
            announced=at + 9000,
            dispatched=at + 15000,
            taken=at + 18000,
            done=at + 90_000,
        ),
    )
