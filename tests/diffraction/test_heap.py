"""What only the real C library can show: reading frame after frame uses the same memory again."""

import subprocess
import sys

import pytest

from tests.diffraction.conftest import SimulatedRun

pytestmark = pytest.mark.system
READ_MANY = """
import resource, sys
from libs.diffraction.debian_gaps import prepare
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.heap import keep_freed_memory
from libs.diffraction.quiet import quiet

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

assert keep_freed_memory()
prepare()
reader = FrameReader()
with quiet():
    for index in range(3):
        frame = reader.read(sys.argv[1], index)
    before = faults()
    for index in range(10):
        frame = reader.read(sys.argv[1], index)
print((faults() - before) / 10)
"""


def test_frames_are_read_into_memory_that_is_there(simulated: SimulatedRun) -> None:
    file = simulated.folder / simulated.frames[0].file
    done = subprocess.run(
        [sys.executable, "-c", READ_MANY, file], capture_output=True, text=True, check=True
    )
    n_fast, n_slow = simulated.truth.image_size_px
    assert float(done.stdout) < 0.1 * n_fast * n_slow * 4 / 4096
