"""A real stack under overload: everything is screened in time, and indexed when there is room."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from libs import messages as m
from libs.local_stack import ROOT, LocalStack
from libs.messages.topics import FRAMES
from libs.streams import read_whole
from tests.conftest import StackFactory
from tests.streams.readable import readable
from tests.system.beamtime import Beamtime, wait_for
from tests.system.conftest import SEED, SOURCES

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(3000)]
N_FRAMES, RATE_HZ = 240, 4.0
"""A minute: the decision needs some seconds of results, and slow frames give them late."""
DEADLINE_S = 1500.0


@pytest.fixture
def overloaded(stack: StackFactory, tmp_path: Path) -> LocalStack:
    """One worker of stock DIALS for 4 frames a second: far too little."""
    made = stack(sources=SOURCES, environment={"frame_processor": {"STILLSTREAM_WORKERS": "1"}})
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED.read_text().replace('lane = "automatic"', 'lane = "dials"'))
    subprocess.run(
        [sys.executable, "-m", "libs.command_line", "trial", "seed", str(seed)],
        cwd=ROOT,
        env={**os.environ, **made.env("editor")},
        check=True,
    )
    return made


def test_too_many_frames_are_screened_first_and_indexed_later(overloaded: LocalStack) -> None:
    beamtime = Beamtime(overloaded)
    beamtime.write(1, frames=N_FRAMES, rate_hz=RATE_HZ).join()
    beamtime.complete("jet", "r0001", DEADLINE_S)

    def all_indexed() -> bool:
        (row,) = beamtime.query("SELECT n_processed, n_selected FROM rates")
        return row["n_processed"] == row["n_selected"] == N_FRAMES

    wait_for("everything to be indexed", all_indexed, DEADLINE_S)
    bootstrap = overloaded.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
    results = readable(asyncio.run(read_whole(bootstrap, FRAMES)))
    batches = [b for b in results if isinstance(b, m.FramesProcessed)]
    screened = [f for b in batches for f in b.frames if f.outcome is m.Outcome.SCREENED]
    fractions = sorted({b.index_fraction for b in batches})
    print(f"{len(screened)} of {N_FRAMES} frames were screened first, fractions {fractions}")
    assert screened
    for batch in batches:
        for frame in batch.frames:
            selected = m.selected_for_indexing(batch.run, frame.frame, batch.index_fraction)
            assert (frame.outcome is not m.Outcome.SCREENED) == selected
