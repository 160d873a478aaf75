"""Writes a simulated run, one frame for each line on standard input: `growing_writer OUT`."""

import sys
from pathlib import Path

from libs.simulation import RunRequest, prepare_run
from tests.diffraction.conftest import JITTERY

if __name__ == "__main__":
    writer = prepare_run(
        RunRequest(
            out=Path(sys.argv[1]),
            scenario="mixed",
            frames=8,
            seed=5,
            beamline=JITTERY,
            run_number=1,
        )
    )
    frames = writer.frames()
    for _ in sys.stdin:
        truth = next(frames)
        print(truth.index_in_file, flush=True)
    list(frames)
