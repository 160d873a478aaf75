"""Frame results and messages for tests of the rates."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from libs.messages import (
    FrameNumber,
    FrameResult,
    FramesProcessed,
    JobId,
    Lane,
    Lattice,
    Outcome,
    RunId,
    Shells,
    TimestampSource,
)

RUN = RunId("common/beam/13/v1")
JOB = JobId(f"{RUN}/t001/g001")
START_US = 1_780_000_000_000_000


def shells(mean: Sequence[float], positive: Sequence[float] | None = None, n: int = 9) -> Shells:
    """A shell table down to 2 Å with equal populations."""
    count = np.full(10, n, "<u4").tobytes()
    return Shells(
        d_min_angstrom=2.0,
        n=count,
        n_positive=count,
        mean=np.array(mean, "<f4").tobytes(),
        mean_positive=np.array(mean if positive is None else positive, "<f4").tobytes(),
    )


def lattice(table: Shells | None = None) -> Lattice:
    """A lattice whose numbers do not matter, with or without a shell table."""
    return Lattice(
        unit_cell=(78.0, 78.0, 37.0, 90.0, 90.0, 90.0),
        space_group="P 43 21 2",
        a_matrix=(0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 0.02),
        n_indexed=40,
        n_integrated=200,
        shells=table,
    )


def result(frame: int, *, n_lattices: int = 0, **fields: Any) -> FrameResult:
    """A processed frame at 30 Hz."""
    defaults: dict[str, Any] = {
        "frame": FrameNumber(frame),
        "index_in_file": frame,
        "ts_us": START_US + frame * 1_000_000 // 30,
        "ts_source": TimestampSource.FRAME,
        "outcome": Outcome.PROCESSED,
        "lattices": (lattice(),) * n_lattices,
        "indexing_tried": n_lattices > 0,
    }
    return FrameResult(**(defaults | fields))


def batch(frames: Sequence[FrameResult], attempt: int = 1, **fields: Any) -> FramesProcessed:
    """A message with these results."""
    defaults: dict[str, Any] = {
        "job": JOB,
        "attempt": attempt,
        "run": RUN,
        "lane": Lane.DIALS,
        "file": "/data/run13.h5",
        "frames": tuple(frames),
        "recipe": "0123456789abcdef",
        "worker": "host/1",
    }
    return FramesProcessed(**(defaults | fields))
